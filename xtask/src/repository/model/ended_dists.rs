//! The dists that a series has ended: its releases need no packages for them.

use std::collections::BTreeSet;

use crate::repository::model::action::Action;
use crate::repository::model::layout::dist_folder;
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::store::Store;

/// The dists that a series has ended. A dist begins again with a later snapshot that has packages for it, and that is promoted or
/// becomes `latest`: clients then install these packages.
pub fn ended_dists(store: &Store, series: Series) -> BTreeSet<Dist> {
    let mut ended = BTreeSet::new();
    for event in store.log.events() {
        if let Some((_, dists)) = event.action.ended().filter(|(of, _)| *of == series) {
            ended.extend(dists.iter().cloned());
        }
        if !ended.is_empty()
            && let Some(snapshot) = published_by(&event.action, series)
        {
            let folder = store.layout.snapshot(series, snapshot);
            ended.retain(|dist| !folder.join(dist_folder(dist)).is_folder());
        }
    }
    ended
}

/// The snapshot whose packages the clients of a series get by an action.
fn published_by(action: &Action, series: Series) -> Option<&SnapshotName> {
    match action {
        Action::Stage { snapshot, series: of, latest: true, .. }
        | Action::Merge { snapshot, series: of, latest: true }
        | Action::EndDists { snapshot, series: of, latest: true, .. }
        | Action::Promote { snapshot, series: of, .. }
            if *of == series =>
        {
            Some(snapshot)
        }
        _ => None,
    }
}
