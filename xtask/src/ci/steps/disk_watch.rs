//! A watch over the room on the disk while foreign code runs.
//!
//! A limit for each file does not limit their number, and most file systems have no limit for a folder. So the steps are ended before the
//! disk is full: other programs need it, too. Foreign code can write faster than we look, so some room is held back for what we must
//! write then: the logs and the results.

use std::path::{Path, PathBuf};

use crate::base::files::{DiskReserve, FreeSpace, find_free_space, is_full};

/// The part of the room that steps must leave: a tenth.
const PART: u64 = 10;

/// The number of bytes that are held back at most.
const RESERVE: u64 = 16 << 20;

/// The room that steps must leave on the file system of a folder, and what is held back of it.
pub struct DiskWatch {
    folder: PathBuf,
    bytes: u64,
    files: u64,
    reserve: Option<DiskReserve>,
}

impl DiskWatch {
    /// Begins with the room that there is now; `None` if nobody can tell. The room is held back in the folder of the logs.
    pub fn begin(folder: &Path, logs: &Path) -> Option<DiskWatch> {
        let FreeSpace { bytes, files, .. } = find_free_space(folder)?;
        let (bytes, files) = (bytes / PART, files / PART);
        let reserve = Some(DiskReserve::take(logs, bytes.min(RESERVE)));
        Some(DiskWatch { folder: folder.to_owned(), bytes, files, reserve })
    }

    /// Whether there is less room now.
    pub fn is_short(&self) -> bool {
        find_free_space(&self.folder).is_some_and(|now| now.bytes < self.bytes || now.files < self.files)
    }

    /// Whether the error is that of a full disk, and there is room held back that can be given free.
    pub fn can_help(&self, error: &anyhow::Error) -> bool {
        self.reserve.is_some() && error.chain().any(is_full)
    }

    /// Gives the room free that was held back.
    pub fn release(&mut self) {
        self.reserve = None;
    }
}
