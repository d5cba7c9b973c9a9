//! `rollback`: gives a series the content of an earlier revision, as a new revision.

use anyhow::Result;

use crate::base::number::parse_stated;
use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::cli::site::{Access, RunMode, Site};
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::rules::{ForcedWay, RefusedStep};
use crate::repository::keys::signing::{SignedChange, warn_of_lost_keys};
use crate::repository::model::name::Series;
use crate::repository::undo::{self, RollbackOrder, Undoing};

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Series, such as 1.0
    #[arg(value_name = "X.0")]
    series: Series,
    /// Number of the revision whose content returns [default: the revision before the last promotion]
    #[arg(long, value_name = "REVISION", value_parser = parse_revision)]
    to: Option<u32>,
    /// Bring back the packages, too, that were yanked since
    #[arg(long)]
    with_yanked: bool,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Rolls back, and prints the command that clients need.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let site = Site::load(context)?;
    let mut access = site.access("rollback", RunMode::of(args.dry_run))?;
    let keys = load_keys(context, &site)?;
    let order = RollbackOrder { series: args.series, to: args.to, with_yanked: args.with_yanked, keys: keys.as_ref() };
    let undoing = undo::decide_rollback(access.store(), &order)?;
    carry_out(context, &site, &mut access, undoing)
}

/// The keys by the configuration. If they cannot be used, the served ones decide whether something must be signed anew: a rollback that
/// copies all signatures needs no others.
fn load_keys(context: &Context, site: &Site<'_>) -> Result<Option<KeySet>> {
    site.keys().or_else(|error| {
        context.ui.warn(&format!("the keys of the configuration cannot be used, and the served keys count: {error:#}"));
        KeySet::of_served(&site.layout).map(Some)
    })
}

/// Makes the revision and reports it; for `yank` as well.
pub(super) fn carry_out(context: &Context, site: &Site<'_>, access: &mut Access, undoing: Undoing) -> Result<()> {
    let undo = match undoing {
        Undoing::New(undo) => undo,
        Undoing::Already(done) => return site.report_already(&done),
    };
    let signing = if undo.signs() { site.signing(site.key()?.as_ref())? } else { None };
    undo.require_signed(access.store(), signing.as_ref())?;
    if let Some(signing) = &signing {
        let way = ForcedWay { step: RefusedStep::Undo, tests: &site.config.acceptance };
        signing.require(access.store(), &SignedChange { series: undo.series(), dists: &[], force: None, way })?;
    }
    let keys = site.keys().ok().flatten();
    if let (Some(to), Some(keys)) = (undo.copies(), &keys) {
        for warning in warn_of_lost_keys(access.store(), keys, undo.series(), to) {
            context.ui.warn(&warning);
        }
    }
    for note in &undo.notes {
        context.ui.note(note);
    }
    for lost in &undo.lost {
        context.ui.warn(&lost.to_string());
    }
    let removes_packages = undo.removes_packages;
    let plan = undo.plan(access.store(), signing.as_ref(), keys.map(|keys| keys.file(&[])), site.now)?;
    let Some(place) = site.carry_out(access, &plan, signing.as_ref())? else { return Ok(()) };
    context.ui.note(&plan.title);
    if removes_packages {
        context.ui.note(
            "clients that have installed a removed package need `dnf distro-sync`; `dnf upgrade` does not downgrade",
        );
    }
    context.ui.print(&format!("{}\n", place))
}

/// The number of a revision, also as the name of its folder has it: `000003`.
fn parse_revision(text: &str) -> Result<u32, String> {
    parse_stated(text.trim_start_matches('0'))
}
