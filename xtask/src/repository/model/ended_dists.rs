//! The dists that a series has ended: its releases need no packages for them.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::model::action::Action;
use crate::repository::model::layout::dist_folder;
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::store::Store;

/// The dists that a series has ended. A dist begins again with a later snapshot that has packages for it, and that is promoted or
/// becomes `latest`: clients then install these packages. It also begins again with a rollback to a revision from before its end.
pub fn ended_dists(store: &Store, series: Series) -> BTreeSet<Dist> {
    let mut ended = BTreeSet::new();
    let mut revisions = EndsByRevision::default();
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
        if event.action.revision().is_some_and(|(of, _)| of == series) {
            revisions.follow(&event.action, &mut ended);
        }
    }
    ended
}

/// The dists that had ended for the clients of each revision. One that ends with a snapshot which is not promoted yet has not.
#[derive(Default)]
struct EndsByRevision {
    all: BTreeMap<u32, BTreeSet<Dist>>,
    current: BTreeSet<Dist>,
}

impl EndsByRevision {
    /// Adds the revision that `action` makes. A rollback takes back, out of `ended`, what has ended since the revision that it goes to.
    fn follow(&mut self, action: &Action, ended: &mut BTreeSet<Dist>) {
        match action {
            Action::Promote { .. } => self.current = ended.clone(),
            Action::Rollback { to, .. } => {
                let before = std::mem::take(&mut self.current);
                self.current = self.all.get(to).cloned().unwrap_or_default();
                ended.retain(|dist| !before.contains(dist) || self.current.contains(dist));
            }
            _ => {}
        }
        if let Some((_, number)) = action.revision() {
            self.all.insert(number, self.current.clone());
        }
    }
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
