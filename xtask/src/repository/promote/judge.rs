//! Judges snapshots: the facts for the gates are read here.

use std::rc::Rc;

use anyhow::Result;

use crate::base::error::Failure;
use crate::project::config::PromotionKind;
use crate::repository::commits::Git;
use crate::repository::keys::rules::ForcedKey;
use crate::repository::keys::signing::{SignatureFacts, judge_snapshot};
use crate::repository::model::emptied_series::find_emptied;
use crate::repository::model::ended_dists::ended_dists;
use crate::repository::model::event::{NewRevision, RevisionCause};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::find_unsettled;
use crate::repository::model::name::{Dist, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::model::test_result::load_results;
use crate::repository::model::yanks::{YankedPackage, list, yanked_and_gone};
use crate::repository::promote::gate::{Gate, GateAnswer, GateFacts};
use crate::repository::promote::known_packages::KnownPackages;
use crate::repository::promote::merged::AskedSnapshot;
use crate::repository::promote::order::PromoteOrder;
use crate::repository::promote::promotion::Promotion;
use crate::repository::promote::read_gates;
use crate::repository::promote::standing::Place;
use crate::repository::promote::withdrawn::Withdrawn;
use crate::repository::write::revision::next_number;

/// What the snapshots of a series are judged by.
pub struct Judge<'a> {
    pub store: &'a Store,
    order: &'a PromoteOrder,
    pub git: &'a Git<'a>,
    ledger: &'a Ledger,
    /// The current revision of the series.
    pub current: Option<&'a Rc<Revision>>,
    /// What the current revision has.
    known: Option<KnownPackages<'a>>,
    /// Why the current revision cannot be used.
    unusable: Option<&'a Failure>,
}

/// A snapshot with its gates.
pub struct JudgedSnapshot {
    pub snapshot: Snapshot,
    current: Option<Rc<Revision>>,
    /// Whether the current revision can be used, if there is one.
    is_usable: bool,
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
    /// What comes back that a person took out.
    effects: Vec<String>,
    pub place: Place,
    /// The command that promotes it, with the flags that gates need.
    pub command: String,
}

impl<'a> Judge<'a> {
    /// Reads what the series has.
    pub fn new(
        store: &'a Store,
        order: &'a PromoteOrder,
        git: &'a Git<'a>,
        ledger: &'a Ledger,
        current: Option<&'a Rc<Revision>>,
    ) -> Judge<'a> {
        let known = current.map(|current| KnownPackages::of(&current.manifest));
        Judge { store, order, git, ledger, current, known, unusable: None }
    }

    /// The same for a series whose current revision cannot be used.
    pub fn without_current(self, unusable: Option<&'a Failure>) -> Judge<'a> {
        Judge { unusable, ..self }
    }

    /// Judges all gates except `whole` and `requires`, which read files of the repository.
    pub fn judge(&self, snapshot: Snapshot) -> Result<JudgedSnapshot> {
        self.judge_asked(AskedSnapshot::ask(self.store, self.git, snapshot)?)
    }

    /// [`Judge::judge`], where git was asked before.
    pub fn judge_asked(&self, asked: AskedSnapshot) -> Result<JudgedSnapshot> {
        let AskedSnapshot { snapshot, merged } = asked;
        let Judge { store, order, git, ledger, current, ref known, unusable } = *self;
        let commit = snapshot.manifest.release.commit;
        let config = git.config_of(commit)?;
        let results_folder = store.layout.results(&snapshot.name);
        let mut ended = ended_dists(store, snapshot.manifest.series);
        ended.extend(order.end_dists.iter().cloned());
        let revision = current.map(Rc::as_ref);
        let (tests, force) = (&config.acceptance, order.force.as_ref());
        let key_facts = SignatureFacts { snapshot: &snapshot, current: revision, tests, force };
        let key = judge_snapshot(&store.layout, order.keys.as_ref(), &key_facts)?;
        let was_merged = snapshot.manifest.merged || store.log.was_merged(&snapshot.name);
        let unsettled = find_unsettled(store, snapshot.manifest.series);
        let yanked = find_yanked(store, &snapshot, revision);
        let of_series = revision.into_iter().flat_map(|current| current.manifest.releases());
        let of_series: Vec<_> = of_series.map(|release| release.commit).collect();
        let foreign = git.find_foreign(commit, snapshot.manifest.series, &of_series)?;
        let facts = GateFacts {
            snapshot: &snapshot,
            current: revision,
            unusable,
            unsettled: unsettled.as_ref(),
            known: known.as_ref(),
            ledger,
            merged,
            recount: git.recount(commit)?,
            foreign: foreign.as_ref(),
            tests,
            yanked: &yanked,
            results: &load_results(&results_folder)?,
            results_folder: results_folder.for_programs(),
            order,
            configured_dists: &config.rpm.dists,
            ended_dists: &ended,
            key: &key.answer,
        };
        let (kind, gates) = (facts.kind(), facts.gates());
        let untested = order.untested.clone().filter(|_| !facts.requires_tests());
        let (place, command) = (facts.place(was_merged), facts.command(Vec::new()));
        let (current, end_dists) = (current.cloned(), order.end_dists.clone());
        let effects = self.find_effects(&snapshot, &yanked);
        let (whole, requires, forced) = (None, None, key.forced);
        let is_usable = unusable.is_none();
        Ok(JudgedSnapshot {
            snapshot,
            current,
            is_usable,
            kind,
            whole,
            requires,
            gates,
            untested,
            end_dists,
            forced,
            effects,
            place,
            command,
        })
    }

    /// What a person should know who brings back by its name what was taken out, or who begins a lost series again with a later release.
    fn find_effects(&self, snapshot: &Snapshot, yanked: &[YankedPackage]) -> Vec<String> {
        if self.order.snapshot.as_ref() != Some(&snapshot.name) {
            return Vec::new();
        }
        let (series, version) = (snapshot.manifest.series, &snapshot.manifest.release.version);
        let withdrawn = Withdrawn::of(self.store, series, self.current.map(Rc::as_ref));
        let emptied = find_emptied(self.store, series);
        let passed_over = emptied.and_then(|emptied| emptied.describe_passed_over(version));
        let mut effects = match yanked {
            [] if !withdrawn.needs_name(snapshot) => Vec::new(),
            [] => vec![format!("this promotes `{}` by its name, {}", snapshot.name, withdrawn.describe(snapshot))],
            _ => vec![format!("this brings back what was yanked: {}", list(yanked))],
        };
        effects.extend(passed_over);
        effects
    }
}

