//! Puts a lost or damaged log together again, with the ledger.
//!
//! Every manifest has the event that made its folder, and each event states the digest of the line before it. So the lines of most
//! events can be made again, byte for byte, and a line of the old log is known to be genuine where the next event states its
//! digest. What nothing tells any more, such as a hold, becomes an entry about lost events, so that the numbers and the chain
//! stay as they were. The last event says that the log was put together, and what is missing from the tree.
//!
//! The copy of the keys is made again, too, where it is missing or damaged: a person who runs this trusts the served file.

mod changed;
mod join;
mod ledger;
mod lost_numbers;
mod maybe_promoted;
mod maybe_yanked;
mod origin;
mod used_revisions;

use std::fmt;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure};
use crate::base::files::{self, TreePath};
use crate::base::plan::Plan;
use crate::repository::clients::keys::{CopyOfServed, copy_of_served, find_key_faults, help_to_lost_keys};
use crate::repository::clients::root_files::RootFile;
use crate::repository::model::event::{Action, EventLog, LogEntry};
use crate::repository::model::layout::Layout;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::{LostTarget, find_lost_folders, find_lost_targets};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::other_log::parse_own;
use crate::repository::model::own_manifest::has_own_manifest;
use crate::repository::model::store::{Store, read_log};
use crate::repository::pages::load::ComingChange;
use crate::repository::pages::root_pages;
use crate::repository::sign::KeyName;
use crate::repository::write::recovery::all_series;
use join::{JoinedLog, LaterLines, MOVE_AWAY, Sources, push};
use ledger::{GatheredLedger, LedgerRepair};
use lost_numbers::find_lost_numbers;
use maybe_promoted::find_maybe_promoted;
use maybe_yanked::PublicPackages;
pub use origin::{LinkBehind, LogOrigin};
use used_revisions::find_used_revisions;

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecoverStep {
    /// Keeps the old log or the old ledger under another name.
    Keep { to: TreePath, content: Vec<u8>, what: &'static str },
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
    /// Writes a page of the root, which follows from the log.
    Page(RootFile),
}

impl fmt::Display for RecoverStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecoverStep::Keep { to, what, .. } => {
                write!(f, "write {}, a copy of the old {what}", to.file_name().unwrap_or_default())
            }
            RecoverStep::Ledger { repair, .. } => write!(f, "write ledger.json{repair}"),
            RecoverStep::Keys { .. } => write!(f, "write {}, a copy of the served keys", Layout::key_copy_name()),
            RecoverStep::Log { origin, .. } => write!(f, "write log.jsonl: {origin}"),
            RecoverStep::Page(file) => write!(f, "write {}", file.name),
        }
    }
}

