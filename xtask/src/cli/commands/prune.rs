//! `prune`: moves snapshots and revisions that no rule keeps into the trash, and deletes what an earlier prune moved there.

use anyhow::Result;

use crate::base::error::program;
use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::cli::site::{Access, RunMode, Site};
use crate::repository::model::layout::LATEST;
use crate::repository::model::store::Store;
use crate::repository::prune::{self, JudgedFolder, PruneOrder, Pruning};
use crate::repository::retention::KeepReason;
use crate::repository::verify::{self, WayOut};

/// Arguments of `prune`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also record that what is missing from the tree is gone: `verify` and `status` no longer report it
    #[arg(long)]
    missing: bool,
    /// Also verify everything, and remove what is damaged and not read now: neither current, nor `latest`, nor held
    #[arg(long)]
    damaged: bool,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Prunes and prints the plan.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let mut access = site.access("prune", RunMode::of(args.dry_run))?;
    let damaged = if args.damaged { verify::find_damaged(access.store(), &context.ui)? } else { Vec::new() };
    let order = PruneOrder { record_missing: args.missing, damaged };
    let Pruning { plan, staying } = prune::decide(access.store(), &site.config.repository, &order, site.now)?;
    for folder in staying {
        context.ui.warn(&describe_staying(access.store(), &folder));
    }
    if plan.steps.is_empty() {
        if args.dry_run {
            return context.ui.print("nothing to prune\n");
        }
        context.ui.note("nothing to prune");
        return Ok(());
    }
    site.carry_out(&mut access, &plan, None)?;
    if let Access::Change(_) = access {
        context.ui.print(&plan.to_string())?;
    }
    Ok(())
}

/// A damaged folder that stays: why, and what helps.
fn describe_staying(store: &Store, folder: &JudgedFolder) -> String {
    let JudgedFolder { path, series, snapshot, reason } = folder;
    let why = match (reason, snapshot) {
        (Some(KeepReason::Held(why)), _) => format!("it is held: {why}"),
        (Some(KeepReason::Unknown), _) => "the log does not have it".to_owned(),
        (_, Some(_)) => format!("`unstable/{series}/{LATEST}` leads to it"),
        (_, None) => format!("`stable/{series}` leads to it"),
    };
    let way_out = WayOut::of_staying(store, folder).map(|way_out| way_out.help());
    let next = way_out.unwrap_or_else(|| match reason {
        Some(KeepReason::Unknown) => "somebody else put it there: move it away".to_owned(),
        _ => format!("the commands that help: `{} verify`", program()),
    });
    format!("`{}` is damaged and stays: {why}; {next}", store.layout.shown(path))
}
