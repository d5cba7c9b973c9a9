//! `prune`: snapshots and revisions that no rule keeps go into the trash, and what is in the trash goes for good.

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::repository::prune;

/// Arguments of `prune`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Prunes and prints what went.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let keys = &site.config.repository;
    if args.dry_run {
        let plan = prune::decide(&site.store()?, keys, site.now)?;
        return context.ui.print(&plan.to_string());
    }
    let mut writer = site.writer("prune")?;
    let plan = prune::decide(&writer.store, keys, site.now)?;
    prune::apply(&mut writer, &plan, site.now)?;
    match plan.steps.is_empty() {
        true => context.ui.note("nothing to prune"),
        false => context.ui.print(&plan.to_string())?,
    }
    Ok(())
}
