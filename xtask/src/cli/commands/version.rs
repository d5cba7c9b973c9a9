//! `version`: prints X.Y.Z of a commit, and explains it.

use anyhow::Result;
use serde_json::json;

use crate::base::error::{Exit, Failure, program};
use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::git::{CommitId, Repository};
use crate::history::explain::{self, WorkTree};
use crate::history::{self, CountedVersion, LookBack, Milestone, Version};
use crate::project::release;
use crate::project::workspace::Origin;

/// Arguments of `version`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Commit whose version is printed [default: HEAD]
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Print the newest commit that had this version; standard error lists the other ones
    #[arg(long, value_name = "X.Y.Z", conflicts_with_all = ["explain", "strict"])]
    at: Option<Version>,
    /// Print the tag, the commits and the headers that the version comes from
    #[arg(long, conflicts_with = "json")]
    explain: bool,
    /// Print the same facts as JSON (schema releng.version/1)
    #[arg(long)]
    json: bool,
    /// Exit 1 if there is any warning
    #[arg(long)]
    strict: bool,
}

/// Prints the stated version, else that of the unpacked archive, else the one that git history gives.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    if let Some(at) = &args.at {
        return find_commit(context, args, at);
    }
    if let Some(version) = context.assumed_version()? {
        let stated = Stated {
            version: &version,
            commit: head(context, args),
            base: None,
            by: "on the command line or in RELENG_VERSION",
        };
        return print_stated(context, args, &stated);
    }
    let workspace = context.workspace()?;
    match &workspace.origin {
        Origin::Unpacked(info) if args.rev.is_none() => {
            let commit = Some(info.commit);
            let stated =
                Stated { version: &info.version, commit, base: info.base, by: "by the unpacked source archive" };
            print_stated(context, args, &stated)
        }
        _ => count(context, args, workspace.repository()?),
    }
}

/// The commit of `--rev`, or `HEAD`; `None` without git.
fn head(context: &Context, args: &Args) -> Option<CommitId> {
    context.workspace().ok()?.repository().ok()?.resolve(args.rev.as_deref().unwrap_or("HEAD")).ok()
}

fn count(context: &Context, args: &Args, repository: &Repository) -> Result<()> {
    let commit = repository.resolve(args.rev.as_deref().unwrap_or("HEAD"))?;
    let config = release::config_of(context.workspace()?, repository, commit, &context.ui)?;
    let looks_everywhere = args.explain || args.json || args.strict;
    let look_back = if looks_everywhere { LookBack::Whole } else { LookBack::Bounded };
    let answer = release::count_version(repository, &config, commit, args.rev.as_deref(), look_back, &context.ui)?;
    let work_tree = match args.rev {
        None if repository.is_dirty()? => WorkTree::Dirty,
        _ => WorkTree::Clean,
    };
    if work_tree == WorkTree::Dirty {
        context.ui.warn("the work tree differs from the commit: the version is that of the commit");
    }
    report(context, args, &answer, work_tree)
}

fn report(context: &Context, args: &Args, answer: &CountedVersion, work_tree: WorkTree) -> Result<()> {
    if args.explain {
        context.ui.print(&explain::render_text(answer))?;
    } else if args.json {
        context.ui.print(&explain::render_json(answer, work_tree))?;
    } else {
        answer.warnings.iter().for_each(|warning| context.ui.warn(&warning.to_string()));
    }
    if args.strict && !answer.warnings.is_empty() {
        let ids: Vec<&str> = answer.warnings.iter().map(|warning| warning.id.name()).collect();
        let message = format!("refusing {} under --strict: {}", answer.version, ids.join(", "));
        return Err(Failure::new(Exit::Failed, message).into());
    }
    if args.explain || args.json { Ok(()) } else { context.ui.print(&format!("{}\n", answer.version)) }
}

/// A version that was stated and not counted.
struct Stated<'a> {
    version: &'a Version,
    commit: Option<CommitId>,
    base: Option<Milestone>,
    /// The place that states it.
    by: &'a str,
}

/// Prints the version in one of the three forms.
fn print_stated(context: &Context, args: &Args, stated: &Stated<'_>) -> Result<()> {
    let Stated { version, commit, base, by } = stated;
    let of_commit = commit.map(|commit| format!(" of commit {}", commit.short())).unwrap_or_default();
    context.ui.print(&match (args.explain, args.json) {
        (true, _) => format!("{version} is the version{of_commit}, stated {by}\n"),
        (_, true) => explain::render_stated_json(version, *commit, *base),
        _ => format!("{version}\n"),
    })
}

fn find_commit(context: &Context, args: &Args, at: &Version) -> Result<()> {
    let workspace = context.workspace()?;
    let repository = workspace.repository()?;
    let tip = repository.resolve(args.rev.as_deref().unwrap_or("HEAD"))?;
    let config = release::config_of(workspace, repository, tip, &context.ui)?;
    let answer = release::count_version(repository, &config, tip, None, LookBack::Bounded, &context.ui)?;
    release::warn_without_beginning(&answer, &context.ui);
    let rules = release::rules_of(repository, &config, tip);
    let steps = history::load_versions(repository, tip, &rules, &context.ui)?;
    let found = history::load::find_version(&steps, at);
    let Some((newest, others)) = found.split_first() else {
        let message = format!("no commit on the mainline of `{}` had the version {at}", tip.short());
        return Err(Failure::new(Exit::Failed, message)
            .help(format!("`{} version --explain` shows the present one", program()))
            .into());
    };
    if args.json {
        let others: Vec<String> = others.iter().map(|step| step.commit.id.to_string()).collect();
        let newest = newest.commit.id.to_string();
        let facts = json!({ "schema": "releng.version-at/1", "version": at, "commit": newest, "others": others });
        return context.ui.print(&format!("{facts}\n"));
    }
    if !others.is_empty() {
        context.ui.note(&format!("{at} was the version of {} commits; the others:", found.len()));
        context.ui.note(explain::render_places(others).trim_end());
    }
    context.ui.print(&format!("{}\n", newest.commit.id))
}
