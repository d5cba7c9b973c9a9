//! Promotion: a tested snapshot becomes part of a stable series. Its files are linked, never rebuilt.

pub mod due;
pub mod gate;
mod judge;
mod known_packages;
mod merged;
mod order;
mod promotion;
mod read_gates;
pub mod schedule;
mod standing;
mod withdrawn;

use std::rc::Rc;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::base::progress::Progress;
use crate::repository::commits::Git;
use crate::repository::model::emptied_series::find_emptied;
use crate::repository::model::event::Action;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::find_unsettled;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::write::revision::AlreadyDone;
use judge::{Judge, JudgedSnapshot};
use merged::AskedSnapshot;
pub use order::PromoteOrder;
pub use promotion::Promotion;
use standing::Place;
use withdrawn::Withdrawn;

/// What is done about a promotion.
pub enum Promoting {
    /// Nothing: the series has what would be promoted.
    Already(AlreadyDone),
    /// A new revision, if all gates are open.
    New(Box<Promotion>),
}

/// Chooses the snapshot to promote: the named one, or else the newest of `series` whose gates are open, or else the newest that the
/// series does not have. A snapshot whose version was rolled back or yanked must be named.
///
/// Errors: there is no such snapshot, or none at all.
pub fn decide(
    store: &Store,
    series: Series,
    order: &PromoteOrder,
    git: &Git<'_>,
    progress: &dyn Progress,
) -> Result<Promoting> {
    // A current revision that cannot be used closes a gate.
    let (current, unusable) = match store.current(series) {
        Ok(current) => (current.map(Rc::new), None),
        Err(error) => (None, Some(error.downcast::<Failure>()?)),
    };
    let ledger = Ledger::load(&store.layout.ledger())?;
    let judge = Judge::new(store, order, git, &ledger, current.as_ref()).without_current(unusable.as_ref());
    if let Some(name) = &order.snapshot {
        if let Some(already) = find_done(store, series, name).filter(|_| unusable.is_none()) {
            return Ok(already);
        }
        let promotion = judge.judge(store.snapshot(series, name)?)?.into_promotion(store)?;
        return Ok(Promoting::New(Box::new(promotion)));
    }
    if let Some(emptied) = find_emptied(store, series).filter(|_| unusable.is_none()) {
        return Err(emptied.refusal(|first| order.command_to_begin(first)).into());
    }
    decide_newest(&judge, series, unusable.as_ref(), progress)
}

/// The same where no snapshot is named. `unusable` is why the current revision cannot be used.
fn decide_newest(
    judge: &Judge<'_>,
    series: Series,
    unusable: Option<&Failure>,
    progress: &dyn Progress,
) -> Result<Promoting> {
    let (store, current) = (judge.store, judge.current);
    let withdrawn = Withdrawn::of(store, series, current.map(Rc::as_ref));
    let (mut closed, mut must_be_named) = (ClosedSnapshots::default(), None);
    for snapshot in store.newest_first(series, progress)? {
        if withdrawn.needs_name(&snapshot) {
            if must_be_named.is_none() {
                must_be_named = judge_withdrawn(judge, &withdrawn, snapshot)?;
            }
            continue;
        }
        let mut judged = judge.judge(snapshot)?;
        if judged.is_open() {
            judged.judge_requires(store);
        }
        if judged.is_open() {
            if let Some(newer) = closed.newest() {
                progress.warn(&newer.passed_over());
            }
            return Ok(Promoting::New(Box::new(judged.into_promotion(store)?)));
        }
        closed.add(judged);
    }
    if let (Some(unusable), None) = (unusable, &closed.next) {
        return Err(unusable.clone().into());
    }
    if let (Some(lost), None) = (find_unsettled(store, series), &closed.next) {
        return Err(lost.refusal().into());
    }
    match (closed.next, must_be_named, current) {
        (Some(judged), ..) => {
            if let Some(newer) = closed.left_out.filter(|left_out| left_out.is_newer_than(&judged.snapshot.name)) {
                progress.warn(&newer.passed_over());
            }
            Ok(Promoting::New(Box::new(judged.into_promotion(store)?)))
        }
        (None, None, Some(current)) => {
            let left_out =
                closed.left_out.filter(|left_out| left_out.is_newer_than(&current.manifest.release.snapshot));
            let end = left_out.map_or(String::new(), |left_out| format!("; left out: {}", left_out.describe(current)));
            let version = &current.manifest.release.version;
            let why = format!("stable/{series} has {version} already, and nothing newer is staged{end}");
            Ok(Promoting::Already(AlreadyDone { series, revision: current.number, why }))
        }
        (None, must_be_named, current) => match closed.left_out.filter(|_| current.is_none()) {
            Some(judged) => Ok(Promoting::New(Box::new(judged.into_promotion(store)?))),
            None => Err(nothing_to_promote(series, must_be_named).into()),
        },
    }
}

