//! A watch over the room on the disk while foreign code runs.
//!
//! A limit for each file does not limit their number, and most file systems have no limit for a folder. So the steps are ended before the
//! disk is full: other programs need it, too.

use std::path::{Path, PathBuf};

use crate::base::files::{FreeSpace, find_free_space};

/// The part of the room that steps must leave: a tenth.
const RESERVE: u64 = 10;

/// The room that steps must leave on the file system of a folder.
pub struct DiskWatch {
    folder: PathBuf,
    bytes: u64,
    files: u64,
}

impl DiskWatch {
    /// Begins with the room that there is now; `None` if nobody can tell.
    pub fn begin(folder: &Path) -> Option<DiskWatch> {
        let FreeSpace { bytes, files, .. } = find_free_space(folder)?;
        Some(DiskWatch { folder: folder.to_owned(), bytes: bytes / RESERVE, files: files / RESERVE })
    }

    /// Whether there is less room now.
    pub fn is_short(&self) -> bool {
        find_free_space(&self.folder).is_some_and(|now| now.bytes < self.bytes || now.files < self.files)
    }
}
