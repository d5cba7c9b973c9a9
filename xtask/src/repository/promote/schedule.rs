//! The promotions that are due now, by the rules of [`due`](super::due). Both `status` and `promote --due`
//! begin with the newest candidate; where its gates are closed, `promote --due` looks for an older one.

use std::rc::Rc;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::program;
use crate::base::progress::{Progress, Silent};
use crate::history::Version;
use crate::project::config::PromotionKeys;
use crate::repository::commits::Git;
use crate::repository::keys::key_set::KeySet;
use crate::repository::model::event::Action;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::promote::due::{Due, DueFacts, StableVersion, find_due};
use crate::repository::promote::judge::{Judge, JudgedSnapshot};
use crate::repository::promote::merged::AskedSnapshot;
use crate::repository::promote::order::PromoteOrder;
use crate::repository::promote::promotion::Promotion;
use crate::repository::promote::withdrawn::Withdrawn;

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
    pub version: Version,
    pub reasons: Vec<DueReason>,
    /// The next step towards its promotion, with the command.
    pub next: String,
}

/// A reason to promote a snapshot.
pub struct DueReason {
    pub due: Due,
    /// Whether `promote --due` acts on it.
    pub configured: bool,
}

/// A promotion that is due, with the first configured reason.
pub struct DuePromotion {
    pub promotion: Promotion,
    pub reason: Due,
}

impl Schedule<'_> {
    /// The newest snapshot of a series that may be due, with the reasons; `None` if there is none. `current` is the current revision.
    pub fn newest(&self, store: &Store, series: Series, current: Option<&Rc<Revision>>) -> Result<Option<DueSnapshot>> {
        let Some(asked) = self.candidates(store, series, current, &Silent)?.next().transpose()? else {
            return Ok(None);
        };
        let snapshot = &asked.snapshot;
        let reasons = self.reasons(store, snapshot, current.map(Rc::as_ref))?;
        let (name, version) = (snapshot.name.clone(), snapshot.manifest.release.version.clone());
        let mut next = format!("`{} promote {name}`", program());
        // Where the keys cannot be read, the overview has the reason.
        if !reasons.is_empty()
            && let Ok(keys) = KeySet::load(&self.git.config.repository, &store.layout)
        {
            let ledger = Ledger::load(&store.layout.ledger())?;
            let order = PromoteOrder { major: current.is_none(), keys, ..PromoteOrder::default() };
            let judge = Judge::new(store, &order, self.git, &ledger, current);
            if current.is_none() {
                next = format!("`{} promote {name} --major`", program());
            }
            let mut judged = judge.judge_asked(asked)?;
            if judged.is_open() {
                judged.judge_requires(store);
            }
            next = judged.first_help().unwrap_or(next);
        }
        let reasons = reasons.into_iter().map(|due| DueReason { configured: self.is_configured(&due), due }).collect();
        Ok(Some(DueSnapshot { name, version, reasons, next }))
    }

    fn is_configured(&self, due: &Due) -> bool {
        due.case.is_some_and(|case| self.settings.due.contains(&case))
    }

    /// Chooses the newest snapshot of a series that is due and whose gates are open, or else the newest that is due; `None` if
    /// the newest candidate is not due. Only a snapshot whose other gates are open is read as a whole.
    ///
    /// A new series is never due.
    pub fn decide(&self, store: &Store, series: Series, order: &PromoteOrder) -> Result<Option<DuePromotion>> {
        let ledger = Ledger::load(&store.layout.ledger())?;
        let current = store.current(series)?.map(Rc::new);
        let judge = Judge::new(store, order, self.git, &ledger, current.as_ref());
        let mut closed: Option<(JudgedSnapshot, Due)> = None;
        for asked in self.candidates(store, series, current.as_ref(), self.progress)? {
            let asked = asked?;
            let reasons = self.reasons(store, &asked.snapshot, current.as_deref())?;
            let Some(reason) = reasons.into_iter().find(|due| self.is_configured(due)) else {
                // An older one is not promoted where the newest is not due.
                if closed.is_none() {
                    return Ok(None);
                }
                continue;
            };
            let mut judged = judge.judge_asked(asked)?;
            if judged.is_open() {
                judged.judge_whole(store)?;
                judged.judge_requires(store);
            }
            if !judged.is_open() {
                closed.get_or_insert((judged, reason));
                continue;
            }
            if let Some((newer, _)) = &closed {
                self.progress.warn(&newer.passed_over());
            }
            return Ok(Some(DuePromotion { promotion: judged.into_promotion(store)?, reason }));
        }
        let Some((judged, reason)) = closed else { return Ok(None) };
        Ok(Some(DuePromotion { promotion: judged.into_promotion(store)?, reason }))
    }

    /// The snapshots of a series that may be due, the newest first: of merged work, above the version of the series, and not to be
    /// promoted by name only.
    fn candidates<'s>(
        &'s self,
        store: &'s Store,
        series: Series,
        current: Option<&'s Rc<Revision>>,
        progress: &'s dyn Progress,
    ) -> Result<impl Iterator<Item = Result<AskedSnapshot>> + 's> {
        let current = current.map(Rc::as_ref);
        let withdrawn = Withdrawn::of(store, series, current);
        let is_above = move |snapshot: &Snapshot| {
            current.is_none_or(|current| snapshot.manifest.release.version > current.manifest.release.version)
        };
        let may_be_due = store
            .newest_first(series, progress)?
            .filter(move |snapshot| is_above(snapshot) && !withdrawn.needs_name(snapshot));
        Ok(may_be_due.filter_map(|snapshot| match AskedSnapshot::ask(store, self.git, snapshot) {
            Ok(asked) => asked.merged.is_merged().then_some(Ok(asked)),
            Err(error) => Some(Err(error)),
        }))
    }

    fn reasons(&self, store: &Store, snapshot: &Snapshot, current: Option<&Revision>) -> Result<Vec<Due>> {
        let staged = &snapshot.manifest.release;
        let stable = current.map(|current| StableVersion {
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
