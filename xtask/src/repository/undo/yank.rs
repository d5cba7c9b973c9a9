//! `yank`: a revision without one package.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program, this_call};
use crate::base::text::shell_word;
use crate::repository::dependencies::LostDependency;
use crate::repository::keys::unsigned::is_signed;
use crate::repository::model::event::{Action, NewRevision, RevisionCause};
use crate::repository::model::name::Series;
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Store};
use crate::repository::undo::undoing::{Undo, Undoing, lost_without, without};
use crate::repository::write::revision::{AlreadyDone, load_described, next_number};
use crate::rpm::nevra::Nevra;

/// The arguments of `yank`.
pub struct YankOrder {
    /// The package to remove.
    pub package: Nevra,
    /// `None` for the only series that has it.
    pub series: Option<Series>,
    pub why: Reason,
    /// The reason to leave packages behind whose dependencies nothing provides any more.
    pub force: Option<Reason>,
}

/// Decides to remove a package from all dists of a series.
///
/// Errors: no series has it, or several; another package requires it, and the order has no reason to do it all the same.
pub fn decide_yank(store: &Store, order: &YankOrder) -> Result<Undoing> {
    let (series, wanted) = (order.series, &order.package);
    let all = series.map_or_else(|| store.series(), |series| Ok(vec![series]))?;
    let mut found = Vec::new();
    let mut unreadable = None;
    for series in all {
        match store.current(series) {
            Ok(Some(base)) if base.manifest.packages().any(|(_, package)| package.nevra == *wanted) => found.push(base),
            Ok(_) => {}
            Err(error) => unreadable = Some(error),
        }
    }
    match (found.as_slice(), unreadable) {
        ([base], _) => yank(store, base, order).map(|undo| Undoing::New(Box::new(undo))),
        ([], Some(error)) => Err(error),
        ([], None) => find_yanked(store, series, wanted).map_or_else(|| Err(no_package(store, order)?.into()), Ok),
        (several, _) => {
            let list = |show: &dyn Fn(Series) -> String| {
                several.iter().map(|base| show(base.manifest.series)).collect::<Vec<_>>().join(", ")
            };
            let message = format!("several series have the package `{wanted}`: {}", list(&|series| series.to_string()));
            let commands = list(&|series| format!("`{} --series {series}`", this_call()));
            Err(Failure::new(Exit::Failed, message).help(format!("choose one: {commands}")).into())
        }
    }
}

/// The yank that has removed the package before: the command was repeated.
fn find_yanked(store: &Store, wanted_series: Option<Series>, wanted: &Nevra) -> Option<Undoing> {
    store.log.events().rev().find_map(|event| match &event.action {
        Action::Yank { series, revision, packages, .. }
            if packages.contains(wanted) && wanted_series.is_none_or(|of| of == *series) =>
        {
            let why = format!("`{wanted}` was yanked from stable/{series} already, by event {}", event.number);
            Some(Undoing::Already(AlreadyDone { series: *series, revision: *revision, why }))
        }
        _ => None,
    })
}

/// The error for a package that the stated series does not have, or none; the help lists those with the same name.
fn no_package(store: &Store, order: &YankOrder) -> Result<Failure> {
    const SHOWN: usize = 10;
    let YankOrder { package: wanted, why, .. } = order;
    let mut known = BTreeSet::new();
    for series in store.series()? {
        let Ok(Some(base)) = store.current(series) else { continue };
        if let Some(stated) = order.series
            && base.manifest.packages().any(|(_, package)| package.nevra == *wanted)
        {
            let message = format!("stable/{stated} does not have the package `{wanted}`: stable/{series} has it");
            let why = shell_word(&why.to_string());
            return Ok(Failure::new(Exit::Failed, message)
                .help(format!("take it out there: `{} yank {wanted} --series {series} --why {why}`", program())));
        }
        let packages = base.manifest.packages().map(|(_, package)| &package.nevra);
        known.extend(packages.filter(|nevra| nevra.name() == wanted.name()).map(|nevra| format!("`{nevra}`")));
    }
    let help = match known.len() {
        0 => format!("no stable series has a package with this name; see what there is: `{} status`", program()),
        _ => format!("there are {}", known.into_iter().rev().take(SHOWN).collect::<Vec<_>>().join(", ")),
    };
    Ok(Failure::new(Exit::Failed, format!("no stable series has the package `{wanted}`")).help(help))
}

fn yank(store: &Store, base: &Revision, order: &YankOrder) -> Result<Undo> {
    let YankOrder { package: wanted, why, force, .. } = order;
    let series = base.manifest.series;
    let packages = base.manifest.packages().map(|(_, package)| package);
    let of_dists = packages.filter(|package| package.nevra == *wanted).filter_map(|package| package.dist.as_ref());
    let dists = of_dists.map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let place = if dists.is_empty() { "sources" } else { &dists };
    let title = format!("yank {wanted} from stable/{series} ({place})");
    let described = load_described(&base.path, &base.manifest.dists())?;
    let lost = lost_without(series, &described, std::slice::from_ref(wanted))?;
    if force.is_none() && !lost.is_empty() {
        return Err(breaks_others(order, series, &lost).into());
    }
    let packages = vec![wanted.clone()];
    let contents = without(base, described, &packages)?;
    // A reason is recorded only where it counts.
    let force = force.as_ref().filter(|_| !lost.is_empty()).map(ToString::to_string);
    let cause = RevisionCause::Yank { packages, why: why.to_string(), force };
    let new = NewRevision { series, number: next_number(store, series)?, cause };
    let from_signed = is_signed(&base.manifest);
    Ok(Undo { title, contents, new, from_signed, removes_packages: true, lost, notes: Vec::new() })
}

fn breaks_others(order: &YankOrder, series: Series, lost: &BTreeSet<LostDependency>) -> Failure {
    let mut lines = lost.iter().map(ToString::to_string);
    let message = format!("refusing to yank `{}`: {}", order.package, lines.next().unwrap_or_default());
    let others = lines.collect::<Vec<_>>().join("\n");
    let first = lost.first().map_or(String::new(), |lost| {
        let program = program();
        format!("yank that package first: `{program} yank {} --series {series} --why REASON`\n", lost.package)
    });
    let help = format!("{first}to yank it all the same: `{} --force REASON`", this_call());
    let failure = Failure::new(Exit::Failed, message).help(help);
    if others.is_empty() { failure } else { failure.details(others) }
}
