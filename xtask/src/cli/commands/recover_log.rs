//! `recover-log`: puts a lost or damaged log together again, with the ledger, from the manifests in the repository.

use std::path::PathBuf;

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::base::progress::Progress;
use crate::cli::commands::verify::require_repository;
use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::repository::clients::keys::describe_foreign;
use crate::repository::model::layout::Layout;
use crate::repository::recover_log::{self, RecoverStep};
use crate::repository::write::writer::lock;

/// Arguments of `recover-log`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Puts the log together and says what is lost.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    require_repository(&site)?;
    let layout = &site.layout;
    // Before the lock, which would be the first file of a new state.
    if !layout.log().is_there() {
        warn_of_new_state(context, &site)?;
    }
    let _lock = if args.dry_run { None } else { Some(lock(layout, "recover-log")?) };
    let plan = recover_log::decide(layout, site.now)?;
    if plan.steps.is_empty() {
        context.ui.note("the log and the ledger are whole");
        return Ok(());
    }
    for step in &plan.steps {
        if let RecoverStep::Keys { foreign, .. } = step {
            for key in foreign {
                context.ui.warn(&describe_foreign(layout, key));
            }
        }
    }
    if args.dry_run {
        return context.ui.print(&plan.to_string());
    }
    recover_log::apply(layout, &plan)?;
    context.ui.print(&plan.to_string())?;
    for step in &plan.steps {
        if let RecoverStep::Log { origin, .. } = step
            && !origin.lost.is_empty()
        {
            context.ui.note(
                "the lost events may be holds, ends of dists, or records that a commit was merged: protect snapshots again with `hold`, \
                 and stage the newest release again",
            );
        }
    }
    let has_log = plan.steps.iter().any(|step| matches!(step, RecoverStep::Log { .. }));
    if has_log && !layout.state.join("results").is_folder() {
        context.ui.note("there are no results of acceptance tests: before a promotion, accept the snapshot again");
    }
    Ok(())
}

/// Warns that a state begins where there is none.
///
/// Errors: a folder beside the root has a state of the project.
fn warn_of_new_state(context: &Context, site: &Site<'_>) -> Result<(), Failure> {
    let state = &site.layout.state;
    let change = committed("correct `repository.state`");
    let Some(other) = find_other_state(&site.layout) else {
        context.ui.warn(&format!(
            "there is no log in `{state}`, and a new one begins there; if the state is in another folder, {change} before you run this"
        ));
        return Ok(());
    };
    let message = format!("there is no log in `{state}`, and `{}` has one", other.display());
    Err(Failure::new(Exit::Usage, message)
        .help(format!("{change}; or put that folder back, if it is a backup; if it is of another repository, move it away, and run this again")))
}

/// A folder beside the root, other than that of the state, that has a log of a repository of this name.
fn find_other_state(layout: &Layout) -> Option<PathBuf> {
    let beside = layout.root.for_programs().parent()?.parent()?;
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(beside).ok()?.flatten() {
        folders.push(entry.path().join(layout.name.to_string()));
    }
    folders.sort();
    folders.into_iter().find(|folder| folder != layout.state.for_programs() && folder.join("log.jsonl").is_file())
}
