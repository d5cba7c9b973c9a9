//! Promotion: a tested snapshot becomes part of a stable series. Its files are linked, never rebuilt.

pub mod due;
pub mod gate;
mod known_packages;
mod merged;
mod order;
mod read_gates;
pub mod schedule;
mod withdrawn;

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure, program};
use crate::base::progress::Progress;
use crate::history::Version;
use crate::project::config::PromotionKind;
use crate::project::release_info::CHANGELOG_FILE;
use crate::repository::commits::Git;
use crate::repository::keys::rules::ForcedKey;
use crate::repository::keys::signing::{SignatureFacts, Signing, judge_snapshot};
use crate::repository::model::carried::Carried;
use crate::repository::model::event::{Action, NewRevision, RevisionCause};
use crate::repository::model::layout::{SNAPSHOT_CHANGELOG, series_changelog};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::{ReleasedVersion, is_source};
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::model::test_result::load_results;
use crate::repository::write::plan::ChangePlan;
use crate::repository::write::revision::{
    AlreadyDone, RevisionContents, Take, carry, load_described, next_number, require_apart, revision_steps,
};
use gate::{Gate, GateAnswer, GateFacts};
use known_packages::KnownPackages;
use merged::find_merged_now;
pub use order::PromoteOrder;
use withdrawn::Withdrawn;

/// What is done about a promotion.
pub enum Promoting {
    /// Nothing: the series has what would be promoted.
    Already(AlreadyDone),
    /// A new revision, if all gates are open.
    New(Box<Promotion>),
}

/// A snapshot that was chosen, with its gates and the revision to be made.
pub struct Promotion {
    pub snapshot: Snapshot,
    pub kind: PromotionKind,
    pub gates: Vec<Gate>,
    /// What clients will see because of a reason that was given.
    pub effects: Vec<String>,
    current: Option<Rc<Revision>>,
    new: NewRevision,
}

impl fmt::Display for Promotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "gates of {}:", self.snapshot)?;
        for gate in &self.gates {
            writeln!(f, "  {gate}")?;
        }
        Ok(())
    }
}

impl Promotion {
    /// The version of the snapshot.
    pub fn version(&self) -> &Version {
        &self.snapshot.manifest.release.version
    }

    /// Errors: a gate is closed; the error has the help of the first one, and names the others.
    pub fn require_open(&self) -> Result<(), Failure> {
        let mut closed = self.gates.iter().filter_map(|gate| match &gate.answer {
            GateAnswer::No { why, help } => Some((gate.name, why, help)),
            GateAnswer::Yes(_) => None,
        });
        let Some((_, why, help)) = closed.next() else { return Ok(()) };
        let message = format!("refusing to promote `{}` ({}): {why}", self.snapshot.name, self.version());
        let failure = Failure::new(Exit::Failed, message).help(help.clone());
        let others: Vec<String> =
            closed.map(|(name, why, _)| format!("the gate `{name}` is closed, too: {why}")).collect();
        Err(if others.is_empty() { failure } else { failure.details(others.join("\n")) })
    }

