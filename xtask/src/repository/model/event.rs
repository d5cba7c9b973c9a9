//! The log of a repository: numbered events, one line of JSON each; every line has the digest of the line before it.
//!
//! The manifest of a snapshot or revision has the event that made it. So no event is lost: if a run is killed after the
//! change and before the line is written, the next run writes the line from the manifest.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::{Digest, digest_of};
use crate::history::Version;
use crate::repository::model::name::{FilePath, Series, SnapshotName};
use crate::rpm::nevra::Nevra;

/// A change of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Action {
    /// A snapshot was staged.
    Stage {
        snapshot: SnapshotName,
        series: Series,
        /// Whether `latest` was made to lead to it.
        latest: bool,
    },
    /// A snapshot became part of a series.
    Promote {
        snapshot: SnapshotName,
        series: Series,
        /// The new revision.
        revision: u32,
        version: Version,
        /// The reason to promote without an acceptance test.
        #[serde(skip_serializing_if = "Option::is_none")]
        untested: Option<String>,
    },
    /// A series got the content of an earlier revision.
    Rollback {
        series: Series,
        /// The new revision.
        revision: u32,
        /// The earlier revision.
        to: u32,
    },
    /// Packages were taken out of a series.
    Yank {
        series: Series,
        /// The new revision.
        revision: u32,
        packages: Vec<Nevra>,
        why: String,
    },
    /// Snapshots and revisions were moved into the trash.
    Prune {
        /// Their paths, relative to the root of the repository.
        items: Vec<FilePath>,
    },
    /// A snapshot was protected from `prune`.
    Hold {
        snapshot: SnapshotName,
        why: String,
        /// The end of the protection; `None` if it has no end.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// The protection of a snapshot from `prune` was ended.
    Unhold { snapshot: SnapshotName },
}

impl Action {
    /// The series and the number of the revision that the action made; `None` if it made none.
    pub fn revision(&self) -> Option<(Series, u32)> {
        match self {
            Action::Promote { series, revision, .. }
            | Action::Rollback { series, revision, .. }
            | Action::Yank { series, revision, .. } => Some((*series, *revision)),
            _ => None,
        }
    }
}

/// A revision to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevision {
    pub series: Series,
    pub number: u32,
    pub cause: RevisionCause,
}

/// Why a revision is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevisionCause {
    Promote { snapshot: SnapshotName, version: Version, untested: Option<String> },
    Rollback { to: u32 },
    Yank { packages: Vec<Nevra>, why: String },
}

impl NewRevision {
    /// Whether the revision adds packages to the series.
    pub fn promotes(&self) -> bool {
        matches!(self.cause, RevisionCause::Promote { .. })
    }

    /// The action that the log gets for the revision.
    pub fn action(&self) -> Action {
        let (series, revision) = (self.series, self.number);
        match self.cause.clone() {
            RevisionCause::Promote { snapshot, version, untested } => {
                Action::Promote { snapshot, series, revision, version, untested }
            }
            RevisionCause::Rollback { to } => Action::Rollback { series, revision, to },
            RevisionCause::Yank { packages, why } => Action::Yank { series, revision, packages, why },
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Stage { snapshot, latest: true, .. } => write!(f, "staged {snapshot} as latest"),
            Action::Stage { snapshot, latest: false, .. } => write!(f, "staged {snapshot}"),
            Action::Promote { snapshot, series, revision, version, .. } => {
                write!(f, "promoted {snapshot} ({version}) to stable/{series}, revision {revision}")
            }
            Action::Rollback { series, revision, to } => {
                write!(f, "rolled stable/{series} back to revision {to}, as revision {revision}")
            }
            Action::Yank { series, revision, packages, .. } => {
                write!(f, "yanked {} from stable/{series}, revision {revision}", join(packages))
            }
            Action::Prune { items } => write!(f, "pruned {}", join(items)),
            Action::Hold { snapshot, .. } => write!(f, "held {snapshot}"),
            Action::Unhold { snapshot } => write!(f, "released the hold on {snapshot}"),
        }
    }
}

fn join<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// An action with its number and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// From 1, without gaps.
    pub number: u64,
    pub at: Timestamp,
    /// The digest of the line before in the log; `None` for the first.
    pub previous: Option<Digest>,
    #[serde(flatten)]
    pub action: Action,
}

/// A line of the log: an event, and the digest of the manifest that has the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    #[serde(flatten)]
    pub event: Event,
    /// The digest of the bytes of the manifest; `None` if the event made no folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
}

impl LogEntry {
    /// The line, without the newline.
    pub fn render(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// All events so far.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    pub entries: Vec<LogEntry>,
    /// The digest of the last line.
    head: Option<Digest>,
    /// The size of all complete lines, in bytes. A killed run can leave an incomplete line after them.
    pub whole: u64,
}

/// A line that does not continue the line before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenChain {
    /// From 1.
    pub line: usize,
    pub why: String,
}

