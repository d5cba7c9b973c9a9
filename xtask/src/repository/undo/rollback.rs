//! `rollback`: a revision with the content of an earlier one, without the packages that were yanked since.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure, program};
use crate::base::files::TreePath;
use crate::repository::clients::mirrorlist::MIRRORLIST;
use crate::repository::clients::published_address::{find_old_addresses, leads_elsewhere};
use crate::repository::clients::series_package::package_name;
use crate::repository::dependencies::LostDependency;
use crate::repository::keys::ended::have_ended;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::unsigned::is_signed;
use crate::repository::model::emptied_series::find_emptied;
use crate::repository::model::event::{Action, Event, NewRevision, RevisionCause};
use crate::repository::model::lost_targets::find_unsettled;
use crate::repository::model::manifest::{FileEntry, Manifest, is_source, is_statement};
use crate::repository::model::name::{Dist, FilePath, Series};
use crate::repository::model::store::{Revision, Store};
use crate::repository::model::yanks::{YankedPackage, list};
use crate::repository::undo::kept_out::find_kept_out;
use crate::repository::undo::signatures::{self, OldSignatures};
use crate::repository::undo::undoing::{Undo, Undoing, lost_without, without};
use crate::repository::write::described::{Mending, damaged_own_files, describe_revision};
use crate::repository::write::revision::{AlreadyDone, RevisionContents, Take, carry, dists_of, next_number};
use crate::rpm::nevra::Nevra;

/// The arguments of `rollback`.
pub struct RollbackOrder<'a> {
    pub series: Series,
    /// The revision whose content returns; `None` for the one before the last promotion.
    pub to: Option<u32>,
    /// Whether packages return that were yanked since.
    pub with_yanked: bool,
    /// The keys by the configuration; `None` if nothing is signed.
    pub keys: Option<&'a KeySet>,
}

/// Decides to give a series the content of an earlier revision. Nothing but that revision must be whole: the current one may be
/// damaged.
///
/// Errors: no such series or revision; nothing before it; without the yanked packages, others miss what they require.
pub fn decide_rollback(store: &Store, order: &RollbackOrder<'_>) -> Result<Undoing> {
    let RollbackOrder { series, to, with_yanked, .. } = *order;
    let current = require_current(store, series)?;
    let already = |why: String| Ok(Undoing::Already(AlreadyDone { series, revision: current, why }));
    let before = store.revision(series, current).ok();
    let unsettled = find_unsettled(store, series);
    if let Some(unsettled) = unsettled.as_ref().filter(|_| to.is_none()) {
        return Err(unsettled.refusal().into());
    }
    // An older program has copied signatures whose key had expired. Then the same content is made and signed again.
    let is_refused = before.as_ref().is_some_and(|before| have_ended(&store.layout, before, order.keys));
    let to = match (to, store.log.last_revision(series)) {
        (Some(to), _) => to,
        // The last rollback is made again if its revision is lost.
        (None, Some((_, Event { action: Action::Rollback { to, .. }, .. }))) if is_refused || before.is_none() => *to,
        // The command was repeated: to undo more than the last change takes a number.
        (None, Some((_, Event { number, action: Action::Rollback { to, .. }, .. }))) => {
            let further = before_promotion(store, series, *to);
            let help = further.map_or(String::new(), |further| {
                format!("; to go further back: `{} rollback {series} --to {further}`", program())
            });
            return already(format!("stable/{series} was rolled back already, by event {number}{help}"));
        }
        (None, _) => before_promotion(store, series, current).ok_or_else(|| nothing_before(store, series))?,
    };
    if !store.revisions(series)?.contains(&to) {
        // Where no revision is left, this says how to go on.
        if store.revisions(series)?.is_empty() {
            store.current(series)?;
        }
        return Err(no_revision(store, series, to)?.into());
    }
    let base = store.revision(series, to)?;
    let yanked = find_kept_out(store, series, &base.manifest);
    let left_out = if with_yanked { &[][..] } else { &yanked };
    let is_same = |before: &Revision| has_content(store, &before.manifest, &base.manifest, left_out);
    let same = before.as_ref().filter(|before| is_same(before));
    let old_address =
        find_old_addresses(store).into_iter().find(|old| old.series == series && old.revision == Some(current));
    let is_whole = same.is_some_and(|same| damaged_own_files(&store.layout, same).next().is_none());
    if !is_refused && old_address.is_none() && unsettled.is_none() && is_whole {
        let what = match left_out {
            [] => String::new(),
            left_out => format!(" without what was yanked: {}", describe_left_out(order, to, left_out)),
        };
        return already(format!("stable/{series} has the content of revision {to} already{what}"));
    }
    let is_again = same.is_some() && !is_refused && unsettled.is_none();
    let number = next_number(store, series)?;
    let signatures = signatures::judge(&store.layout, &base, order.keys)?;
    let makes_anew =
        signatures == OldSignatures::Replaced || leads_elsewhere(&store.layout, &base.path, &base.manifest);
    let contents = contents_of(store, order, current, &base, left_out, makes_anew)?;
    let version = contents.release.version.clone();
    let before = before.map(|before| before.manifest);
    let from = match (&unsettled, &before) {
        (Some(lost), _) if lost.lost.is_none() => format!("{}, which may be lost,", lost.name()),
        (Some(lost), _) if lost.are_several() => format!("{}, which are lost,", lost.name()),
        (Some(lost), _) => format!("{}, which is lost,", lost.name()),
        (None, Some(before)) => format!("{}, revision {current},", before.release.version),
        (None, None) => format!("revision {current}"),
    };
    let without_yanked = if left_out.is_empty() { "" } else { ", without what was yanked" };
    let title = if is_again && is_whole {
        format!("lead clients of stable/{series} to the new address: {version}, revision {to}{without_yanked}")
    } else if is_again {
        format!("make what is damaged in stable/{series} again: {version}, revision {to}{without_yanked}")
    } else {
        format!("roll stable/{series} back from {from} to {version}, revision {to}{without_yanked}")
    };
    let mut notes = match (left_out, yanked.as_slice()) {
        ([], []) => Vec::new(),
        ([], returning) => vec![format!("this brings back what was yanked: {}", list(returning))],
        (left_out, _) => vec![format!("stays out: {}", describe_left_out(order, to, left_out))],
    };
    if let Some(lost) = &unsettled {
        let what = if left_out.is_empty() { "what it took out" } else { "what else it took out" };
        notes.push(format!("{}, {what} comes back: yank it again", lost.if_yank()));
    }
    // What an unreadable revision had is known in part only.
    let unread = match (&unsettled, &before) {
        (Some(lost), _) => Some(lost.name()),
        (None, None) => Some(format!("revision {current}")),
        (None, Some(_)) => None,
    };
    if let Some(unread) = unread.filter(|_| store.layout.url.is_some()) {
        notes.push(format!(
            "a client that has read {unread} and asks for a package that only it had does not find it, until `dnf clean metadata`"
        ));
    }
    let empty = dists_without_packages(store, &contents);
    if !empty.is_empty() {
        notes.push(format!("stable/{series} then has no packages for {empty}"));
    }
    if signatures == OldSignatures::Replaced {
        notes.push(format!(
            "repodata and checksums are signed anew: a signature of revision {to} is missing, or of another key, or its key has expired"
        ));
    }
    let new = NewRevision { series, number, cause: RevisionCause::Rollback { to, version } };
    let removes_packages = before.is_none_or(|before| removes_packages(&before, &contents));
    let from_signed = is_signed(&base.manifest);
    let lost = BTreeSet::new();
    Ok(Undoing::New(Box::new(Undo { title, contents, new, from_signed, removes_packages, lost, notes })))
}

