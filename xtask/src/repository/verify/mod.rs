//! Verification: finds everything that can be wrong with a repository, and changes nothing.
//!
//! [`tree`] checks names and links, [`folder`] one snapshot or revision, and [`history`] the log, the ledger and the test
//! results. [`address`] fetches a folder from a server and then checks it. [`snapshot`] is the first gate of a promotion.
//! A fault is reported once: the content of a changed file is not checked further.

pub mod address;
mod content;
pub mod folder;
pub mod history;
pub mod keys;
mod report;
pub mod snapshot;
pub mod tree;

use std::path::Path;

use anyhow::Result;

use crate::base::progress::Progress;
use crate::repository::clients::keys::split_keys;
use crate::repository::model::layout::Layout;
use crate::repository::sign::Keyring;
pub use report::{Finding, FindingId, VerifyReport};

/// Verifies the whole repository of a project.
pub fn verify_repository(layout: &Layout, progress: &dyn Progress) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let store = history::open(layout, &mut report)?;
    let folders = tree::verify(&store, &mut report)?;
    let keyring = load_keyring(layout)?;
    progress.begin("verifying", Some(folders.len() as u64));
    for found in &folders {
        let shown = layout.shown(&found.path);
        let loaded = folder::verify(&found.path, &shown, keyring.as_ref(), found.is_current, &mut report)?;
        if let Some(loaded) = loaded {
            history::verify_folder(&store, found, &loaded, &mut report);
        }
        progress.advance(1);
    }
    progress.end();
    history::verify(&store, &folders, &mut report)?;
    report.findings.sort();
    Ok(report)
}

/// Verifies one snapshot or revision in any place. Signatures are checked with the public keys in `keys`.
pub fn verify_folder(folder: &Path, shown: &str, keys: Option<&[u8]>) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let keyring = keys.map(keyring_of).transpose()?;
    folder::verify(folder, shown, keyring.as_ref(), false, &mut report)?;
    report.findings.sort();
    Ok(report)
}

fn load_keyring(layout: &Layout) -> Result<Option<Keyring>> {
    match std::fs::read(layout.keys()) {
        Ok(keys) => keyring_of(&keys).map(Some),
        Err(_) => Ok(None),
    }
}

fn keyring_of(keys: &[u8]) -> Result<Keyring> {
    Keyring::of(&split_keys(&String::from_utf8_lossy(keys)).collect::<Vec<_>>())
}
