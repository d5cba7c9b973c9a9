//! What the next writer finishes, removes and repairs before it changes anything: [`decide`] only reads, so that a dry run sees the
//! repository as the run will find it.
//!
//! A run can be killed between any two steps of a change. The next writer finds one of these states:
//!
//! * hidden folders and links of releng: they were never visible, and are removed;
//! * a revision that no link leads to, with the next event: it was never visible, and is removed;
//! * a snapshot in its place, or a revision that the link leads to, with the next event: the event and everything that follows
//!   it are written;
//! * an event whose `.repo` files were not written: they are written;
//! * an event about pruning, the last one of the log, with items still in their places: these are moved into the trash, too;
//! * the beginning of a line in the log: it is cut off. Where a manifest has the event, the line is written again.
//!
//! Links follow from the log: one that was deleted or that leads elsewhere is made again. A manifest whose event is neither in the
//! log nor its next one means that the log was lost or is an old copy. Then nothing may be changed: a new log would contradict
//! what the manifests tell.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files::TreePath;
use crate::repository::clients::published_address::require_address;
use crate::repository::model::event::{Action, Event};
use crate::repository::model::layout::Layout;
use crate::repository::model::lost_state::help_to_recover;
use crate::repository::model::lost_targets::{LostTarget, ToldBy, find_lost_targets, find_unsettled};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::{FilePath, Series};
use crate::repository::model::served_index::INDEX;
use crate::repository::model::store::Store;

/// What is done before a change.
#[derive(Default)]
pub struct Recovery {
    /// A folder in its place whose event the log lacks.
    pub unlogged: Option<LoadedManifest>,
    /// Revisions that were never visible.
    pub abandoned: Vec<AbandonedRevision>,
    /// The items of an unfinished prune, with their places in the trash.
    pub trash: Vec<(TreePath, TreePath)>,
    /// The links that differ from the log.
    pub links: Vec<LinkRepair>,
}

/// A revision that a killed run has made, and to which no link has led.
pub struct AbandonedRevision {
    pub path: TreePath,
    /// Below the root.
    pub shown: String,
    /// What the run was to do, in words.
    pub made_by: String,
}

/// A link that is to be made again.
pub struct LinkRepair {
    pub link: TreePath,
    /// Below the root.
    pub shown: String,
    /// `None` if the link is to be removed.
    pub target: Option<PathBuf>,
    /// What it leads to now and neither the tree nor the log has, relative to the root.
    pub lost: Option<FilePath>,
}

impl LinkRepair {
    /// What was lost, for the end of a sentence; empty if nothing was.
    pub fn describe_lost(&self) -> String {
        let back = "put it back from a backup together with the log, or stage its release again";
        let describe = |lost: &FilePath| format!("; `{lost}`, where it led, is neither there nor in the log: {back}");
        self.lost.as_ref().map_or(String::new(), describe)
    }
}

/// Decides what the next writer does first. In memory, adds the event of an interrupted run to the log of `store`, and takes abandoned
/// revisions out of it.
///
/// Errors: a link is in the place of a folder; the log or the ledger was lost or is an old copy; a link leads to a lost revision; the
/// configuration has lost the address of the repository.
pub fn decide(store: &mut Store) -> Result<Recovery> {
    store.require_folders()?;
    let (mut recovery, abandoned) = find_unlogged(store)?;
    store.abandoned = abandoned;
    if let Some(unlogged) = &recovery.unlogged {
        let entry = unlogged.log_entry();
        let line = entry.render()?;
        store.log.push(entry, line.as_bytes());
    } else {
        require_ledger(store)?;
    }
    require_known_revisions(store)?;
    require_address(store)?;
    recovery.trash = find_unfinished_prune(store);
    recovery.links = find_wrong_links(store)?;
    Ok(recovery)
}

/// The series of the store, and those whose first revision an interrupted run has begun.
pub fn all_series(store: &Store) -> Result<BTreeSet<Series>> {
    let names = store.layout.root.join("revisions").names()?;
    let begun = names.iter().filter_map(|name| name.strip_prefix("stable-")?.parse().ok());
    Ok(store.series()?.into_iter().chain(begun).collect())
}

/// A folder whose event the log lacks.
struct UnloggedPath {
    path: TreePath,
    /// The revision, if it is one that clients cannot see.
    hidden: Option<(Series, u32)>,
}

fn find_unlogged(store: &Store) -> Result<(Recovery, Vec<(Series, u32)>)> {
    let (mut recovery, mut abandoned) = (Recovery::default(), Vec::new());
    for series in all_series(store)? {
        for UnloggedPath { path, hidden } in unlogged_paths(store, series)? {
            // A folder gets its name when it is whole. One without a readable manifest was put there by hand or is damaged:
            // `verify` reports it, and `recover-log` records that its event is lost.
            let Ok(loaded) = Manifest::load(&path) else { continue };
            // The log has it for another folder: somebody copied that folder, and `verify` reports it.
            if store.log.has(&loaded.manifest.event) {
                continue;
            }
            require_next(store, &path, &loaded.manifest.event)?;
            match hidden {
                None => recovery.unlogged = Some(loaded),
                Some(revision) => {
                    let (shown, made_by) = (store.layout.shown(&path), loaded.manifest.event.action.to_string());
                    recovery.abandoned.push(AbandonedRevision { path, shown, made_by });
                    abandoned.push(revision);
                }
            }
        }
    }
    Ok((recovery, abandoned))
}

