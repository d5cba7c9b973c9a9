//! Whether a rollback may copy the signatures of an earlier revision: clients accept those of the key that signs now.

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::repository::keys::ended::signers_of;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::unsigned::is_signed;
use crate::repository::model::layout::Layout;
use crate::repository::model::store::Revision;
use crate::repository::sign::PublicKey;

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
