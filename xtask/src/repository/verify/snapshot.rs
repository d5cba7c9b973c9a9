//! Checks that a snapshot is unchanged since it was staged: it has every file that its manifest lists, and no other.

use anyhow::Result;

use crate::repository::model::layout::{MANIFEST, SNAPSHOT_CHANGELOG};
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::verify::content::{FolderFiles, archive, find_wrong_changelog};

/// The first difference between a snapshot and what was staged; `None` if there is none.
pub fn check_whole(store: &Store, snapshot: &Snapshot) -> Result<Option<String>> {
    match store.log.staging_of(&snapshot.name) {
        None => return Ok(Some("the log has no event that staged it".to_owned())),
        Some(entry) if entry.manifest != Some(snapshot.digest) => {
            return Ok(Some(format!("its `{MANIFEST}` was changed since it was staged")));
        }
        Some(_) => {}
    }
    let files = FolderFiles::compare(&snapshot.path, &snapshot.manifest)?;
    if let Some(file) = files.missing.first() {
        return Ok(Some(format!("`{}` is missing", file.path)));
    }
    if let Some(path) = files.foreign.first() {
        return Ok(Some(format!("`{}` is not in its manifest", path.escape_debug())));
    }
    if let Some(file) = files.changed.first() {
        return Ok(Some(format!("`{}` was changed", file.path)));
    }
    check_changelog(snapshot)
}

fn check_changelog(snapshot: &Snapshot) -> Result<Option<String>> {
    let Snapshot { path, manifest, .. } = snapshot;
    if manifest.file(&archive(manifest)).is_none() {
        return Ok(Some(format!("it has no `{}`", archive(manifest))));
    }
    if manifest.file(SNAPSHOT_CHANGELOG).is_none_or(|file| file.size == 0) {
        return Ok(Some("its changelog is empty".to_owned()));
    }
    let wrong = find_wrong_changelog(path, manifest, SNAPSHOT_CHANGELOG)?;
    Ok(wrong.map(|why| format!("`{SNAPSHOT_CHANGELOG}`: {why}")))
}