/// The packages of a snapshot that were yanked and that the series does not have.
fn find_yanked(store: &Store, snapshot: &Snapshot, current: Option<&Revision>) -> Vec<YankedPackage> {
    let mut yanked = yanked_and_gone(&store.log, snapshot.manifest.series, current.map(|current| &current.manifest));
    yanked.retain(|yanked| snapshot.manifest.packages().any(|(_, package)| package.nevra == yanked.package));
    yanked
}

impl JudgedSnapshot {
    /// Whether all gates that were judged are open.
    pub fn is_open(&self) -> bool {
        self.judged_gates().all(Gate::is_open)
    }

    /// The gates that were judged, in the order in which they are printed.
    fn judged_gates(&self) -> impl Iterator<Item = &Gate> {
        self.whole.iter().chain(&self.gates).chain(&self.requires)
    }

    /// What to do about the first gate that is closed.
    pub fn first_help(&self) -> Option<String> {
        self.judged_gates().find_map(|gate| match &gate.answer {
            GateAnswer::No { why, help } => Some(format!("{why}: {help}")),
            GateAnswer::Yes(_) => None,
        })
    }

    /// Why an older snapshot is promoted and not this one.
    pub fn passed_over(&self) -> String {
        let version = &self.snapshot.manifest.release.version;
        format!("passing over `{}` ({version}), which is newer: {}", self.snapshot.name, self.first_reason())
    }

    /// The snapshot, and why it need not be promoted to a series with this revision.
    pub fn describe(&self, current: &Revision) -> String {
        let why = match self.place {
            Place::BuiltAgain => {
                format!(", which was built again: the series has it from `{}`", current.manifest.release.snapshot)
            }
            _ => format!(": {}", self.first_reason()),
        };
        format!("`{}` ({}){why}", self.snapshot.name, self.snapshot.manifest.release.version)
    }

    /// Whether it was staged after another snapshot.
    pub fn is_newer_than(&self, other: &SnapshotName) -> bool {
        self.snapshot.name.pipeline() > other.pipeline()
    }

    /// The reason of the first gate that is closed.
    fn first_reason(&self) -> &str {
        let closed = self.judged_gates().find_map(|gate| match &gate.answer {
            GateAnswer::No { why, .. } => Some(why.as_str()),
            GateAnswer::Yes(_) => None,
        });
        closed.unwrap_or_default()
    }

    /// Reads the files of the snapshot, unless they were read before.
    pub fn judge_whole(&mut self, store: &Store) -> Result<()> {
        if self.whole.is_none() {
            self.whole = Some(read_gates::whole(store, &self.snapshot)?);
        }
        Ok(())
    }

    /// Reads the repodata of the snapshot and of the series, unless it was read before or that of the series cannot be used.
    pub fn judge_requires(&mut self, store: &Store) {
        if self.requires.is_none() && self.is_usable {
            self.requires = Some(read_gates::requires(store, &self.snapshot, self.current.as_deref()));
        }
    }

    /// The promotion of the snapshot, with all gates.
    pub fn into_promotion(mut self, store: &Store) -> Result<Promotion> {
        self.judge_whole(store)?;
        self.judge_requires(store);
        let JudgedSnapshot {
            snapshot,
            current,
            kind,
            whole,
            requires,
            gates,
            untested,
            end_dists,
            forced,
            mut effects,
            ..
        } = self;
        let series = snapshot.manifest.series;
        let number = next_number(store, series)?;
        let version = snapshot.manifest.release.version.clone();
        let untested = untested.map(|reason| reason.to_string());
        let force = forced.as_ref().map(|forced| forced.reason.to_string());
        effects.extend(forced.into_iter().flat_map(|forced| forced.effects));
        let cause =
            RevisionCause::Promote { snapshot: snapshot.name.clone(), version, untested, ended: end_dists, force };
        let gates = whole.into_iter().chain(gates).chain(requires).collect();
        Ok(Promotion { snapshot, kind, gates, effects, current, new: NewRevision { series, number, cause } })
    }
}
