//! Puts a lost or damaged log together again, with the ledger.
//!
//! Every manifest has the event that made its folder, and each event states the digest of the line before it. So the lines of most
//! events can be made again, byte for byte, and a line of the old log is known to be genuine where the next event states its
//! digest. What nothing tells any more, such as a hold, becomes an entry about lost events, so that the numbers and the chain
//! stay as they were. The last event says that the log was put together, and what is missing from the tree.
//!
//! The copy of the keys is made again, too, where it is missing or damaged: a person who runs this trusts the served file.

mod changed;
mod ledger;
mod maybe_yanked;

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, TreePath};
use crate::base::plan::Plan;
use crate::repository::clients::keys::{CopyOfServed, copy_of_served, find_key_faults, help_to_lost_keys};
use crate::repository::clients::root_files::RootFile;
use crate::repository::model::event::{Action, Event, EventLog, LogEntry, MaybeYanked};
use crate::repository::model::layout::Layout;
use crate::repository::model::lost_targets::{LostTarget, find_lost_targets};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::store::{Store, read_log};
use crate::repository::sign::KeyName;
use crate::repository::write::recovery::all_series;
use ledger::{GatheredLedger, LedgerRepair};
use maybe_yanked::find_maybe_yanked;

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecoverStep {
    /// Keeps the old log under another name.
    KeepLog { to: TreePath, content: Vec<u8> },
    /// Writes the ledger.
    Ledger { content: Vec<u8>, repair: LedgerRepair },
    /// Makes the copy of the keys equal to the served ones: with the log, it may be an old one.
    Keys {
        content: Vec<u8>,
        /// The served keys that nothing here knows, and that are left out.
        foreign: Vec<KeyName>,
    },
    /// Writes the log.
    Log { content: Vec<u8>, origin: LogOrigin },
}

/// Where the events of the new log are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOrigin {
    /// How many are from manifests.
    pub from_manifests: usize,
    /// How many are from the old log.
    pub from_old_log: usize,
    /// The numbers of the lost events, as first and last of each gap.
    pub lost: Vec<(u64, u64)>,
    /// The packages that one of the lost events may have yanked.
    pub maybe_yanked: Vec<MaybeYanked>,
    /// What was lost with its event, and to what a link still leads.
    pub lost_targets: Vec<LostTarget>,
}

impl fmt::Display for RecoverStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecoverStep::KeepLog { to, .. } => {
                write!(f, "write {}, a copy of the old log", to.file_name().unwrap_or_default())
            }
            RecoverStep::Ledger { repair, .. } => write!(f, "write ledger.json{repair}"),
            RecoverStep::Keys { .. } => write!(f, "write {}, a copy of the served keys", Layout::key_copy_name()),
            RecoverStep::Log { origin, .. } => {
                let LogOrigin { from_manifests, from_old_log, lost, maybe_yanked, lost_targets } = origin;
                write!(f, "write log.jsonl: {from_manifests} events from manifests, {from_old_log} from the old log")?;
                for (index, (first, last)) in lost.iter().enumerate() {
                    f.write_str(if index == 0 { "; lost: " } else { ", " })?;
                    if first == last { write!(f, "{first}")? } else { write!(f, "{first} to {last}")? }
                }
                if !lost.is_empty() {
                    write!(f, "\n    {LOST}")?;
                }
                maybe_yanked.iter().try_for_each(|package| write!(f, "\n    {}", maybe_yanked::describe(package)))?;
                lost_targets.iter().try_for_each(|target| write!(f, "\n    {}", describe_lost(target)))
            }
        }
    }
}

/// What a link leads to and is not there, with what to do.
fn describe_lost(LostTarget { link, path, revision }: &LostTarget) -> String {
    let back = format!("put it back from a backup, and run `{} recover-log` again", program());
    let Some(number) = revision else {
        return format!("`{link}` leads to `{path}`, which is not there: {back}; or stage its release again");
    };
    format!(
        "`{link}` leads to revision {number}, which is not there: {back}; without it, the link stays as it is until `yank` or \
         `rollback --to` makes another revision: `{} status` has the commands",
        program()
    )
}