impl fmt::Display for BrokenChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for BrokenChain {}

impl EventLog {
    /// Parses the lines and checks that each continues the line before it. An incomplete last line is ignored.
    pub fn parse(text: &[u8]) -> Result<EventLog, BrokenChain> {
        let mut log = EventLog::default();
        for (index, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let Some(line) = line.strip_suffix(b"\n") else { break };
            let broken = |why: String| BrokenChain { line: index + 1, why };
            let entry: LogEntry = serde_json::from_slice(line).map_err(|error| broken(error.to_string()))?;
            if entry.event.number != log.next_number() {
                return Err(broken(format!("it has the number {}", entry.event.number)));
            }
            if entry.event.previous != log.head {
                return Err(broken("the line before it was changed".to_owned()));
            }
            log.push(entry, line);
        }
        Ok(log)
    }

    /// The number that the next event will have.
    pub fn next_number(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    /// The next event.
    pub fn next(&self, at: Timestamp, action: Action) -> Event {
        Event { number: self.next_number(), at, previous: self.head, action }
    }

    /// Whether `event` has the number and the digest that the next event must have.
    pub fn is_next(&self, event: &Event) -> bool {
        event.number == self.next_number() && event.previous == self.head
    }

    /// Adds an entry whose line was written.
    pub fn push(&mut self, entry: LogEntry, line: &[u8]) {
        self.head = Some(digest_of(line));
        self.whole += line.len() as u64 + 1;
        self.entries.push(entry);
    }

    /// The events, in order.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.entries.iter().map(|entry| &entry.event)
    }

    /// The entry of the last staging of a snapshot.
    pub fn staging_of(&self, name: &SnapshotName) -> Option<&LogEntry> {
        let is_staging =
            |entry: &&LogEntry| matches!(&entry.event.action, Action::Stage { snapshot, .. } if snapshot == name);
        self.entries.iter().rev().find(is_staging)
    }

    /// The entry of the event that made a revision.
    pub fn making_of(&self, series: Series, number: u32) -> Option<&LogEntry> {
        self.entries.iter().rev().find(|entry| entry.event.action.revision() == Some((series, number)))
    }

    /// Whether a snapshot was ever promoted.
    pub fn was_promoted(&self, name: &SnapshotName) -> bool {
        self.events().any(|event| matches!(&event.action, Action::Promote { snapshot, .. } if snapshot == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(log: &mut EventLog, action: Action) -> Vec<u8> {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let entry = LogEntry { event: log.next(at, action), manifest: None };
        let text = entry.render().unwrap();
        log.push(entry, text.as_bytes());
        (text + "\n").into_bytes()
    }

    fn lines() -> Vec<Vec<u8>> {
        let series = Series { major: 1 };
        let snapshot = SnapshotName::new("lago", series, 3);
        let mut log = EventLog::default();
        vec![
            line(&mut log, Action::Stage { snapshot: snapshot.clone(), series, latest: true }),
            line(&mut log, Action::Hold { snapshot, why: "a customer".to_owned(), until: None }),
            line(&mut log, Action::Rollback { series, revision: 3, to: 1 }),
        ]
    }

    #[test]
    fn a_written_log_is_read_back() {
        let text = lines().concat();
        let log = EventLog::parse(&text).unwrap();
        assert_eq!((log.entries.len(), log.next_number(), log.whole), (3, 4, text.len() as u64));
        let again: Vec<u8> =
            log.entries.iter().flat_map(|entry| (entry.render().unwrap() + "\n").into_bytes()).collect();
        assert_eq!(again, text);
    }

    #[test]
    fn an_incomplete_last_line_is_ignored() {
        let lines = lines();
        let torn = [lines[0].as_slice(), &lines[1][..10]].concat();
        let log = EventLog::parse(&torn).unwrap();
        assert_eq!((log.entries.len(), log.whole), (1, lines[0].len() as u64));
    }

    #[test]
    fn a_changed_lost_or_moved_line_breaks_the_chain() {
        let [one, two, three] = <[Vec<u8>; 3]>::try_from(lines()).unwrap();
        let changed = String::from_utf8(two.clone()).unwrap().replace("customer", "friend").into_bytes();
        let broken = |parts: &[&[u8]]| EventLog::parse(&parts.concat()).unwrap_err().to_string();
        assert_eq!(broken(&[&one, &changed, &three]), "line 3: the line before it was changed");
        assert_eq!(broken(&[&one, &three]), "line 2: it has the number 3");
        assert_eq!(broken(&[&two]), "line 1: it has the number 2");
        assert!(broken(&[&one, b"nonsense\n"]).starts_with("line 2: "));
    }
}
