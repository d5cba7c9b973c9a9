//! The room on a file system.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::fs::{stat, statvfs};

/// The room on the file system of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    /// The path, or the folder above it that is there.
    pub path: PathBuf,
    /// The number of the file system.
    pub device: u64,
    /// What a user who is not root may still write.
    pub bytes: u64,
    /// The number of files that can still be made; 0 where there is no limit.
    pub files: u64,
}

/// The room on the file system of a path that may not be there; `None` if nobody can tell.
pub fn find_free_space(path: &Path) -> Option<FreeSpace> {
    let there = path.ancestors().find(|folder| folder.exists())?;
    let (found, about) = (statvfs(there).ok()?, stat(there).ok()?);
    let bytes = found.f_bavail.saturating_mul(found.f_frsize);
    Some(FreeSpace { path: there.to_owned(), device: about.st_dev, bytes, files: found.f_favail })
}

/// Whether this error says that a file system is full, or that somebody may not write more to it.
pub fn is_full(cause: &(dyn std::error::Error + 'static)) -> bool {
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}
