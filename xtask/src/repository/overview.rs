//! What a repository has: for each series what is stable, staged, undone, missing and due. One damaged or missing thing is a
//! problem in the overview and does not stop it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Failure, program};
use crate::history::Version;
use crate::repository::keys::unsigned::find_refused;
use crate::repository::model::emptied_series::find_emptied;
use crate::repository::model::event::{Action, Event, EventLog};
use crate::repository::model::layout::LATEST;
use crate::repository::model::ledger::PackageIdentity;
use crate::repository::model::lost_targets::find_unsettled;
use crate::repository::model::manifest::{Manifest, ReleasedVersion};
use crate::repository::model::missing_folder::MissingFolder;
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::model::test_result::{TestResult, TestVerdict, load_results};
use crate::repository::model::yanks::{YankedPackage, yanked_and_gone};
use crate::repository::promote::schedule::{DueSnapshot, Schedule};
use crate::repository::retention::{HoldInForce, find_hold};
use crate::repository::stage::latest::{LatestCandidate, LatestMove};

/// A series.
pub struct SeriesOverview {
    pub series: Series,
    pub stable: StableState,
    pub latest: Option<SnapshotName>,
    /// Why `latest` does not lead to a newer snapshot of merged work.
    pub latest_note: Option<String>,
    /// The newest first.
    pub snapshots: Vec<SnapshotOverview>,
    /// The yanked packages that the current revision does not have; the newest event first.
    pub yanked: Vec<YankedPackage>,
    /// What the log tells of and the tree does not have.
    pub missing: Vec<MissingFolder>,
    /// The promotion that is due.
    pub due: Option<DueSnapshot>,
    /// What cannot be read or does not fit together.
    pub problems: Vec<String>,
}

/// What clients of a series get.
pub enum StableState {
    /// Nothing: nothing was promoted.
    Nothing,
    /// Nothing: none of its revisions is left.
    Emptied,
    /// Nobody knows: something else is in the place of the link.
    NoLink,
    /// Nobody knows: there is no link, and the log does not tell of the revisions that are there.
    NotLogged,
    /// Nothing: the link leads to a revision with this number, which neither the tree nor the log has.
    Lost(u32),
    Revision(Box<StableOverview>),
}

impl StableState {
    /// The current revision, if the log has it.
    pub fn revision(&self) -> Option<&StableOverview> {
        match self {
            StableState::Revision(revision) => Some(revision),
            _ => None,
        }
    }
}

/// The current revision of a series.
pub struct StableOverview {
    pub revision: u32,
    /// The event that made it; `None` if the log does not have it.
    pub made_by: Option<Event>,
    /// `None` if its manifest cannot be read.
    pub content: Option<StableContent>,
}

/// What a revision has.
pub struct StableContent {
    /// The newest version.
    pub version: Version,
    /// The snapshot that it came from.
    pub snapshot: SnapshotName,
    /// The newest version of each dist; `None` for a dist whose packages were all yanked.
    pub dists: BTreeMap<Dist, Option<Version>>,
}

/// A snapshot.
pub struct SnapshotOverview {
    pub name: SnapshotName,
    /// `None` if its manifest cannot be read.
    pub snapshot: Option<Snapshot>,
    /// Whether its commit was merged when it was staged, or later by a record in the log.
    pub merged: bool,
    /// The newest result of each test on the present manifest, sorted by name.
    pub tests: Vec<(String, TestVerdict)>,
    pub promoted: PromotedState,
    /// The hold on it.
    pub held: Option<HoldInForce>,
    /// The reason to stage it by force.
    pub force: Option<String>,
}

/// The number and time of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRef {
    pub number: u64,
    pub at: Timestamp,
}

impl EventRef {
    fn of(event: &Event) -> EventRef {
        EventRef { number: event.number, at: event.at }
    }

    /// The event that took a package out.
    pub fn of_yank(yanked: &YankedPackage) -> EventRef {
        EventRef { number: yanked.event, at: yanked.at }
    }
}

/// Whether a snapshot was promoted, and what became of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromotedState {
    Never,
    /// The series has it.
    Promoted(EventRef),
    /// The series had it until this rollback.
    RolledBack(EventRef),
}

