//! `yank`: a revision without some packages.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program, this_call};
use crate::base::text::shell_word;
use crate::repository::dependencies::LostDependency;
use crate::repository::keys::unsigned::is_signed;
use crate::repository::model::event::{Action, NewRevision, RevisionCause};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::find_unsettled;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Store};
use crate::repository::model::yanks::last_yanks;
use crate::repository::undo::undoing::{Undo, Undoing, lost_without, without};
use crate::repository::write::described::describe_revision;
use crate::repository::write::revision::{AlreadyDone, next_number};
use crate::rpm::nevra::Nevra;

/// The arguments of `yank`.
pub struct YankOrder {
    /// The packages to remove, at least one.
    pub packages: Vec<Nevra>,
    /// `None` for the only series that has them.
    pub series: Option<Series>,
    pub why: Reason,
    /// The reason to leave packages behind whose dependencies nothing provides any more.
    pub force: Option<Reason>,
}

/// Decides to remove packages from all dists of a series. A package that was promoted and is not there now, because its revision is lost or
/// was rolled back, can be yanked, too: the log then has the yank, and the package stays out.
///
/// Errors: no series has all of them, or several have; another package requires one, and the order has no reason to do it all the same.
pub fn decide_yank(store: &Store, order: &YankOrder) -> Result<Undoing> {
    let (series, wanted) = (order.series, &order.packages);
    let all = series.map_or_else(|| store.series(), |series| Ok(vec![series]))?;
    let (mut present, mut promoted) = (Vec::new(), Vec::new());
    let mut unreadable = None;
    let ledger = Ledger::load(&store.layout.ledger())?;
    for series in all {
        match store.current(series) {
            Ok(Some(base)) if wanted.iter().all(|package| has(&base, package)) => present.push(base),
            Ok(Some(base)) => {
                let can_be_yanked = |package| has(&base, package) || can_be_recorded(store, series, &ledger, package);
                promoted.extend(wanted.iter().all(can_be_yanked).then_some(base));
            }
            Ok(None) => {}
            Err(error) => unreadable = Some(error),
        }
    }
    let found = if present.is_empty() { promoted } else { present };
    match (found.as_slice(), unreadable) {
        ([base], _) => yank(store, base, order).map(|undo| Undoing::New(Box::new(undo))),
        ([], Some(error)) => Err(error),
        ([], None) => find_yanked(store, series, wanted).map_or_else(|| Err(no_package(store, order)?.into()), Ok),
        (several, _) => {
            let places = |show: &dyn Fn(Series) -> String| {
                several.iter().map(|base| show(base.manifest.series)).collect::<Vec<_>>().join(", ")
            };
            let message =
                format!("several series have the package {}: {}", list(wanted), places(&|series| series.to_string()));
            let commands = places(&|series| format!("`{} --series {series}`", this_call()));
            Err(Failure::new(Exit::Failed, message).help(format!("choose one: {commands}")).into())
        }
    }
}

/// Whether the yank of a package can be recorded that the series does not have: it was promoted, and no yank of it is known. After a lost
/// revision, an earlier yank does not tell whether the lost one was another.
fn can_be_recorded(store: &Store, series: Series, ledger: &Ledger, package: &Nevra) -> bool {
    let is_known =
        || last_yanks(&store.log, series).iter().any(|yanked| yanked.package == *package && yanked.why.is_some());
    ledger.lists(series, package) && (find_unsettled(store, series).is_some() || !is_known())
}

/// The yank that has removed the packages before: the command was repeated.
fn find_yanked(store: &Store, wanted_series: Option<Series>, wanted: &[Nevra]) -> Option<Undoing> {
    store.log.events().rev().find_map(|event| match &event.action {
        Action::Yank { series, revision, packages, .. }
            if wanted.iter().all(|wanted| packages.contains(wanted))
                && wanted_series.is_none_or(|of| of == *series) =>
        {
            let was = if wanted.len() == 1 { "was" } else { "were" };
            let (wanted, number) = (list(wanted), event.number);
            let why = format!("{wanted} {was} yanked from stable/{series} already, by event {number}");
            // Since then, other revisions can have been made.
            let current = store.current_number(*series).ok().flatten();
            Some(Undoing::Already(AlreadyDone { series: *series, revision: current.unwrap_or(*revision), why }))
        }
        _ => None,
    })
}