/// The snapshots with a closed gate, the newest of each kind.
#[derive(Default)]
struct ClosedSnapshots {
    /// The one that will be promoted next, once its gates are open.
    next: Option<JudgedSnapshot>,
    /// The one that need not be promoted: it is of unmerged work, or the series has its version.
    left_out: Option<JudgedSnapshot>,
}

impl ClosedSnapshots {
    /// Adds a snapshot that is older than those before.
    fn add(&mut self, judged: JudgedSnapshot) {
        match judged.place {
            Place::Ahead => _ = self.next.get_or_insert(judged),
            Place::BuiltAgain | Place::Unmerged => _ = self.left_out.get_or_insert(judged),
            Place::InSeries => {}
        }
    }

    fn newest(&self) -> Option<&JudgedSnapshot> {
        self.next.iter().chain(&self.left_out).max_by_key(|judged| judged.snapshot.name.pipeline())
    }
}

/// The revision that the promotion of a snapshot made, if nothing has changed the series since: the command was repeated.
fn find_done(store: &Store, series: Series, name: &SnapshotName) -> Option<Promoting> {
    let (revision, event) = store.log.last_revision(series)?;
    // A revision that is gone and recorded as missing has nothing any more, and after a lost one, nobody knows what the series should have.
    let is_current =
        store.current_number(series).ok().flatten() == Some(revision) && find_unsettled(store, series).is_none();
    match &event.action {
        Action::Promote { snapshot, version, .. } if snapshot == name && is_current => {
            let why = format!("`{name}` ({version}) is in stable/{series} already: event {} promoted it", event.number);
            Some(Promoting::Already(AlreadyDone { series, revision, why }))
        }
        _ => None,
    }
}

/// Judges a snapshot that must be named, for the help about it. One of unmerged work, and one whose version the series is past, are
/// left out.
fn judge_withdrawn(
    judge: &Judge<'_>,
    withdrawn: &Withdrawn<'_>,
    snapshot: Snapshot,
) -> Result<Option<(String, JudgedSnapshot)>> {
    let stable = judge.current.map(|current| &current.manifest.release.version);
    let is_above = stable.is_none_or(|stable| snapshot.manifest.release.version > *stable);
    if !is_above {
        return Ok(None);
    }
    let asked = AskedSnapshot::ask(judge.store, judge.git, snapshot)?;
    if !asked.merged.is_merged() {
        return Ok(None);
    }
    Ok(Some((withdrawn.describe(&asked.snapshot), judge.judge_asked(asked)?)))
}

fn nothing_to_promote(series: Series, withdrawn: Option<(String, JudgedSnapshot)>) -> Failure {
    let message = format!("unstable/{series} has no snapshot to promote");
    if let Some((why, judged)) = withdrawn {
        let message =
            format!("{message} without its name; the newest of the others is `{}`, {why}", judged.snapshot.name);
        return Failure::new(Exit::Failed, message).help(format!("to promote it all the same: {}", judged.command));
    }
    Failure::new(Exit::Failed, message)
        .help(format!("stage one: `{} dist`; or choose another series: `--series X.0`", program()))
}
