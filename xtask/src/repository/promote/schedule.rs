//! What is due now, by the rules of [`due`] on what the repository has: for `status`, of what is `latest`; for
//! `promote --due`, of all that is staged.

use anyhow::Result;
use jiff::Timestamp;

use crate::base::progress::Progress;
use crate::project::config::PromotionKeys;
use crate::repository::commits::Git;
use crate::repository::model::event::Action;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::promote::due::{self, Due};
use crate::repository::promote::{PromoteOrder, Promotion, was_taken_back};

/// What decides on what is due.
pub struct Schedule<'a> {
    /// What is asked for.
    pub settings: &'a PromotionKeys,
    /// What changed between two versions.
    pub git: &'a Git<'a>,
    /// The time.
    pub now: Timestamp,
    /// Whom to tell.
    pub progress: &'a dyn Progress,
}

impl Schedule<'_> {
    /// The `latest` snapshot of each series and the reasons to promote it; the highest series first.
    pub fn of_latest(&self, store: &Store) -> Result<Vec<(SnapshotName, Vec<Due>)>> {
        let mut found = Vec::new();
        for series in store.series()?.into_iter().rev() {
            let Some(name) = store.latest(series)? else { continue };
            let reasons = self.reasons(store, &store.snapshot(series, &name)?)?;
            found.push((name, reasons));
        }
        Ok(found)
    }

    /// The promotion of the newest snapshot of a series that is due and may be promoted, and why it is due. Where none of those
    /// that are due may be, the newest of them, with the gates that are closed; `None` where none is due.
    ///
    /// A new series is never due, nor is unmerged work, nor what was promoted and taken back since.
    pub fn decide(&self, store: &Store, series: Series, order: &PromoteOrder) -> Result<Option<(Promotion, Due)>> {
        let mut closed = None;
        for name in store.snapshots(series)?.into_iter().rev() {
            if !store.has_manifest(series, &name) {
                continue;
            }
            let snapshot = store.snapshot(series, &name)?;
            let reasons = self.reasons(store, &snapshot)?;
            let asked_for = |due: &Due| due.case.is_some_and(|case| self.settings.due.contains(&case));
            let Some(reason) = reasons.into_iter().find(asked_for).filter(|_| snapshot.manifest.merged) else {
                continue;
            };
            let order = PromoteOrder { snapshot: Some(name), ..order.clone() };
            let promotion = crate::repository::promote::decide(store, &order, self.git)?;
            if promotion.require_open().is_err() {
                closed.get_or_insert((promotion, reason));
                continue;
            }
            if let Some((passed, _)) = closed {
                let passed = passed.snapshot.name;
                self.progress.warn(&format!("passing over `{passed}`, which is due and may not be promoted"));
            }
            return Ok(Some((promotion, reason)));
        }
        Ok(closed)
    }

    fn reasons(&self, store: &Store, snapshot: &Snapshot) -> Result<Vec<Due>> {
        let staged = &snapshot.manifest.release;
        let current = store.current(snapshot.manifest.series)?;
        if was_taken_back(store, current.as_ref(), snapshot) {
            return Ok(Vec::new());
        }
        let stable = current.as_ref().map(|current| (&current.manifest.release.version, promoted_at(store, current)));
        let changes = match stable {
            Some((version, _)) if staged.version > *version => {
                self.git.changes_since(version, staged.commit, self.progress)?
            }
            _ => None,
        };
        let (interval_days, now) = (self.settings.interval_days, self.now);
        let facts = due::Facts { staged: &staged.version, stable, changes: changes.as_ref(), interval_days, now };
        Ok(due::find_due(&facts))
    }
}

/// When the last release of a revision was promoted: the time of that event, not of a rollback since.
fn promoted_at(store: &Store, current: &Revision) -> Timestamp {
    let last = &current.manifest.release.snapshot;
    let is_it = |action: &Action| matches!(action, Action::Promote { snapshot, .. } if snapshot == last);
    let event = store.log.events().rev().find(|event| is_it(&event.action));
    event.map_or(current.manifest.event.at, |event| event.at)
}
