//! The log of a repository: numbered events, one line of JSON each; every line has the digest of the line before it.
//!
//! The manifest of a snapshot or revision has the event that made it. So no event is lost: if a run is killed after the
//! change and before the line is written, the next run writes the line from the manifest.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::{Digest, digest_of};
use crate::base::schema::describe_fault_in_line;
pub use crate::repository::model::action::{Action, MaybeYanked, NewRevision, RevisionCause, UsedRevisions};
use crate::repository::model::name::{FilePath, Series, SnapshotName};

/// The highest number that an event can have, so that a number from outside never ends the counting. No repository gets there.
pub const LAST_EVENT: u64 = 1 << 53;

/// An action with its number and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// From 1, without gaps.
    pub number: u64,
    pub at: Timestamp,
    /// The digest of the line before in the log; `None` for the first.
    pub previous: Option<Digest>,
    /// The digest of the ledger after the event; `None` if the event does not write the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Digest>,
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
    /// The digest that the next line must state.
    head: Option<Digest>,
    /// The size of all complete lines, in bytes. A killed run can leave an incomplete line after them.
    pub whole: u64,
}

/// A line that does not continue the line before it, or that is of another repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenChain {
    /// From 1.
    pub line: usize,
    pub why: String,
    /// Whether the lines from there on are of another repository.
    pub is_other: bool,
}

impl fmt::Display for BrokenChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BrokenChain { line, why, is_other } = self;
        if *is_other { write!(f, "from line {line} on, {why}") } else { write!(f, "line {line}: {why}") }
    }
}

impl std::error::Error for BrokenChain {}

impl EventLog {
    /// Parses the lines and checks that each continues the line before it. An incomplete last line is ignored.
    pub fn parse(text: &[u8]) -> Result<EventLog, BrokenChain> {
        let (log, broken) = EventLog::parse_sound(text);
        broken.map_or(Ok(log), Err)
    }

    /// Parses the lines up to the first one that does not continue the line before it.
    pub fn parse_sound(text: &[u8]) -> (EventLog, Option<BrokenChain>) {
        let mut log = EventLog::default();
        for (index, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let Some(line) = line.strip_suffix(b"\n") else { break };
            match log.parse_next(line) {
                Ok(entry) => log.push(entry, line),
                Err(why) => return (log, Some(BrokenChain { line: index + 1, why, is_other: false })),
            }
        }
        (log, None)
    }

    /// Parses the line after the last one. Errors: why it cannot be that line.
    fn parse_next(&self, line: &[u8]) -> Result<LogEntry, String> {
        let entry: LogEntry = serde_json::from_slice(line).map_err(|error| describe_fault_in_line(&error))?;
        if entry.event.first_number() != self.next_number() {
            return Err(format!("it has the number {}", entry.event.first_number()));
        }
        if entry.event.previous != self.head {
            return Err("the line before it was changed".to_owned());
        }
        if entry.render().ok().as_deref().map(str::as_bytes) != Some(line) {
            return Err("it has more than `releng` writes into a line".to_owned());
        }
        Ok(entry)
    }

    /// The log with its first `count` lines; `text` is what it was parsed from.
    pub fn first(&self, count: usize, text: &[u8]) -> EventLog {
        let lines = text.split_inclusive(|&byte| byte == b'\n').take(count.min(self.entries.len()));
        EventLog::parse_sound(&lines.collect::<Vec<_>>().concat()).0
    }

    /// The number that the next event will have.
    pub fn next_number(&self) -> u64 {
        self.entries.last().map_or(1, |entry| entry.event.number + 1)
    }

    /// The next event.
    pub fn next(&self, at: Timestamp, action: Action) -> Event {
        Event { number: self.next_number(), at, previous: self.head, ledger: None, action }
    }

    /// Whether `event` has the number and the digest that the next event must have.
    pub fn is_next(&self, event: &Event) -> bool {
        event.number == self.next_number() && event.previous == self.head
    }

    /// Adds an entry whose line was written.
    pub fn push(&mut self, entry: LogEntry, line: &[u8]) {
        self.head = Some(match entry.event.action {
            Action::Lost { line, .. } => line,
            _ => digest_of(line),
        });
        self.whole += line.len() as u64 + 1;
        self.entries.push(entry);
    }

