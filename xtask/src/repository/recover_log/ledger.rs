//! The ledger, put together again from the manifests and from the one that is there.

use std::fmt;

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::repository::model::event::{Action, EventLog, LogEntry};
use crate::repository::model::layout::Layout;
use crate::repository::model::ledger::{Ledger, LedgerFaults};
use crate::repository::model::manifest::LoadedManifest;

/// The new ledger.
pub struct GatheredLedger {
    pub content: Vec<u8>,
    pub repair: LedgerRepair,
}

/// What the new ledger has otherwise than the one that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerRepair(LedgerFaults);

impl fmt::Display for LedgerRepair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LedgerFaults { changed, unknown } = &self.0;
        for package in changed {
            write!(f, "\n    corrected: {package}, by the manifest of its revision")?;
        }
        for package in unknown {
            write!(f, "\n    dropped: {package}, of which no manifest tells; the ledger was changed")?;
        }
        Ok(())
    }
}

/// The packages of all revisions and of all snapshots that were promoted, and those of the ledger that is there. Of one that the program never wrote by the log, only the entries
/// count that a manifest confirms: the manifests are those that the log has.
pub fn gather(layout: &Layout, folders: &[&LoadedManifest], log: &EventLog) -> Result<GatheredLedger> {
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
    let mut repair = LedgerRepair::default();
    let text = layout.ledger().read().unwrap_or_default();
    if let Ok(there) = Ledger::parse(&text) {
        let (own, has_digests) = (digest_of(&text), log.ledger().is_some());
        // An older copy is a ledger that the program wrote, too.
        let is_genuine = !has_digests || log.events().any(|event| event.ledger == Some(own));
        if is_genuine {
            known.add_all(there);
        } else {
            repair = LedgerRepair(there.faults_by(&known));
        }
    }
    Ok(GatheredLedger { content: known.render()?, repair })
}
