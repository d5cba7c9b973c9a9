//! Joins the events of the manifests and of the old log to a new log.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::repository::model::event::{Action, Event, EventLog, LAST_EVENT, LogEntry};
use crate::repository::model::manifest::LoadedManifest;
use crate::repository::recover_log::origin::LogOrigin;

/// The help where manifests contradict each other.
pub const MOVE_AWAY: &str = "move the snapshots or revisions away that are of another repository or were changed, or put the log back from a backup";

/// A log that was put together, without the event that says so.
pub struct JoinedLog {
    pub log: EventLog,
    pub content: Vec<u8>,
    pub origin: LogOrigin,
}

/// A line that may belong into the log.
#[derive(Clone)]
struct Candidate {
    entry: LogEntry,
    line: String,
    is_from_manifest: bool,
}

/// Which lines of the old log count that have a higher number than each manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaterLines {
    /// Those of a log that has a line of a manifest, too: it is the log of this repository.
    OfSameLog,
    /// None of them.
    None,
}

/// The lines that are known, by the number of their event.
#[derive(Default)]
pub struct Sources<'a> {
    known: BTreeMap<u64, Vec<Candidate>>,
    /// The readable lines of the old log.
    old: Vec<OldLine<'a>>,
}

/// A readable line of the old log.
struct OldLine<'a> {
    entry: LogEntry,
    line: &'a str,
    /// Whether its number is the one after the line before it.
    is_next: bool,
}

impl<'a> Sources<'a> {
    /// Those of the manifests in `folders` and of the text of the `old` log, of which `sound` is the part without damage.
    pub fn of(folders: &[&LoadedManifest], old: &'a str, sound: &EventLog, later: LaterLines) -> Result<Sources<'a>> {
        let mut sources = Sources { old: read_lines(old), ..Sources::default() };
        for loaded in folders {
            let entry = loaded.log_entry();
            sources.add(Candidate { line: entry.render()?, entry, is_from_manifest: true });
        }
        let highest = sources.known.keys().next_back().copied().unwrap_or(0).max(sound.next_number() - 1);
        let is_of_manifest = |old: &OldLine<'_>| {
            let mut known = sources.known.get(&old.entry.event.number).into_iter().flatten();
            known.any(|known| known.line == old.line)
        };
        let is_same = folders.is_empty() || sources.old.iter().any(is_of_manifest);
        let takes_later = later == LaterLines::OfSameLog && is_same;
        let mut taken = Vec::new();
        for OldLine { entry, line, is_next } in &sources.old {
            if entry.event.number <= highest || (takes_later && *is_next && entry.event.number <= LAST_EVENT) {
                taken.push(Candidate { entry: entry.clone(), line: (*line).to_owned(), is_from_manifest: false });
            }
        }
        taken.into_iter().for_each(|candidate| sources.add(candidate));
        Ok(sources)
    }

    fn add(&mut self, candidate: Candidate) {
        let known = self.known.entry(candidate.entry.event.number).or_default();
        if known.iter().all(|other| other.line != candidate.line) {
            known.push(candidate);
        }
    }

    /// The highest number below `number` of which a line is known; 0 if there is none.
    fn highest_below(&self, number: u64) -> u64 {
        self.known.range(..number).next_back().map_or(0, |(known, _)| *known)
    }

    /// Whether a line states the digest of a known line, or is the first one.
    fn continues(&self, candidate: &Candidate) -> bool {
        let Event { number, previous, .. } = &candidate.entry.event;
        let before = self.known.get(&(number - 1)).into_iter().flatten();
        match previous {
            Some(previous) => before.into_iter().any(|known| digest_of(known.line.as_bytes()) == *previous),
            None => *number == 1,
        }
    }

    /// The line of event `number`: the one with the digest that the event after it states. If nothing states it, a line is likely that
    /// continues a known one, and then the line of a manifest.
    fn choose(&self, number: u64, wanted: Option<Digest>) -> Option<&Candidate> {
        let known = self.known.get(&number)?;
        match wanted {
            Some(wanted) => known.iter().find(|candidate| digest_of(candidate.line.as_bytes()) == wanted),
            None => known.iter().max_by_key(|candidate| (self.continues(candidate), candidate.is_from_manifest)),
        }
    }