/// The events that no manifest in the repository has.
const LOST: &str = "a lost event can be a hold or its end, a prune, a record that a commit was merged or that a dist ended, or the event \
                    of a snapshot or revision that is gone, such as a yank";

/// Decides on the new log, the new ledger and the new copy of the keys; a plan without steps if all are whole.
///
/// Errors: a link is in the place of a folder; the events of the manifests contradict each other; only the keys are damaged, and neither
/// the served file nor the copy can be used.
pub fn decide(layout: &Layout, now: Timestamp) -> Result<Plan<RecoverStep>> {
    let title = "put the log together again from the manifests".to_owned();
    let old = read_log(layout)?;
    let (sound, broken) = EventLog::parse_sound(&old);
    let store = Store { layout: layout.clone(), log: sound };
    store.require_folders()?;
    let found = find_manifests(&store)?;
    let folders = changed::without_changed(&store, &found)?;
    let is_logged = |loaded: &&LoadedManifest| store.log.entries.contains(&loaded.log_entry());
    let ledger = ledger::gather(layout, &folders, &store.log)?.content;
    let has_ledger = layout.ledger().read().ok().as_ref() == Some(&ledger)
        && store.log.ledger().is_none_or(|wanted| wanted == digest_of(&ledger));
    let is_whole = broken.is_none() && find_lost_targets(&store)?.iter().all(|lost| lost.revision.is_none());
    if is_whole && folders.iter().all(is_logged) && (has_ledger || folders.is_empty()) {
        return decide_on_keys(&store);
    }
    let (mut log, mut content, mut origin) = join(&Sources::of(&folders, &old, &store.log)?)?;
    require_all(layout, &found, &log)?;
    origin.maybe_yanked = find_maybe_yanked(&log, &origin.lost, &folders);
    let joined = Store { layout: layout.clone(), log: log.clone() };
    origin.lost_targets = find_lost_targets(&joined)?;
    let lost = origin.lost_targets.iter().map(|target| target.path.clone());
    let missing = joined.missing().into_iter().map(|missing| missing.path).chain(lost).collect();
    let GatheredLedger { content: ledger, repair } = ledger::gather(layout, &folders, &log)?;
    let mut event = log.next(now, Action::RecoverLog { missing, maybe_yanked: origin.maybe_yanked.clone() });
    event.ledger = Some(digest_of(&ledger));
    push(&mut log, &mut content, LogEntry { event, manifest: None })?;
    let mut steps = Vec::new();
    if !old.is_empty() {
        steps.push(RecoverStep::KeepLog { to: free_name(&layout.log()), content: old });
    }
    steps.push(RecoverStep::Ledger { content: ledger, repair });
    steps.extend(write_keys(&joined, |file| !file.is_done()));
    steps.push(RecoverStep::Log { content, origin });
    Ok(Plan { title, steps })
}

/// Decides on the copy of the keys where the log and the ledger are whole: a copy that can be trusted stays.
fn decide_on_keys(store: &Store) -> Result<Plan<RecoverStep>> {
    let layout = &store.layout;
    let mut plan = Plan { title: "make the copy of the keys again".to_owned(), steps: Vec::new() };
    let faults = find_key_faults(store);
    if let Some(lost) = faults.lost {
        return Err(Failure::new(Exit::Failed, lost.describe(layout)).help(help_to_lost_keys()).into());
    }
    if faults.damage.is_some() || !layout.key_copy().is_there() {
        plan.steps.extend(write_keys(store, |_| true));
    }
    Ok(plan)
}

/// The step that makes the copy of the keys again from the served file, if that has keys and the copy `is_wanted`.
fn write_keys(store: &Store, is_wanted: impl Fn(&RootFile) -> bool) -> Option<RecoverStep> {
    let CopyOfServed { file, foreign } = copy_of_served(store).ok().filter(|copy| is_wanted(&copy.file))?;
    file.content.map(|content| RecoverStep::Keys { content, foreign })
}