/// The packages that stay out, and the command that brings them back.
fn describe_left_out(order: &RollbackOrder<'_>, to: u32, left_out: &[YankedPackage]) -> String {
    let (program, series) = (program(), order.series);
    format!("{}; to bring it back: `{program} rollback {series} --to {to} --with-yanked`", list(left_out))
}

/// The content of a revision without some packages. A dist that was added later stays, without packages: its clients must find
/// repodata.
fn contents_of(
    store: &Store,
    order: &RollbackOrder<'_>,
    current: u32,
    base: &Revision,
    left_out: &[YankedPackage],
    makes_anew: bool,
) -> Result<RevisionContents> {
    let series = order.series;
    let dists = base.manifest.dists();
    let mut emptied = dists_in(&store.layout.revision(series, current))?;
    emptied.retain(|dist| !dists.contains(dist));
    let emptied: BTreeMap<Dist, _> = emptied.into_iter().map(|dist| (dist, Vec::new())).collect();
    let is_carried = |file: &FileEntry| file.path.file_name() != MIRRORLIST && !is_statement(&file.path);
    let is_whole = !damaged_own_files(&store.layout, base).any(is_carried);
    if left_out.is_empty() && !makes_anew && is_whole {
        let (release, earlier) = (base.manifest.release.clone(), base.manifest.earlier.clone());
        let carried = carry(base, Take::Everything);
        return Ok(RevisionContents {
            release,
            earlier,
            carried,
            changelog: None,
            described: emptied,
            statement: None,
            mending: Mending::default(),
        });
    }
    let removed: Vec<Nevra> = left_out.iter().map(|yanked| yanked.package.clone()).collect();
    let mut described = describe_revision(&store.layout, base, &removed)?;
    let lost = lost_without(series, &described.packages, &removed)?;
    if !lost.is_empty() {
        return Err(breaks_others(order, base.number, left_out, &lost).into());
    }
    described.packages.extend(emptied);
    without(base, described, &removed)
}

