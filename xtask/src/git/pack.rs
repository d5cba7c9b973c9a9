//! Finds objects in packs without libgit2, which reads a packed object as a whole.
//!
//! Only objects that are stored whole are found, not differences to other objects. Git never stores blobs above
//! `core.bigFileThreshold` (512 MiB) as differences. The forms are those of gitformat-pack(5).

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::git::commit::CommitId;

/// The first bytes of an index of version 2.
const INDEX_MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
/// The 256 numbers that say how many ids begin with each byte or a smaller one.
const FANOUT: u64 = INDEX_MAGIC.len() as u64;
const NAMES: u64 = FANOUT + 256 * 4;
/// The type of a blob that is stored whole.
const BLOB: u8 = 3;
/// An offset with this bit is the place of a longer one.
const IS_LONG: u32 = 1 << 31;

/// A blob in a pack.
pub(super) struct PackedBlob {
    /// At the beginning of the zlib stream.
    pub file: File,
    /// In bytes, uncompressed.
    pub size: u64,
}

/// Finds a blob that is stored whole in a pack below the folders of objects.
pub(super) fn find_blob(folders: &[PathBuf], id: CommitId) -> Result<Option<PackedBlob>> {
    for folder in folders {
        let entries = match std::fs::read_dir(folder.join("pack")) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot list `{}`", folder.display())),
        };
        for entry in entries {
            let path = entry.with_context(|| format!("cannot list `{}`", folder.display()))?.path();
            if path.extension().is_none_or(|extension| extension != "idx") {
                continue;
            }
            let found = find_in_index(&path, id).with_context(|| format!("cannot read `{}`", path.display()))?;
            let Some(offset) = found else { continue };
            let pack = path.with_extension("pack");
            let opened = open_at(&pack, offset).with_context(|| format!("cannot read `{}`", pack.display()))?;
            if opened.is_some() {
                return Ok(opened);
            }
        }
    }
    Ok(None)
}

/// The offset of an object in the pack of an index.
fn find_in_index(path: &Path, id: CommitId) -> io::Result<Option<u64>> {
    let file = match File::open(path) {
        Ok(file) => file,
        // Another program has packed the objects again.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut magic = [0; INDEX_MAGIC.len()];
    file.read_exact_at(&mut magic, 0)?;
    if magic != INDEX_MAGIC {
        return Ok(None);
    }
    let number = |at: u64| {
        let mut bytes = [0; 4];
        file.read_exact_at(&mut bytes, at).map(|()| u32::from_be_bytes(bytes))
    };
    let count = |first: u8| number(FANOUT + 4 * u64::from(first)).map(u64::from);
    let all = count(u8::MAX)?;
    let (mut low, mut high) = (if id.0[0] == 0 { 0 } else { count(id.0[0] - 1)? }, count(id.0[0])?);
    while low < high {
        let middle = low + (high - low) / 2;
        let mut name = [0; 20];
        file.read_exact_at(&mut name, NAMES + 20 * middle)?;
        match name.cmp(&id.0) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => {
                let offsets = NAMES + 24 * all; // behind the names and their checksums
                let offset = number(offsets + 4 * middle)?;
                if offset & IS_LONG == 0 {
                    return Ok(Some(offset.into()));
                }
                let mut long = [0; 8];
                file.read_exact_at(&mut long, offsets + 4 * all + 8 * u64::from(offset & !IS_LONG))?;
                return Ok(Some(u64::from_be_bytes(long)));
            }
        }
    }
    Ok(None)
}

/// Opens a pack at the object at `offset`; `None` if it is not a blob that is stored whole.
fn open_at(path: &Path, offset: u64) -> io::Result<Option<PackedBlob>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let (mut at, mut byte) = (offset, [0]);
    file.read_exact_at(&mut byte, at)?;
    let kind = byte[0] >> 4 & 7;
    let (mut size, mut shift) = (u64::from(byte[0] & 15), 4);
    while byte[0] & 0x80 != 0 {
        at += 1;
        file.read_exact_at(&mut byte, at)?;
        size |= u64::from(byte[0] & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
    }
    if kind != BLOB {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at + 1))?;
    Ok(Some(PackedBlob { file, size }))
}
