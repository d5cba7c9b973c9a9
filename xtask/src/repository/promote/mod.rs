//! Promotion: a tested snapshot becomes part of a stable series. The same bytes, never rebuilt.

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
use crate::repository::model::event::{Action, Event, NewRevision, RevisionCause};
use crate::repository::model::layout::{SNAPSHOT_CHANGELOG, series_changelog};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::is_source;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::model::test_result::load_results;
use crate::repository::sign::Key;
use crate::repository::verify::snapshot::check_whole;
use crate::repository::write::plan::ChangePlan;
use crate::repository::write::revision::{
    RevisionContents, Take, carry, load_described, next_number, require_apart, revision_steps,
};
use gate::{Answer, Facts, Gate};

/// What a person asks of `promote`.
#[derive(Clone, Debug, Default)]
pub struct PromoteOrder {
    /// Which snapshot; `None` for the newest that may be.
    pub snapshot: Option<SnapshotName>,
    /// Whether a new series may begin.
    pub major: bool,
    /// Why no acceptance test is asked for.
    pub untested: Option<String>,
}

/// A promotion that is decided.
pub struct Promotion {
    /// What is promoted.
    pub snapshot: Snapshot,
    /// What it raises.
    pub kind: PromotionKind,
    /// The questions and their answers.
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
    /// `Err` for the first gate that is closed.
    pub fn require_open(&self) -> Result<(), Failure> {
        for gate in &self.gates {
            if let Answer::No { why, help } = &gate.answer {
                let message = format!("refusing to promote `{}`: {why}", self.snapshot.name);
                return Err(Failure::new(Exit::Failed, message).help(help.clone()));
            }
        }
        Ok(())
    }

    /// What is written to make the revision.
    ///
    /// Errors: a file of the snapshot is in the series with other contents.
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
        // Repackaged, a version brings its archives again.
        let mut seen = BTreeSet::new();
        carried.retain(|carried| seen.insert(carried.to.clone()));
        if let Some(changelog) = snapshot.manifest.file(SNAPSHOT_CHANGELOG) {
            let to = series_changelog(new.series).parse().map_err(Failure::from)?;
            carried.push(Carried { from: snapshot.path.clone(), entry: changelog.clone(), to });
        }
        let release = snapshot.manifest.release.clone();
        Ok(RevisionContents { release, earlier, carried, changelog: None, described })
    }
}

/// Decides on a promotion. Where no snapshot is named, it is the newest whose gates are open; where there is none such, the
/// newest of all, with the gates that are closed. What was promoted and taken back since comes back by its name only.
pub fn decide(store: &Store, order: &PromoteOrder, git: &Git<'_>) -> Result<Promotion> {
    let ledger = Ledger::load(&store.layout.ledger())?;
    let judge = |series: Series, name: &SnapshotName| Judged::new(store, order, git, &ledger, series, name);
    let judged = match &order.snapshot {
        Some(name) => judge(store.find_series(name)?, name)?,
        None => {
            let mut first = None;
            let mut chosen = None;
            let mut taken_back = None;
            for (series, name) in candidates(store, order)? {
                let judged = judge(series, &name)?;
                if was_taken_back(store, judged.current.as_ref(), &judged.snapshot) {
                    taken_back.get_or_insert(name);
                    continue;
                }
                if judged.gates.iter().all(Gate::is_open) {
                    chosen = Some(judged);
                    break;
                }
                first.get_or_insert(judged);
            }
            chosen.or(first).ok_or_else(|| nothing_to_promote(taken_back))?
        }
    };
    judged.into_promotion(store)
}

/// Whether the version of a snapshot was promoted, from whatever snapshot, and a rollback or a yank has taken it out of the
/// series since: the next pipeline run stages the same commit again.
fn was_taken_back(store: &Store, current: Option<&Revision>, staged: &Snapshot) -> bool {
    let (of, its) = (staged.manifest.series, &staged.manifest.release.version);
    let is_it = |event: &Event| matches!(&event.action, Action::Promote { series, version, .. } if *series == of && version == its);
    let is_there = |current: &Revision| current.manifest.releases().any(|release| release.version == *its);
    store.log.events().any(is_it) && !current.is_some_and(is_there)
}

