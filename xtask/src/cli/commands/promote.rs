//! `promote`: makes a tested snapshot part of a stable series.

use anyhow::Result;

use crate::announce::overview::{announce_command, forge_command};
use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::cli::site::{Access, RunMode, Site};
use crate::repository::keys::ended::find_ended;
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::promote::schedule::DuePromotion;
use crate::repository::promote::{self, PromoteOrder, Promoting, Promotion};

/// Arguments of `promote`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshot to promote [default: the newest of the series that passes all gates]
    #[arg(value_name = "SNAPSHOT")]
    snapshot: Option<SnapshotName>,
    /// Series to promote to; with `--due`, the only one [default: the series of the version of HEAD]
    #[arg(long, value_name = "X.0", conflicts_with = "snapshot")]
    series: Option<Series>,
    /// Promote, in each series, only what is due by `promotion.due`; never begins a series, and exits 0 if nothing is due
    #[arg(long, conflicts_with_all = ["snapshot", "major"])]
    due: bool,
    /// Allow this promotion to begin a new series X.0
    #[arg(long)]
    major: bool,
    /// Promote although no acceptance test is configured for this promotion; the log records the reason
    #[arg(long, value_name = "REASON")]
    untested: Option<Reason>,
    /// Promote although the snapshot has no packages for this dist, which has ended: its clients keep the packages that they have;
    /// may be repeated
    #[arg(long, value_name = "DIST")]
    end_dist: Vec<Dist>,
    /// Bring back packages of the snapshot that were yanked
    #[arg(long, requires = "snapshot")]
    with_yanked: bool,
    /// Sign with a key that clients do not have, because the key before is lost or has expired, or publish what is not signed to
    /// clients that have a key; the log records the reason
    #[arg(long, value_name = "REASON")]
    force: Option<Reason>,
    /// Print the gates and the steps without carrying them out
    #[arg(long)]
    dry_run: bool,
}

/// Promotes and prints the path of the revision.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let order = PromoteOrder {
        snapshot: args.snapshot.clone(),
        major: args.major,
        untested: args.untested.clone(),
        end_dists: args.end_dist.clone(),
        keys: site.keys()?,
        with_yanked: args.with_yanked,
        force: args.force.clone(),
    };
    let mut access = site.access("promote", RunMode::of(args.dry_run))?;
    if args.due {
        return run_due(context, &site, &mut access, &order, args.series);
    }
    let store = access.store();
    let series = match &args.snapshot {
        Some(name) => store.find_series(name)?,
        None => site.series(context, store, args.series)?,
    };
    match promote::decide(store, series, &order, &site.git(), &context.ui)? {
        Promoting::New(promotion) => {
            if args.major && promotion.current.is_some() {
                let kind = promotion.kind;
                context.ui.note(&format!(
                    "stable/{series} is there: `--major` begins nothing, and this is a {kind} promotion"
                ));
            }
            carry_out(context, &site, &mut access, &promotion)
        }
        Promoting::Already(done) => site.report_already(&done),
    }
}

/// Promotes what is due in each series, the highest series first. Where a snapshot is due and may not be promoted, the other series
/// are promoted all the same, and the run fails at its end.
fn run_due(
    context: &Context,
    site: &Site<'_>,
    access: &mut Access,
    order: &PromoteOrder,
    only: Option<Series>,
) -> Result<()> {
    let git = site.git();
    let schedule = site.schedule(&git);
    for failure in order.keys.iter().flat_map(|keys| find_ended(access.store(), keys, &site.config.acceptance)) {
        context.ui.warn(&format!("{}; {}", failure.message, failure.help.unwrap_or_default()));
    }
    let (mut refused, mut found) = (None, false);
    let all = access.store().series()?.into_iter().rev();
    for series in all.filter(|series| only.is_none_or(|only| only == *series)) {
        let due = match schedule.decide(access.store(), series, order) {
            Ok(due) => due,
            Err(error) => {
                context.ui.error(&error);
                refused = refused.or(Some(Failure::new(Exit::Failed, format!("stable/{series} was passed over"))));
                continue;
            }
        };
        let Some(DuePromotion { promotion, reason }) = due else { continue };
        found = true;
        context.ui.note(&format!("{} is due: {reason}", promotion.snapshot));
        match promotion.require_open() {
            Ok(()) => carry_out(context, site, access, &promotion)?,
            Err(closed) => {
                if let Access::Preview(_) = access {
                    context.ui.print(&promotion.to_string())?;
                }
                let gate = promotion.closed_gate().unwrap_or_default();
                context.ui.note(&format!("stable/{series} is passed over: the gate `{gate}` is closed"));
                // The last line of the run is the first refusal; those of other series come before.
                match refused {
                    None => refused = Some(closed),
                    Some(_) => context.ui.error(&closed.into()),
                }
            }
        }
    }
    if !found && refused.is_none() {
        context.ui.note("nothing is due");
    }
    Ok(refused.map_or(Ok(()), Err)?)
}

/// Prints the gates of a preview, and carries out the promotion where all of them are open.
fn carry_out(context: &Context, site: &Site<'_>, access: &mut Access, promotion: &Promotion) -> Result<()> {
    if let Access::Preview(_) = access {
        context.ui.print(&promotion.to_string())?;
    }
    promotion.require_open()?;
    for effect in &promotion.effects {
        context.ui.warn(effect);
    }
    let mut signing = site.signing(site.key()?.as_ref())?;
    if let Some(signing) = &mut signing {
        signing.drop_unused(access.store());
    }
    let plan = promotion.plan(access.store(), signing.as_ref(), site.now)?;
    let Some(place) = site.carry_out(access, &plan, signing.as_ref())? else { return Ok(()) };
    let Promotion { snapshot, kind, .. } = promotion;
    let (series, revision) = (snapshot.manifest.series, site.layout.shown(&place));
    context.ui.note(&format!("promoted {snapshot} to stable/{series} ({kind}), as {revision}"));
    let version = &snapshot.manifest.release.version;
    if site.config.ci.forge.is_some() {
        context.ui.note(&format!("to make its release on the forge: `{}`", forge_command(version)));
    }
    if site.config.announce.is_configured() {
        context.ui.note(&format!("to announce it: `{}`", announce_command(&site.config.announce, version)));
    }
    context.ui.print(&format!("{}\n", place))
}
