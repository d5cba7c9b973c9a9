//! `rollback`: gives a series the content of an earlier revision, as a new revision.

use std::path::Path;

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::site::{Access, RunMode, Site};
use crate::repository::model::event::Action;
use crate::repository::model::name::Series;
use crate::repository::undo::{self, Undo};
use crate::repository::write::writer::Writer;

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Series, such as 1.0
    #[arg(value_name = "X.0")]
    series: Series,
    /// Number of the revision whose content returns [default: the revision before the last promotion]
    #[arg(long, value_name = "REVISION")]
    to: Option<u32>,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Rolls back, and prints the command that clients need.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let mut access = site.access("rollback", RunMode::of(args.dry_run))?;
    if let Access::Change(writer) = &access
        && let Some(revision) = finished_rollback(writer, args)
    {
        return report(context, &writer.store.layout.revision(args.series, revision));
    }
    let undo = undo::decide_rollback(access.store(), args.series, args.to)?;
    carry_out(context, &site, &mut access, undo)
}

/// The revision of an interrupted rollback that this run has finished while it opened the repository. Without `--to` the command
/// goes one step back, and this is that step.
fn finished_rollback(writer: &Writer, args: &Args) -> Option<u32> {
    writer.finished.iter().find_map(|event| match event.action {
        Action::Rollback { series, revision, .. } if series == args.series && args.to.is_none() => Some(revision),
        _ => None,
    })
}

/// Makes the revision and reports it; for `yank` as well.
pub(super) fn carry_out(context: &Context, site: &Site<'_>, access: &mut Access, undo: Undo) -> Result<()> {
    let key = if undo.signs() { site.key()? } else { None };
    let plan = undo.plan(access.store(), key.as_ref(), site.now)?;
    match site.carry_out(access, &plan, key.as_ref())? {
        Some(place) => report(context, &place),
        None => Ok(()),
    }
}

fn report(context: &Context, place: &Path) -> Result<()> {
    context
        .ui
        .note("clients that have installed a removed package need `dnf distro-sync`; `dnf upgrade` does not downgrade");
    context.ui.print(&format!("{}\n", place.display()))
}
