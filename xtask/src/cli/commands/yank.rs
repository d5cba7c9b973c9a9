//! `yank`: removes packages from their stable series.

use anyhow::Result;

use crate::cli::commands::rollback;
use crate::cli::context::Context;
use crate::cli::site::{RunMode, Site};
use crate::repository::model::name::Series;
use crate::repository::model::reason::Reason;
use crate::repository::undo::{self, YankOrder};
use crate::rpm::nevra::Nevra;

/// Arguments of `yank`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Packages to remove, such as lago-1.0.4-1.el9.noarch; the name of the file works, too
    #[arg(value_name = "NEVRA", required = true, value_parser = parse_package)]
    packages: Vec<Nevra>,
    /// Series to remove them from [default: the only one that has them]
    #[arg(long, value_name = "X.0")]
    series: Option<Series>,
    /// Reason; the log records it
    #[arg(long, value_name = "TEXT")]
    why: Reason,
    /// Yank although other packages require them, and nothing else provides it; the log records the reason
    #[arg(long, value_name = "REASON")]
    force: Option<Reason>,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Yanks, and prints the command that clients need.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let Args { packages, series, why, force, .. } = args;
    let mut packages = packages.clone();
    packages.sort();
    packages.dedup();
    let order = YankOrder { packages, series: *series, why: why.clone(), force: force.clone() };
    let mut access = site.access("yank", RunMode::of(args.dry_run))?;
    let undo = undo::decide_yank(access.store(), &order)?;
    rollback::carry_out(context, &site, &mut access, undo)
}

fn parse_package(text: &str) -> Result<Nevra, String> {
    text.strip_suffix(".rpm").unwrap_or(text).parse::<Nevra>().map_err(|error| error.to_string())
}
