//! `prune`: finds the snapshots and revisions that no rule keeps. The rules are pure; [`decide`] loads their input.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

use crate::base::error::Failure;
use crate::base::files::TreePath;
use crate::base::text::one_line;
use crate::project::config::RepositoryKeys;
use crate::repository::clients::in_flight::{IN_FLIGHT, ended_as_latest};
use crate::repository::model::event::{Action, Event, EventLog};
use crate::repository::model::name::{FilePath, Series, SnapshotName};
use crate::repository::model::store::Store;
use crate::repository::write::plan::{ChangePlan, ChangeStep};

/// The number of revisions of a series that are kept for rollbacks.
const REVISIONS: usize = 20;

/// Why a snapshot or revision is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepReason {
    /// `latest` or the link of the series leads to it.
    Current,
    /// It was current a short time ago: clients may still read it.
    InFlight,
    /// It was promoted.
    Promoted,
    /// It is one of the newest.
    Newest,
    /// It is newer than the retention period.
    Young,
    /// A person holds it, for this reason.
    Held(String),
    /// The log does not have it: somebody else put it there.
    Unknown,
}

/// The facts of a snapshot that the rules depend on.
#[derive(Clone, Debug)]
pub struct SnapshotFacts {
    pub name: SnapshotName,
    /// The time of staging; `None` if the log does not have it.
    pub staged: Option<Timestamp>,
}

/// Why each snapshot of a series is kept; `None` for one that may be removed. `snapshots` are sorted by pipeline number.
pub fn judge_snapshots(
    snapshots: &[SnapshotFacts],
    latest: Option<&SnapshotName>,
    log: &EventLog,
    keys: &RepositoryKeys,
    now: Timestamp,
) -> Vec<Option<KeepReason>> {
    let first_newest = snapshots.len().saturating_sub(keys.keep_snapshots as usize);
    let retention = SignedDuration::from_hours(24 * i64::from(keys.keep_days));
    let judge = |index: usize, SnapshotFacts { name, staged }: &SnapshotFacts| {
        let Some(staged) = staged else { return Some(KeepReason::Unknown) };
        if latest == Some(name) {
            return Some(KeepReason::Current);
        }
        if let Some(hold) = find_hold(log, name, now) {
            return Some(KeepReason::Held(hold.why));
        }
        if log.was_promoted(name) {
            return Some(KeepReason::Promoted);
        }
        if ended_as_latest(log, name).is_some_and(|ended| now.duration_since(ended) < IN_FLIGHT) {
            return Some(KeepReason::InFlight);
        }
        if index >= first_newest {
            return Some(KeepReason::Newest);
        }
        if now.duration_since(*staged) < retention {
            return Some(KeepReason::Young);
        }
        None
    };
    snapshots.iter().enumerate().map(|(index, facts)| judge(index, facts)).collect()
}

/// The protection of a snapshot from `prune`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldInForce {
    pub why: String,
    /// Its end; `None` if it has none.
    pub until: Option<Timestamp>,
}

/// The hold on a snapshot; `None` if there is no hold or the hold has ended.
pub fn find_hold(log: &EventLog, name: &SnapshotName, now: Timestamp) -> Option<HoldInForce> {
    for event in log.events().rev() {
        match &event.action {
            Action::Unhold { snapshot } if snapshot == name => return None,
            Action::Hold { snapshot, why, until } if snapshot == name => {
                let has_ended = until.is_some_and(|until| until <= now);
                return (!has_ended).then(|| HoldInForce { why: one_line(why), until: *until });
            }
            _ => {}
        }
    }
    None
}

/// Why each revision of a series is kept; `None` for one that may be removed. `revisions` are in ascending order.
pub fn judge_revisions(
    series: Series,
    revisions: &[u32],
    current: Option<u32>,
    log: &EventLog,
    now: Timestamp,
) -> Vec<Option<KeepReason>> {
    let first_newest = revisions.len().saturating_sub(REVISIONS);
    let judge = |index: usize, number: u32| {
        if current == Some(number) {
            return Some(KeepReason::Current);
        }
        if replaced_at(log, series, number).is_some_and(|replaced| now.duration_since(replaced) < IN_FLIGHT) {
            return Some(KeepReason::InFlight);
        }
        if index >= first_newest {
            return Some(KeepReason::Newest);
        }
        None
    };
    revisions.iter().enumerate().map(|(index, number)| judge(index, *number)).collect()
}

