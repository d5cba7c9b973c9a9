//! What a command that signs needs: the key, and the keys that clients get.

use anyhow::Result;
use jiff::Timestamp;

use crate::project::config::RepositoryKeys;
use crate::repository::keys::client_keys::SeriesClients;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::rules::{KeyFacts, KeyJudgement, judge, warn_of_end};
use crate::repository::keys::uses::{CountDepth, count};
use crate::repository::model::layout::Layout;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::sign::{AT_ONCE, Fingerprint, Key, PublicKey, signers_of_packages};

/// The key that signs, and the keys that are served.
pub struct Signing {
    /// The key that signs.
    pub key: Key,
    keys: KeySet,
    /// The served keys that the next file does not have any more.
    gone: Vec<Fingerprint>,
}

impl Signing {
    /// The key of the configuration, which must be able to sign at `now`; `None` if nothing is signed.
    ///
    /// Errors: see [`Key::load`] and [`KeySet::load`].
    pub fn load(settings: &RepositoryKeys, layout: &Layout, now: Timestamp) -> Result<Option<Signing>> {
        let Some(name) = &settings.sign else { return Ok(None) };
        let key = Key::load(name)?;
        key.require_valid(now)?;
        let keys = KeySet::load(settings, layout)?;
        Ok(keys.map(|keys| Signing { key, keys, gone: Vec::new() }))
    }

    /// Drops the former keys that have signed nothing which is in the tree now. For a promotion, which gives clients the rest.
    pub fn drop_unused(&mut self, store: &Store) -> Result<()> {
        let former: Vec<&PublicKey> = self.keys.former().collect();
        let uses = count(store, &former, CountDepth::First)?;
        self.gone = uses.into_iter().filter(|(_, uses)| !uses.is_needed()).map(|(key, _)| key).collect();
        Ok(())
    }

    /// The text of the keys that clients get.
    pub fn file(&self) -> Vec<u8> {
        self.keys.file(&self.gone)
    }

    /// The warnings about the end of the key.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        self.keys.sign.as_ref().and_then(|key| warn_of_end(key, now))
    }

    /// Judges whether the key may sign for the clients of a series.
    pub fn judge(&self, store: &Store, series: Series, dists: &[Dist], force: Option<&Reason>) -> Result<KeyJudgement> {
        let clients = SeriesClients::load(store, series, &self.keys)?;
        Ok(judge(&KeyFacts { keys: &self.keys, clients: clients.as_ref(), signers: &[], dists, force }))
    }

    /// Errors: the key may not sign for the clients of a series. The reason that was given, if it was needed.
    pub fn require(
        &self,
        store: &Store,
        series: Series,
        dists: &[Dist],
        force: Option<&Reason>,
    ) -> Result<Option<Reason>> {
        let KeyJudgement { answer, forced } = self.judge(store, series, dists, force)?;
        match answer {
            Ok(_) => Ok(forced),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// Judges whether a snapshot may be promoted by its signatures and the key that signs.
pub fn judge_snapshot(
    store: &Store,
    keys: Option<&KeySet>,
    snapshot: &Snapshot,
    force: Option<&Reason>,
) -> Result<KeyJudgement> {
    let Some(keys) = keys else { return Ok(KeyJudgement::unsigned()) };
    let Manifest { series, .. } = snapshot.manifest;
    let clients = SeriesClients::load(store, series, keys)?;
    let mut dists = snapshot.manifest.dists();
    dists.extend(clients.iter().flat_map(|clients| clients.dists.keys().cloned()));
    let signers = find_signers(keys, snapshot)?;
    Ok(judge(&KeyFacts { keys, clients: clients.as_ref(), signers: &signers, dists: &dists, force }))
}

/// The known keys that have signed packages of a snapshot.
fn find_signers(keys: &KeySet, snapshot: &Snapshot) -> Result<Vec<PublicKey>> {
    let packages = snapshot.manifest.packages().map(|(file, _)| snapshot.path.join(&file.path));
    // A file that is missing is a matter of the gate `whole`.
    let packages: Vec<_> = packages.filter(|path| path.look().is_ok_and(|found| found.is_file())).collect();
    let mut signers: Vec<PublicKey> = Vec::new();
    for chunk in packages.chunks(AT_ONCE) {
        for id in signers_of_packages(chunk).unwrap_or_default() {
            let known = keys.all().find(|key| key.has_id(&id));
            if let Some(key) = known.filter(|key| !signers.contains(key)) {
                signers.push(key.clone());
            }
        }
    }
    Ok(signers)
}
