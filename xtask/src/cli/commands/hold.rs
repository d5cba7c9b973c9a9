//! `hold` and `unhold`: exceptions from the rules of `prune`.

use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::context::Context;
use crate::cli::site::{RunMode, Site};
use crate::repository::model::event::Action;
use crate::repository::model::name::SnapshotName;
use crate::repository::model::reason::Reason;
use crate::repository::write::plan::{ChangePlan, ChangeStep};

/// Arguments of `hold`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshot to protect
    #[arg(value_name = "SNAPSHOT")]
    snapshot: SnapshotName,
    /// Reason; the log records it
    #[arg(long, value_name = "TEXT")]
    why: Reason,
    /// Last day (UTC) of the protection, such as 2026-12-31 [default: no end]
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Arguments of `unhold`.
#[derive(Debug, clap::Args)]
pub struct UnholdArgs {
    /// Snapshot that is no longer protected
    #[arg(value_name = "SNAPSHOT")]
    snapshot: SnapshotName,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Holds a snapshot.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let until = args.until.map(end_of).transpose()?;
    let action = Action::Hold { snapshot: args.snapshot.clone(), why: args.why.to_string(), until };
    record(context, "hold", &args.snapshot, action, RunMode::of(args.dry_run))
}

/// Releases a hold.
pub fn run_unhold(context: &Context, args: &UnholdArgs) -> Result<()> {
    record(
        context,
        "unhold",
        &args.snapshot,
        Action::Unhold { snapshot: args.snapshot.clone() },
        RunMode::of(args.dry_run),
    )
}

fn record(context: &Context, command: &str, snapshot: &SnapshotName, action: Action, mode: RunMode) -> Result<()> {
    let site = Site::load(context)?;
    let mut access = site.access(command, mode)?;
    access.store().find_series(snapshot)?;
    let plan =
        ChangePlan { title: format!("{command} {snapshot}"), steps: vec![ChangeStep::Log { action: action.clone() }] };
    site.carry_out(&mut access, &plan, None)?;
    if mode == RunMode::Change {
        context.ui.note(&action.to_string());
    }
    Ok(())
}

/// The first second after a day.
fn end_of(day: Date) -> Result<Timestamp> {
    Ok(day.tomorrow()?.to_zoned(TimeZone::UTC)?.timestamp())
}