/// Decides on the new log, the new ledger and the new copy of the keys; a plan without steps if all are whole.
///
/// Errors: a link is in the place of a folder; the events of the manifests contradict each other; only the keys are damaged, and neither
/// the served file nor the copy can be used.
pub fn decide(layout: &Layout, now: Timestamp) -> Result<Plan<RecoverStep>> {
    let title = "put the log together again from the manifests".to_owned();
    let old = read_log(layout)?;
    let (sound, broken) = parse_own(layout, &old);
    let is_other = broken.as_ref().is_some_and(|broken| broken.is_other);
    let (own, what) = if is_other {
        (&old[..sound.whole as usize], "log, which is of another repository")
    } else {
        (&old[..], "log")
    };
    let store = Store::with_log(layout.clone(), sound);
    store.require_folders()?;
    let found = find_manifests(&store)?;
    let folders = changed::without_changed(&store, &found)?;
    let is_logged = |loaded: &&LoadedManifest| store.log.entries.contains(&loaded.log_entry());
    let lost = find_lost_numbers(&store, &[], &[]);
    let may_have_promoted = find_maybe_promoted(&store, &lost, &folders);
    let there = layout.ledger().read().unwrap_or_default();
    // That of a copy of this repository has what this one promoted before.
    let has_other_ledger = is_other && own.is_empty() && is_ledger_of(&old, &there);
    let known = if has_other_ledger { Vec::new() } else { there.clone() };
    let ledger = ledger::gather(known.clone(), &folders, &store.log, &may_have_promoted)?.content;
    let has_ledger = has_ledger(&store, &ledger);
    // The next writer finishes or removes what a killed run left.
    let is_settled =
        |loaded: &&LoadedManifest| is_logged(loaded) || (broken.is_none() && is_unfinished(&store, loaded));
    let is_whole = broken.is_none() && !find_lost_targets(&store)?.iter().any(LostTarget::must_be_recorded);
    if is_whole && folders.iter().all(is_settled) && (has_ledger || folders.is_empty()) {
        return decide_on_keys(&store);
    }
    let JoinedLog { mut log, mut content, mut origin } = join(layout, &found, &folders, own, &store.log)?;
    let joined = Store::with_log(layout.clone(), log.clone());
    origin.lost_targets = find_lost_targets(&joined)?;
    let in_folders = find_lost_folders(&joined)?;
    let is_told = |folder: &LostTarget| origin.lost_targets.iter().any(|told| told.path == folder.path);
    let in_folders: Vec<LostTarget> = in_folders.into_iter().filter(|folder| !is_told(folder)).collect();
    origin.lost_targets.extend(in_folders);
    origin.behind = find_links_behind(&joined)?;
    // A whole log tells of all revisions.
    let is_log_lost = broken.is_some() || !folders.iter().all(is_logged);
    if is_log_lost {
        origin.used_revisions = find_used_revisions(&joined)?;
    }
    let lost = find_lost_numbers(&joined, &origin.lost_targets, &origin.used_revisions);
    let may_have_promoted = find_maybe_promoted(&joined, &lost, &folders);
    let gathered = ledger::gather(known, &folders, &log, &may_have_promoted)?;
    let GatheredLedger { ledger: known, content: ledger, repair, replaced } = gathered;
    let replaced = if has_other_ledger { Some(there) } else { replaced };
    if is_log_lost || !origin.lost_targets.is_empty() {
        let known = PublicPackages { ledger: &known, folders: &folders };
        origin.maybe_yanked = maybe_yanked::find(&joined, &origin.lost_targets, &lost, known);
    }
    let lost = origin.lost_targets.iter().map(|target| target.path.clone());
    let missing = joined.missing().into_iter().map(|missing| missing.path).chain(lost).collect();
    let mut event = log.next(
        now,
        Action::RecoverLog {
            missing,
            maybe_yanked: origin.maybe_yanked.clone(),
            used_revisions: origin.used_revisions.clone(),
        },
    );
    event.ledger = Some(digest_of(&ledger));
    push(&mut log, &mut content, LogEntry { event, manifest: None })?;
    let mut steps = Vec::new();
    if !old.is_empty() {
        steps.push(RecoverStep::Keep { to: free_name(&layout.log()), content: old, what });
    }
    if let Some(content) = replaced {
        steps.push(RecoverStep::Keep { to: free_name(&layout.ledger()), content, what: "ledger" });
    }
    steps.push(RecoverStep::Ledger { content: ledger, repair });
    let copy_of_keys = write_keys(&joined, |file| !file.is_done());
    let keys = match &copy_of_keys {
        Some(RecoverStep::Keys { content, .. }) => Some(content.clone()),
        _ => None,
    };
    steps.extend(copy_of_keys);
    steps.push(RecoverStep::Log { content, origin });
    let recovered = Store::with_log(layout.clone(), log);
    let coming = ComingChange { actions: &[], at: now, folder: None, keys };
    steps.extend(root_pages::changed(&recovered, Some(&coming))?.into_iter().map(RecoverStep::Page));
    Ok(Plan { title, steps })
}

/// Whether the log with this text tells of a ledger.
fn is_ledger_of(log: &[u8], ledger: &[u8]) -> bool {
    let digest = digest_of(ledger);
    EventLog::parse_sound(log).0.events().any(|event| event.ledger == Some(digest))
}

