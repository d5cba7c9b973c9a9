//! Whether a snapshot is whole: every file that its manifest lists, and no other, as it was when it was staged.

use anyhow::Result;

use crate::repository::model::layout::{MANIFEST, SNAPSHOT_CHANGELOG};
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::verify::content::{Files, archive, find_wrong_changelog};

/// Why a snapshot is not what was staged; `None` where it is.
pub fn check_whole(store: &Store, snapshot: &Snapshot) -> Result<Option<String>> {
    match store.log.staging_of(&snapshot.name) {
        None => return Ok(Some("the log does not know it".to_owned())),
        Some(entry) if entry.manifest != Some(snapshot.digest) => {
            return Ok(Some(format!("its `{MANIFEST}` was changed since it was staged")));
        }
        Some(_) => {}
    }
    let files = Files::compare(&snapshot.path, &snapshot.manifest)?;
    let missing = files.missing.first().map(|file| format!("`{}` is missing", file.path));
    let foreign = files.foreign.first().map(|path| format!("`{}` is not in its manifest", path.escape_debug()));
    let changed = files.changed.first().map(|file| format!("`{}` was changed", file.path));
    match missing.or(foreign).or(changed) {
        Some(why) => Ok(Some(why)),
        None => check_changelog(snapshot),
    }
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
