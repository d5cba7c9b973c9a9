//! Which keys have signed what clients read, and what clients refuse because such a key has expired since or was revoked. Another key in
//! the configuration changes nothing about that.

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, program};
use crate::repository::keys::key_set::KeySet;
use crate::repository::model::layout::Layout;
use crate::repository::model::store::{Revision, Store};
use crate::repository::repodata::signature_of_index;
use crate::repository::sign::{PublicKey, signer_of_signature};

/// What clients of each series refuse now because its key has ended, with the next step. The key that signs by the configuration is left
/// out: nothing can be done before there is another one. So is a revision that cannot be read.
pub fn find_ended(store: &Store, keys: &KeySet) -> Vec<Failure> {
    let known: Vec<PublicKey> = keys.all().cloned().collect();
    let signs = |key: &PublicKey| keys.sign.as_ref().is_some_and(|sign| sign.fingerprint == key.fingerprint);
    let mut ended = Vec::new();
    for series in store.series().unwrap_or_default() {
        let Some(current) = store.current(series).ok().flatten() else { continue };
        let signers = signers_of(&current, &known).unwrap_or_default();
        let of_ended = signers.into_iter().flatten().find(|key| key.ended.is_some() && !signs(key));
        ended.extend(of_ended.map(|key| refused(&current, key)));
    }
    ended
}

fn refused(current: &Revision, key: &PublicKey) -> Failure {
    let (program, series, number) = (program(), current.manifest.series, current.number);
    let (name, word) = (key.name(), key.ended.unwrap_or("expired"));
    let message = format!("clients refuse stable/{series}: the key {name}, which has signed it, is {word}");
    Failure::new(Exit::Failed, message).help(format!(
        "sign the same content anew, with the key that signs now: `{program} rollback {series} --to {number}`; or promote a newer release"
    ))
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
