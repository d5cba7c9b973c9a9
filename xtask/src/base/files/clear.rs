//! The names of temporary files and folders, and their removal after a killed run.
//!
//! A name begins with [`MARK`], or has it after a dot and the name of the results (`.dist.releng-new`). So what a killed run left
//! is recognised by its name.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::files::folders::names_in;

/// The mark of a temporary file or folder of ours.
pub const MARK: &str = ".releng-";

/// The temporary path beside `path`: the same one in each run.
pub(super) fn temporary_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?;
    Some(path.parent()?.join(format!("{MARK}{}", name.to_string_lossy())))
}

/// Removes the temporary files and folders directly in `folder` that a killed run left, and nothing else. The caller has the
/// lock.
pub fn clear_drafts(folder: &Path) -> Result<()> {
    clear_named(folder, MARK)
}

/// Removes all files and folders directly in `folder` whose names begin with `prefix`.
pub(super) fn clear_named(folder: &Path, prefix: &str) -> Result<()> {
    for name in names_in(folder)? {
        if name.starts_with(prefix) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Removes a file, a link or a folder with all that is in it.
pub fn remove(path: &Path) -> Result<()> {
    let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("cannot remove `{}`", path.display()))
}

/// Like [`remove`]; it is no error if nothing is there.
pub fn remove_if_there(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        _ => remove(path),
    }
}
