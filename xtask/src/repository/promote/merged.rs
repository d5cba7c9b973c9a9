//! Whether a snapshot is of merged work.

use anyhow::Result;

use crate::repository::commits::Git;
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::promote::gate::MergedNow;

/// Whether a snapshot is of merged work now: git answers where it has the commit, and else what was recorded when it was staged.
pub fn find_merged_now(store: &Store, git: &Git<'_>, snapshot: &Snapshot) -> Result<MergedNow> {
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
