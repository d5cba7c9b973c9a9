//! Which keys have signed what clients read, and what clients refuse because such a key has expired since or was revoked. Another key in
//! the configuration changes nothing about that.

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, committed, program};
use crate::project::config::AcceptanceTest;
use crate::repository::keys::client_keys::SeriesClients;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::rules::{ForcedWay, RefusedStep, STEPS};
use crate::repository::model::layout::Layout;
use crate::repository::model::store::{Revision, Store};
use crate::repository::repodata::signature_of_index;
use crate::repository::sign::{PublicKey, signer_of_signature};

/// What clients of each series refuse now because its key has ended, with the next step. `tests` are the acceptance tests of the
/// configuration. A revision that cannot be read is left out.
pub fn find_ended(store: &Store, keys: &KeySet, tests: &[AcceptanceTest]) -> Vec<Failure> {
    let known: Vec<PublicKey> = keys.all().cloned().collect();
    let mut ended = Vec::new();
    for series in store.series().unwrap_or_default() {
        let Some(current) = store.current(series).ok().flatten() else { continue };
        let signers = signers_of(&current, &known).unwrap_or_default();
        let Some(key) = signers.into_iter().flatten().find(|key| key.ended.is_some()) else { continue };
        let (name, word) = (key.name(), key.ended.unwrap_or("expired"));
        let message = format!("clients refuse stable/{series}: the key {name}, which has signed it, is {word}");
        ended.push(Failure::new(Exit::Failed, message).help(help_to_ended(store, keys, &current, tests)));
    }
    ended
}

/// What to do about a revision whose key has ended. Only a key that clients have signs the same content anew.
fn help_to_ended(store: &Store, keys: &KeySet, current: &Revision, tests: &[AcceptanceTest]) -> String {
    let (series, number) = (current.manifest.series, current.number);
    let clients = SeriesClients::of_revision(&store.layout, current, keys).ok().flatten();
    let has_it = |key: &PublicKey| clients.as_ref().is_none_or(|clients| clients.lacking(&key.fingerprint).is_empty());
    let again = format!("`{} rollback {series} --to {number}`", program());
    let valid = |key: &Option<PublicKey>| key.as_ref().is_some_and(|key| key.ended.is_none());
    match (&keys.sign, &keys.next) {
        (Some(sign), _) if valid(&keys.sign) && has_it(sign) => {
            format!("sign the same content anew, with the key that signs now: {again}; or promote a newer release")
        }
        (_, Some(next)) if !valid(&keys.sign) && valid(&keys.next) && has_it(next) => {
            let change = committed("set `repository.sign` to the next key, which clients have");
            format!("{change}; then sign the same content anew: {again}")
        }
        _ => {
            let new = committed("set `repository.sign` to it");
            let first = if valid(&keys.sign) { String::new() } else { format!("make a new key, {new}; then ") };
            // The newest snapshot that the series does not have needs no build.
            let newest = store.latest(series).ok().flatten();
            let newer = newest.filter(|name| name.pipeline() > current.manifest.release.snapshot.pipeline());
            let step = newer.as_ref().map_or(RefusedStep::Undo, RefusedStep::Promote);
            format!(
                "{first}publish a newer release with a key that clients do not have, from a branch of series {series} whose configuration \
                 names this key, too: {}; clients with the `-repo` package then need a person; {STEPS}",
                ForcedWay { step, tests }.help()
            )
        }
    }
}

/// Whether a key has signed the repodata of a revision that has expired since or was revoked: clients refuse them. `false` if that
/// cannot be told.
pub fn have_ended(layout: &Layout, current: &Revision, keys: Option<&KeySet>) -> bool {
    let known: Vec<PublicKey> = match keys {
        Some(keys) => keys.all().cloned().collect(),
        None => KeySet::load_served(layout).unwrap_or_default(),
    };
    let signers = signers_of(current, &known).unwrap_or_default();
    signers.into_iter().flatten().any(|signer| {
        // Of two copies of a key, one can have a new expiry.
        known.iter().any(|key| key.fingerprint == signer.fingerprint && key.ended.is_some())
    })
}

/// The keys that have signed the repodata of each dist; `None` for one that is not known.
pub fn signers_of<'k>(base: &Revision, known: &'k [PublicKey]) -> Result<Vec<Option<&'k PublicKey>>> {
    let mut signers = Vec::new();
    for dist in base.manifest.dists() {
        let index = signature_of_index(&dist);
        let id = match base.path.join(&index).read() {
            // A damaged signature is made again.
            Ok(signature) if is_listed(base, &index, &signature) => signer_of_signature(&signature)?,
            _ => None,
        };
        signers.push(id.and_then(|id| known.iter().find(|key| key.has_id(&id))));
    }
    Ok(signers)
}

/// Whether a file has this content by the manifest.
fn is_listed(base: &Revision, path: &str, content: &[u8]) -> bool {
    base.manifest.file(path).is_some_and(|file| file.sha256 == digest_of(content))
}
