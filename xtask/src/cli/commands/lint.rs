//! `lint`: checks the commits of a branch and their messages.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure};
use crate::base::text::shell_word;
use crate::cli::context::Context;
use crate::cli::linted_branch;
use crate::history::lint::render::{
    LintReport, render_github, render_human, render_lint_json, render_lint_junit, render_sarif,
};
use crate::history::lint::{self, LintFinding, LintedBranch, RuleId, Severity, lint_branch, lint_squash};
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
    /// Print the todo of a rebase that cleans the branch, instead of the findings
    #[arg(long, conflicts_with_all = ["squash", "format"])]
    fix_plan: bool,
    /// Check only the message in this file, as the hook `commit-msg` of git
    #[arg(long, value_name = "FILE", conflicts_with_all = ["base", "rev", "squash", "fix_plan"])]
    message: Option<PathBuf>,
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
    /// Annotations of GitHub Actions
    Github,
    /// JUnit XML, with a case for each rule
    Junit,
    /// SARIF 2.1.0
    Sarif,
}

/// Prints the findings; fails where one of them is an error.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    if let Some(path) = &args.message {
        return check_message(context, args, path);
    }
    let repository = context.workspace()?.repository()?;
    let head = repository.resolve(args.rev.as_deref().unwrap_or("HEAD"))?;
    let config = release::config_of(context.workspace()?, repository, head, &context.ui)?;
    let (base, history) = linted_branch::load(context, "lint", args.base.as_deref(), repository, &config, head)?;
    let is_off = config.lint.of(RuleId::RewritesOwnBranch) == Severity::Off;
    let rewrites = if is_off { Vec::new() } else { linted_branch::load_rewrites(context, repository, head, &history)? };
    let branch = LintedBranch { head, base_name: &base.name, base: base.tip, history: &history, rewrites: &rewrites };
    let mut findings = lint_branch(&branch, &config.lint);
    if args.fix_plan {
        return print_plan(context, &branch, &findings);
    }
    if args.squash {
        findings.extend(lint_squash(&branch, &findings, &config.lint));
    }
    let subjects = linted_branch::subjects(&history);
    print(
        context,
        args,
        &LintReport { base: history.merge_bases.first().copied(), head: Some(head), findings: &findings, subjects },
    )?;
    let count = counted(history.commits.len(), "commit");
    context.ui.note(&format!("checked {count} that `{}` does not have", base.name));
    Ok(require_no_error(&findings)?)
}

fn print_plan(context: &Context, branch: &LintedBranch<'_>, findings: &[LintFinding]) -> Result<()> {
    context.ui.print(&lint::fix_plan(branch, findings, branch.rewrites))?;
    let beginning = branch.rebased_onto().map_or("--root".to_owned(), |commit| commit.to_string());
    // Git runs the editor in the top folder of the work tree.
    let plan = std::env::current_dir().context("the current folder is not there")?.join("plan");
    let editor = shell_word(&format!("cp {}", shell_word(&plan.to_string_lossy())));
    context.ui.note(&format!(
        "saved as `plan` in this folder, it is run by: `git -c sequence.editor={editor} rebase -i --empty=drop {beginning}`"
    ));
    Ok(())
}

/// Checks a message that is in no commit yet. The configuration is that of the work tree: it is what the person commits.
fn check_message(context: &Context, args: &Args, path: &Path) -> Result<()> {
    let workspace = context.workspace()?;
    let written = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let comment = workspace.repository()?.comment_mark()?;
    let config = workspace.local_config()?;
    let findings = lint::lint_message(&lint::strip(&written, comment.as_deref()), &config.lint);
    print(context, args, &LintReport { base: None, head: None, findings: &findings, subjects: HashMap::new() })?;
    let file = shell_word(&path.to_string_lossy());
    Ok(require_no_error(&findings)
        .map_err(|failure| failure.help(format!("correct the message: `git commit --edit --file {file}`")))?)
}

fn print(context: &Context, args: &Args, report: &LintReport<'_>) -> Result<()> {
    context.ui.print(&match args.format {
        LintFormat::Human => render_human(report),
        LintFormat::Json => render_lint_json(report),
        LintFormat::Github => render_github(report),
        LintFormat::Sarif => render_sarif(report),
        LintFormat::Junit => {
            let repository = context.workspace()?.repository()?;
            let head = report.head.map(|head| repository.commit(head)).transpose()?;
            let seconds = head.map_or(0, |head| head.committer().seconds());
            render_lint_junit(report, Timestamp::from_second(seconds).unwrap_or_default())
        }
    })
}

/// `Err` if a finding is an error.
fn require_no_error(findings: &[LintFinding]) -> Result<(), Failure> {
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    match (count(Severity::Error), count(Severity::Warning)) {
        (0, _) => Ok(()),
        (errors, 0) => Err(Failure::new(Exit::Failed, counted(errors, "error"))),
        (errors, warnings) => {
            let message = format!("{} and {}", counted(errors, "error"), counted(warnings, "warning"));
            Err(Failure::new(Exit::Failed, message))
        }
    }
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
