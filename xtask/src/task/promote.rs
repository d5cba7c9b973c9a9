//! `promote`: a tested snapshot becomes part of a stable series.

use anyhow::Result;

use super::Context;
use super::site::Site;
use crate::repository::name::SnapshotName;
use crate::repository::promotion::{self, Order, Promotion};
use crate::repository::store::Store;

/// Arguments of `promote`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The snapshot; default: the newest that may be promoted
    #[arg(value_name = "SNAPSHOT")]
    snapshot: Option<SnapshotName>,
    /// Promote only what `promotion.due` names; nothing to do is no error. Never a new series
    #[arg(long, conflicts_with_all = ["snapshot", "major"])]
    due: bool,
    /// Let a new series begin
    #[arg(long)]
    major: bool,
    /// Why no acceptance test is asked for, where none is configured
    #[arg(long, value_name = "REASON")]
    untested: Option<String>,
    /// Say what would be asked and done
    #[arg(long)]
    dry_run: bool,
}

/// Promotes and prints the path of the revision.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let order = Order { snapshot: args.snapshot.clone(), major: args.major, untested: args.untested.clone() };
    if args.dry_run {
        let Some(promotion) = decide(&site, &site.store()?, &order, args.due, context)? else { return Ok(()) };
        context.ui.print(&promotion.plan.to_string())?;
        return Ok(promotion.require_open()?);
    }
    let mut writer = site.writer("promote")?;
    let Some(promotion) = decide(&site, &writer.store, &order, args.due, context)? else {
        return Ok(());
    };
    promotion.require_open()?;
    site.warn_of_target();
    let key = site.key()?;
    let place = promotion::apply(&mut writer, &promotion, &site.change(key.as_ref()))?;
    let (name, kind) = (&promotion.snapshot.name, promotion.kind);
    context.ui.note(&format!("promoted {name} to {} ({kind})", writer.store.layout.shown(&place)));
    context.ui.print(&format!("{}\n", place.display()))
}

/// The promotion; `None` where `--due` finds none that is due.
fn decide(site: &Site<'_>, store: &Store, order: &Order, due: bool, context: &Context) -> Result<Option<Promotion>> {
    if !due {
        return promotion::decide(store, order, &site.git()).map(Some);
    }
    let settings = &site.config.promotion;
    for (name, reasons) in promotion::find_due(store, &site.git(), settings.interval_days, site.now, &context.ui)? {
        let may = |reason: &&promotion::due::Due| reason.case.is_some_and(|case| settings.due.contains(&case));
        if let Some(reason) = reasons.iter().find(may) {
            context.ui.note(&format!("{name} is due: {reason}"));
            let order = Order { snapshot: Some(name), ..order.clone() };
            return promotion::decide(store, &order, &site.git()).map(Some);
        }
    }
    context.ui.note("nothing is due");
    Ok(None)
}
