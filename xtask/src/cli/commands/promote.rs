//! `promote`: a tested snapshot becomes part of a stable series.

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::repository::model::name::SnapshotName;
use crate::repository::promote::{self, Order, Promotion};
use crate::repository::write::writer::Writer;

/// Arguments of `promote`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The snapshot; default: the newest that may be promoted
    #[arg(value_name = "SNAPSHOT")]
    snapshot: Option<SnapshotName>,
    /// Promote, in each series, only what `promotion.due` names; nothing to do is no error. Never a new series
    #[arg(long, conflicts_with_all = ["snapshot", "major"])]
    due: bool,
    /// Let a new series begin
    #[arg(long)]
    major: bool,
    /// Why no acceptance test is asked for, where none is configured
    #[arg(long, value_name = "REASON", value_parser = parse_reason)]
    untested: Option<String>,
    /// Say what would be asked and done
    #[arg(long)]
    dry_run: bool,
}

fn parse_reason(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("it says nothing") } else { Ok(text.to_owned()) }
}

/// Promotes and prints the path of the revision.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let order = Order { snapshot: args.snapshot.clone(), major: args.major, untested: args.untested.clone() };
    if args.due {
        return run_due(context, &site, &order, args.dry_run);
    }
    if args.dry_run {
        let promotion = promote::decide(&site.store()?, &order, &site.git())?;
        context.ui.print(&promotion.plan.to_string())?;
        return Ok(promotion.require_open()?);
    }
    let mut writer = site.writer("promote")?;
    let promotion = promote::decide(&writer.store, &order, &site.git())?;
    apply(context, &site, &mut writer, &promotion)
}

/// Promotes what is due in each series, the highest first. One that is due and may not be promoted does not keep the
/// others back, and is the failure in the end.
fn run_due(context: &Context, site: &Site<'_>, order: &Order, dry_run: bool) -> Result<()> {
    let git = site.git();
    let schedule = site.schedule(&git);
    let mut writer = if dry_run { None } else { Some(site.writer("promote")?) };
    let store = site.store()?;
    let (mut refused, mut found) = (None, false);
    for series in store.series()?.into_iter().rev() {
        let store = writer.as_ref().map_or(&store, |writer| &writer.store);
        let Some((promotion, reason)) = schedule.decide(store, series, order)? else { continue };
        found = true;
        context.ui.note(&format!("{} is due: {reason}", promotion.snapshot.name));
        if dry_run {
            context.ui.print(&promotion.plan.to_string())?;
        }
        match (promotion.require_open(), &mut writer) {
            (Err(closed), _) => refused = refused.or(Some(closed)),
            (Ok(()), Some(writer)) => apply(context, site, writer, &promotion)?,
            (Ok(()), None) => {}
        }
    }
    if !found {
        context.ui.note("nothing is due");
    }
    Ok(refused.map_or(Ok(()), Err)?)
}

fn apply(context: &Context, site: &Site<'_>, writer: &mut Writer, promotion: &Promotion) -> Result<()> {
    promotion.require_open()?;
    site.warn_of_target();
    let key = site.key()?;
    let place = promote::apply(writer, promotion, &site.change(key.as_ref()))?;
    let (name, kind) = (&promotion.snapshot.name, promotion.kind);
    context.ui.note(&format!("promoted {name} to {} ({kind})", writer.store.layout.shown(&place)));
    context.ui.print(&format!("{}\n", place.display()))
}
