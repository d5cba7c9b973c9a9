//! Clients in flight: they have read the repodata of an earlier state, and have not fetched its packages yet.
//!
//! dnf keeps repodata for hours, and reads the mirrorlist again before it fetches packages: it then looks for packages of the
//! earlier state in the current one. A rollback takes packages out, and a snapshot has the packages of its own version only. So a
//! mirrorlist has a second address, where such a client finds the packages that the first one lacks:
//!
//! * in a series, `withdrawn/DIST/` of the revision itself: links to the packages that earlier revisions had and this one lacks.
//!   There is no repodata in it, so no client lists these packages, in whatever order it tries its mirrors;
//! * behind `latest`, the snapshots that were `latest` before.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use crate::base::error::Failure;
use crate::base::files::TreePath;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::{Action, Event, EventLog};
use crate::repository::model::layout::dist_folder;
use crate::repository::model::manifest::{FileEntry, Manifest};
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::store::{Revision, Snapshot, Store};

/// How long a client may take to fetch packages after the state that it has read is no longer current.
pub const IN_FLIGHT: SignedDuration = SignedDuration::from_hours(72);

/// The folder of a revision with the packages of earlier revisions that the revision itself lacks.
pub const WITHDRAWN: &str = "withdrawn";

/// The files of `withdrawn/` in the revision after `current`, which consists of `carried`: the packages of `current` that are not
/// in `carried`, and the files of its own `withdrawn/` unless `current` has been current for longer than [`IN_FLIGHT`].
fn withdrawn(current: &Revision, carried: &[Carried], now: Timestamp) -> Result<Vec<Carried>> {
    let is_young = now.duration_since(current.manifest.event.at) < IN_FLIGHT;
    not_carried(&current.path, &current.manifest, carried, is_young)
}

/// The packages of a folder that are not in `carried`, as files of `withdrawn/`; with those of its own `withdrawn/` if it is young.
fn not_carried(folder: &TreePath, manifest: &Manifest, carried: &[Carried], is_young: bool) -> Result<Vec<Carried>> {
    let kept: BTreeSet<&str> = carried.iter().filter_map(|carried| carried.to.below("rpm")).collect();
    let files = manifest.files.iter().filter_map(|file| Some((file, offered(file, is_young)?)));
    let gone = files.filter(|(_, path)| !kept.contains(path));
    gone.map(|(file, path)| {
        let to = format!("{WITHDRAWN}/{path}").parse().map_err(Failure::from)?;
        // It is no package of the revision: the rules about packages do not apply to it.
        let entry = FileEntry { package: None, ..file.clone() };
        Ok(Carried { from: folder.clone(), entry, to })
    })
    .collect()
}

/// The same for the present state of a series. Where its current revision cannot be read, what clients may ask for is taken from the newest
/// one before that can be read, and from the snapshots that were promoted since; what only the current one had is not known.
pub fn find_withdrawn(store: &Store, series: Series, carried: &[Carried], now: Timestamp) -> Result<Vec<Carried>> {
    if let Some(current) = store.current(series).ok().flatten() {
        return withdrawn(&current, carried, now);
    }
    let Some(lost) = store.current_number(series).ok().flatten() else { return Ok(Vec::new()) };
    let mut earlier = store.revisions(series)?.into_iter().rev().filter(|number| *number < lost);
    let earlier = earlier.find_map(|number| store.revision(series, number).ok());
    let since = earlier.as_ref().map_or(0, |earlier| earlier.number);
    let mut found = earlier.map_or(Ok(Vec::new()), |earlier| withdrawn(&earlier, carried, now))?;
    for number in since + 1..=lost {
        let made_by = store.log.making_of(series, number).map(|entry| &entry.event);
        let Some(Event { action: Action::Promote { snapshot, .. }, at, .. }) = made_by else { continue };
        if now.duration_since(*at) >= IN_FLIGHT {
            continue;
        }
        if let Ok(Snapshot { path, manifest, .. }) = store.snapshot(series, snapshot) {
            found.extend(not_carried(&path, &manifest, carried, false)?);
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|file| seen.insert(file.to.clone()));
    Ok(found)
}

/// The path of a package that clients in flight may fetch, from the folder of all dists.
fn offered(file: &FileEntry, is_young: bool) -> Option<&str> {
    match file.path.below("rpm") {
        Some(path) => file.package.as_ref().map(|_| path),
        None => file.path.below(WITHDRAWN).filter(|_| is_young),
    }
}

/// The folders below the root, the newest first, in which clients in flight may look for packages of a dist once another snapshot
/// becomes `latest` at `now`.
pub fn former_snapshots(store: &Store, series: Series, dist: &Dist, now: Timestamp) -> Vec<String> {
    let layout = &store.layout;
    let folders = former(&store.log, series, now).into_iter().map(|name| layout.snapshot(series, &name));
    let folders = folders.map(|folder| folder.join(dist_folder(dist))).filter(|folder| folder.is_folder());
    folders.map(|folder| layout.shown(&folder)).collect()
}

/// The snapshots that are `latest`, or were less than [`IN_FLIGHT`] ago, the newest first.
fn former(log: &EventLog, series: Series, now: Timestamp) -> Vec<SnapshotName> {
    let mut ended = now;
    let mut former = Vec::new();
    for (snapshot, at) in log.moves_of_latest(series).rev() {
        if now.duration_since(ended) < IN_FLIGHT {
            former.push(snapshot.clone());
        }
        ended = at;
    }
    former
}

/// When a snapshot stopped being `latest`; `None` where it never was `latest`, or still is.
pub fn ended_as_latest(log: &EventLog, name: &SnapshotName) -> Option<Timestamp> {
    let mut moves = log.moves_of_latest(name.series()?).skip_while(|(snapshot, _)| *snapshot != name);
    moves.next()?;
    moves.next().map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::model::event::LogEntry;

    const SERIES: Series = Series { major: 1 };

    #[test]
    fn what_was_latest_is_offered_for_three_days() {
        let name = |pipeline| SnapshotName::new("lago", SERIES, pipeline);
        let at = |hour: i64| Timestamp::from_second(1_700_000_000 + hour * 3600).unwrap();
        let mut log = EventLog::default();
        for (pipeline, hour, latest) in [(1, 0, true), (2, 10, true), (3, 20, false), (4, 30, true)] {
            let event = log.next(
                at(hour),
                Action::Stage { snapshot: name(pipeline), series: SERIES, latest, ended: Vec::new(), force: None },
            );
            let entry = LogEntry { event, manifest: None };
            let line = entry.render().unwrap();
            log.push(entry, line.as_bytes());
        }
        assert_eq!(former(&log, SERIES, at(40)), [name(4), name(2), name(1)]);
        assert_eq!(former(&log, SERIES, at(82)), [name(4), name(2)]);
        assert_eq!(former(&log, SERIES, at(1000)), [name(4)], "until now it was");
        assert_eq!(former(&log, Series { major: 2 }, at(40)), []);
        assert_eq!(ended_as_latest(&log, &name(1)), Some(at(10)));
        assert_eq!(ended_as_latest(&log, &name(4)), None);
        assert_eq!(ended_as_latest(&log, &name(3)), None);
    }
}
