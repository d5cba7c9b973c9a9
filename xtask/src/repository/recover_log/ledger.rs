//! The ledger, put together again from the manifests and from the one that is there.
//!
//! A package that was public once stays in the ledger, whatever is lost: under its name, clients must never find another content.

use std::fmt;

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::repository::model::event::{Action, EventLog, LogEntry};
use crate::repository::model::ledger::{Ledger, LedgerFaults};
use crate::repository::model::manifest::LoadedManifest;
use crate::repository::model::name::SnapshotName;

/// The new ledger.
pub struct GatheredLedger {
    pub ledger: Ledger,
    pub content: Vec<u8>,
    pub repair: LedgerRepair,
    /// The ledger that is there, if it has something that the new one does not have.
    pub replaced: Option<Vec<u8>>,
}

/// What the new ledger has otherwise than the one that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerRepair {
    faults: LedgerFaults,
    /// Whether the log has the digest of the ledger that is there, so that it counts more than a manifest.
    is_logged: bool,
    /// The snapshots that a lost event may have promoted.
    maybe_promoted: Vec<SnapshotName>,
}

impl fmt::Display for LedgerRepair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LedgerRepair { faults: LedgerFaults { changed, unknown }, is_logged, maybe_promoted } = self;
        for package in changed {
            match is_logged {
                false => write!(f, "\n    corrected: {package}, by the manifest of its revision")?,
                true => write!(f, "\n    kept: {package}, of which a manifest has another content: `verify` names it")?,
            }
        }
        for package in unknown {
            write!(f, "\n    kept: {package}, which no revision here has: clients may have it")?;
        }
        for snapshot in maybe_promoted {
            write!(f, "\n    added: the packages of `{snapshot}`, which a lost event may have promoted")?;
        }
        Ok(())
    }
}

/// The packages of all revisions, of all snapshots that were promoted, and of the ledger with this `text` (empty for none). Of a package with two contents,
/// that of the manifests counts, which are those that the log has; but the ledger counts more if the log has its digest. The packages of
/// snapshots that a lost event `may_have_promoted` are added, unless the ledger is newer than the known events.
pub fn gather(
    text: Vec<u8>,
    folders: &[&LoadedManifest],
    log: &EventLog,
    may_have_promoted: &[&LoadedManifest],
) -> Result<GatheredLedger> {
    let of_manifests = known_by_manifests(folders, log);
    let Ok(there) = Ledger::parse(&text) else {
        let mut known = of_manifests;
        let repair = LedgerRepair { maybe_promoted: add_promoted(&mut known, may_have_promoted), ..Default::default() };
        let replaced = Some(text).filter(|text| !text.is_empty());
        return Ok(GatheredLedger { content: known.render()?, ledger: known, repair, replaced });
    };
    let own = digest_of(&text);
    // An older copy is a ledger that the program wrote, too.
    let is_logged = log.events().any(|event| event.ledger == Some(own));
    let faults = there.faults_by(&of_manifests);
    let is_newer = !is_logged && !faults.unknown.is_empty() && there.has_all(&of_manifests);
    let mut known = if is_logged { there.clone() } else { of_manifests.clone() };
    known.add_all(if is_logged { of_manifests } else { there });
    let added = if is_newer { Vec::new() } else { add_promoted(&mut known, may_have_promoted) };
    let replaced = Some(text).filter(|_| !is_logged && !faults.changed.is_empty());
    // What was pruned is in no revision, and the log vouches for it.
    let unknown = if is_logged { Vec::new() } else { faults.unknown };
    let faults = LedgerFaults { unknown, ..faults };
    let repair = LedgerRepair { faults, is_logged, maybe_promoted: added };
    Ok(GatheredLedger { content: known.render()?, ledger: known, repair, replaced })
}

/// The packages of the revisions, and of the snapshots that were promoted by the log.
fn known_by_manifests(folders: &[&LoadedManifest], log: &EventLog) -> Ledger {
    let mut known = Ledger::default();
    let is_logged = |loaded: &LoadedManifest| {
        let has_digest = |entry: &LogEntry| entry.manifest.is_none_or(|digest| digest == loaded.digest);
        log.entries.iter().any(|entry| entry.event == loaded.manifest.event && has_digest(entry))
    };
    for loaded @ LoadedManifest { manifest, .. } in folders {
        let is_promoted = match &manifest.event.action {
            Action::Stage { snapshot, .. } => log.was_promoted(snapshot),
            action => action.revision().is_some(),
        };
        if is_promoted && is_logged(loaded) {
            known.add(manifest.series, manifest.packages().map(|(_, package)| package));
        }
    }
    known
}

/// Adds the packages of snapshots; the names of those that had something to add.
fn add_promoted(known: &mut Ledger, snapshots: &[&LoadedManifest]) -> Vec<SnapshotName> {
    let mut added = Vec::new();
    for LoadedManifest { manifest, .. } in snapshots {
        let Action::Stage { snapshot, .. } = &manifest.event.action else { continue };
        if known.missing(manifest.series, manifest).is_some() {
            added.push(snapshot.clone());
        }
        known.add(manifest.series, manifest.packages().map(|(_, package)| package));
    }
    added
}
