//! The snapshots that a lost event may have promoted: a revision of their series is lost with its event, and they were staged before.

use crate::repository::model::event::{Action, Event};
use crate::repository::model::manifest::LoadedManifest;
use crate::repository::model::store::Store;
use crate::repository::recover_log::lost_numbers::LostNumbers;

/// The snapshots, those that became `latest` and then the newest first.
pub fn find_maybe_promoted<'f>(
    store: &Store,
    lost: &[LostNumbers],
    folders: &[&'f LoadedManifest],
) -> Vec<&'f LoadedManifest> {
    let may_be = |loaded: &&&LoadedManifest| {
        let Event { number, action, .. } = &loaded.manifest.event;
        let Action::Stage { snapshot, series, .. } = action else { return false };
        let fits = |lost: &LostNumbers| lost.series == *series && *number < lost.until;
        !store.log.was_promoted(snapshot) && store.log.has(&loaded.manifest.event) && lost.iter().any(fits)
    };
    let mut found: Vec<&LoadedManifest> = folders.iter().filter(may_be).copied().collect();
    found.sort_by_key(|loaded| {
        let Event { number, action, .. } = &loaded.manifest.event;
        std::cmp::Reverse((matches!(action, Action::Stage { latest: true, .. }), *number))
    });
    found
}
