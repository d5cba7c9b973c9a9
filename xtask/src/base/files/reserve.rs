//! Room on a disk that is kept for what must still be written when others have filled it.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

/// The number of empty files: a file system can run out of files as well as of bytes.
const FILES: usize = 16;

/// Bytes and files that nobody else can use until this is dropped, which makes them free. They have no names, so nothing of them stays
/// where this process is killed.
pub struct DiskReserve {
    _files: Vec<File>,
}

impl DiskReserve {
    /// Takes up to so many bytes on the file system of a folder. A file system that cannot hold bytes back gives none.
    pub fn take(folder: &Path, bytes: u64) -> DiskReserve {
        let files: Vec<File> = (0..FILES).map_while(|_| tempfile::tempfile_in(folder).ok()).collect();
        if let Some(first) = files.first() {
            let _ = fallocate(first, FallocateFlags::empty(), 0, bytes);
        }
        DiskReserve { _files: files }
    }
}