fn unlogged_paths(store: &Store, series: Series) -> Result<Vec<UnloggedPath>> {
    let mut paths = Vec::new();
    // Where a file is in the place of the link, nobody can say which revision was current: nothing is removed.
    if let Ok(linked) = store.linked_revision(series) {
        // No run that makes a revision removes the link: where it is gone, the revision was visible.
        let is_link_lost = linked.is_none() && store.log.highest_revision(series) > 0;
        let numbers = store.revisions(series)?.into_iter();
        for number in numbers.filter(|number| store.log.making_of(series, *number).is_none()) {
            let is_visible = linked == Some(number) || is_link_lost;
            let hidden = (!is_visible).then_some((series, number));
            paths.push(UnloggedPath { path: store.layout.revision(series, number), hidden });
        }
    }
    let names = store.snapshots(series)?.into_iter();
    for name in names.filter(|name| store.log.staging_of(name).is_none()) {
        paths.push(UnloggedPath { path: store.layout.snapshot(series, &name), hidden: None });
    }
    Ok(paths)
}

/// Errors: the event of the folder is not the next one of the log.
fn require_next(store: &Store, folder: &TreePath, event: &Event) -> Result<(), Failure> {
    if store.log.is_next(event) {
        return Ok(());
    }
    let (folder, number) = (store.layout.shown(folder), event.number);
    let copied = "was copied there from another repository: move it away";
    let recover = help_to_recover(&store.layout.log());
    let has = match store.log.next_number() - 1 {
        0 => {
            let message = format!(
                "refusing to change the repository: its log is lost: there is no log, and `{folder}` was made by event {number}"
            );
            return Err(Failure::new(Exit::Failed, message).help(format!("{recover}\nif `{folder}` {copied}")));
        }
        last if event.number <= last => format!("event {} of the log is another one", event.number),
        last => format!("the log ends at event {last}"),
    };
    let message = format!("refusing to change the repository: `{folder}` was made by event {number}, but {has}");
    let state = &store.layout.state;
    let other = committed("correct `repository.state`");
    Err(Failure::new(Exit::Failed, message).help(format!(
        "if it {copied}\nif `{state}` is the state of another repository: {other}\notherwise: {recover}"
    )))
}

/// Errors: the ledger is not the one that the log tells of.
fn require_ledger(store: &Store) -> Result<()> {
    let Some(wanted) = store.log.ledger() else { return Ok(()) };
    let path = store.layout.ledger();
    let what = match path.read_if_there()? {
        Some(text) if digest_of(&text) == wanted => return Ok(()),
        Some(_) => "is not the one that the last promotion wrote",
        None => "is missing",
    };
    let message = format!("refusing to change the repository: `{path}` {what}");
    Err(Failure::new(Exit::Failed, message).help(help_to_recover(&path)).into())
}

/// Errors: the link of a series leads to a revision that is neither there nor in the log: nobody knows what clients would get back if the
/// link led to the revision before. Or the pages tell of a newer revision or snapshot than the log: its number would be used again, and what
/// the pages tell would be overwritten.
fn require_known_revisions(store: &Store) -> Result<()> {
    let Some(lost) = find_lost_targets(store)?.into_iter().find(LostTarget::must_be_recorded) else { return Ok(()) };
    let message = format!("refusing to change the repository: {}, and the log does not tell of it", lost.describe());
    let foreign = match lost.told_by {
        ToldBy::Pages => format!("; if `{INDEX}` was copied there from another repository: move it away"),
        _ => String::new(),
    };
    let (path, program) = (&lost.path, program());
    let help = format!(
        "put `{path}` and the log back from a backup; or record that it is lost: `{program} recover-log`{foreign}"
    );
    Err(Failure::new(Exit::Failed, message).help(help).into())
}

/// The items of an unfinished prune that are still in their places, with their places in the trash. Only the last event can be
/// unfinished: what has the name of an item later is another thing.
pub fn find_unfinished_prune(store: &Store) -> Vec<(TreePath, TreePath)> {
    let Some(Event { number, action: Action::Prune { items, .. }, .. }) = store.log.events().next_back() else {
        return Vec::new();
    };
    let place = |item| (store.layout.root.join(item), store.layout.trash_place(*number, item));
    items.iter().map(place).filter(|(path, _)| path.is_there()).collect()
}

fn find_wrong_links(store: &Store) -> Result<Vec<LinkRepair>> {
    let layout = &store.layout;
    let mut links = Vec::new();
    let lost = find_lost_targets(store)?;
    let repair = |link: TreePath, target: Option<PathBuf>| {
        let shown = layout.shown(&link);
        let lost = lost.iter().find(|lost| lost.link() == Some(&shown)).map(|lost| lost.path.clone());
        LinkRepair { link, shown, target, lost }
    };
    for series in store.series()? {
        let (Ok(linked), Ok(current)) = (store.linked_revision(series), store.current_number(series)) else { continue };
        let is_there = current.is_some_and(|number| layout.revision(series, number).is_folder());
        // A link to a revision that is missing or lost stays: clients cannot be given an older one without a decision.
        let is_forward = linked.is_some_and(|linked| Some(linked) < current);
        let may_lead_there = is_there && (is_forward || find_unsettled(store, series).is_none());
        if linked != current && (may_lead_there || current.is_none()) {
            let target = current.map(|number| Layout::revision_target(series, number));
            links.push(repair(layout.stable(series), target));
        }
        let (Ok(linked), Ok(latest)) = (store.linked_latest(series), store.latest(series)) else { continue };
        if linked != latest {
            links.push(repair(layout.latest(series), latest.map(|name| name.to_string().into())));
        }
    }
    Ok(links)
}
