//! Manifests that somebody changed after the log was written: they tell nothing.

use anyhow::Result;

use crate::base::files::TreePath;
use crate::repository::model::event::LogEntry;
use crate::repository::model::manifest::LoadedManifest;
use crate::repository::model::store::Store;
use crate::repository::verify::folder;

/// The manifests without those of which the sound part of the log has another digest, and that do not fit the files beside them. Where
/// such a manifest fits, its line in the log was changed.
///
/// Errors: a folder cannot be read.
pub fn without_changed<'f>(store: &Store, found: &'f [(TreePath, LoadedManifest)]) -> Result<Vec<&'f LoadedManifest>> {
    let mut kept = Vec::new();
    for (folder, loaded) in found {
        let number = loaded.manifest.event.number;
        let differs = |entry: &LogEntry| {
            entry.event.number == number && entry.manifest.is_some_and(|digest| digest != loaded.digest)
        };
        if !store.log.entries.iter().any(differs) || folder::fits(folder, loaded)? {
            kept.push(loaded);
        }
    }
    Ok(kept)
}
