//! Which folder `dist` may replace: one that it made, and nothing else.
//!
//! The results take the place of a folder whole. A folder of ours knows itself by its `SHA256SUMS`: every file in it is
//! listed there. Whatever else is in it is somebody's, and a typing error in `--out` must not cost it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::base::checksum;
use crate::base::error::{Exit, Failure};
use crate::rpm::release::made::CHECKSUMS_FILE;

/// `Err` unless `target` is missing, empty or a folder that `dist` made, and nobody is in it.
pub fn require_ours(target: &Path) -> Result<()> {
    let target = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    if !target.is_dir() {
        return Ok(()); // missing; or in the way, which is said where it is written
    }
    if std::env::current_dir().is_ok_and(|here| here.starts_with(&target)) {
        let message = format!("refusing to replace `{}`: it is the folder you are in", target.display());
        return Err(Failure::new(Exit::Usage, message).help("run this from elsewhere").into());
    }
    let sums = fs::read_to_string(target.join(CHECKSUMS_FILE)).unwrap_or_default();
    let mut ours: BTreeSet<String> = checksum::names_in_sums(&sums).collect();
    ours.insert(CHECKSUMS_FILE.to_owned());
    match find_foreign(&target, "", &ours)? {
        None => Ok(()),
        Some(foreign) => {
            let message = format!("refusing to replace `{}`: `{foreign}` in it is not of our making", target.display());
            let help = "choose a new or empty folder with `--out DIR`, or move the file away";
            Err(Failure::new(Exit::Usage, message).help(help).into())
        }
    }
}

/// The first file below `folder` that is none of `ours`, by its path relative to `top`.
fn find_foreign(top: &Path, folder: &str, ours: &BTreeSet<String>) -> Result<Option<String>> {
    let path = top.join(folder);
    let failed = || format!("cannot list `{}`", path.display());
    for entry in fs::read_dir(&path).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let name = format!("{folder}{}", entry.file_name().to_string_lossy());
        let foreign = if entry.file_type().with_context(failed)?.is_dir() {
            find_foreign(top, &format!("{name}/"), ours)?
        } else {
            (!ours.contains(&name)).then_some(name)
        };
        if foreign.is_some() {
            return Ok(foreign);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_our_making_are_replaced() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("dist");
        assert!(require_ours(&target).is_ok(), "missing");
        fs::create_dir_all(target.join("sources/old")).unwrap();
        assert!(require_ours(&target).is_ok(), "empty");
        fs::write(target.join("sources/a.zip"), "").unwrap();
        assert!(require_ours(&target).is_err(), "not listed");
        fs::write(target.join(CHECKSUMS_FILE), "00  sources/a.zip\n").unwrap();
        assert!(require_ours(&target).is_ok(), "listed");
        fs::write(target.join("sources/precious"), "").unwrap();
        let refused = require_ours(&target).unwrap_err().to_string();
        assert!(refused.ends_with("`sources/precious` in it is not of our making"), "{refused}");
    }
}
