//! Whether a rollback may copy the signatures of an earlier revision: clients accept those of the key that signs now.

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, committed};
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::unsigned::is_signed;
use crate::repository::model::layout::Layout;
use crate::repository::model::store::Revision;
use crate::repository::repodata::signature_of_index;
use crate::repository::sign::{PublicKey, signer_of_signature};

/// What becomes of the signatures of a revision whose content returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldSignatures {
    /// They are copied.
    Copied,
    /// Repodata and checksums are made and signed anew.
    Replaced,
}

/// Decides on the signatures of `base`. `keys` are those of the configuration; `None` if none is configured.
///
/// Errors: its key has expired, and no key is configured; a program for keys is missing.
pub fn judge(layout: &Layout, base: &Revision, keys: Option<&KeySet>) -> Result<OldSignatures> {
    if !is_signed(&base.manifest) || base.manifest.dists().is_empty() {
        return Ok(OldSignatures::Copied);
    }
    let Some(keys) = keys else {
        let served = KeySet::load_served(layout)?;
        for key in signers_of(base, &served)?.into_iter().flatten() {
            if key.ended.is_some() {
                return Err(ended_without_key(base, key).into());
            }
        }
        return Ok(OldSignatures::Copied);
    };
    // A machine without the key goes by the served file, whose first key signs.
    let present = keys.sign.as_ref().or(keys.served.first());
    let all: Vec<PublicKey> = keys.all().cloned().collect();
    let is_present = |key: &Option<&PublicKey>| {
        let Some(key) = key else { return false };
        let same = all.iter().filter(|other| other.fingerprint == key.fingerprint);
        present.is_some_and(|present| present.fingerprint == key.fingerprint)
            && same.into_iter().all(|key| key.ended.is_none())
    };
    Ok(if signers_of(base, &all)?.iter().all(is_present) { OldSignatures::Copied } else { OldSignatures::Replaced })
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
fn signers_of<'k>(base: &Revision, known: &'k [PublicKey]) -> Result<Vec<Option<&'k PublicKey>>> {
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

fn ended_without_key(base: &Revision, key: &PublicKey) -> Failure {
    let (series, number, name) = (base.manifest.series, base.number, key.name());
    let word = key.ended.unwrap_or("expired");
    let message = format!(
        "the key {name}, which has signed revision {number} of stable/{series}, is {word}: clients refuse what it has signed"
    );
    Failure::new(Exit::Failed, message).help(format!(
        "{}; then run the command again, which signs the revision anew; if there is no other key yet: \"Changing the key\" in \
         docs/maintainer.md has the steps",
        committed("set `repository.sign` to the key that signs now")
    ))
}
