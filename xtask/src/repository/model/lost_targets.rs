//! What was lost together with its event: neither the tree nor the log has it, and only a link still leads there.

use std::path::Path;

use anyhow::Result;

use crate::base::error::Failure;
use crate::repository::model::layout::parse_revision;
use crate::repository::model::name::{FilePath, Series, SnapshotName};
use crate::repository::model::store::Store;

/// A revision or snapshot that only a link tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostTarget {
    /// Relative to the root.
    pub link: String,
    /// The folder that is not there, relative to the root.
    pub path: FilePath,
    /// The number of the revision; `None` for a snapshot.
    pub revision: Option<u32>,
}

/// The lost targets of all links. What the log has recorded as missing is not lost any more.
pub fn find_lost_targets(store: &Store) -> Result<Vec<LostTarget>> {
    let layout = &store.layout;
    let mut lost = Vec::new();
    for series in store.series()? {
        if let Some(number) = store.linked_revision(series).ok().flatten()
            && store.log.making_of(series, number).is_none()
            && let Some(path) = find_unknown(store, &layout.shown(&layout.revision(series, number)))?
        {
            lost.push(LostTarget { link: layout.shown(&layout.stable(series)), path, revision: Some(number) });
        }
        if let Some(name) = store.linked_latest(series).ok().flatten()
            && store.log.staging_of(&name).is_none()
            && let Some(path) = find_unknown(store, &layout.shown(&layout.snapshot(series, &name)))?
        {
            lost.push(LostTarget { link: layout.shown(&layout.latest(series)), path, revision: None });
        }
    }
    Ok(lost)
}

/// The path, unless there is such a folder, or the log tells that there was one.
fn find_unknown(store: &Store, shown: &str) -> Result<Option<FilePath>, Failure> {
    let is_known = store.layout.root.join(shown).is_folder() || store.log.is_removed(shown);
    if is_known { Ok(None) } else { shown.parse().map(Some).map_err(Failure::from) }
}

/// The highest number of a revision of a series that the log has as pruned or missing; 0 if it has none.
pub fn highest_removed_revision(store: &Store, series: Series) -> u32 {
    let numbers = removed_below(store, &store.layout.shown(&store.layout.revisions(series)));
    numbers.into_iter().filter_map(|name| parse_revision(Path::new(name))).max().unwrap_or(0)
}

/// The highest pipeline number of a snapshot of a series that the log has as pruned or missing; 0 if it has none.
pub fn highest_removed_pipeline(store: &Store, series: Series) -> u32 {
    let names = removed_below(store, &store.layout.shown(&store.layout.unstable(series)));
    let names = names.into_iter().filter_map(|name| name.parse::<SnapshotName>().ok());
    names.map(|name| name.pipeline()).max().unwrap_or(0)
}

/// The names of what was removed from a folder.
fn removed_below<'s>(store: &'s Store, folder: &str) -> Vec<&'s str> {
    let removed = store.log.removed().into_iter();
    removed.filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/')).collect()
}