/// Carries out the plan. The log is last: after a kill, the run can be repeated.
pub fn apply(layout: &Layout, plan: &Plan<RecoverStep>) -> Result<()> {
    for step in &plan.steps {
        match step {
            RecoverStep::KeepLog { to, content } => files::publish(to, content)?,
            RecoverStep::Ledger { content, .. } => files::publish(&layout.ledger(), content)?,
            RecoverStep::Keys { content, .. } => files::publish(&layout.key_copy(), content)?,
            RecoverStep::Log { content, .. } => files::publish(&layout.log(), content)?,
        }
    }
    Ok(())
}

/// Errors: the event of a folder does not fit into the new log, so that no writer would accept the folder. The trash does not count.
fn require_all(layout: &Layout, found: &[(TreePath, LoadedManifest)], log: &EventLog) -> Result<(), Failure> {
    let fits = |loaded: &LoadedManifest| {
        let entry = loaded.log_entry();
        // A copy of another folder has an event of the log; `verify` reports the copy.
        log.entries.iter().any(|known| *known == entry || known.event == entry.event)
    };
    let others = found.iter().filter(|(folder, loaded)| folder.below(&layout.trash_top()).is_none() && !fits(loaded));
    let others: Vec<String> = others
        .map(|(folder, loaded)| format!("`{}` (event {})", layout.shown(folder), loaded.manifest.event.number))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let message = format!("refusing to put the log together: the other manifests contradict {}", others.join(", "));
    Err(Failure::new(Exit::Failed, message).help(MOVE_AWAY))
}

const MOVE_AWAY: &str = "move the snapshots or revisions away that are of another repository or were changed, or put the log back from a backup";

/// A name for the old log that is not taken.
fn free_name(log: &TreePath) -> TreePath {
    let name = |number: u32| log.with_file_name(format!("log.jsonl.replaced-{number}"));
    (1..).map(name).find(|path| !path.is_there()).unwrap_or_else(|| name(0))
}

/// The folders and manifests of all snapshots and revisions, those in the trash included. A revision after the one that the link leads to was
/// never visible.
fn find_manifests(store: &Store) -> Result<Vec<(TreePath, LoadedManifest)>> {
    let layout = &store.layout;
    let mut folders = Vec::new();
    for series in all_series(store)? {
        let linked = store.linked_revision(series)?;
        let revisions = store.revisions(series)?.into_iter();
        folders.extend(
            revisions
                .filter(|number| linked.is_none_or(|linked| *number <= linked))
                .map(|number| layout.revision(series, number)),
        );
        folders.extend(store.snapshots(series)?.iter().map(|name| layout.snapshot(series, name)));
    }
    let trash = layout.trash_top();
    for event in trash.names()? {
        let folder = trash.join(event);
        folders.extend(folder.names()?.iter().map(|name| folder.join(name)));
    }
    // One that cannot be read tells nothing: its event is lost, or in the old log.
    let load = |folder: TreePath| Manifest::load(&folder).ok().map(|loaded| (folder, loaded));
    Ok(folders.into_iter().filter_map(load).collect())
}

/// A line that may belong into the log.
#[derive(Clone)]
struct Candidate {
    entry: LogEntry,
    line: String,
    is_from_manifest: bool,
}

/// The lines that are known, by the number of their event.
#[derive(Default)]
struct Sources(BTreeMap<u64, Vec<Candidate>>);

impl Sources {
    fn of(folders: &[&LoadedManifest], old: &[u8], sound: &EventLog) -> Result<Sources> {
        let mut sources = Sources::default();
        for loaded in folders {
            let entry = loaded.log_entry();
            sources.add(Candidate { line: entry.render()?, entry, is_from_manifest: true });
        }
        let highest = sources.0.keys().next_back().copied().unwrap_or(0).max(sound.next_number() - 1);
        for line in String::from_utf8_lossy(old).lines() {
            let Ok(entry) = serde_json::from_str::<LogEntry>(line) else { continue };
            // What is after the last event that is certain may be of another log.
            if entry.event.number <= highest {
                sources.add(Candidate { entry, line: line.to_owned(), is_from_manifest: false });
            }
        }
        Ok(sources)
    }

