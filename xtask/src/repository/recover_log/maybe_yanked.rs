//! What can still be known of a yank whose event is lost: a package that a series had before, and does not have after.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::clients::in_flight::WITHDRAWN;
use crate::repository::model::event::{Action, EventLog, MaybeYanked};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::{LostTarget, parse_revision_of};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::served_index::ServedIndex;
use crate::repository::model::store::Store;
use crate::repository::recover_log::lost_numbers::LostNumbers;
use crate::rpm::nevra::Nevra;

/// A package in words, with what follows.
pub fn describe(MaybeYanked { series, package, .. }: &MaybeYanked) -> String {
    format!(
        "may have been yanked: `{package}` from stable/{series}; it stays out: a rollback brings it back only with `--with-yanked`, \
         and so does a promotion, which needs the name of its snapshot, too"
    )
}

/// What tells of the packages that were public.
#[derive(Clone, Copy)]
pub struct PublicPackages<'a> {
    pub ledger: &'a Ledger,
    pub folders: &'a [&'a LoadedManifest],
}

/// The packages that lost events may have yanked, each once. `targets` is what was lost with its event, and `lost` has the numbers of lost
/// revisions.
pub fn find(
    store: &Store,
    targets: &[LostTarget],
    lost: &[LostNumbers],
    public: PublicPackages<'_>,
) -> Vec<MaybeYanked> {
    let mut found: Vec<MaybeYanked> = Vec::new();
    let told = find_told_yanks(store, public.folders).into_iter().chain(find_gone_from_folders(
        store,
        targets,
        public.folders,
    ));
    for maybe in told.chain(find_gone(store, lost, public)) {
        if !found.iter().any(|known| (known.series, &known.package) == (maybe.series, &maybe.package)) {
            found.push(maybe);
        }
    }
    found
}

/// The yanks that the pages list and of which the log has no event, unless a later revision has the package again.
fn find_told_yanks(store: &Store, folders: &[&LoadedManifest]) -> Vec<MaybeYanked> {
    let has_returned = |MaybeYanked { series, revision, package }: &MaybeYanked| {
        let is_later = |manifest: &Manifest| {
            manifest.event.action.revision().is_some_and(|(of, number)| of == *series && number > *revision)
        };
        let mut later = folders.iter().map(|loaded| &loaded.manifest).filter(|manifest| is_later(manifest));
        later.any(|manifest| manifest.packages().any(|(_, entry)| entry.nevra == *package))
    };
    let told = ServedIndex::load(&store.layout).series.into_values().flat_map(|told| told.yanked);
    let is_lost = |yank: &MaybeYanked| store.log.making_of(yank.series, yank.revision).is_none();
    told.filter(|yank| is_lost(yank) && !has_returned(yank)).collect()
}

/// The packages that a series had, that its newest whole revision lacks, and that nothing known has taken out: a revision is lost where one
/// of them went.
///
/// A package that only the ledger knows came and went with lost revisions: at least two that were made after it was staged. Its
/// source package is left out: a yank leaves it in the series.
fn find_gone(store: &Store, lost: &[LostNumbers], public: PublicPackages<'_>) -> Vec<MaybeYanked> {
    let PublicPackages { ledger, folders } = public;
    let mut found = Vec::new();
    for series in lost.iter().map(|lost| lost.series).collect::<BTreeSet<_>>() {
        let lost: Vec<&LostNumbers> = lost.iter().filter(|lost| lost.series == series).collect();
        let known = KnownRevisions::of(&store.log, series, folders);
        let listed = ledger.packages_of(series);
        let all: BTreeSet<&Nevra> = listed.chain(known.packages.values().flatten().copied()).collect();
        let has_binaries = all.iter().any(|package| !package.is_source());
        for package in all {
            let last = known.last_with(package);
            let Some(revision) = known.whole_after(last) else { continue };
            let is_lost = match last {
                Some(last) => lost.iter().any(|lost| lost.are_between(last, revision)),
                None if package.is_source() && has_binaries => false,
                None => {
                    let staged = known.staged.get(package).copied().unwrap_or(0);
                    let later = lost.iter().filter(|lost| lost.until > staged);
                    later.map(|lost| u64::from(lost.count())).sum::<u64>() > 1
                }
            };
            if is_lost && !was_yanked(&store.log, series, package, last.unwrap_or(0)) {
                found.push(MaybeYanked { series, revision, package: package.clone() });
            }
        }
    }
    found
}

