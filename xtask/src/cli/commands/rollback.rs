//! `rollback`: a series gets the content of an earlier revision, as a new one.

use std::path::Path;

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::repository::model::event::Deed;
use crate::repository::model::name::Series;
use crate::repository::undo::{self, Undo};

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The series, such as 1.0
    #[arg(value_name = "X.0")]
    series: Series,
    /// The revision whose content comes back; default: the one before the last promotion
    #[arg(long, value_name = "REVISION")]
    to: Option<u32>,
    /// Say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Rolls back and says what clients must do.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    if args.dry_run {
        return context.ui.print(&undo::decide_rollback(&site.store()?, args.series, args.to)?.plan.to_string());
    }
    let mut writer = site.writer("rollback")?;
    // Without a revision the command means one step back, and this step an interrupted run has taken.
    let taken = writer.finished.iter().find_map(|event| match event.deed {
        Deed::Rollback { series, revision, .. } if series == args.series && args.to.is_none() => Some(revision),
        _ => None,
    });
    if let Some(revision) = taken {
        return report(context, &writer.store.layout.revision(args.series, revision));
    }
    let undo = undo::decide_rollback(&writer.store, args.series, args.to)?;
    apply(context, &site, &mut writer, &undo)
}

/// Makes the revision and reports it; for `yank` as well.
pub(super) fn apply(
    context: &Context,
    site: &Site<'_>,
    writer: &mut crate::repository::write::writer::Writer,
    undo: &Undo,
) -> Result<()> {
    let key = if undo.signs() { site.key()? } else { None };
    let place = undo::apply(writer, undo, &site.change(key.as_ref()))?;
    report(context, &place)
}

fn report(context: &Context, place: &Path) -> Result<()> {
    context.ui.note("clients that have installed what is gone go back with `dnf distro-sync`; `dnf upgrade` does not");
    context.ui.print(&format!("{}\n", place.display()))
}
