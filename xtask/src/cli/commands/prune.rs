//! `prune`: moves snapshots and revisions that no rule keeps into the trash, and deletes what an earlier prune moved there.

use anyhow::Result;

use crate::base::error::program;
use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::cli::site::{Access, RunMode, Site};
use crate::repository::prune::{self, PruneOrder, Pruning};
use crate::repository::verify;

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
        let shown = site.layout.shown(&folder.path);
        let why = "clients are led to it, or a person holds it, or the log does not have it";
        context.ui.warn(&format!("`{shown}` is damaged and stays: {why}; `{} verify` says what to do", program()));
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