/// The error for the first package that the stated series does not have, or none; the help lists those with the same name.
fn no_package(store: &Store, order: &YankOrder) -> Result<Failure> {
    const SHOWN: usize = 10;
    let YankOrder { packages, why, .. } = order;
    let of_series: Vec<Series> = order.series.map_or_else(|| store.series(), |series| Ok(vec![series]))?;
    let of_series: Vec<Revision> = of_series.into_iter().filter_map(|of| store.current(of).ok().flatten()).collect();
    let is_missing = |wanted: &&Nevra| !of_series.iter().any(|base| has(base, wanted));
    let Some(wanted) = packages.iter().find(is_missing) else { return Ok(in_different_series(order, &of_series)) };
    let (mut known, mut names) = (BTreeSet::new(), BTreeSet::new());
    for series in store.series()? {
        let Ok(Some(base)) = store.current(series) else { continue };
        if let Some(stated) = order.series
            && has(&base, wanted)
        {
            let message = format!("stable/{stated} does not have the package `{wanted}`: stable/{series} has it");
            let why = shell_word(&why.to_string());
            return Ok(Failure::new(Exit::Failed, message)
                .help(format!("take it out there: `{} yank {wanted} --series {series} --why {why}`", program())));
        }
        names.extend(base.manifest.packages().map(|(_, package)| format!("`{}`", package.nevra.name())));
        let packages = base.manifest.packages().map(|(_, package)| &package.nevra);
        known.extend(packages.filter(|nevra| nevra.name() == wanted.name()).map(|nevra| format!("`{nevra}`")));
    }
    let help = match known.len() {
        0 if names.is_empty() => "no stable series has packages: there is nothing to yank".to_owned(),
        0 => format!("the names of packages are {}", names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ")),
        _ => format!("name one of these: {}", known.into_iter().rev().take(SHOWN).collect::<Vec<_>>().join(", ")),
    };
    Ok(Failure::new(Exit::Failed, format!("no stable series has the package `{wanted}`")).help(help))
}

/// The error for packages of which each is in some series, and no series has all.
fn in_different_series(order: &YankOrder, of_series: &[Revision]) -> Failure {
    let places = order.packages.iter().filter_map(|package| {
        let base = of_series.iter().find(|base| has(base, package))?;
        Some(format!("`{package}` is in stable/{}", base.manifest.series))
    });
    let message = format!("no stable series has all of these packages: {}", places.collect::<Vec<_>>().join(", "));
    Failure::new(Exit::Failed, message).help("yank those of each series by a command of their own")
}

fn has(base: &Revision, wanted: &Nevra) -> bool {
    base.manifest.packages().any(|(_, package)| package.nevra == *wanted)
}

/// The packages in backticks.
fn list(packages: &[Nevra]) -> String {
    packages.iter().map(|package| format!("`{package}`")).collect::<Vec<_>>().join(", ")
}

fn yank(store: &Store, base: &Revision, order: &YankOrder) -> Result<Undo> {
    let YankOrder { packages: wanted, why, force, .. } = order;
    let series = base.manifest.series;
    let packages = base.manifest.packages().map(|(_, package)| package);
    let of_dists =
        packages.filter(|package| wanted.contains(&package.nevra)).filter_map(|package| package.dist.as_ref());
    let dists: BTreeSet<&Dist> = of_dists.collect();
    let dists = dists.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let absent: Vec<Nevra> = wanted.iter().filter(|package| !has(base, package)).cloned().collect();
    let place = match dists.as_str() {
        "" if absent.len() == wanted.len() => "recorded only",
        "" => "sources",
        dists => dists,
    };
    let names = wanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let title = format!("yank {names} from stable/{series} ({place})");
    let described = describe_revision(&store.layout, base, wanted)?;
    let lost = lost_without(series, &described.packages, wanted)?;
    if force.is_none() && !lost.is_empty() {
        return Err(breaks_others(order, series, &lost).into());
    }
    let unread = |package| format!("`{package}` is damaged: whether another package requires it is not known");
    let mut notes: Vec<String> = described.unread.iter().map(unread).collect();
    if !absent.is_empty() {
        let (are, them) = if absent.len() == 1 { ("is", "it stays") } else { ("are", "they stay") };
        notes.push(format!(
            "not in revision {}, and {are} recorded as yanked, so that {them} out: {}",
            base.number,
            list(&absent)
        ));
    }
    let (packages, contents) = (wanted.clone(), without(base, described, wanted)?);
    // A reason is recorded only where it counts.
    let force = force.as_ref().filter(|_| !lost.is_empty()).map(ToString::to_string);
    let cause = RevisionCause::Yank { packages, why: why.to_string(), force };
    let new = NewRevision { series, number: next_number(store, series)?, cause };
    let from_signed = is_signed(&base.manifest);
    Ok(Undo { title, contents, new, from_signed, removes_packages: absent.len() < wanted.len(), lost, notes })
}

fn breaks_others(order: &YankOrder, series: Series, lost: &BTreeSet<LostDependency>) -> Failure {
    let mut lines = lost.iter().map(ToString::to_string);
    let message = format!("refusing to yank {}: {}", list(&order.packages), lines.next().unwrap_or_default());
    let others = lines.collect::<Vec<_>>().join("\n");
    let first = lost.first().map_or(String::new(), |lost| {
        let program = program();
        format!("yank that package first: `{program} yank {} --series {series} --why REASON`\n", lost.package)
    });
    let help = format!("{first}to yank it all the same: `{} --force REASON`", this_call());
    let failure = Failure::new(Exit::Failed, message).help(help);
    if others.is_empty() { failure } else { failure.details(others) }
}
