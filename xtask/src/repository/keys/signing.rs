//! What a command that signs needs: the key, and the keys that clients get.

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::Failure;
use crate::project::config::AcceptanceTest;
use crate::repository::keys::client_keys::SeriesClients;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::rules::{
    ForcedKey, ForcedWay, KeyFacts, KeyJudgement, RefusedStep, judge, warn_of_end, warn_of_loss,
};
use crate::repository::keys::unsigned::find_unsigned;
use crate::repository::keys::uses::{CountDepth, count};
use crate::repository::model::layout::Layout;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::sign::{Fingerprint, Key, PublicKey, signers_of_packages};

/// The key that signs, and the keys that are served.
pub struct Signing {
    /// The key that signs.
    pub key: Key,
    keys: KeySet,
    /// The served keys that the next file does not have any more.
    gone: Vec<Fingerprint>,
}

/// A change that is signed for the clients of a series.
pub struct SignedChange<'a> {
    pub series: Series,
    /// The dists whose clients get it.
    pub dists: &'a [Dist],
    /// The reason to sign with a key that clients do not have.
    pub force: Option<&'a Reason>,
    pub way: ForcedWay<'a>,
}

impl Signing {
    /// Signs with `key`, which is the one of `keys` that signs.
    pub fn new(key: Key, keys: KeySet) -> Signing {
        Signing { key, keys, gone: Vec::new() }
    }

    /// Drops the former keys that have signed nothing which is in the tree now. For a promotion, which gives clients the rest.
    /// Where a folder or package cannot be read, all keys stay.
    pub fn drop_unused(&mut self, store: &Store) {
        let former: Vec<&PublicKey> = self.keys.former().collect();
        let uses = count(store, &former, CountDepth::First).unwrap_or_default();
        self.gone = uses.into_iter().filter(|(_, uses)| !uses.is_needed()).map(|(key, _)| key).collect();
    }

    /// The text of the keys that clients get.
    pub fn file(&self) -> Vec<u8> {
        self.keys.file(&self.gone)
    }

    /// The warnings about the end of the key that signs and of the next one.
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let configured = self.keys.sign.iter().chain(&self.keys.next);
        configured.filter_map(|key| warn_of_end(key, &self.keys.served, now)).collect()
    }

    /// Errors: the key may not sign for the clients of a series. The reason that was given, if it was needed.
    pub fn require(&self, store: &Store, change: &SignedChange<'_>) -> Result<Option<ForcedKey>, Failure> {
        let SignedChange { series, dists, force, way } = *change;
        // A revision that is damaged must not prevent the rollback that replaces it. A promotion judges again.
        let clients = SeriesClients::load(store, series, &self.keys).ok().flatten();
        let facts = KeyFacts { keys: &self.keys, clients: clients.as_ref(), signers: &[], dists, force, way };
        let KeyJudgement { answer, forced } = judge(&facts);
        answer.map(|_| forced)
    }
}

/// The warnings about the keys of the configuration that a rollback to revision `to` takes from clients. What cannot be read has no
/// warning: it must not prevent the rollback.
pub fn warn_of_lost_keys(store: &Store, keys: &KeySet, series: Series, to: u32) -> Vec<String> {
    let Ok(Some(clients)) = SeriesClients::load(store, series, keys) else { return Vec::new() };
    let base = store.revision(series, to).and_then(|base| SeriesClients::of_revision(&store.layout, &base, keys));
    let Ok(Some(base)) = base else { return Vec::new() };
    let lost = |key: &&PublicKey| clients.have(&key.fingerprint) && !base.have(&key.fingerprint);
    keys.sign.iter().chain(&keys.next).filter(lost).map(|key| warn_of_loss(key, to)).collect()
}

/// What the signatures of a snapshot are judged by.
pub struct SignatureFacts<'a> {
    pub snapshot: &'a Snapshot,
    /// The current revision of its series.
    pub current: Option<&'a Revision>,
    /// The acceptance tests in the configuration of its commit.
    pub tests: &'a [AcceptanceTest],
    /// The reason to publish what clients refuse.
    pub force: Option<&'a Reason>,
}

/// Judges whether a snapshot may be promoted by its signatures and the key that signs.
pub fn judge_snapshot(layout: &Layout, keys: Option<&KeySet>, facts: &SignatureFacts<'_>) -> Result<KeyJudgement> {
    let SignatureFacts { snapshot, current, tests, force } = *facts;
    let way = ForcedWay { step: RefusedStep::Promote(&snapshot.name), tests };
    let judged = match keys {
        Some(keys) => judge_signatures(layout, keys, facts, way)?,
        None => KeyJudgement::unsigned(),
    };
    let unsigned = find_unsigned(&snapshot.manifest, current.map(|current| &current.manifest), keys, &way);
    Ok(match (unsigned, force) {
        _ if judged.answer.is_err() => judged,
        (None, _) => judged,
        (Some(unsigned), Some(reason)) => {
            let mut effects = judged.forced.map_or(Vec::new(), |forced| forced.effects);
            effects.push(unsigned.effect);
            KeyJudgement::forced(reason, effects)
        }
        (Some(unsigned), None) => KeyJudgement::refused(unsigned.failure),
    })
}

fn judge_signatures(
    layout: &Layout,
    keys: &KeySet,
    facts: &SignatureFacts<'_>,
    way: ForcedWay<'_>,
) -> Result<KeyJudgement> {
    let SignatureFacts { snapshot, current, force, .. } = *facts;
    let clients = current.map_or(Ok(None), |current| SeriesClients::of_revision(layout, current, keys))?;
    let mut dists = snapshot.manifest.dists();
    dists.extend(clients.iter().flat_map(|clients| clients.dists.keys().cloned()));
    let signers = find_signers(keys, snapshot)?;
    Ok(judge(&KeyFacts { keys, clients: clients.as_ref(), signers: &signers, dists: &dists, force, way }))
}

/// The known keys that have signed packages of a snapshot.
fn find_signers(keys: &KeySet, snapshot: &Snapshot) -> Result<Vec<PublicKey>> {
    let packages = snapshot.manifest.packages().map(|(file, _)| snapshot.path.join(&file.path));
    // A file that is missing is a matter of the gate `whole`.
    let packages: Vec<_> = packages.filter(|path| path.look().is_ok_and(|found| found.is_file())).collect();
    let mut signers: Vec<PublicKey> = Vec::new();
    for id in signers_of_packages(&packages).flat_map(Result::unwrap_or_default) {
        let known = keys.all().find(|key| key.has_id(&id));
        if let Some(key) = known.filter(|key| !signers.contains(key)) {
            signers.push(key.clone());
        }
    }
    Ok(signers)
}
