//! Whether a snapshot is of merged work.

use anyhow::Result;

use crate::repository::commits::{Git, Merged};
use crate::repository::model::store::{Snapshot, Store};

/// Whether a snapshot is of merged work, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergedNow {
    /// Git has the commit.
    Git(Merged),
    /// Git does not have the commit; what the manifest or the log says.
    Recorded(bool),
    /// A person staged it as unmerged work.
    Stated,
}

impl MergedNow {
    /// Whether the snapshot is of merged work.
    pub fn is_merged(&self) -> bool {
        matches!(self, MergedNow::Git(Merged::Into(_)) | MergedNow::Recorded(true))
    }
}

/// A snapshot, and whether it is of merged work: git is asked once.
pub struct AskedSnapshot {
    pub snapshot: Snapshot,
    pub merged: MergedNow,
}

impl AskedSnapshot {
    /// Asks git.
    pub fn ask(store: &Store, git: &Git<'_>, snapshot: Snapshot) -> Result<AskedSnapshot> {
        let merged = find_merged_now(store, git, &snapshot)?;
        Ok(AskedSnapshot { snapshot, merged })
    }
}

/// Whether a snapshot is of merged work now: git answers where it has the commit, and else what was recorded when it was staged.
fn find_merged_now(store: &Store, git: &Git<'_>, snapshot: &Snapshot) -> Result<MergedNow> {
    let manifest = &snapshot.manifest;
    let was_recorded = store.log.was_merged(&snapshot.name);
    if manifest.stated_unmerged && !was_recorded {
        return Ok(MergedNow::Stated);
    }
    Ok(match git.find_merged_now(manifest.release.commit)? {
        Some(merged) => MergedNow::Git(merged),
        None => MergedNow::Recorded(manifest.merged || was_recorded),
    })
}