    /// The name of the first gate that is closed.
    pub fn closed_gate(&self) -> Option<&'static str> {
        self.gates.iter().find(|gate| !gate.is_open()).map(|gate| gate.name)
    }

    /// The plan that makes the revision.
    ///
    /// Errors: the series has a file of the same path with another content.
    pub fn plan(&self, store: &Store, signing: Option<&Signing>, now: Timestamp) -> Result<ChangePlan> {
        let Promotion { snapshot, new, .. } = self;
        let title = format!("promote {snapshot} to stable/{}", new.series);
        let steps = revision_steps(store, self.contents()?, new, signing, now)?;
        Ok(ChangePlan { title, steps })
    }

    fn contents(&self) -> Result<RevisionContents> {
        let Promotion { snapshot, current, new, .. } = self;
        let mut described = load_described(&snapshot.path, &snapshot.manifest.dists())?;
        let mut carried = Vec::new();
        let mut earlier = Vec::new();
        if let Some(current) = current {
            carried = carry(current, Take::PackagesAndSources);
            // A repackaged version, or one that was yanked in part, takes the place of the same version.
            let is_other = |release: &&ReleasedVersion| release.version != *self.version();
            earlier = current.manifest.releases().filter(is_other).cloned().collect();
            for (dist, mut packages) in load_described(&current.path, &current.manifest.dists())? {
                let hrefs: BTreeSet<String> = packages.iter().map(|package| package.href.clone()).collect();
                let new = described.remove(&dist).unwrap_or_default();
                packages.extend(new.into_iter().filter(|package| !hrefs.contains(&package.href)));
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

/// Chooses the snapshot to promote: the named one, or else the newest of `series` whose gates are open, or else the newest that the
/// series does not have. A snapshot whose version was rolled back or yanked must be named.
///
/// Errors: there is no such snapshot, or none at all; the current revision is damaged.
pub fn decide(
    store: &Store,
    series: Series,
    order: &PromoteOrder,
    git: &Git<'_>,
    progress: &dyn Progress,
) -> Result<Promoting> {
    let current = store.current(series)?.map(Rc::new);
    let ledger = Ledger::load(&store.layout.ledger())?;
    let judge = Judge::new(store, order, git, &ledger, current.as_ref());
    if let Some(name) = &order.snapshot {
        if let Some(already) = find_done(store, series, name) {
            return Ok(already);
        }
        let promotion = judge.judge(store.snapshot(series, name)?)?.into_promotion(store)?;
        return Ok(Promoting::New(Box::new(promotion)));
    }
    let withdrawn = Withdrawn::of(store, series, current.as_deref());
    let (mut newest, mut must_be_named): (Option<JudgedSnapshot>, _) = (None, None);
    for snapshot in store.newest_first(series, progress)? {
        if withdrawn.needs_name(&snapshot) {
            if must_be_named.is_none() {
                must_be_named = judge_withdrawn(&judge, &withdrawn, snapshot)?;
            }
            continue;
        }
        let mut judged = judge.judge(snapshot)?;
        if judged.is_open() {
            judged.judge_requires();
        }
        if judged.is_open() {
            if let Some(newer) = &newest {
                progress.warn(&newer.passed_over());
            }
            return Ok(Promoting::New(Box::new(judged.into_promotion(store)?)));
        }
        if !judged.is_in_series {
            newest.get_or_insert(judged);
        }
    }
    match (newest, must_be_named, &current) {
        (Some(judged), ..) => Ok(Promoting::New(Box::new(judged.into_promotion(store)?))),
        (None, None, Some(current)) => {
            let version = &current.manifest.release.version;
            let why = format!("stable/{series} has {version} already, and nothing newer is staged");
            Ok(Promoting::Already(AlreadyDone { series, revision: current.number, why }))
        }
        (None, must_be_named, _) => Err(nothing_to_promote(series, must_be_named).into()),
    }
}

/// The revision that the promotion of a snapshot made, if nothing has changed the series since: the command was repeated.
fn find_done(store: &Store, series: Series, name: &SnapshotName) -> Option<Promoting> {
    let (revision, event) = store.log.last_revision(series)?;
    match &event.action {
        Action::Promote { snapshot, version, .. } if snapshot == name => {
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
    if !is_above || !find_merged_now(judge.store, judge.git, &snapshot)?.is_merged() {
        return Ok(None);
    }
    Ok(Some((withdrawn.describe(&snapshot), judge.judge(snapshot)?)))
}

fn nothing_to_promote(series: Series, withdrawn: Option<(String, JudgedSnapshot)>) -> Failure {
    let message = format!("unstable/{series} has no snapshot to promote");
    if let Some((why, judged)) = withdrawn {
        let message = format!("{message} except `{}`, {why}", judged.snapshot.name);
        return Failure::new(Exit::Failed, message).help(format!("to promote it all the same: {}", judged.command));
    }
    Failure::new(Exit::Failed, message)
        .help(format!("stage one: `{} dist`; or choose another series: `--series X.0`", program()))
}

/// What the snapshots of a series are judged by.
struct Judge<'a> {
    store: &'a Store,
    order: &'a PromoteOrder,
    git: &'a Git<'a>,
    ledger: &'a Ledger,
    /// The current revision of the series.
    current: Option<&'a Rc<Revision>>,
    /// What the current revision has.
    known: Option<KnownPackages<'a>>,
}

/// A snapshot with its gates.
struct JudgedSnapshot {
    snapshot: Snapshot,
    current: Option<Rc<Revision>>,
    kind: PromotionKind,
    /// The gate that reads all files of the snapshot; `None` if the files are not read yet.
    whole: Option<Gate>,
    /// The gate that reads the repodata; `None` if it is not read yet.
    requires: Option<Gate>,
    /// The other gates.
    gates: Vec<Gate>,
    /// The reason to promote without an acceptance test; `None` if a test is required.
    untested: Option<Reason>,
    end_dists: Vec<Dist>,
    /// The reason to publish what clients refuse, if it is needed.
    forced: Option<ForcedKey>,
    /// Whether the series has what the snapshot would add, or a newer version.
    is_in_series: bool,
    /// The command that promotes it, with the flags that gates need.
    command: String,
}

impl<'a> Judge<'a> {
    fn new(
        store: &'a Store,
        order: &'a PromoteOrder,
        git: &'a Git<'a>,
        ledger: &'a Ledger,
        current: Option<&'a Rc<Revision>>,
    ) -> Judge<'a> {
        let known = current.map(|current| KnownPackages::of(&current.manifest));
        Judge { store, order, git, ledger, current, known }
    }

    /// Judges all gates except `whole` and `requires`, which read files of the repository.
    fn judge(&self, snapshot: Snapshot) -> Result<JudgedSnapshot> {
        let Judge { store, order, git, ledger, current, ref known } = *self;
        let commit = snapshot.manifest.release.commit;
        let config = git.config_of(commit)?;
        let results_folder = store.layout.results(&snapshot.name);
        let mut ended = store.log.ended_dists(snapshot.manifest.series);
        ended.extend(&order.end_dists);
        let revision = current.map(Rc::as_ref);
        let (tests, force) = (&config.acceptance, order.force.as_ref());
        let key_facts = SignatureFacts { snapshot: &snapshot, current: revision, tests, force };
        let key = judge_snapshot(&store.layout, order.keys.as_ref(), &key_facts)?;
        let facts = GateFacts {
            snapshot: &snapshot,
            current: revision,
            known: known.as_ref(),
            ledger,
            merged: find_merged_now(store, git, &snapshot)?,
            recount: git.recount(commit)?,
            tests,
            results: &load_results(&results_folder)?,
            results_folder: results_folder.for_programs(),
            order,
            configured_dists: &config.rpm.dists,
            ended_dists: &ended,
            key: &key.answer,
        };
        let (kind, gates) = (facts.kind(), facts.gates());
        let untested = order.untested.clone().filter(|_| !facts.requires_tests());
        let (is_in_series, command) = (facts.is_in_series(), facts.command(Vec::new()));
        let (current, end_dists) = (current.cloned(), order.end_dists.clone());
        let (whole, requires, forced) = (None, None, key.forced);
        Ok(JudgedSnapshot {
            snapshot,
            current,
            kind,
            whole,
            requires,
            gates,
            untested,
            end_dists,
            forced,
            is_in_series,
            command,
        })
    }
}

impl JudgedSnapshot {
    /// Whether all gates that were judged are open.
    fn is_open(&self) -> bool {
        self.judged_gates().all(Gate::is_open)
    }

    /// The gates that were judged, in the order in which they are printed.
    fn judged_gates(&self) -> impl Iterator<Item = &Gate> {
        self.whole.iter().chain(&self.gates).chain(&self.requires)
    }

    /// What to do about the first gate that is closed.
    fn first_help(&self) -> Option<String> {
        self.judged_gates().find_map(|gate| match &gate.answer {
            GateAnswer::No { why, help } => Some(format!("{why}: {help}")),
            GateAnswer::Yes(_) => None,
        })
    }

    /// Why an older snapshot is promoted and not this one.
    fn passed_over(&self) -> String {
        let closed = self.judged_gates().find_map(|gate| match &gate.answer {
            GateAnswer::No { why, .. } => Some(why.as_str()),
            GateAnswer::Yes(_) => None,
        });
        let version = &self.snapshot.manifest.release.version;
        format!("passing over `{}` ({version}), which is newer: {}", self.snapshot.name, closed.unwrap_or_default())
    }

    /// Reads the files of the snapshot, unless they were read before.
    fn judge_whole(&mut self, store: &Store) -> Result<()> {
        if self.whole.is_none() {
            self.whole = Some(read_gates::whole(store, &self.snapshot)?);
        }
        Ok(())
    }

    /// Reads the repodata of the snapshot and of the series, unless it was read before.
    fn judge_requires(&mut self) {
        if self.requires.is_none() {
            self.requires = Some(read_gates::requires(&self.snapshot, self.current.as_deref()));
        }
    }

    fn into_promotion(mut self, store: &Store) -> Result<Promotion> {
        self.judge_whole(store)?;
        self.judge_requires();
        let JudgedSnapshot { snapshot, current, kind, whole, requires, gates, untested, end_dists, forced, .. } = self;
        let series = snapshot.manifest.series;
        let number = next_number(store, series)?;
        let version = snapshot.manifest.release.version.clone();
        let untested = untested.map(|reason| reason.to_string());
        let force = forced.as_ref().map(|forced| forced.reason.to_string());
        let effects = forced.map_or(Vec::new(), |forced| forced.effects);
        let cause =
            RevisionCause::Promote { snapshot: snapshot.name.clone(), version, untested, ended: end_dists, force };
        let gates = whole.into_iter().chain(gates).chain(requires).collect();
        Ok(Promotion { snapshot, kind, gates, effects, current, new: NewRevision { series, number, cause } })
    }
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
