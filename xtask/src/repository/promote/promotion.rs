//! A snapshot that was chosen for promotion, and the revision that it makes.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure};
use crate::history::Version;
use crate::project::config::PromotionKind;
use crate::repository::keys::signing::Signing;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::NewRevision;
use crate::repository::model::layout::{SNAPSHOT_CHANGELOG, series_changelog};
use crate::repository::model::manifest::{FileEntry, ReleasedVersion};
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::promote::gate::{Gate, GateAnswer};
use crate::repository::promote::known_packages::is_taken_over;
use crate::repository::write::described::{Mending, describe_revision, load_described};
use crate::repository::write::plan::ChangePlan;
use crate::repository::write::revision::{RevisionContents, Take, carry, require_apart, revision_steps};

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
        let steps = revision_steps(store, self.contents(store)?, new, signing, signing.map(Signing::file), now)?;
        Ok(ChangePlan { title, steps })
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
        Ok(RevisionContents { release, earlier, carried, changelog: None, described, mending })
    }
}

/// The files of a snapshot that a series takes over.
fn added(snapshot: &Snapshot) -> Vec<Carried> {
    let files = snapshot.manifest.files.iter().filter(|file| is_taken_over(file));
    let carried =
        |file: &FileEntry| Carried { from: snapshot.path.clone(), entry: file.clone(), to: file.path.clone() };
    files.map(carried).collect()
}
