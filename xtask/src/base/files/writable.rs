//! Whether this user can write into a folder, found out without writing.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::base::error::{Exit, Failure};

/// The folder itself, or the nearest one above it that is there: new folders would be made in it.
///
/// Errors: it is not a folder; this user cannot write into it, because of its mode or because its file system is read-only.
pub fn require_writable(folder: &Path) -> Result<PathBuf, Failure> {
    let there = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(Path::new("/"));
    let shown = there.display();
    if !there.is_dir() {
        return Err(Failure::new(Exit::Failed, format!("`{shown}` is not a folder")));
    }
    match accessat(CWD, there, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
        Ok(()) => Ok(there.to_owned()),
        Err(error) => Err(Failure::new(Exit::Failed, format!("cannot write into `{shown}`: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_made_in_the_one_above() {
        let scratch = tempfile::tempdir().unwrap();
        let top = scratch.path();
        std::fs::write(top.join("file"), "").unwrap();
        assert_eq!(require_writable(&top.join("a/b")).unwrap(), top);
        let refused = require_writable(&top.join("file/b")).unwrap_err();
        assert!(refused.message.ends_with("/file` is not a folder"), "{refused}");
        let refused = require_writable(Path::new("/proc/sys")).unwrap_err();
        assert!(refused.message.starts_with("cannot write into `/proc/sys`: "), "{refused}");
    }
}
