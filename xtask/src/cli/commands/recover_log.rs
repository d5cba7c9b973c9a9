//! `recover-log`: puts a lost or damaged log together again, with the ledger, from the manifests in the repository.

use anyhow::Result;

use crate::base::progress::Progress;
use crate::cli::commands::verify::require_repository;
use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::repository::clients::keys::describe_foreign;
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
