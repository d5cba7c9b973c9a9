//! What may go: snapshots and revisions that no rule keeps. The rules are pure; what they look at is loaded by [`load`].

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

use crate::base::error::Failure;
use crate::base::files;
use crate::project::config::RepositoryKeys;
use crate::repository::clients::in_flight::{IN_FLIGHT, ended_as_latest};
use crate::repository::model::event::{Action, Log};
use crate::repository::model::layout::{Layout, MANIFEST};
use crate::repository::model::name::{FilePath, Series, SnapshotName};
use crate::repository::model::store::Store;
use crate::repository::write::plan::{ChangePlan, ChangeStep};

/// How many of the newest revisions of a series stay for rollbacks.
const REVISIONS: usize = 20;

/// Why something is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// `latest`, or the series, leads to it.
    Current,
    /// It was until a short while ago.
    InFlight,
    /// It was promoted.
    Promoted,
    /// It is one of the newest.
    Newest,
    /// It is young.
    Young,
    /// Somebody holds it, for this reason.
    Held(String),
    /// It has no manifest: nothing is known of it.
    Unknown,
}

/// A snapshot as the rules see it.
#[derive(Clone, Debug)]
pub struct SnapshotFacts {
    /// Which.
    pub name: SnapshotName,
    /// When it was staged; `None` where it has no manifest.
    pub staged: Option<Timestamp>,
}

/// Why each snapshot of a series is kept; `None` for those that may go. `snapshots` are in the order of their pipelines.
pub fn judge_snapshots(
    snapshots: &[SnapshotFacts],
    latest: Option<&SnapshotName>,
    log: &Log,
    keys: &RepositoryKeys,
    now: Timestamp,
) -> Vec<Option<Kept>> {
    let newest = snapshots.len().saturating_sub(keys.keep_snapshots as usize);
    let young = SignedDuration::from_hours(24 * i64::from(keys.keep_days));
    let judge = |(index, facts): (usize, &SnapshotFacts)| {
        let SnapshotFacts { name, staged } = facts;
        let Some(staged) = staged else { return Some(Kept::Unknown) };
        if latest == Some(name) {
            return Some(Kept::Current);
        }
        if let Some(why) = find_hold(log, name, now) {
            return Some(Kept::Held(why));
        }
        if log.was_promoted(name) {
            return Some(Kept::Promoted);
        }
        if ended_as_latest(log, name).is_some_and(|ended| now.duration_since(ended) < IN_FLIGHT) {
            return Some(Kept::InFlight);
        }
        if index >= newest {
            return Some(Kept::Newest);
        }
        (now.duration_since(*staged) < young).then_some(Kept::Young)
    };
    snapshots.iter().enumerate().map(judge).collect()
}

/// The reason of the hold on a snapshot that has not ended.
pub fn find_hold(log: &Log, name: &SnapshotName, now: Timestamp) -> Option<String> {
    let last = log.events().rev().find_map(|event| match &event.action {
        Action::Hold { snapshot, why, until } if snapshot == name => Some(Some((why, until))),
        Action::Unhold { snapshot } if snapshot == name => Some(None),
        _ => None,
    });
    let (why, until) = last??;
    until.is_none_or(|until| until > now).then(|| why.clone())
}

/// Why each revision of a series is kept; `None` for those that may go. `revisions` are in order.
pub fn judge_revisions(
    series: Series,
    revisions: &[u32],
    current: Option<u32>,
    log: &Log,
    now: Timestamp,
) -> Vec<Option<Kept>> {
    let newest = revisions.len().saturating_sub(REVISIONS);
    let ended = |number: u32| {
        let of_series = log.events().filter_map(|event| Some((event.action.revision()?, event.at)));
        let mut later = of_series.filter(|((of, other), _)| *of == series && *other > number);
        later.next().map(|(_, at)| at)
    };
    let judge = |(index, number): (usize, &u32)| match ended(*number) {
        _ if current == Some(*number) => Some(Kept::Current),
        Some(ended) if now.duration_since(ended) < IN_FLIGHT => Some(Kept::InFlight),
        _ => (index >= newest).then_some(Kept::Newest),
    };
    revisions.iter().enumerate().map(judge).collect()
}

/// Decides what is deleted from the trash, and what is moved there: the event is logged before, so that a killed run can be
/// completed.
pub fn decide(store: &Store, keys: &RepositoryKeys, now: Timestamp) -> Result<ChangePlan> {
    let mut steps = Vec::new();
    for event in store.log.events().filter(|event| matches!(event.action, Action::Prune { .. }) && event.at < now) {
        let trash = store.layout.trash(event.number);
        if trash.is_dir() {
            let bytes = freed_by(&[&trash])?;
            steps.push(ChangeStep::Delete { shown: store.layout.shown(&trash), path: trash, bytes });
        }
    }
    let mut going = Vec::new();
    for series in store.series()? {
        let names = store.snapshots(series)?;
        let facts: Vec<SnapshotFacts> =
            names.into_iter().map(|name| load(&store.layout, series, name)).collect::<Result<_>>()?;
        let kept = judge_snapshots(&facts, store.latest(series)?.as_ref(), &store.log, keys, now);
        let gone = facts.iter().zip(kept).filter(|(_, kept)| kept.is_none());
        going.extend(gone.map(|(facts, _)| store.layout.snapshot(series, &facts.name)));
        let revisions = store.revisions(series)?;
        let kept = judge_revisions(series, &revisions, store.current_number(series)?, &store.log, now);
        let gone = revisions.iter().zip(kept).filter(|(_, kept)| kept.is_none());
        going.extend(gone.map(|(number, _)| store.layout.revision(series, *number)));
    }
    let (mut items, mut moves) = (Vec::new(), Vec::new());
    for path in going {
        let item: FilePath = store.layout.shown(&path).parse().map_err(Failure::from)?;
        let to = store.layout.trash_place(store.log.next_number(), &item);
        moves.push(ChangeStep::Trash { item: item.clone(), to, bytes: freed_by(&[&path])? });
        items.push(item);
    }
    if !items.is_empty() {
        steps.push(ChangeStep::Log { action: Action::Prune { items } });
    }
    steps.append(&mut moves);
    Ok(ChangePlan { title: "prune".to_owned(), steps })
}