/// The time at which a newer revision of the series was made; `None` if there is no newer one.
fn replaced_at(log: &EventLog, series: Series, number: u32) -> Option<Timestamp> {
    let is_newer =
        |event: &&Event| matches!(event.action.revision(), Some((of, other)) if of == series && other > number);
    log.events().find(is_newer).map(|event| event.at)
}

/// What `prune` removes and records beside what no rule keeps.
#[derive(Debug, Default)]
pub struct PruneOrder {
    /// Whether what somebody else removed is recorded as gone. The current revision of a series is left out as long as there is
    /// another one to go back to.
    pub record_missing: bool,
    /// Damaged snapshots and revisions, which go unless clients are led to them, a person holds them, or the log does not have them.
    pub damaged: Vec<TreePath>,
}

/// Decides what to delete from the trash and what to move into it. The event is logged before the moves, so that the next run
/// completes a killed one.
///
pub fn decide(store: &Store, keys: &RepositoryKeys, order: &PruneOrder, now: Timestamp) -> Result<ChangePlan> {
    let mut steps = Vec::new();
    for event in store.log.events().filter(|event| matches!(event.action, Action::Prune { .. }) && event.at < now) {
        let trash = store.layout.trash(event.number);
        if trash.is_folder() {
            let bytes = freed_by(&trash)?;
            steps.push(ChangeStep::Delete { shown: store.layout.shown(&trash), path: trash, bytes });
        }
    }
    let mut removed = Vec::new();
    for series in store.series()? {
        let snapshots = list_snapshots(store, series)?;
        let latest = store.latest(series)?;
        let reasons = judge_snapshots(&snapshots, latest.as_ref(), &store.log, keys, now);
        for (snapshot, reason) in snapshots.iter().zip(reasons) {
            removed.extend(order.removes(store.layout.snapshot(series, &snapshot.name), reason));
        }
        let revisions = store.revisions(series)?;
        let reasons = judge_revisions(series, &revisions, store.current_number(series)?, &store.log, now);
        for (number, reason) in revisions.iter().zip(reasons) {
            removed.extend(order.removes(store.layout.revision(series, *number), reason));
        }
    }
    let (mut items, mut moves) = (Vec::new(), Vec::new());
    for path in removed {
        let item: FilePath = store.layout.shown(&path).parse().map_err(Failure::from)?;
        let to = store.layout.trash_place(store.log.next_number(), &item);
        moves.push(ChangeStep::Trash { item: item.clone(), to, bytes: freed_by(&path)? });
        items.push(item);
    }
    let (missing, dangling) = if order.record_missing { find_missing(store)? } else { Default::default() };
    if !items.is_empty() || !missing.is_empty() {
        steps.push(ChangeStep::Log { action: Action::Prune { items, missing } });
    }
    steps.append(&mut moves);
    steps.extend(dangling);
    Ok(ChangePlan { title: "prune".to_owned(), steps })
}

impl PruneOrder {
    /// The folder, if it goes.
    fn removes(&self, folder: TreePath, reason: Option<KeepReason>) -> Option<TreePath> {
        let goes = match reason {
            None => true,
            Some(KeepReason::Current | KeepReason::Held(_) | KeepReason::Unknown) => false,
            Some(_) => self.damaged.contains(&folder),
        };
        goes.then_some(folder)
    }
}

/// What is missing and may be recorded as gone, and the steps that remove the links to it.
fn find_missing(store: &Store) -> Result<(Vec<FilePath>, Vec<ChangeStep>)> {
    let mut missing: Vec<FilePath> = store.missing().into_iter().map(|missing| missing.path).collect();
    let mut dangling = Vec::new();
    for series in store.series()? {
        let Some(current) = store.current_number(series)? else { continue };
        let folder = store.layout.revision(series, current);
        if folder.is_folder() {
            continue;
        }
        if store.revisions(series)?.is_empty() {
            dangling.extend(removed_link(store, store.layout.stable(series)));
        } else {
            let shown = store.layout.shown(&folder);
            missing.retain(|path| path.as_str() != shown);
        }
    }
    Ok((missing, dangling))
}

fn removed_link(store: &Store, link: TreePath) -> Option<ChangeStep> {
    let step = |link: TreePath| ChangeStep::Delete { shown: store.layout.shown(&link), path: link, bytes: 0 };
    link.look().is_ok_and(|found| found.is_symlink()).then(|| step(link))
}