/// What is known of the revisions of a series.
struct KnownRevisions<'f> {
    /// The packages of each revision whose manifest is there. Of a promotion without it, those of the snapshot.
    packages: BTreeMap<u32, BTreeSet<&'f Nevra>>,
    /// The revisions whose manifests are there.
    whole: BTreeSet<u32>,
    /// The first event that has staged each package.
    staged: BTreeMap<&'f Nevra, u64>,
}

impl<'f> KnownRevisions<'f> {
    fn of(log: &EventLog, series: Series, folders: &[&'f LoadedManifest]) -> KnownRevisions<'f> {
        let mut known = KnownRevisions { packages: BTreeMap::new(), whole: BTreeSet::new(), staged: BTreeMap::new() };
        for LoadedManifest { manifest, .. } in folders.iter().filter(|loaded| loaded.manifest.series == series) {
            let packages = || manifest.packages().map(|(_, package)| &package.nevra);
            let numbers: Vec<u32> = match &manifest.event.action {
                Action::Stage { snapshot, .. } => {
                    for package in packages() {
                        let first = known.staged.entry(package).or_insert(manifest.event.number);
                        *first = manifest.event.number.min(*first);
                    }
                    promotions_of(log, snapshot).collect()
                }
                action => action.revision().map(|(_, number)| number).into_iter().collect(),
            };
            known.whole.extend(manifest.event.action.revision().map(|(_, number)| number));
            for number in numbers {
                known.packages.entry(number).or_default().extend(packages());
            }
        }
        known
    }

    /// The last revision that is known to have a package.
    fn last_with(&self, package: &Nevra) -> Option<u32> {
        self.packages.iter().rev().find(|(_, packages)| packages.contains(package)).map(|(number, _)| *number)
    }

    /// The first whole revision after the `last` one with a package; if none is known to have it, the newest whole revision, or 0 if there
    /// is none. `None` if the newest whole revision has it.
    fn whole_after(&self, last: Option<u32>) -> Option<u32> {
        match last {
            Some(last) => self.whole.range(last + 1..).next().copied(),
            None => Some(self.whole.last().copied().unwrap_or(0)),
        }
    }
}

/// The revisions that promotions of a snapshot have made.
fn promotions_of<'l>(log: &'l EventLog, name: &'l SnapshotName) -> impl Iterator<Item = u32> + 'l {
    log.events().filter_map(move |event| match &event.action {
        Action::Promote { snapshot, revision, .. } if snapshot == name => Some(*revision),
        _ => None,
    })
}

/// Whether a known yank has taken a package out after a revision.
fn was_yanked(log: &EventLog, series: Series, package: &Nevra, after: u32) -> bool {
    log.events().any(|event| match &event.action {
        Action::Yank { series: of, revision, packages, .. } => {
            *of == series && *revision > after && packages.contains(package)
        }
        _ => false,
    })
}

/// The packages that the newest known revision before a lost one has, and that are not in the folder of the lost one. The folder lacks only
/// its manifest then: if none of the packages is in it, it tells nothing.
fn find_gone_from_folders(store: &Store, lost: &[LostTarget], folders: &[&LoadedManifest]) -> Vec<MaybeYanked> {
    let mut found = Vec::new();
    for LostTarget { path, .. } in lost.iter().filter(|lost| lost.is_there) {
        let revision_of = |loaded: &&&LoadedManifest| loaded.manifest.event.action.revision();
        let of_path = |series| parse_revision_of(&store.layout, series, path.as_str());
        let before = folders.iter().filter(|loaded| {
            revision_of(loaded).is_some_and(|(series, number)| of_path(series).is_some_and(|lost| number < lost))
        });
        let Some(loaded) = before.max_by_key(revision_of) else { continue };
        let series = loaded.manifest.series;
        let Some(revision) = of_path(series) else { continue };
        let folder = store.layout.root.join(path);
        let packages = loaded.manifest.packages().filter(|(_, package)| !package.nevra.is_source());
        let (kept, gone): (Vec<_>, Vec<_>) = packages.partition(|(file, _)| folder.join(&file.path).is_there());
        let is_withdrawn = folder.join(WITHDRAWN).is_folder();
        if kept.is_empty() && !is_withdrawn {
            continue;
        }
        let gone: BTreeSet<_> = gone.into_iter().map(|(_, package)| package.nevra.clone()).collect();
        found.extend(gone.into_iter().map(|package| MaybeYanked { series, revision, package }));
    }
    found
}