/// What the rules see of a snapshot.
pub fn load(layout: &Layout, series: Series, name: SnapshotName) -> Result<SnapshotFacts> {
    let path = layout.snapshot(series, &name);
    let staged = match path.join(MANIFEST).exists() {
        true => Some(crate::repository::model::manifest::Manifest::load(&path)?.0.event.at),
        false => None,
    };
    Ok(SnapshotFacts { name, staged })
}

/// How many bytes deleting `folders` frees: a file with links elsewhere frees none, and one with several here counts once.
fn freed_by(folders: &[&Path]) -> Result<u64> {
    let mut seen: HashMap<(u64, u64), (u64, u64, u64)> = HashMap::new();
    for folder in folders {
        count_links(folder, &mut seen)?;
    }
    Ok(seen.values().filter(|(_, links, here)| links == here).map(|(size, ..)| size).sum())
}

fn count_links(folder: &Path, seen: &mut HashMap<(u64, u64), (u64, u64, u64)>) -> Result<()> {
    for name in files::names_in(folder)? {
        let path = folder.join(name);
        let found = fs::symlink_metadata(&path).with_context(|| format!("cannot look at `{}`", path.display()))?;
        if found.is_dir() {
            count_links(&path, seen)?;
        } else {
            seen.entry((found.dev(), found.ino())).or_insert((found.size(), found.nlink(), 0)).2 += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::model::event::Entry;

    const DAY: i64 = 86_400;
    const SERIES: Series = Series { major: 1 };

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + day * DAY).unwrap()
    }

    fn name(pipeline: u32) -> SnapshotName {
        SnapshotName::new("lago", SERIES, pipeline)
    }

    fn log(actions: Vec<(i64, Action)>) -> Log {
        let mut log = Log::default();
        for (day, action) in actions {
            let entry = Entry { event: log.next(at(day), action), manifest: None };
            let line = entry.render().unwrap();
            log.push(entry, line.as_bytes());
        }
        log
    }

    #[test]
    fn each_rule_keeps_its_own() {
        let staged = |pipeline, day| (day, Action::Stage { snapshot: name(pipeline), series: SERIES, latest: true });
        let promoted = Action::Promote {
            snapshot: name(2),
            series: SERIES,
            revision: 1,
            version: "1.0.2".parse().unwrap(),
            untested: None,
        };
        let hold = |pipeline, until| Action::Hold { snapshot: name(pipeline), why: "a customer".to_owned(), until };
        let log = log(vec![
            staged(1, 0),
            staged(2, 1),
            (1, promoted),
            staged(3, 2),
            (2, hold(3, None)),
            staged(4, 3),
            (3, hold(4, Some(at(50)))),
            staged(5, 40),
            (40, hold(5, None)),
            (41, Action::Unhold { snapshot: name(5) }),
            staged(6, 98),
            staged(7, 99),
        ]);
        let days = [0, 1, 2, 3, 90, 98, 99];
        let mut facts: Vec<SnapshotFacts> = (1..)
            .zip(days)
            .map(|(pipeline, day)| SnapshotFacts { name: name(pipeline), staged: Some(at(day)) })
            .collect();
        facts.insert(0, SnapshotFacts { name: name(0), staged: None });
        let keys = RepositoryKeys { keep_snapshots: 1, keep_days: 14, ..RepositoryKeys::default() };
        let kept = judge_snapshots(&facts, Some(&name(7)), &log, &keys, at(100));
        let expected = [
            Some(Kept::Unknown),
            None,
            Some(Kept::Promoted),
            Some(Kept::Held("a customer".to_owned())),
            None,
            Some(Kept::InFlight), // until the sixth came, two days ago
            Some(Kept::InFlight),
            Some(Kept::Current),
        ];
        assert_eq!(kept, expected);
        let keys = RepositoryKeys { keep_snapshots: 3, keep_days: 99, ..keys };
        let kept = judge_snapshots(&facts, None, &log, &keys, at(110));
        assert_eq!(
            kept[4..],
            [None, Some(Kept::Newest), Some(Kept::Newest), Some(Kept::Newest)].map(|kept| kept.clone())
        );
        assert_eq!(judge_snapshots(&facts, None, &log, &keys, at(98))[1], Some(Kept::Young));
    }

    #[test]
    fn old_revisions_go_unless_somebody_may_be_reading_them() {
        let actions =
            (1..=30).map(|revision| (i64::from(revision), Action::Rollback { series: SERIES, revision, to: 1 }));
        let log = log(actions.collect());
        let revisions: Vec<u32> = (1..=30).collect();
        let kept = judge_revisions(SERIES, &revisions, Some(30), &log, at(30));
        assert_eq!(kept.iter().filter(|kept| kept.is_none()).count(), 10);
        assert_eq!(
            (&kept[9], &kept[10], &kept[28], &kept[29]),
            (&None, &Some(Kept::Newest), &Some(Kept::InFlight), &Some(Kept::Current))
        );
    }
}
