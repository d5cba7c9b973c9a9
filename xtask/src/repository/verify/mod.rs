//! Verification: everything that can be wrong with a repository, found without changing it.
//!
//! [`tree`] looks at names and links, [`folder`] at one snapshot or revision, [`history`] at the log, the ledger and the results;
//! [`address`] fetches one first. [`snapshot`] is the gate of a promotion.
//! Nothing found on one layer is found again on the next: a file that was changed is not also a damaged package.

pub mod address;
mod content;
pub mod folder;
pub mod history;
mod report;
pub mod snapshot;
pub mod tree;

use std::path::Path;

use anyhow::Result;

use crate::base::progress::Progress;
use crate::repository::clients::keys::split_keys;
use crate::repository::model::layout::Layout;
use crate::repository::sign::Keyring;
pub use report::{Finding, Id, Report};

/// Verifies the whole repository of a project.
pub fn verify_repository(layout: &Layout, progress: &dyn Progress) -> Result<Report> {
    let mut report = Report::default();
    let store = history::open(layout, &mut report)?;
    let folders = tree::verify(&store, &mut report)?;
    let keyring = load_keyring(layout)?;
    progress.begin("verifying", Some(folders.len() as u64));
    for found in &folders {
        let shown = layout.shown(&found.path);
        let checked = folder::verify(&found.path, &shown, keyring.as_ref(), found.is_current, &mut report)?;
        if let Some(checked) = checked {
            history::verify_folder(&store, found, &checked, &mut report);
        }
        progress.advance(1);
    }
    progress.end();
    history::verify(&store, &folders, &mut report)?;
    report.findings.sort();
    Ok(report)
}

/// Verifies one folder with a manifest, wherever it is; `keys` are the public keys that may have signed it.
pub fn verify_folder(folder: &Path, shown: &str, keys: Option<&[u8]>) -> Result<Report> {
    let mut report = Report::default();
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