/// Joins the log. The lines of the old one after all manifests are left out if the manifests contradict them.
fn join(
    layout: &Layout,
    found: &[(TreePath, LoadedManifest)],
    folders: &[&LoadedManifest],
    old: &[u8],
    sound: &EventLog,
) -> Result<JoinedLog> {
    let old = String::from_utf8_lossy(old);
    let join = |later| -> Result<JoinedLog> {
        let joined = Sources::of(folders, &old, sound, later)?.join()?;
        require_all(layout, found, &joined.log)?;
        Ok(joined)
    };
    join(LaterLines::OfSameLog).or_else(|_| join(LaterLines::None))
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

/// Carries out the plan. The log is the last thing that counts: after a kill, the run can be repeated. The next writer writes pages that
/// are missing then.
pub fn apply(layout: &Layout, plan: &Plan<RecoverStep>) -> Result<()> {
    for step in &plan.steps {
        match step {
            RecoverStep::Keep { to, content, .. } => files::publish(to, content)?,
            RecoverStep::Ledger { content, .. } => files::publish(&layout.ledger(), content)?,
            RecoverStep::Keys { content, .. } => files::publish(&layout.key_copy(), content)?,
            RecoverStep::Log { content, .. } => files::publish(&layout.log(), content)?,
            RecoverStep::Page(file) => file.apply()?,
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
        .map(|(folder, LoadedManifest { manifest: Manifest { event, .. }, .. })| {
            format!("`{}` (event {}: {})", layout.shown(folder), event.number, event.action)
        })
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let message = format!("refusing to put the log together: the other manifests contradict {}", others.join(", "));
    Err(Failure::new(Exit::Failed, message).help(MOVE_AWAY))
}

/// A name for what is replaced that is not taken.
fn free_name(file: &TreePath) -> TreePath {
    let replaced = file.file_name().unwrap_or_default();
    let name = |number: u32| file.with_file_name(format!("{replaced}.replaced-{number}"));
    (1..).map(name).find(|path| !path.is_there()).unwrap_or_else(|| name(0))
}

/// Whether the ledger is the one that the log and the manifests tell of. Before the first promotion, there is none.
fn has_ledger(store: &Store, ledger: &[u8]) -> bool {
    let wanted = store.log.ledger();
    match store.layout.ledger().read_if_there() {
        Ok(Some(there)) => there == ledger && wanted.is_none_or(|wanted| wanted == digest_of(ledger)),
        Ok(None) => wanted.is_none() && Ledger::default().render().is_ok_and(|empty| empty == ledger),
        Err(_) => false,
    }
}

/// Whether a killed run has made a revision whose event is the next one of the log, and not the link to it, or somebody has removed the link
/// since.
fn is_unfinished(store: &Store, loaded: &LoadedManifest) -> bool {
    let event = &loaded.manifest.event;
    let Some((series, number)) = event.action.revision() else { return false };
    let linked = store.linked_revision(series).ok().flatten();
    let is_before = linked.is_none_or(|linked| linked == store.log.highest_revision(series));
    !store.log.entries.is_empty() && store.log.is_next(event) && linked != Some(number) && is_before
}

/// The links that do not lead to the newest revision that the log now has.
fn find_links_behind(store: &Store) -> Result<Vec<LinkBehind>> {
    let mut behind = Vec::new();
    for series in store.series()? {
        let Some((newest, event)) = store.log.last_revision(series) else { continue };
        if let Some(linked) = store.linked_revision(series).ok().flatten().filter(|linked| *linked < newest)
            && has_own_manifest(&store.layout, series, newest)
        {
            behind.push(LinkBehind { series, linked, newest, made_by: event.action.to_string() });
        }
    }
    Ok(behind)
}

/// The folders and manifests of all snapshots and revisions, those in the trash included.
fn find_manifests(store: &Store) -> Result<Vec<(TreePath, LoadedManifest)>> {
    let layout = &store.layout;
    let mut folders = Vec::new();
    for series in all_series(store)? {
        folders.extend(store.revisions(series)?.iter().map(|number| layout.revision(series, *number)));
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
