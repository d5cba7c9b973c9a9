//! `prune`: finds the snapshots and revisions that no rule of [`retention`](super::retention) keeps.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::error::Failure;
use crate::base::files::TreePath;
use crate::project::config::RepositoryKeys;
use crate::repository::model::event::Action;
use crate::repository::model::name::{FilePath, Series, SnapshotName};
use crate::repository::model::store::Store;
use crate::repository::pages::load::ComingChange;
use crate::repository::retention::{KeepReason, SnapshotFacts, judge_revisions, judge_snapshots};
use crate::repository::write::derived;
use crate::repository::write::plan::{ChangePlan, ChangeStep};
use crate::repository::write::recovery::find_unfinished_prune;

/// What `prune` removes and records beside what no rule keeps.
#[derive(Debug, Default)]
pub struct PruneOrder {
    /// Whether what somebody else removed is recorded as gone. The current revision of a series is left out as long as there is
    /// another one to go back to.
    pub record_missing: bool,
    /// Damaged snapshots and revisions, which go unless clients are led to them, a person holds them, or the log does not have them.
    pub damaged: Vec<TreePath>,
}

/// A snapshot or revision, and why it is kept.
pub struct JudgedFolder {
    pub path: TreePath,
    pub series: Series,
    /// `None` for a revision.
    pub snapshot: Option<SnapshotName>,
    /// `None` if it may be removed.
    pub reason: Option<KeepReason>,
}

/// What `prune` does, and the damaged snapshots and revisions that stay, each with the reason.
pub struct Pruning {
    pub plan: ChangePlan,
    pub staying: Vec<JudgedFolder>,
}

/// Decides what to delete from the trash and what to move into it. The event is logged before the moves, so that the next run
/// completes a killed one.
pub fn decide(store: &Store, keys: &RepositoryKeys, order: &PruneOrder, now: Timestamp) -> Result<Pruning> {
    let mut steps = Vec::new();
    // A run has moved these already when it decides; a dry run has not.
    let unfinished = find_unfinished_prune(store);
    for event in store.log.events().filter(|event| matches!(event.action, Action::Prune { .. })) {
        let trash = store.layout.trash(event.number);
        let mut folders: Vec<&TreePath> =
            unfinished.iter().filter(|(_, to)| to.below(&trash).is_some()).map(|(item, _)| item).collect();
        folders.extend(trash.is_folder().then_some(&trash));
        if !folders.is_empty() {
            let bytes = freed_by(&folders)?;
            steps.push(ChangeStep::Delete { shown: store.layout.shown(&trash), path: trash, bytes });
        }
    }
    let (mut items, mut moves, mut staying, mut pages) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut judged = judge(store, keys, now)?;
    judged.retain(|folder| unfinished.iter().all(|(item, _)| *item != folder.path));
    for folder in judged {
        let is_damaged = order.damaged.contains(&folder.path);
        let stays = folder.reason.as_ref().is_some_and(|reason| !is_damaged || reason.keeps_damaged());
        if !stays {
            let item: FilePath = store.layout.shown(&folder.path).parse().map_err(Failure::from)?;
            let to = store.layout.trash_place(store.log.next_number(), &item);
            moves.push(ChangeStep::Trash { item: item.clone(), to, bytes: freed_by(&[&folder.path])? });
            items.push(item);
        } else if is_damaged {
            staying.push(folder);
        }
    }
    let (missing, dangling) = if order.record_missing { find_missing(store)? } else { Default::default() };
    if !items.is_empty() || !missing.is_empty() {
        let action = Action::Prune { items, missing };
        let actions = [action.clone()];
        let change = ComingChange { actions: &actions, at: now, folder: None, keys: None };
        pages = derived::steps(store, None, &change)?;
        steps.push(ChangeStep::Log { action });
    }
    steps.append(&mut moves);
    steps.extend(dangling);
    steps.append(&mut pages);
    Ok(Pruning { plan: ChangePlan { title: "prune".to_owned(), steps }, staying })
}

/// Judges all snapshots and revisions.
pub fn judge(store: &Store, keys: &RepositoryKeys, now: Timestamp) -> Result<Vec<JudgedFolder>> {
    let mut judged = Vec::new();
    for series in store.series()? {
        let snapshots = list_snapshots(store, series)?;
        let latest = store.latest(series)?;
        let reasons = judge_snapshots(&snapshots, latest.as_ref(), &store.log, keys, now);
        for (SnapshotFacts { name, .. }, reason) in snapshots.into_iter().zip(reasons) {
            let path = store.layout.snapshot(series, &name);
            judged.push(JudgedFolder { path, series, snapshot: Some(name), reason });
        }
        let revisions = store.revisions(series)?;
        let reasons = judge_revisions(series, &revisions, store.current_number(series)?, &store.log, now);
        let linked = store.linked_revision(series).ok().flatten();
        for (number, reason) in revisions.into_iter().zip(reasons) {
            // Clients read it, even if the log has lost its event.
            let reason = if linked == Some(number) { Some(KeepReason::Current) } else { reason };
            let path = store.layout.revision(series, number);
            judged.push(JudgedFolder { path, series, snapshot: None, reason });
        }
    }
    Ok(judged)
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

/// The number of bytes that deleting the folders frees. A file with a hard link outside of them frees none.
fn freed_by(folders: &[&TreePath]) -> Result<u64> {
    let mut files = HashMap::new();
    folders.iter().try_for_each(|folder| count_links(folder, &mut files))?;
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
