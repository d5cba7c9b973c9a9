//! Which keys of the served file something here knows. Whoever can write to the root can add a key to that file: where it is all that is
//! left, only these keys are given to clients.

use anyhow::Result;

use crate::base::checksum::digest_in_tree;
use crate::base::files::TreePath;
use crate::repository::clients::shipped::read_shipped_keys;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::store::Store;
use crate::repository::sign::{KeyName, PublicKey, SIGNATURE, signer_of_signature, signers_of_packages, split_keys};

/// The keys of the served file.
pub struct KnownKeys {
    /// The known ones, as a text.
    pub text: Vec<u8>,
    /// The others.
    pub foreign: Vec<KeyName>,
}

/// The shortest id of a key that names no other key.
const WHOLE_ID: usize = 16;

/// Keeps the keys of the configuration, of a `-repo` package, and those that have signed something. Packages and signatures count only as
/// the log has them. A tree without a log, such as a copy, has nothing that could vouch for a key: all are kept.
///
/// Errors: gpg or rpm is not installed.
pub fn keep_known(store: &Store, keys: Vec<PublicKey>) -> Result<KnownKeys> {
    let has_log = !store.log.entries.is_empty();
    let mut known = PublicKey::read_all(split_keys(&read_shipped_keys(store)?))?;
    for name in &store.layout.own_keys {
        // A name that stands for several keys, or for none on this machine, tells nothing.
        known.extend(PublicKey::find(name).ok().flatten());
    }
    let ids: Vec<&String> = store.layout.own_keys.iter().filter(|name| name.len() >= WHOLE_ID).collect();
    let is_known = |key: &PublicKey| {
        known.iter().any(|known| known.fingerprint == key.fingerprint) || ids.iter().any(|id| key.has_id(id))
    };
    let mut signers = None;
    let (mut text, mut foreign) = (Vec::new(), Vec::new());
    for key in keys {
        let is_kept = !has_log || is_known(&key) || {
            // Only where a key is not known otherwise, all packages are read.
            let signers = match &mut signers {
                Some(signers) => signers,
                none => none.insert(find_signers(store)?),
            };
            signers.iter().any(|id: &String| key.has_id(id))
        };
        if is_kept {
            text.extend_from_slice(&key.text);
        } else {
            foreign.push(key.name());
        }
    }
    Ok(KnownKeys { text, foreign })
}

/// The ids of the keys that have signed what the log has.
fn find_signers(store: &Store) -> Result<Vec<String>> {
    let (mut packages, mut signers) = (Vec::new(), Vec::new());
    for folder in find_folders(store)? {
        let Ok(loaded) = Manifest::load(&folder) else { continue };
        let is_logged = |digest| store.log.entries.iter().any(|entry| entry.manifest == Some(digest));
        if !is_logged(loaded.digest) {
            continue;
        }
        for file in &loaded.manifest.files {
            let (path, is_package) = (folder.join(&file.path), file.package.is_some());
            if !(is_package || file.path.as_str().ends_with(SIGNATURE)) {
                continue;
            }
            if digest_in_tree(&path).ok() != Some(file.sha256) {
                continue;
            }
            if is_package {
                packages.push(path);
            } else {
                signers.extend(signer_of_signature(&path.read()?)?);
            }
        }
    }
    for ids in signers_of_packages(&packages) {
        signers.extend(ids?);
    }
    Ok(signers)
}

fn find_folders(store: &Store) -> Result<Vec<TreePath>> {
    let mut folders = Vec::new();
    for series in store.series()? {
        folders.extend(store.revisions(series)?.into_iter().map(|number| store.layout.revision(series, number)));
        folders.extend(store.snapshots(series)?.iter().map(|name| store.layout.snapshot(series, name)));
    }
    Ok(folders)
}