    /// The events, in order.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.entries.iter().map(|entry| &entry.event)
    }

    /// Whether the log has an event. A manifest with it that is in the place of something else was copied there.
    pub fn has(&self, event: &Event) -> bool {
        self.events().any(|known| known == event)
    }

    /// Whether an event of the log made a folder with a manifest of this digest. Of a copy without its state, nothing is known.
    pub fn vouches_for(&self, manifest: Digest) -> bool {
        self.entries.is_empty() || self.entries.iter().any(|entry| entry.manifest == Some(manifest))
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

    /// The event that made the last revision of a series, and the number of the revision.
    pub fn last_revision(&self, series: Series) -> Option<(u32, &Event)> {
        self.events().rev().find_map(|event| match event.action.revision() {
            Some((of, number)) if of == series => Some((number, event)),
            _ => None,
        })
    }

    /// The highest number of a revision of a series; 0 if it has none.
    pub fn highest_revision(&self, series: Series) -> u32 {
        let revisions = self.events().filter_map(|event| event.action.revision());
        revisions.filter(|(of, _)| *of == series).map(|(_, number)| number).max().unwrap_or(0)
    }

    /// The highest pipeline number of a snapshot that was staged in a series; 0 if none was.
    pub fn highest_pipeline(&self, series: Series) -> u32 {
        let staged = self.events().filter_map(|event| match &event.action {
            Action::Stage { snapshot, series: of, .. } if *of == series => Some(snapshot.pipeline()),
            _ => None,
        });
        staged.max().unwrap_or(0)
    }

    /// The snapshots that became `latest` in a series, and when, in order.
    pub fn moves_of_latest(&self, series: Series) -> impl DoubleEndedIterator<Item = (&SnapshotName, Timestamp)> {
        self.events().filter_map(move |event| match &event.action {
            Action::Stage { snapshot, series: of, latest: true, .. }
            | Action::Merge { snapshot, series: of, latest: true }
            | Action::EndDists { snapshot, series: of, latest: true, .. }
                if *of == series =>
            {
                Some((snapshot, event.at))
            }
            _ => None,
        })
    }

    /// Whether a snapshot was ever promoted.
    pub fn was_promoted(&self, name: &SnapshotName) -> bool {
        self.events().any(|event| matches!(&event.action, Action::Promote { snapshot, .. } if snapshot == name))
    }

    /// Whether a snapshot was found to be merged after it had been staged.
    pub fn was_merged(&self, name: &SnapshotName) -> bool {
        self.events().any(|event| matches!(&event.action, Action::Merge { snapshot, .. } if snapshot == name))
    }

    /// The digest that the ledger must have; `None` if no event wrote it.
    pub fn ledger(&self) -> Option<Digest> {
        self.events().rev().find_map(|event| event.ledger)
    }

    /// Whether a snapshot or revision was recorded as missing; `path` is relative to the root.
    pub fn was_missing(&self, path: &str) -> bool {
        self.events().any(|event| event.action.recorded_missing().iter().any(|item| item.as_str() == path))
    }

    /// Whether a snapshot or revision was pruned or recorded as missing; `path` is relative to the root.
    pub fn is_removed(&self, path: &str) -> bool {
        self.events().any(|event| event.action.removed().any(|item| item.as_str() == path))
    }

    /// The snapshots and revisions, relative to the root, that were pruned or are known to be missing.
    pub fn removed(&self) -> BTreeSet<&str> {
        self.events().flat_map(|event| event.action.removed()).map(FilePath::as_str).collect()
    }
}

impl Event {
    /// The number of the first event that the entry stands for.
    pub fn first_number(&self) -> u64 {
        match self.action {
            Action::Lost { from, .. } if from <= self.number => from,
            _ => self.number,
        }
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
            line(
                &mut log,
                Action::Stage { snapshot: snapshot.clone(), series, latest: true, ended: Vec::new(), force: None },
            ),
            line(&mut log, Action::Hold { snapshot, why: "a customer".to_owned(), until: None }),
            line(&mut log, Action::Rollback { series, revision: 3, to: 1, version: None }),
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
        assert_eq!(broken(&[&one, b"nonsense\n"]), "line 2: it is not JSON (column 2)");
        let other = String::from_utf8(two.clone()).unwrap().replace("\"hold\"", "\"melt\"").into_bytes();
        assert!(broken(&[&one, &other]).starts_with("line 2: it has `melt`, which `releng` does not know (column "));
        let more = String::from_utf8(two.clone()).unwrap().replace("}\n", ",\"unknown\":1}\n").into_bytes();
        assert_eq!(broken(&[&one, &more]), "line 2: it has more than `releng` writes into a line");
        assert_eq!(EventLog::parse_sound(&[&one[..], &more].concat()).0.entries.len(), 1);
    }

    #[test]
    fn the_event_after_lost_ones_states_the_digest_of_the_last_lost_line() {
        let [one, two, three] = <[Vec<u8>; 3]>::try_from(lines()).unwrap();
        let mut log = EventLog::parse(&one).unwrap();
        let gone = Action::Lost { from: 2, line: digest_of(two.strip_suffix(b"\n").unwrap()) };
        let lost = line(&mut log, gone);
        let log = EventLog::parse(&[one, lost, three].concat()).unwrap();
        assert_eq!(log.next_number(), 4);
    }
}