    /// Joins the lines. Errors: the events contradict each other.
    pub fn join(&self) -> Result<JoinedLog> {
        let chosen = self.choose_all();
        let (mut log, mut content, mut origin) = (EventLog::default(), Vec::new(), LogOrigin::default());
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for (index, link) in chosen.iter().enumerate().rev() {
            match link {
                Link::Known(candidate) if candidate.is_from_manifest => origin.from_manifests += 1,
                Link::Known(_) => origin.from_old_log += 1,
                Link::Lost { first, last, .. } => origin.lost.push((*first, *last)),
            }
            let entry = match link {
                Link::Known(candidate) => {
                    used.insert(&candidate.line);
                    let is_followed = index > 0 && matches!(chosen[index - 1], Link::Known(_));
                    let is_in_old_log = || self.old.iter().any(|old| old.line == candidate.line);
                    if !is_followed && !is_in_old_log() {
                        let event = &candidate.entry.event;
                        origin.unconfirmed.push((event.number, event.action.to_string()));
                    }
                    candidate.entry.clone()
                }
                Link::Lost { first, last, line } => {
                    // The time of the event after it, which is the nearest that is known.
                    let next = chosen[..index].iter().rev().find_map(Link::at);
                    let line = line.context("the lost events are the last ones")?;
                    let lost = Action::Lost { from: *first, line };
                    let event = Event { number: *last, ..log.next(next.unwrap_or_default(), lost) };
                    LogEntry { event, manifest: None }
                }
            };
            push(&mut log, &mut content, entry)?;
        }
        EventLog::parse(&content).map_err(|broken| {
            let message = format!("the events of the manifests contradict each other: {broken}");
            Failure::new(Exit::Failed, message).help(MOVE_AWAY)
        })?;
        let unused = self.old.iter().filter(|old| !used.contains(old.line) && !says_what_is_lost(&old.entry));
        origin.unused.extend(unused.map(|old| (old.entry.event.number, old.entry.event.action.to_string())));
        Ok(JoinedLog { log, content, origin })
    }

    /// The entries of the new log, the last one first.
    fn choose_all(&self) -> Vec<Link<'_>> {
        let mut chosen: Vec<Link> = Vec::new();
        let mut wanted: Option<Digest> = None;
        let mut number = self.known.keys().next_back().copied().unwrap_or(0);
        while number > 0 {
            match self.choose(number, wanted) {
                Some(candidate) => {
                    wanted = candidate.entry.event.previous;
                    chosen.push(Link::Known(candidate));
                    // An old entry about lost events stands for all of them.
                    number = candidate.entry.event.first_number().saturating_sub(1);
                }
                None => {
                    let below = self.highest_below(number);
                    match chosen.last_mut() {
                        Some(Link::Lost { first, .. }) => *first = below + 1,
                        _ => chosen.push(Link::Lost { first: below + 1, last: number, line: wanted }),
                    }
                    wanted = None;
                    number = below;
                }
            }
        }
        chosen
    }
}

/// The lines that are entries of a log, whatever is before them.
fn read_lines(old: &str) -> Vec<OldLine<'_>> {
    let mut lines = Vec::new();
    let mut next = 1;
    for line in old.lines() {
        let Ok(entry) = serde_json::from_str::<LogEntry>(line) else {
            next += 1;
            continue;
        };
        let is_next = entry.event.first_number() == next;
        next = entry.event.number.saturating_add(1);
        lines.push(OldLine { entry, line, is_next });
    }
    lines
}

/// An entry about what an earlier recovery did not find: this one finds out again.
fn says_what_is_lost(entry: &LogEntry) -> bool {
    matches!(entry.event.action, Action::Lost { .. } | Action::RecoverLog { .. })
}

/// An entry of the new log.
enum Link<'a> {
    Known(&'a Candidate),
    /// Events that nothing tells, with the digest of the line of the last one.
    Lost {
        first: u64,
        last: u64,
        line: Option<Digest>,
    },
}

impl Link<'_> {
    fn at(&self) -> Option<Timestamp> {
        match self {
            Link::Known(candidate) => Some(candidate.entry.event.at),
            Link::Lost { .. } => None,
        }
    }
}

/// Adds an entry to a log and to its text.
pub fn push(log: &mut EventLog, content: &mut Vec<u8>, entry: LogEntry) -> Result<()> {
    let line = entry.render()?;
    content.extend_from_slice(line.as_bytes());
    content.push(b'\n');
    log.push(entry, line.as_bytes());
    Ok(())
}
