//! A snapshot that was chosen for promotion, and the revision that it makes.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure};
use crate::history::Version;
use crate::project::config::PromotionKind;
use crate::project::own_version::own_version;
use crate::repository::keys::signing::Signing;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::NewRevision;
use crate::repository::model::layout::{SNAPSHOT_CHANGELOG, series_changelog};
use crate::repository::model::manifest::{FileEntry, Manifest, ReleasedVersion, is_description};
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::model::test_result::load_results;
use crate::repository::promote::gate::{Gate, GateAnswer};
use crate::repository::promote::known_packages::is_taken_over;
use crate::repository::provenance::promotion::{StatedGate, StatedPromotion};
use crate::repository::sign::SIGNATURE;
use crate::repository::write::described::{Mending, describe_revision, load_described};
use crate::repository::write::plan::ChangePlan;
use crate::repository::write::revision::{RevisionContents, StatementFile, Take, carry, require_apart, revision_steps};

/// A snapshot that was chosen, with its gates and the revision to be made.
pub struct Promotion {
    pub snapshot: Snapshot,
    pub kind: PromotionKind,
    pub gates: Vec<Gate>,
    /// What clients will see because of a reason that was given.
    pub effects: Vec<String>,
    pub current: Option<Rc<Revision>>,
    pub new: NewRevision,
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
        let contents = RevisionContents { statement: Some(self.statement(store, now)?), ..self.contents(store)? };
        let steps = revision_steps(store, contents, new, signing, signing.map(Signing::file), now)?;
        Ok(ChangePlan { title, steps })
    }

    fn statement(&self, store: &Store, now: Timestamp) -> Result<StatementFile> {
        let Promotion { snapshot, gates, new, .. } = self;
        let results = load_results(&store.layout.results(&snapshot.name))?;
        let (series, revision, tool) = (new.series, new.number, own_version());
        let gates: Vec<StatedGate<'_>> = gates.iter().filter_map(stated_gate).collect();
        let facts = StatedPromotion { snapshot, series, revision, gates: &gates, results: &results, now, tool };
        Ok(StatementFile { path: facts.path(), content: facts.render()? })
    }

    fn contents(&self, store: &Store) -> Result<RevisionContents> {
        let Promotion { snapshot, current, new, .. } = self;
        let mut described = load_described(&snapshot.path, &snapshot.manifest.dists())?;
        let mut carried = Vec::new();
        let (mut earlier, mut mending) = (Vec::new(), Mending::default());
        if let Some(current) = current {
            carried = carry(current, Take::PackagesAndSources);
            // A repackaged version, or one that was yanked in part, takes the place of the same version.
            let is_other = |release: &&ReleasedVersion| release.version != *self.version();
            earlier = current.manifest.releases().filter(is_other).cloned().collect();
            let of_series = describe_revision(&store.layout, current, &[])?;
            mending = of_series.mending;
            for (dist, mut packages) in of_series.packages {
                let hrefs: BTreeSet<String> = packages.iter().map(|package| package.href.clone()).collect();
                let new = described.remove(&dist).unwrap_or_default();
                packages.extend(new.into_iter().filter(|package| !hrefs.contains(&package.href)));
                described.insert(dist, packages);
            }
        }
        let series = current.as_ref().map(|current| &current.manifest);
        carried.extend(added(snapshot).filter(|file| series.is_none_or(|series| !is_described_in(series, file))));
        require_apart(&carried)?;
        // A repackaged version has the same archives as the version before.
        let mut paths = BTreeSet::new();
        carried.retain(|carried| paths.insert(carried.to.clone()));
        if let Some(changelog) = snapshot.manifest.file(SNAPSHOT_CHANGELOG) {
            let to = series_changelog(new.series).parse().map_err(Failure::from)?;
            carried.push(Carried { from: snapshot.path.clone(), entry: changelog.clone(), to });
        }
        let release = snapshot.manifest.release.clone();
        Ok(RevisionContents { release, earlier, carried, changelog: None, described, statement: None, mending })
    }
}

/// An open gate; `None` for a closed one.
fn stated_gate(gate: &Gate) -> Option<StatedGate<'_>> {
    match &gate.answer {
        GateAnswer::Yes(answer) => Some(StatedGate { name: gate.name, answer }),
        GateAnswer::No { .. } => None,
    }
}

/// The files of a snapshot that a series takes over.
fn added(snapshot: &Snapshot) -> impl Iterator<Item = Carried> {
    let files = snapshot.manifest.files.iter().filter(|file| is_taken_over(file));
    let carried =
        |file: &FileEntry| Carried { from: snapshot.path.clone(), entry: file.clone(), to: file.path.clone() };
    files.map(carried)
}

/// Whether a file describes a release that the series describes already. The same release may have been staged again, by another
/// version of this program: the series keeps what it has.
fn is_described_in(series: &Manifest, file: &Carried) -> bool {
    let path = file.to.as_str();
    // A signature belongs to the statement beside it.
    is_description(&file.to) && series.file(path.strip_suffix(SIGNATURE).unwrap_or(path)).is_some()
}