fn breaks_others(
    order: &RollbackOrder<'_>,
    to: u32,
    left_out: &[YankedPackage],
    lost: &BTreeSet<LostDependency>,
) -> Failure {
    let RollbackOrder { series, .. } = order;
    let message = format!("without what was yanked, revision {to} of stable/{series} is broken: {}", list(left_out));
    let details = lost.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    Failure::new(Exit::Failed, message).details(details).help(format!(
        "promote a newer release instead; or bring back what was yanked: `{} rollback {series} --to {to} --with-yanked`",
        program()
    ))
}

/// Whether a revision has the packages and sources of `wanted`, apart from what is left out. The package for clients is not compared:
/// it follows from the others and the number of the revision.
fn has_content(store: &Store, current: &Manifest, wanted: &Manifest, left_out: &[YankedPackage]) -> bool {
    let clients = package_name(&store.layout);
    let is_compared = |file: &&FileEntry| match &file.package {
        Some(package) => {
            package.nevra.name() != clients && !left_out.iter().any(|yanked| yanked.package == package.nevra)
        }
        None => is_source(&file.path),
    };
    let content = |manifest: &Manifest| -> BTreeSet<(FilePath, Digest)> {
        let compared = manifest.files.iter().filter(is_compared);
        compared.map(|file| (file.path.clone(), file.sha256)).collect()
    };
    content(current) == content(wanted)
}

fn nothing_before(store: &Store, series: Series) -> Failure {
    let program = program();
    let message = format!("stable/{series} has had one promotion only: there is nothing before it");
    let help = match store.log.last_revision(series) {
        Some((number, Event { action: Action::Yank { .. }, .. })) if number > 1 => {
            let to = revision_before(store, series, number).unwrap_or(number - 1);
            format!("to bring back what was yanked: `{program} rollback {series} --to {to} --with-yanked`")
        }
        _ => format!("to take single packages out: `{program} yank NEVRA --series {series} --why REASON`"),
    };
    Failure::new(Exit::Failed, message).help(help)
}

fn no_revision(store: &Store, series: Series, to: u32) -> Result<Failure> {
    let shown = |number: u32| match store.revision(series, number) {
        Ok(revision) => format!("{number} ({})", revision.manifest.release.version),
        Err(_) => format!("{number} (damaged)"),
    };
    let kept = store.revisions(series)?.into_iter().map(shown).collect::<Vec<_>>().join(", ");
    let message = format!("there is no revision {to} of stable/{series}");
    Ok(Failure::new(Exit::Failed, message).help(format!("the revisions are {kept}: `--to REVISION`")))
}

/// The dists in a revision, whose manifest may be damaged.
fn dists_in(revision: &TreePath) -> Result<Vec<Dist>> {
    let names = revision.join("rpm").names()?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// The dists for which there is repodata and nothing to install, as text. The package for clients does not count.
fn dists_without_packages(store: &Store, contents: &RevisionContents) -> String {
    let clients = package_name(&store.layout);
    let packages = contents.carried.iter().filter_map(|carried| carried.entry.package.as_ref());
    let full: BTreeSet<&Dist> = packages
        .filter(|package| package.nevra.name() != clients && !package.nevra.is_source())
        .filter_map(|package| package.dist.as_ref())
        .collect();
    let all = dists_of(&contents.carried, &contents.described);
    all.iter().filter(|dist| !full.contains(dist)).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether the current revision has a package that the new one will not have.
fn removes_packages(current: &Manifest, contents: &RevisionContents) -> bool {
    let kept: BTreeSet<_> = contents.carried.iter().map(|carried| &carried.to).collect();
    current.packages().any(|(file, _)| !kept.contains(&file.path))
}

/// The revision before the last promotion that the content of revision `number` contains; `None` if there was no other before.
fn before_promotion(store: &Store, series: Series, number: u32) -> Option<u32> {
    match store.log.making_of(series, number).map(|entry| &entry.event.action) {
        // A rollback leads to an earlier revision; anything else is a log that somebody wrote by hand.
        Some(Action::Rollback { to, .. }) if *to < number => before_promotion(store, series, *to),
        Some(Action::Yank { .. }) => before_promotion(store, series, revision_before(store, series, number)?),
        _ => revision_before(store, series, number),
    }
}

/// The revision that was current before revision `number`.
fn revision_before(store: &Store, series: Series, number: u32) -> Option<u32> {
    let revisions = store.log.events().filter_map(|event| event.action.revision());
    revisions.filter(|(of, earlier)| *of == series && *earlier < number).map(|(_, earlier)| earlier).max()
}

fn require_current(store: &Store, series: Series) -> Result<u32> {
    let current = store.current_number(series)?;
    let none = || match find_emptied(store, series) {
        Some(emptied) => Failure::new(Exit::Failed, emptied.describe()).help(emptied.plain_help()),
        None => Failure::new(Exit::Failed, format!("there is no stable/{series}"))
            .help(format!("see what there is: `{} status`", program())),
    };
    Ok(current.ok_or_else(none)?)
}