    fn add(&mut self, candidate: Candidate) {
        let known = self.0.entry(candidate.entry.event.number).or_default();
        if known.iter().all(|other| other.line != candidate.line) {
            known.push(candidate);
        }
    }

    /// The highest number below `number` of which a line is known; 0 if there is none.
    fn highest_below(&self, number: u64) -> u64 {
        self.0.range(..number).next_back().map_or(0, |(known, _)| *known)
    }

    /// Whether a line states the digest of a known line, or is the first one.
    fn continues(&self, candidate: &Candidate) -> bool {
        let Event { number, previous, .. } = &candidate.entry.event;
        let before = self.0.get(&(number - 1)).into_iter().flatten();
        match previous {
            Some(previous) => before.into_iter().any(|known| digest_of(known.line.as_bytes()) == *previous),
            None => *number == 1,
        }
    }

    /// The line of event `number`: the one with the digest that the event after it states. If nothing states it, a line is likely that
    /// continues a known one, and then the line of a manifest.
    fn choose(&self, number: u64, wanted: Option<Digest>) -> Option<&Candidate> {
        let known = self.0.get(&number)?;
        match wanted {
            Some(wanted) => known.iter().find(|candidate| digest_of(candidate.line.as_bytes()) == wanted),
            None => known.iter().max_by_key(|candidate| (self.continues(candidate), candidate.is_from_manifest)),
        }
    }
}

/// The new log without its last event, its text, and where it is from.
fn join(sources: &Sources) -> Result<(EventLog, Vec<u8>, LogOrigin)> {
    let highest = sources.0.keys().next_back().copied().unwrap_or(0);
    let mut chosen: Vec<Link> = Vec::new();
    let mut wanted: Option<Digest> = None;
    let mut number = highest;
    while number > 0 {
        match sources.choose(number, wanted) {
            Some(candidate) => {
                wanted = candidate.entry.event.previous;
                // An old entry about lost events stands for all of them.
                let first = match candidate.entry.event.action {
                    Action::Lost { from, .. } => from,
                    _ => number,
                };
                chosen.push(Link::Known(candidate));
                number = first - 1;
            }
            None => {
                let below = sources.highest_below(number);
                match chosen.last_mut() {
                    Some(Link::Lost { first, .. }) => *first = below + 1,
                    _ => chosen.push(Link::Lost { first: below + 1, last: number, line: wanted }),
                }
                wanted = None;
                number = below;
            }
        }
    }
    let (mut log, mut content, mut origin) = (EventLog::default(), Vec::new(), LogOrigin::default());
    for (index, link) in chosen.iter().enumerate().rev() {
        match link {
            Link::Known(candidate) if candidate.is_from_manifest => origin.from_manifests += 1,
            Link::Known(_) => origin.from_old_log += 1,
            Link::Lost { first, last, .. } => origin.lost.push((*first, *last)),
        }
        let entry = match link {
            Link::Known(candidate) => candidate.entry.clone(),
            Link::Lost { first, last, line } => {
                // The time of the event after it, which is the nearest that is known.
                let next = chosen[..index].iter().rev().find_map(Link::at);
                let action = Action::Lost { from: *first, line: line.context("the lost events are the last ones")? };
                let event = Event { number: *last, ..log.next(next.unwrap_or_default(), action) };
                LogEntry { event, manifest: None }
            }
        };
        push(&mut log, &mut content, entry)?;
    }
    EventLog::parse(&content).map_err(|broken| {
        let message = format!("the events of the manifests contradict each other: {broken}");
        Failure::new(Exit::Failed, message).help(MOVE_AWAY)
    })?;
    Ok((log, content, origin))
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

fn push(log: &mut EventLog, content: &mut Vec<u8>, entry: LogEntry) -> Result<()> {
    let line = entry.render()?;
    content.extend_from_slice(line.as_bytes());
    content.push(b'\n');
    log.push(entry, line.as_bytes());
    Ok(())
}
