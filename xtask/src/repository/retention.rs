//! Which snapshots and revisions `prune` keeps, and why.

use jiff::{SignedDuration, Timestamp};

use crate::base::text::one_line;
use crate::project::config::RepositoryKeys;
use crate::repository::clients::in_flight::{IN_FLIGHT, ended_as_latest};
use crate::repository::model::event::{Action, Event, EventLog};
use crate::repository::model::name::{Series, SnapshotName};

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

impl KeepReason {
    /// Whether it keeps what is damaged, too. These reasons precede the others, and do not depend on the configuration.
    pub fn keeps_damaged(&self) -> bool {
        matches!(self, KeepReason::Current | KeepReason::Held(_) | KeepReason::Unknown)
    }
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
