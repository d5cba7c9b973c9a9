//! Promotion: a tested snapshot becomes part of a stable series. Its files are linked, never rebuilt.

pub mod due;
pub mod gate;
pub mod schedule;

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure, program};
use crate::project::config::PromotionKind;
use crate::project::release_info::CHANGELOG_FILE;
use crate::repository::commits::Git;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::{Action, NewRevision, RevisionCause};
use crate::repository::model::layout::{SNAPSHOT_CHANGELOG, series_changelog};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::is_source;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::model::test_result::load_results;
use crate::repository::sign::Key;
use crate::repository::verify::snapshot::check_whole;
use crate::repository::write::plan::ChangePlan;
use crate::repository::write::revision::{
    RevisionContents, Take, carry, load_described, next_number, require_apart, revision_steps,
};
use gate::{Gate, GateAnswer, GateFacts};

/// The arguments of `promote`.
#[derive(Clone, Debug, Default)]
pub struct PromoteOrder {
    /// `None` for the newest snapshot whose gates are open.
    pub snapshot: Option<SnapshotName>,
    /// Whether a new series may be started.
    pub major: bool,
    /// The reason to promote without an acceptance test.
    pub untested: Option<Reason>,
}

/// A snapshot that was chosen, with its gates and the revision to be made.
pub struct Promotion {
    pub snapshot: Snapshot,
    pub kind: PromotionKind,
    pub gates: Vec<Gate>,
    current: Option<Revision>,
    new: NewRevision,
}

impl fmt::Display for Promotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "gates of {}:", self.snapshot.name)?;
        for gate in &self.gates {
            writeln!(f, "  {gate}")?;
        }
        Ok(())
    }
}

impl Promotion {
    /// Errors: a gate is closed; the error is about the first one.
    pub fn require_open(&self) -> Result<(), Failure> {
        for gate in &self.gates {
            if let GateAnswer::No { why, help } = &gate.answer {
                let message = format!("refusing to promote `{}`: {why}", self.snapshot.name);
                return Err(Failure::new(Exit::Failed, message).help(help.clone()));
            }
        }
        Ok(())
    }

    /// The plan that makes the revision.
    ///
    /// Errors: the series has a file of the same path with another content.
    pub fn plan(&self, store: &Store, key: Option<&Key>, now: Timestamp) -> Result<ChangePlan> {
        let Promotion { snapshot, new, .. } = self;
        let version = &snapshot.manifest.release.version;
        let title = format!("promote {} ({version}) to stable/{}", snapshot.name, new.series);
        let steps = revision_steps(store, self.contents()?, new, key, now)?;
        Ok(ChangePlan { title, steps })
    }

    fn contents(&self) -> Result<RevisionContents> {
        let Promotion { snapshot, current, new, .. } = self;
        let mut described = load_described(&snapshot.path, &snapshot.manifest.dists())?;
        let mut carried = Vec::new();
        let mut earlier = Vec::new();
        if let Some(current) = current {
            carried = carry(current, Take::PackagesAndSources);
            earlier = current.manifest.releases().cloned().collect();
            for (dist, mut packages) in load_described(&current.path, &current.manifest.dists())? {
                packages.append(described.entry(dist.clone()).or_default());
                described.insert(dist, packages);
            }
        }
        carried.extend(added(snapshot));
        require_apart(&carried)?;
        // A repackaged version has the same archives as the version before.
        let mut paths = BTreeSet::new();
        carried.retain(|carried| paths.insert(carried.to.clone()));
        if let Some(changelog) = snapshot.manifest.file(SNAPSHOT_CHANGELOG) {
            let to = series_changelog(new.series).parse().map_err(Failure::from)?;
            carried.push(Carried { from: snapshot.path.clone(), entry: changelog.clone(), to });
        }
        let release = snapshot.manifest.release.clone();
        Ok(RevisionContents { release, earlier, carried, changelog: None, described })
    }
}

/// Chooses the snapshot to promote: the named one, or else the newest whose gates are open, or else the newest of all. A snapshot
/// whose version was rolled back or yanked must be named.
pub fn decide(store: &Store, order: &PromoteOrder, git: &Git<'_>) -> Result<Promotion> {
    let ledger = Ledger::load(&store.layout.ledger())?;
    let judge = |series: Series, name: &SnapshotName| JudgedSnapshot::load(store, order, git, &ledger, series, name);
    if let Some(name) = &order.snapshot {
        return judge(store.find_series(name)?, name)?.into_promotion(store);
    }
    let mut newest = None;
    let mut taken_back = None;
    for (series, name) in candidates(store, order)? {
        let judged = judge(series, &name)?;
        if was_taken_back(store, judged.current.as_ref(), &judged.snapshot) {
            taken_back.get_or_insert(name);
        } else if judged.is_open() {
            return judged.into_promotion(store);
        } else {
            newest.get_or_insert(judged);
        }
    }
    match newest {
        Some(judged) => judged.into_promotion(store),
        None => Err(nothing_to_promote(taken_back).into()),
    }
}

