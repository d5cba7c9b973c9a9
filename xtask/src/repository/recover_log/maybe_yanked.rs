//! What can still be known of a yank whose event is lost: a package that a series had before, and does not have after.

use std::collections::BTreeSet;

use crate::repository::clients::in_flight::WITHDRAWN;
use crate::repository::model::event::{Action, EventLog, MaybeYanked};
use crate::repository::model::lost_targets::{LostTarget, parse_revision_of};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;
use crate::rpm::nevra::Nevra;

/// A package in words, with what follows.
pub fn describe(MaybeYanked { series, package, .. }: &MaybeYanked) -> String {
    format!(
        "may have been yanked: `{package}` from stable/{series}; it stays out: a rollback brings it back only with `--with-yanked`, \
         and so does a promotion, which needs the name of its snapshot, too"
    )
}

/// The packages that a revision has and no later one, if an event between it and the next known one is lost, and a known rollback or yank
/// does not explain it.
pub fn find_maybe_yanked(log: &EventLog, lost: &[(u64, u64)], folders: &[&LoadedManifest]) -> Vec<MaybeYanked> {
    let mut revisions: Vec<(Series, u32, &Manifest)> = Vec::new();
    for LoadedManifest { manifest, .. } in folders {
        revisions.extend(manifest.event.action.revision().map(|(series, number)| (series, number, manifest)));
    }
    revisions.sort_by_key(|(series, number, _)| (*series, *number));
    let mut found = Vec::new();
    for (index, pair) in revisions.windows(2).enumerate() {
        let [(series, number, manifest), (later_series, later_number, later)] = pair else { continue };
        let (from, to) = (manifest.event.number, later.event.number);
        let is_lost = lost.iter().any(|(first, last)| from < *last && *first < to);
        if series != later_series || !is_lost {
            continue;
        }
        let of_pair = |action: &Action| {
            action.revision().is_some_and(|(of, made)| of == *series && made > *number && made <= *later_number)
        };
        let known: Vec<&Action> = log.events().map(|event| &event.action).filter(|action| of_pair(action)).collect();
        if known.iter().any(|action| matches!(action, Action::Rollback { .. })) {
            continue;
        }
        let is_explained = |package: &Nevra| {
            known.iter().any(|action| matches!(action, Action::Yank { packages, .. } if packages.contains(package)))
        };
        let after = || revisions[index + 1..].iter().filter(|(of, ..)| of == series);
        let is_kept = |package: &Nevra| after().any(|(_, _, manifest)| has_package(manifest, package));
        let packages: BTreeSet<&Nevra> = manifest.packages().map(|(_, package)| &package.nevra).collect();
        let gone = packages.into_iter().filter(|package| !is_explained(package) && !is_kept(package));
        found.extend(gone.map(|package| MaybeYanked {
            series: *series,
            revision: *later_number,
            package: package.clone(),
        }));
    }
    found
}

/// The packages that the newest known revision before a lost one has, and that are not in the folder of the lost one. The folder lacks only
/// its manifest then: if none of the packages is in it, it tells nothing.
pub fn find_gone_from_folders(store: &Store, lost: &[LostTarget], folders: &[&LoadedManifest]) -> Vec<MaybeYanked> {
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

fn has_package(manifest: &Manifest, package: &Nevra) -> bool {
    manifest.packages().any(|(_, entry)| entry.nevra == *package)
}