fn nothing_to_promote(taken_back: Option<SnapshotName>) -> Failure {
    if let Some(name) = taken_back {
        let message = format!("there is no snapshot to promote but `{name}`, which was promoted and taken back");
        return Failure::new(Exit::Failed, message)
            .help(format!("if it is to come back: `{} promote {name}`", program()));
    }
    Failure::new(Exit::Failed, "there is no snapshot to promote").help(format!("stage one: `{} dist`", program()))
}

/// The snapshots that could be promoted, the newest of the highest series first; those that would begin a series last, unless
/// that is what is asked for.
fn candidates(store: &Store, order: &PromoteOrder) -> Result<Vec<(Series, SnapshotName)>> {
    let (mut candidates, mut beginnings) = (Vec::new(), Vec::new());
    for series in store.series()?.into_iter().rev() {
        let with_manifest = |name: &SnapshotName| store.has_manifest(series, name);
        let names = store.snapshots(series)?.into_iter().rev().filter(with_manifest).map(|name| (series, name));
        match order.major || store.current_number(series)?.is_some() {
            true => candidates.extend(names),
            false => beginnings.extend(names),
        }
    }
    candidates.append(&mut beginnings);
    Ok(candidates)
}

/// A snapshot with its gates.
struct Judged {
    snapshot: Snapshot,
    current: Option<Revision>,
    kind: PromotionKind,
    gates: Vec<Gate>,
    /// Why no test is asked for, where none is configured.
    untested: Option<String>,
}

impl Judged {
    fn new(
        store: &Store,
        order: &PromoteOrder,
        git: &Git<'_>,
        ledger: &Ledger,
        series: Series,
        name: &SnapshotName,
    ) -> Result<Judged> {
        let snapshot = store.snapshot(series, name)?;
        let current = store.current(series)?;
        let config = git.config_of(snapshot.manifest.release.commit)?;
        let facts = Facts {
            snapshot: &snapshot,
            current: current.as_ref(),
            ledger,
            recount: git.recount(snapshot.manifest.release.commit)?,
            tests: &config.acceptance,
            results: &load_results(&store.layout.results(name))?,
            major: order.major,
            untested: order.untested.as_deref(),
            wants_packages: !config.rpm.dists.is_empty(),
        };
        let (kind, gates) = (facts.kind(), facts.gates());
        let untested = order.untested.clone().filter(|_| !facts.asks_for_tests());
        Ok(Judged { snapshot, current, kind, gates, untested })
    }

    fn into_promotion(self, store: &Store) -> Result<Promotion> {
        let Judged { snapshot, current, kind, gates, untested } = self;
        let series = snapshot.manifest.series;
        let number = next_number(store, series)?;
        let version = snapshot.manifest.release.version.clone();
        let cause = RevisionCause::Promote { snapshot: snapshot.name.clone(), version, untested };
        let gates = [whole(store, &snapshot)?].into_iter().chain(gates).collect();
        Ok(Promotion { snapshot, kind, gates, current, new: NewRevision { series, number, cause } })
    }
}

/// The gate that reads the whole snapshot.
fn whole(store: &Store, snapshot: &Snapshot) -> Result<Gate> {
    let fault = check_whole(store, snapshot)?;
    let answer = match fault {
        None => Answer::Yes(format!("{} files, unchanged since it was staged", snapshot.manifest.files.len())),
        Some(why) => {
            Answer::No { why, help: format!("see what else is wrong: `{} verify`; then stage it again", program()) }
        }
    };
    Ok(Gate { name: "whole", answer })
}

/// The files of a snapshot that go into the series: packages, archives and the source package.
fn added(snapshot: &Snapshot) -> Vec<Carried> {
    let is_about = |name: &str| name == CHANGELOG_FILE || name.ends_with(".spec");
    let goods = snapshot
        .manifest
        .files
        .iter()
        .filter(|file| file.package.is_some() || (is_source(&file.path) && !is_about(file.path.file_name())));
    goods.map(|file| Carried { from: snapshot.path.clone(), entry: file.clone(), to: file.path.clone() }).collect()
}
