//! `prune`: moves snapshots and revisions that no rule keeps into the trash, and deletes what an earlier prune moved there.

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::site::{Access, RunMode, Site};
use crate::repository::prune;

/// Arguments of `prune`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also record that what is missing from the tree is gone: `verify` and `status` no longer report it
    #[arg(long)]
    missing: bool,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Prunes and prints the plan.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let mut access = site.access("prune", RunMode::of(args.dry_run))?;
    let plan = prune::decide(access.store(), &site.config.repository, args.missing, site.now)?;
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