/// Whether the version of a snapshot was promoted, from this or another snapshot, and then rolled back or yanked. The next pipeline
/// run stages the same commit again.
fn was_taken_back(store: &Store, current: Option<&Revision>, staged: &Snapshot) -> bool {
    let staged_series = staged.manifest.series;
    let staged_version = &staged.manifest.release.version;
    let is_in_series =
        |current: &Revision| current.manifest.releases().any(|release| release.version == *staged_version);
    if current.is_some_and(is_in_series) {
        return false;
    }
    store.log.events().any(|event| match &event.action {
        Action::Promote { series, version, .. } => *series == staged_series && version == staged_version,
        _ => false,
    })
}

fn nothing_to_promote(taken_back: Option<SnapshotName>) -> Failure {
    if let Some(name) = taken_back {
        let message = format!("there is no snapshot to promote except `{name}`, which was rolled back or yanked");
        return Failure::new(Exit::Failed, message)
            .help(format!("to promote it again: `{} promote {name}`", program()));
    }
    Failure::new(Exit::Failed, "there is no snapshot to promote").help(format!("stage one: `{} dist`", program()))
}

/// The snapshots that can be promoted: the highest series first, in a series the newest first. Without `major`, those of new
/// series are last.
fn candidates(store: &Store, order: &PromoteOrder) -> Result<Vec<(Series, SnapshotName)>> {
    let mut candidates = Vec::new();
    let mut of_new_series = Vec::new();
    for series in store.series()?.into_iter().rev() {
        let may_be_promoted = order.major || store.current_number(series)?.is_some();
        let list = if may_be_promoted { &mut candidates } else { &mut of_new_series };
        for name in store.snapshots(series)?.into_iter().rev() {
            if store.has_manifest(series, &name) {
                list.push((series, name));
            }
        }
    }
    candidates.append(&mut of_new_series);
    Ok(candidates)
}

/// A snapshot with its gates.
struct JudgedSnapshot {
    snapshot: Snapshot,
    current: Option<Revision>,
    kind: PromotionKind,
    /// The gate that reads all files of the snapshot; `None` if the files are not read yet.
    whole: Option<Gate>,
    /// The other gates.
    gates: Vec<Gate>,
    /// The reason to promote without an acceptance test; `None` if a test is required.
    untested: Option<Reason>,
}

impl JudgedSnapshot {
    /// Judges all gates except `whole`.
    fn load(
        store: &Store,
        order: &PromoteOrder,
        git: &Git<'_>,
        ledger: &Ledger,
        series: Series,
        name: &SnapshotName,
    ) -> Result<JudgedSnapshot> {
        let snapshot = store.snapshot(series, name)?;
        let current = store.current(series)?;
        let config = git.config_of(snapshot.manifest.release.commit)?;
        let results_folder = store.layout.results(name);
        let facts = GateFacts {
            snapshot: &snapshot,
            current: current.as_ref(),
            ledger,
            recount: git.recount(snapshot.manifest.release.commit)?,
            tests: &config.acceptance,
            results: &load_results(&results_folder)?,
            results_folder: &results_folder,
            major: order.major,
            untested: order.untested.as_ref(),
            wants_packages: !config.rpm.dists.is_empty(),
        };
        let (kind, gates) = (facts.kind(), facts.gates());
        let untested = order.untested.clone().filter(|_| !facts.requires_tests());
        Ok(JudgedSnapshot { snapshot, current, kind, whole: None, gates, untested })
    }

    /// Whether all gates that were judged are open.
    fn is_open(&self) -> bool {
        self.whole.iter().chain(&self.gates).all(Gate::is_open)
    }

    /// Reads the files of the snapshot, unless they were read before.
    fn judge_whole(&mut self, store: &Store) -> Result<()> {
        if self.whole.is_none() {
            self.whole = Some(whole(store, &self.snapshot)?);
        }
        Ok(())
    }

    fn into_promotion(mut self, store: &Store) -> Result<Promotion> {
        self.judge_whole(store)?;
        let JudgedSnapshot { snapshot, current, kind, whole, gates, untested } = self;
        let series = snapshot.manifest.series;
        let number = next_number(store, series)?;
        let version = snapshot.manifest.release.version.clone();
        let untested = untested.map(|reason| reason.to_string());
        let cause = RevisionCause::Promote { snapshot: snapshot.name.clone(), version, untested };
        let gates = whole.into_iter().chain(gates).collect();
        Ok(Promotion { snapshot, kind, gates, current, new: NewRevision { series, number, cause } })
    }
}

/// The gate that reads all files of the snapshot.
fn whole(store: &Store, snapshot: &Snapshot) -> Result<Gate> {
    let fault = check_whole(store, snapshot)?;
    let answer = match fault {
        None => GateAnswer::Yes(format!("{} files, unchanged since it was staged", snapshot.manifest.files.len())),
        Some(why) => GateAnswer::No {
            why,
            help: format!("check the repository: `{} verify`; then stage the release again", program()),
        },
    };
    Ok(Gate { name: "whole", answer })
}

/// The files of a snapshot that a series takes over: packages, archives and the source package.
fn added(snapshot: &Snapshot) -> Vec<Carried> {
    let mut carried = Vec::new();
    for file in &snapshot.manifest.files {
        let name = file.path.file_name();
        let is_archive = is_source(&file.path) && name != CHANGELOG_FILE && !name.ends_with(".spec");
        if file.package.is_some() || is_archive {
            carried.push(Carried { from: snapshot.path.clone(), entry: file.clone(), to: file.path.clone() });
        }
    }
    carried
}