/// Loads the overview of a series.
pub fn load(store: &Store, series: Series, schedule: &Schedule<'_>, now: Timestamp) -> Result<SeriesOverview> {
    let mut problems = Vec::new();
    let number = keep(store.current_number(series), &mut problems);
    let mut current = None;
    if let Some(Some(_)) = number {
        current = keep(store.current(series), &mut problems).flatten().map(Rc::new);
    }
    let emptied = find_emptied(store, series);
    let stable = match number {
        None => StableState::NoLink,
        Some(None) => match store.linked_revision(series)? {
            Some(lost) => StableState::Lost(lost),
            None if store.log.last_revision(series).is_none() && !store.revisions(series)?.is_empty() => {
                StableState::NotLogged
            }
            None if emptied.is_some() => StableState::Emptied,
            None => StableState::Nothing,
        },
        Some(Some(revision)) => StableState::Revision(Box::new(StableOverview {
            revision,
            made_by: store.log.making_of(series, revision).map(|entry| entry.event.clone()),
            content: current.as_ref().map(|current| content_of(&current.manifest)),
        })),
    };
    let unsettled = find_unsettled(store, series);
    problems.extend(unsettled.map(|lost| problem_with(&lost.describe(), Some(&lost.help()))));
    problems.extend(emptied.iter().map(|emptied| problem_with(&emptied.describe(), Some(&emptied.plain_help()))));
    let latest = keep(store.latest(series), &mut problems).flatten();
    let history = SeriesHistory::of(&store.log, series);
    let mut snapshots = Vec::new();
    for name in store.snapshots(series)?.into_iter().rev() {
        snapshots.push(load_snapshot(store, series, name, &history, now, &mut problems)?);
    }
    // A current revision that is missing is a problem of its own, with another way out.
    let of_current = number.flatten().map(|number| store.layout.shown(&store.layout.revision(series, number)));
    let belongs = |missing: &MissingFolder| {
        let parts = missing.path.parts();
        parts.get(1).is_some_and(|part| *part == series.to_string() || *part == format!("stable-{series}"))
            && of_current.as_deref() != Some(missing.path.as_str())
    };
    let missing = store.missing().into_iter().filter(belongs).collect();
    // Nobody knows what is due after a revision that cannot be read.
    let mut due = None;
    if current.is_some() || matches!(stable, StableState::Nothing) {
        due = keep(schedule.newest(store, series, current.as_ref()), &mut problems).flatten();
    }
    let refused = find_refused(store, series, current.as_deref());
    problems.extend(refused.into_iter().map(|refused| problem_with(&refused.message, refused.help.as_deref())));
    let yanked = current.as_ref().map_or(Vec::new(), |current| find_yanked(store, series, &current.manifest));
    let latest_note = keep(find_latest_note(store, series, &snapshots, schedule), &mut problems).flatten();
    problems.dedup();
    Ok(SeriesOverview { series, stable, latest, latest_note, snapshots, yanked, missing, due, problems })
}

/// The value; for an error `None`, and the error with its help becomes a problem.
fn keep<T>(result: Result<T>, problems: &mut Vec<String>) -> Option<T> {
    let describe = |error: anyhow::Error| {
        let help = error.downcast_ref::<Failure>().and_then(|failure| failure.help.clone());
        problem_with(&format!("{error:#}"), help.as_deref())
    };
    result.map_err(|error| problems.push(describe(error))).ok()
}

fn problem_with(what: &str, help: Option<&str>) -> String {
    help.map_or_else(|| what.to_owned(), |help| format!("{what}; {help}"))
}

/// Why `latest` does not lead to the newest snapshot of merged work.
fn find_latest_note(
    store: &Store,
    series: Series,
    snapshots: &[SnapshotOverview],
    schedule: &Schedule<'_>,
) -> Result<Option<String>> {
    let newest = snapshots.iter().filter(|overview| overview.merged).find_map(|overview| overview.snapshot.as_ref());
    let Some(newest @ Snapshot { name, manifest, .. }) = newest else { return Ok(None) };
    if store.latest(series)?.is_none_or(|latest| latest.pipeline() >= name.pipeline()) {
        return Ok(None);
    }
    let ReleasedVersion { version, commit, .. } = &manifest.release;
    let (commit, dists) = (*commit, &manifest.dists());
    let packages = &PackageIdentity::all_of(manifest).collect::<Vec<_>>();
    let archives = &manifest.archives().map(|(path, digest)| (path.clone(), digest)).collect::<Vec<_>>();
    let candidate = LatestCandidate { series, name, version, commit, dists, packages, archives };
    let latest = LatestMove::decide(store, &candidate, &[], schedule.git)?.unless_unsigned(store, newest);
    let can_follow = || format!("`{LATEST}` can lead to `{name}` now: stage the release again: `{} stage`", program());
    Ok(latest.note.or_else(|| latest.moves.then(can_follow)))
}

fn content_of(manifest: &Manifest) -> StableContent {
    let mut dists: BTreeMap<Dist, Option<Version>> = manifest.dists().into_iter().map(|dist| (dist, None)).collect();
    let releases: Vec<&Version> = manifest.releases().map(|release| &release.version).collect();
    let known: BTreeMap<String, &Version> = releases.iter().map(|version| (version.to_string(), *version)).collect();
    for (_, package) in manifest.packages().filter(|(_, package)| !package.nevra.is_source()) {
        if let (Some(dist), Some(version)) = (&package.dist, known.get(package.nevra.version()))
            && let Some(newest) = dists.get_mut(dist)
        {
            *newest = newest.take().max(Some((*version).clone()));
        }
    }
    let release = &manifest.release;
    StableContent { version: release.version.clone(), snapshot: release.snapshot.clone(), dists }
}

