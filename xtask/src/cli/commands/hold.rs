//! `hold` and `unhold`: exceptions from the rules of `prune`.

use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::base::error::{Exit, Failure};
use crate::cli::context::Context;
use crate::cli::site::{Access, RunMode, Site};
use crate::repository::model::event::Action;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::Store;
use crate::repository::pages::load::ComingChange;
use crate::repository::retention::find_hold;
use crate::repository::write::derived;
use crate::repository::write::plan::{ChangePlan, ChangeStep};

/// Arguments of `hold`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshot to protect [default: `latest` of the series]
    #[arg(value_name = "SNAPSHOT")]
    snapshot: Option<SnapshotName>,
    /// Series whose `latest` is protected [default: the series of the version of HEAD]
    #[arg(long, value_name = "X.0", conflicts_with = "snapshot")]
    series: Option<Series>,
    /// Reason; the log records it
    #[arg(long, value_name = "TEXT")]
    why: Reason,
    /// Last day (UTC) of the protection, such as 2026-12-31 [default: no end]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
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

/// Holds a snapshot. A hold that is in force already, with this reason and end, is not repeated.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let until = args.until.map(end_of).transpose()?;
    let why = args.why.to_string();
    let site = Site::load(context)?;
    if let (Some(day), Some(end)) = (args.until, until)
        && end <= site.now
    {
        return Err(Failure::new(Exit::Usage, format!("the hold would protect nothing: its last day {day} is over"))
            .help("name a day that is not over with `--until`, or omit the flag for a hold without an end")
            .into());
    }
    let mut access = site.access("hold", RunMode::of(args.dry_run))?;
    let store = access.store();
    let (series, snapshot) = site.find_snapshot(context, store, args.snapshot.as_ref(), args.series)?;
    let shown = shown(store, series, &snapshot);
    if find_hold(&store.log, &snapshot, site.now).is_some_and(|hold| hold.why == why && hold.until == until) {
        context.ui.note(&format!("{shown} is held already, with this reason"));
        return Ok(());
    }
    let action = Action::Hold { snapshot, why, until };
    record(context, &site, &mut access, format!("hold {shown}"), action)
}

/// Releases a hold.
pub fn run_unhold(context: &Context, args: &UnholdArgs) -> Result<()> {
    let snapshot = &args.snapshot;
    let site = Site::load(context)?;
    let mut access = site.access("unhold", RunMode::of(args.dry_run))?;
    let store = access.store();
    let shown = shown(store, store.find_series(snapshot)?, snapshot);
    if find_hold(&store.log, snapshot, site.now).is_none() {
        context.ui.note(&format!("{shown} is not held"));
        return Ok(());
    }
    let action = Action::Unhold { snapshot: snapshot.clone() };
    record(context, &site, &mut access, format!("unhold {shown}"), action)
}

/// The name of a snapshot, with its version if its manifest can be read.
fn shown(store: &Store, series: Series, name: &SnapshotName) -> String {
    match store.snapshot(series, name) {
        Ok(snapshot) => snapshot.to_string(),
        Err(_) => name.to_string(),
    }
}

fn record(context: &Context, site: &Site<'_>, access: &mut Access, title: String, action: Action) -> Result<()> {
    let mut steps = vec![ChangeStep::Log { action: action.clone() }];
    let actions = [action.clone()];
    let change = ComingChange { actions: &actions, at: site.now, folder: None, keys: None };
    steps.extend(derived::steps(access.store(), None, &change)?);
    let plan = ChangePlan { title, steps };
    site.carry_out(access, &plan, None)?;
    if let Access::Change(_) = access {
        context.ui.note(&action.to_string());
    }
    Ok(())
}

fn parse_date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "it is not a date: write YYYY-MM-DD, such as 2026-12-31".to_owned())
}

/// The first second after a day.
fn end_of(day: Date) -> Result<Timestamp> {
    Ok(day.tomorrow()?.to_zoned(TimeZone::UTC)?.timestamp())
}
