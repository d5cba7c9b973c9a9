//! Checks that `dist` may replace a folder: only a folder that it made itself.
//!
//! `dist` replaces the whole folder of the results. The `SHA256SUMS` of such a folder lists every file in it. A file
//! that is not listed was put there by somebody else, and must not be lost through a mistyped `--out`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::checksum::{self, CHECKSUMS_FILE};
use crate::base::error::{Exit, Failure};

/// `Err` unless `target` is missing, empty or a folder that `dist` made. `Err` also where it is the current folder.
pub fn require_replaceable(target: &Path) -> Result<()> {
    let target = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    if !target.is_dir() {
        return Ok(()); // where a file is in the way, the write reports it
    }
    if std::env::current_dir().is_ok_and(|current| current.starts_with(&target)) {
        let message = format!("refusing to replace `{}`: it is the current folder", target.display());
        return Err(Failure::new(Exit::Usage, message).help("run this from elsewhere").into());
    }
    let sums = fs::read_to_string(target.join(CHECKSUMS_FILE)).unwrap_or_default();
    let mut listed: BTreeSet<String> = checksum::names_in_sums(&sums).collect();
    listed.insert(CHECKSUMS_FILE.to_owned());
    let Some(other) = find_unlisted(&target, "", &listed)? else { return Ok(()) };
    let message = format!("refusing to replace `{}`: `{other}` in it was not made by `dist`", target.display());
    let help = if sums.is_empty() {
        format!("choose a new folder: `--out {}`", free_folder_in(&target).display())
    } else {
        format!("move it away: `{}`", target.join(&other).display())
    };
    Err(Failure::new(Exit::Usage, message).help(help).into())
}

/// A folder in `target` that does not exist.
fn free_folder_in(target: &Path) -> PathBuf {
    let numbered = (2..).map(|number| target.join(format!("dist-{number}")));
    let mut places = std::iter::once(target.join("dist")).chain(numbered);
    places.find(|place| place.symlink_metadata().is_err()).unwrap_or_else(|| target.join("dist"))
}

/// The first file below `folder` that is not in `listed`, by its path relative to `top`.
fn find_unlisted(top: &Path, folder: &str, listed: &BTreeSet<String>) -> Result<Option<String>> {
    let path = top.join(folder);
    let failed = || format!("cannot list `{}`", path.display());
    for entry in fs::read_dir(&path).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let name = format!("{folder}{}", entry.file_name().to_string_lossy());
        let unlisted = if entry.file_type().with_context(failed)?.is_dir() {
            find_unlisted(top, &format!("{name}/"), listed)?
        } else {
            (!listed.contains(&name)).then_some(name)
        };
        if unlisted.is_some() {
            return Ok(unlisted);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_that_dist_made_are_replaced() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("dist");
        assert!(require_replaceable(&target).is_ok(), "missing");
        fs::create_dir_all(target.join("sources/old")).unwrap();
        assert!(require_replaceable(&target).is_ok(), "empty");
        fs::write(target.join("sources/a.zip"), "").unwrap();
        assert!(require_replaceable(&target).is_err(), "not listed");
        fs::write(target.join(CHECKSUMS_FILE), "00  sources/a.zip\n").unwrap();
        assert!(require_replaceable(&target).is_ok(), "listed");
        fs::write(target.join("sources/precious"), "").unwrap();
        let refused = require_replaceable(&target).unwrap_err().to_string();
        assert!(refused.ends_with("`sources/precious` in it was not made by `dist`"), "{refused}");
    }
}
