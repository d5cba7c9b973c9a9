//! Where a change of keys stands: who signs, who will, who did, what clients have, and when a key ends.

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use crate::base::error::Failure;
use crate::project::config::AcceptanceTest;
use crate::repository::keys::client_keys::SeriesClients;
use crate::repository::keys::ended::find_ended;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::rules::{require_configured, warn_of_end};
use crate::repository::keys::uses::{CountDepth, KeyUses, count};
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::Store;
use crate::repository::sign::{Fingerprint, KeyName, PublicKey};

/// The keys of a repository.
#[derive(Default)]
pub struct KeysOverview {
    pub keys: Vec<KeyStand>,
    /// Why a key cannot be used on this machine, and what clients refuse because a key has ended.
    pub problems: Vec<Failure>,
}

/// A key.
pub struct KeyStand {
    pub name: KeyName,
    pub role: KeyRole,
    pub expires: Option<Timestamp>,
    /// Why it cannot sign; `None` if it can.
    pub ended: Option<&'static str>,
    /// That it ends soon or has ended, and what to do.
    pub warning: Option<String>,
    /// The series whose clients have their keys from a package. Empty for a former key.
    pub clients: Vec<KeyClients>,
    /// For a former key, what it has signed; `None` if that cannot be read.
    pub uses: Option<KeyUses>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyRole {
    /// It signs.
    Sign,
    /// It will sign.
    Next,
    /// It has signed.
    Former,
}

/// Whether the clients of a series have a key.
#[derive(Serialize)]
pub struct KeyClients {
    pub series: Series,
    /// The revision that has given the key to the last of them, or that has signed with it by force before they had it; `None` if
    /// some do not have it.
    pub revision: Option<u32>,
    /// When the revision was made.
    pub at: Option<Timestamp>,
    /// Whether that revision was promoted by force: clients that had their keys from a package before do not get it.
    pub forced: bool,
    /// The dists whose clients do not have it.
    pub lacking: Vec<Dist>,
}

/// Loads the state of the keys at `now`. `tests` are the acceptance tests of the configuration. A series or a package that is damaged is left out: its own overview reports it.
pub fn load(store: &Store, keys: &KeySet, tests: &[AcceptanceTest], now: Timestamp) -> Result<KeysOverview> {
    let mut all = Vec::new();
    for series in store.series()? {
        all.extend(SeriesClients::load(store, series, keys).ok().flatten());
    }
    all.retain(|clients| !clients.dists.is_empty());
    let stand = |key: &PublicKey, role| KeyStand {
        name: key.name(),
        role,
        expires: key.expires,
        ended: key.ended.or(key.expires.filter(|end| *end <= now).map(|_| "expired")),
        warning: if role == KeyRole::Former { None } else { warn_of_end(key, &keys.served, now) },
        clients: Vec::new(),
        uses: None,
    };
    let mut found = Vec::new();
    for (key, role) in
        keys.sign.iter().map(|key| (key, KeyRole::Sign)).chain(keys.next.iter().map(|key| (key, KeyRole::Next)))
    {
        let clients = all.iter().map(|clients| clients_of(store, clients, &key.fingerprint, keys)).collect();
        found.push(KeyStand { clients, ..stand(key, role) });
    }
    let former: Vec<&PublicKey> = keys.former().collect();
    let uses = count(store, &former, CountDepth::All).ok();
    for key in former {
        let uses = uses.as_ref().and_then(|uses| uses.get(&key.fingerprint)).copied();
        found.push(KeyStand { uses, ..stand(key, KeyRole::Former) });
    }
    let problems = require_configured(keys).err().into_iter().chain(find_ended(store, keys, tests)).collect();
    Ok(KeysOverview { keys: found, problems })
}

fn clients_of(store: &Store, clients: &SeriesClients, key: &Fingerprint, keys: &KeySet) -> KeyClients {
    let SeriesClients { series, .. } = *clients;
    let since = clients.since(key);
    let forced = since.and_then(|_| clients.got_by_force(store, key, keys));
    let revision = forced.or(since);
    let made = revision.and_then(|revision| store.log.making_of(series, revision));
    let lacking = clients.lacking(key).into_iter().cloned().collect();
    KeyClients { series, revision, forced: forced.is_some(), at: made.map(|entry| entry.event.at), lacking }
}
