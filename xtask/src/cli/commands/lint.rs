//! `lint`: checks the commits of a branch and their messages.

use std::collections::HashMap;

use anyhow::Result;
use clap::ValueEnum;

use crate::base::error::{Exit, Failure, program};
use crate::base::text::one_line;
use crate::cli::context::Context;
use crate::git::reach::GitBranch;
use crate::git::{BranchHistory, CommitId, Repository};
use crate::history::lint::render::{LintReport, render_human, render_lint_json};
use crate::history::lint::{LintFinding, LintedBranch, Severity, lint_branch, lint_squash};
use crate::project::config::Config;
use crate::project::release;

/// Arguments of `lint`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Branch or commit that the branch is meant for [default: the nearest branch of `project.branches`]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Newest commit of the branch [default: HEAD]
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Check the message that a squash merge would make, too
    #[arg(long)]
    squash: bool,
    /// Output format
    #[arg(long, value_enum, default_value = "human")]
    format: LintFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LintFormat {
    /// Lines for people
    Human,
    /// JSON, with all data (schema releng.lint/1)
    Json,
}

/// Prints the findings; fails where one of them is an error.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let repository = context.workspace()?.repository()?;
    let head = repository.resolve(args.rev.as_deref().unwrap_or("HEAD"))?;
    let config = release::config_of(context.workspace()?, repository, head, &context.ui)?;
    let (base, history) = load(context, args, repository, &config, head)?;
    let branch = LintedBranch { head, base_name: &base.name, base: base.tip, history: &history };
    let mut findings = lint_branch(&branch, &config.lint);
    if args.squash {
        findings.extend(lint_squash(&branch, &findings, &config.lint));
    }
    let report =
        LintReport { base: history.merge_base, head: Some(head), findings: &findings, subjects: subjects(&history) };
    print(context, args.format, &report)?;
    let count = match history.commits.len() {
        1 => "1 commit".to_owned(),
        count => format!("{count} commits"),
    };
    context.ui.note(&format!("checked {count} that `{}` does not have", base.name));
    require_no_error(&findings)
}

/// The base of the branch, and what the branch has beyond it.
fn load(
    context: &Context,
    args: &Args,
    repository: &Repository,
    config: &Config,
    head: CommitId,
) -> Result<(GitBranch, BranchHistory)> {
    let mut bases = match &args.base {
        Some(base) => vec![GitBranch { name: base.clone(), tip: repository.resolve(base)? }],
        None => repository.branches_matching(&config.project.branches)?,
    };
    let tips: Vec<CommitId> = bases.iter().map(|base| base.tip).collect();
    let Some((nearest, history)) = repository.branch_history(head, &tips, &context.ui)? else {
        let patterns = config.project.branches.join(", ");
        return Err(Failure::new(Exit::Usage, format!("no branch matches `project.branches` ({patterns})"))
            .help(format!("name the branch that the commits are meant for: `{} lint --base REV`", program()))
            .into());
    };
    let base = bases.swap_remove(nearest);
    if let Some(cut) = history.cut {
        let message =
            format!("shallow clone: it ends at `{}`, before the branch and `{}` meet", cut.short(), base.name);
        return Err(Failure::new(Exit::NotEnoughHistory, message).help("run `git fetch --unshallow`").into());
    }
    Ok((base, history))
}

fn subjects(history: &BranchHistory) -> HashMap<CommitId, String> {
    let subject = |commit: &crate::git::Commit| one_line(&commit.decode(commit.subject()));
    history.commits.iter().map(|entry| (entry.commit.id, subject(&entry.commit))).collect()
}

fn print(context: &Context, format: LintFormat, report: &LintReport<'_>) -> Result<()> {
    context.ui.print(&match format {
        LintFormat::Human => render_human(report),
        LintFormat::Json => render_lint_json(report),
    })
}

/// `Err` if a finding is an error.
fn require_no_error(findings: &[LintFinding]) -> Result<()> {
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counted = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (count(Severity::Error), count(Severity::Warning)) {
        (0, _) => Ok(()),
        (errors, 0) => Err(Failure::new(Exit::Failed, counted(errors, "error")).into()),
        (errors, warnings) => {
            let message = format!("{} and {}", counted(errors, "error"), counted(warnings, "warning"));
            Err(Failure::new(Exit::Failed, message).into())
        }
    }
}
