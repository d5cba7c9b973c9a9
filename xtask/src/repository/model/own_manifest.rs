//! Whether a manifest is the one that was written for its folder: then it has the event that made the folder.

use crate::base::files::TreePath;
use crate::repository::model::event::{Action, Event};
use crate::repository::model::layout::Layout;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::{Series, SnapshotName};

/// The snapshot or revision that an event made.
pub fn folder_made_by(layout: &Layout, event: &Event) -> Option<TreePath> {
    match (&event.action, event.action.revision()) {
        (_, Some((series, number))) => Some(layout.revision(series, number)),
        (Action::Stage { snapshot, series, .. }, _) => Some(layout.snapshot(*series, snapshot)),
        _ => None,
    }
}

/// Whether a manifest has the event that made this revision.
pub fn is_of_revision(manifest: &Manifest, series: Series, number: u32) -> bool {
    manifest.event.action.revision() == Some((series, number))
}

/// Whether a manifest has the event that staged this snapshot.
pub fn is_of_snapshot(manifest: &Manifest, name: &SnapshotName) -> bool {
    matches!(&manifest.event.action, Action::Stage { snapshot, .. } if snapshot == name)
}

/// Whether there is a revision with a manifest of its own. Without one, nothing in the folder tells how it came to be.
pub fn has_own_manifest(layout: &Layout, series: Series, number: u32) -> bool {
    let loaded = Manifest::load(&layout.revision(series, number));
    loaded.is_ok_and(|loaded| is_of_revision(&loaded.manifest, series, number))
}
