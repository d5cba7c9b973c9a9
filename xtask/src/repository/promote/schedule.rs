//! The promotions that are due now, by the rules of [`due`](super::due). `status` shows those of the `latest` snapshots, `promote --due`
//! considers all snapshots.

use anyhow::Result;
use jiff::Timestamp;

use crate::base::progress::Progress;
use crate::project::config::PromotionKeys;
use crate::repository::commits::Git;
use crate::repository::model::event::Action;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::promote::due::{Due, DueFacts, StableVersion, find_due};
use crate::repository::promote::{JudgedSnapshot, PromoteOrder, Promotion, was_taken_back};

/// The input of the decision whether a promotion is due.
pub struct Schedule<'a> {
    /// The configuration of `[promotion]`.
    pub settings: &'a PromotionKeys,
    pub git: &'a Git<'a>,
    pub now: Timestamp,
    pub progress: &'a dyn Progress,
}

/// A snapshot with the reasons to promote it; none if it is not due.
pub struct DueSnapshot {
    pub name: SnapshotName,
    pub reasons: Vec<Due>,
}

/// A promotion that is due, with the first configured reason.
pub struct DuePromotion {
    pub promotion: Promotion,
    pub reason: Due,
}

impl Schedule<'_> {
    /// The `latest` snapshot of each series, the highest series first.
    pub fn of_latest(&self, store: &Store) -> Result<Vec<DueSnapshot>> {
        let mut found = Vec::new();
        for series in store.series()?.into_iter().rev() {
            let Some(name) = store.latest(series)? else { continue };
            let reasons = self.reasons(store, &store.snapshot(series, &name)?)?;
            found.push(DueSnapshot { name, reasons });
        }
        Ok(found)
    }

    /// Chooses the newest snapshot of a series that is due and whose gates are open, or else the newest that is due; `None` if
    /// none is due. Only a snapshot whose other gates are open is read as a whole.
    ///
    /// A new series is never due, nor is a snapshot of an unmerged commit, nor a version that was rolled back or yanked.
    pub fn decide(&self, store: &Store, series: Series, order: &PromoteOrder) -> Result<Option<DuePromotion>> {
        let ledger = Ledger::load(&store.layout.ledger())?;
        let mut closed: Option<(JudgedSnapshot, Due)> = None;
        for name in store.snapshots(series)?.into_iter().rev() {
            if !store.has_manifest(series, &name) {
                continue;
            }
            let snapshot = store.snapshot(series, &name)?;
            if !snapshot.manifest.merged {
                continue;
            }
            let is_configured = |due: &Due| due.case.is_some_and(|case| self.settings.due.contains(&case));
            let reasons = self.reasons(store, &snapshot)?;
            let Some(reason) = reasons.into_iter().find(is_configured) else { continue };
            let mut judged = JudgedSnapshot::load(store, order, self.git, &ledger, series, &name)?;
            if judged.is_open() {
                judged.judge_whole(store)?;
            }
            if !judged.is_open() {
                closed.get_or_insert((judged, reason));
                continue;
            }
            if let Some((newer, _)) = &closed {
                let newer = &newer.snapshot.name;
                self.progress.warn(&format!("skipping `{newer}`, which is due but may not be promoted"));
            }
            return Ok(Some(DuePromotion { promotion: judged.into_promotion(store)?, reason }));
        }
        let Some((judged, reason)) = closed else { return Ok(None) };
        Ok(Some(DuePromotion { promotion: judged.into_promotion(store)?, reason }))
    }

    fn reasons(&self, store: &Store, snapshot: &Snapshot) -> Result<Vec<Due>> {
        let staged = &snapshot.manifest.release;
        let current = store.current(snapshot.manifest.series)?;
        if was_taken_back(store, current.as_ref(), snapshot) {
            return Ok(Vec::new());
        }
        let stable = current.as_ref().map(|current| StableVersion {
            version: &current.manifest.release.version,
            promoted: promoted_at(store, current),
        });
        let changes = match stable {
            Some(StableVersion { version, .. }) if staged.version > *version => {
                self.git.changes_since(version, staged.commit, self.progress)?
            }
            _ => None,
        };
        let (interval_days, now) = (self.settings.interval_days, self.now);
        let facts = DueFacts { staged: &staged.version, stable, changes: changes.as_ref(), interval_days, now };
        Ok(find_due(&facts))
    }
}

/// The time at which the last release of a revision was promoted, not the time of a later rollback.
fn promoted_at(store: &Store, current: &Revision) -> Timestamp {
    let last = &current.manifest.release.snapshot;
    for event in store.log.events().rev() {
        if matches!(&event.action, Action::Promote { snapshot, .. } if snapshot == last) {
            return event.at;
        }
    }
    current.manifest.event.at
}