/// The snapshots of a series with the times of their staging by the log.
fn list_snapshots(store: &Store, series: Series) -> Result<Vec<SnapshotFacts>> {
    let mut staged: HashMap<&SnapshotName, Timestamp> = HashMap::new();
    for event in store.log.events() {
        if let Action::Stage { snapshot, .. } = &event.action {
            staged.insert(snapshot, event.at);
        }
    }
    let facts = |name: SnapshotName| SnapshotFacts { staged: staged.get(&name).copied(), name };
    Ok(store.snapshots(series)?.into_iter().map(facts).collect())
}

/// A file on the disk, which may have several hard links.
#[derive(Default)]
struct LinkedFile {
    size: u64,
    /// All links to the file.
    links: u64,
    /// The links in the deleted folder.
    deleted_links: u64,
}

/// The number of bytes that deleting `folder` frees. A file with a hard link outside of the folder frees none.
fn freed_by(folder: &TreePath) -> Result<u64> {
    let mut files = HashMap::new();
    count_links(folder, &mut files)?;
    let freed = files.values().filter(|file| file.links == file.deleted_links);
    Ok(freed.map(|file| file.size).sum())
}

/// Adds the files below `folder` to `files`, by device and inode.
fn count_links(folder: &TreePath, files: &mut HashMap<(u64, u64), LinkedFile>) -> Result<()> {
    for name in folder.names()? {
        let path = folder.join(name);
        let found = path.look().with_context(|| format!("cannot look at `{path}`"))?;
        if found.is_dir() {
            count_links(&path, files)?;
        } else {
            let file = files.entry((found.dev(), found.ino())).or_default();
            file.size = found.size();
            file.links = found.nlink();
            file.deleted_links += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::model::event::LogEntry;

    const DAY: i64 = 86_400;
    const SERIES: Series = Series { major: 1 };

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + day * DAY).unwrap()
    }

    fn name(pipeline: u32) -> SnapshotName {
        SnapshotName::new("lago", SERIES, pipeline)
    }

    fn log(actions: Vec<(i64, Action)>) -> EventLog {
        let mut log = EventLog::default();
        for (day, action) in actions {
            let entry = LogEntry { event: log.next(at(day), action), manifest: None };
            let line = entry.render().unwrap();
            log.push(entry, line.as_bytes());
        }
        log
    }

    #[test]
    fn each_rule_keeps_its_snapshots() {
        let staged = |pipeline, day| {
            (
                day,
                Action::Stage {
                    snapshot: name(pipeline),
                    series: SERIES,
                    latest: true,
                    ended: Vec::new(),
                    force: None,
                },
            )
        };
        let promoted = Action::Promote {
            snapshot: name(2),
            series: SERIES,
            revision: 1,
            version: "1.0.2".parse().unwrap(),
            untested: None,
            ended: Vec::new(),
            force: None,
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
            Some(KeepReason::Unknown),
            None,
            Some(KeepReason::Promoted),
            Some(KeepReason::Held("a customer".to_owned())),
            None,
            Some(KeepReason::InFlight), // `latest` until the sixth was staged, two days ago
            Some(KeepReason::InFlight),
            Some(KeepReason::Current),
        ];
        assert_eq!(kept, expected);
        let keys = RepositoryKeys { keep_snapshots: 3, keep_days: 99, ..keys };
        let kept = judge_snapshots(&facts, None, &log, &keys, at(110));
        assert_eq!(
            kept[4..],
            [None, Some(KeepReason::Newest), Some(KeepReason::Newest), Some(KeepReason::Newest)]
                .map(|kept| kept.clone())
        );
        assert_eq!(judge_snapshots(&facts, None, &log, &keys, at(98))[1], Some(KeepReason::Young));
    }

    #[test]
    fn old_revisions_are_removed_unless_a_client_may_read_them() {
        let actions = (1..=30)
            .map(|revision| (i64::from(revision), Action::Rollback { series: SERIES, revision, to: 1, version: None }));
        let log = log(actions.collect());
        let revisions: Vec<u32> = (1..=30).collect();
        let kept = judge_revisions(SERIES, &revisions, Some(30), &log, at(30));
        assert_eq!(kept.iter().filter(|kept| kept.is_none()).count(), 10);
        assert_eq!(
            (&kept[9], &kept[10], &kept[28], &kept[29]),
            (&None, &Some(KeepReason::Newest), &Some(KeepReason::InFlight), &Some(KeepReason::Current))
        );
    }
}
