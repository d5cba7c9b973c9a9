//! What the tree has that a key has signed: packages, and the repodata and checksums of snapshots and revisions.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::base::digest::Digest;
use crate::base::files::TreePath;
use crate::repository::model::manifest::{FileEntry, Manifest};
use crate::repository::model::store::Store;
use crate::repository::sign::{Fingerprint, PublicKey, SIGNATURE, signer_of_signature, signers_of_packages};

/// The numbers of packages and signature files in the tree that a key has signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyUses {
    /// Packages; one that several folders have counts once.
    pub packages: usize,
    /// Signature files of repodata and checksums; one that several folders have counts once.
    pub signatures: usize,
}

impl KeyUses {
    /// Whether clients need the key.
    pub fn is_needed(&self) -> bool {
        self.packages + self.signatures > 0
    }
}

/// How far to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountDepth {
    All,
    /// Until each key is known to be needed.
    First,
}

/// Counts the uses of keys in all snapshots and revisions of the tree that the log has.
///
/// Errors: a manifest or a package is damaged.
pub fn count(store: &Store, keys: &[&PublicKey], depth: CountDepth) -> Result<BTreeMap<Fingerprint, KeyUses>> {
    let mut uses: BTreeMap<Fingerprint, KeyUses> =
        keys.iter().map(|key| (key.fingerprint.clone(), KeyUses::default())).collect();
    if keys.is_empty() {
        return Ok(uses);
    }
    let SignedFiles { packages, signatures } = SignedFiles::find(store)?;
    let is_enough = |uses: &BTreeMap<_, KeyUses>| depth == CountDepth::First && uses.values().all(KeyUses::is_needed);
    for signers in signers_of_packages(&packages) {
        for id in signers? {
            for key in keys.iter().filter(|key| key.has_id(&id)) {
                uses.entry(key.fingerprint.clone()).or_default().packages += 1;
            }
        }
        if is_enough(&uses) {
            return Ok(uses);
        }
    }
    for path in &signatures {
        let Some(id) = signer_of_signature(&path.read()?)? else { continue };
        for key in keys.iter().filter(|key| key.has_id(&id)) {
            uses.entry(key.fingerprint.clone()).or_default().signatures += 1;
        }
        if is_enough(&uses) {
            break;
        }
    }
    Ok(uses)
}

/// The files in the tree that a key can have signed, each content once.
#[derive(Default)]
struct SignedFiles {
    packages: Vec<TreePath>,
    signatures: Vec<TreePath>,
}

impl SignedFiles {
    /// Revisions come before snapshots: what is needed is found sooner there.
    fn find(store: &Store) -> Result<SignedFiles> {
        let (layout, mut folders) = (&store.layout, Vec::new());
        for series in store.series()? {
            let revisions = store.revisions(series)?.into_iter().rev();
            folders.extend(revisions.map(|number| layout.revision(series, number)));
        }
        for series in store.series()? {
            folders.extend(store.snapshots(series)?.iter().map(|name| layout.snapshot(series, name)));
        }
        let (mut files, mut seen) = (SignedFiles::default(), BTreeSet::<Digest>::new());
        for folder in folders.iter().filter(|folder| Manifest::is_in(folder)) {
            let loaded = Manifest::load(folder)?;
            // What somebody has put there says nothing about the keys that clients need.
            if !store.log.vouches_for(loaded.digest) {
                continue;
            }
            for FileEntry { path, sha256, package, .. } in loaded.manifest.files {
                let list = match &package {
                    Some(_) => &mut files.packages,
                    None if path.as_str().ends_with(SIGNATURE) => &mut files.signatures,
                    None => continue,
                };
                if seen.insert(sha256) {
                    list.push(folder.join(&path));
                }
            }
        }
        Ok(files)
    }
}