fn load_snapshot(
    store: &Store,
    series: Series,
    name: SnapshotName,
    history: &SeriesHistory,
    now: Timestamp,
    problems: &mut Vec<String>,
) -> Result<SnapshotOverview> {
    let is_ours = store.has_manifest(series, &name) || store.log.staging_of(&name).is_some();
    let snapshot = if is_ours { keep(store.snapshot(series, &name), problems) } else { None };
    let results = keep(load_results(&store.layout.results(&name)), problems).unwrap_or_default();
    let merged = snapshot.as_ref().is_some_and(|snapshot| snapshot.manifest.merged) || store.log.was_merged(&name);
    let tests = snapshot.as_ref().map_or(Vec::new(), |snapshot| newest_results(&results, snapshot));
    let held = find_hold(&store.log, &name, now);
    let force = store.log.staging_of(&name).and_then(|entry| entry.event.action.force().map(str::to_owned));
    Ok(SnapshotOverview { force, merged, tests, promoted: history.state_of(&name), held, name, snapshot })
}

fn newest_results(results: &[TestResult], snapshot: &Snapshot) -> Vec<(String, TestVerdict)> {
    let mut newest = BTreeMap::new();
    for result in results.iter().filter(|result| result.facts.manifest == snapshot.digest) {
        newest.insert(result.facts.test.clone(), result.facts.verdict);
    }
    newest.into_iter().collect()
}

/// The yanked packages that a revision does not have, the newest event first.
fn find_yanked(store: &Store, series: Series, manifest: &Manifest) -> Vec<YankedPackage> {
    let mut gone = yanked_and_gone(&store.log, series, Some(manifest));
    gone.sort_by_key(|yanked| std::cmp::Reverse(yanked.event));
    gone
}

/// What the events of a series say about its snapshots.
#[derive(Default)]
struct SeriesHistory {
    /// The last promotion of each snapshot.
    promoted: BTreeMap<SnapshotName, EventRef>,
    /// The snapshots whose promotion a rollback has undone.
    rolled_back: BTreeMap<SnapshotName, EventRef>,
}

impl SeriesHistory {
    fn of(log: &EventLog, series: Series) -> SeriesHistory {
        let mut history = SeriesHistory::default();
        // The snapshots in each revision.
        let mut revisions: BTreeMap<u32, BTreeSet<&SnapshotName>> = BTreeMap::new();
        let mut current: BTreeSet<&SnapshotName> = BTreeSet::new();
        for event in log.events() {
            let Some((_, revision)) = event.action.revision().filter(|(of, _)| *of == series) else { continue };
            match &event.action {
                Action::Promote { snapshot, .. } => {
                    current.insert(snapshot);
                    history.promoted.insert(snapshot.clone(), EventRef::of(event));
                }
                Action::Rollback { to, .. } => {
                    let content = revisions.get(to).cloned().unwrap_or_default();
                    for lost in current.difference(&content) {
                        history.rolled_back.insert((*lost).clone(), EventRef::of(event));
                    }
                    current = content;
                }
                _ => {}
            }
            revisions.insert(revision, current.clone());
        }
        history.rolled_back.retain(|snapshot, _| !current.contains(snapshot));
        history
    }

    fn state_of(&self, name: &SnapshotName) -> PromotedState {
        match (self.rolled_back.get(name), self.promoted.get(name)) {
            (Some(event), _) => PromotedState::RolledBack(*event),
            (None, Some(event)) => PromotedState::Promoted(*event),
            (None, None) => PromotedState::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::model::event::LogEntry;

    const SERIES: Series = Series { major: 1 };

    fn name(pipeline: u32) -> SnapshotName {
        SnapshotName::new("lago", SERIES, pipeline)
    }

    fn history(actions: Vec<Action>) -> SeriesHistory {
        let mut log = EventLog::default();
        for action in actions {
            let entry = LogEntry { event: log.next(Timestamp::UNIX_EPOCH, action), manifest: None };
            let line = entry.render().unwrap();
            log.push(entry, line.as_bytes());
        }
        SeriesHistory::of(&log, SERIES)
    }

    fn promote(pipeline: u32, revision: u32) -> Action {
        let (snapshot, version) = (name(pipeline), format!("1.0.{pipeline}").parse().unwrap());
        Action::Promote { snapshot, series: SERIES, revision, version, untested: None, ended: Vec::new(), force: None }
    }

    fn rollback(to: u32, revision: u32) -> Action {
        Action::Rollback { series: SERIES, revision, to, version: None }
    }

    #[test]
    fn a_rollback_undoes_every_promotion_after_the_revision() {
        let undone = |history: &SeriesHistory| {
            [1, 2, 3].map(|pipeline| matches!(history.state_of(&name(pipeline)), PromotedState::RolledBack(_)))
        };
        let both = vec![promote(1, 1), promote(2, 2), promote(3, 3), rollback(1, 4)];
        assert_eq!(undone(&history(both.clone())), [false, true, true]);
        let again = [both.clone(), vec![promote(3, 5)]].concat();
        assert_eq!(undone(&history(again)), [false, true, false]);
        let forward = [both, vec![rollback(2, 5)]].concat();
        assert_eq!(undone(&history(forward)), [false, false, true]);
        assert_eq!(history(Vec::new()).state_of(&name(1)), PromotedState::Never);
    }
}
