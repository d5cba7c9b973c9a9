//! Reads large blobs piece by piece. libgit2 can do so for loose objects only.

use std::io::{self, BufRead, BufReader, Read};

use anyhow::{Context, Result};
use git2::ObjectType;

use crate::base::zlib;
use crate::git::pack;
use crate::git::repository::Repository;
use crate::git::tree::ObjectId;

/// How much of a compressed blob is read at a time.
const BUFFER: usize = 256 << 10;

impl Repository {
    /// The size of a blob in bytes, without reading it. Errors: [`Missing`](crate::git::Missing), damage.
    pub fn blob_size(&self, id: ObjectId) -> Result<u64> {
        self.odb()?.size(id, ObjectType::Blob)
    }

    /// Hands the content of a blob to `read` as a stream. A blob that is packed as a difference to another one is read as a whole
    /// first.
    ///
    /// Errors: [`Missing`](crate::git::Missing), damage; those of `read`.
    pub fn stream_blob<T>(&self, id: ObjectId, read: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<T> {
        let loose = self.loose()?;
        loose.check(id)?;
        if let Some(file) = loose.open(id)? {
            let mut content = BufReader::new(zlib::reader(BufReader::with_capacity(BUFFER, file)));
            let failed = || format!("cannot read the git object `{id}`");
            content.skip_until(0).with_context(failed)?; // the kind and the size
            return read(&mut content);
        }
        if let Some(packed) = pack::find_blob(loose.folders(), id)? {
            let content = zlib::reader(BufReader::with_capacity(BUFFER, packed.file));
            return read(&mut WholeReader { content: content.take(packed.size), left: packed.size });
        }
        let content = self.with_blob(id, <[u8]>::to_vec)?;
        read(&mut &content[..])
    }
}

/// A reader that fails where its content ends too early.
struct WholeReader<R> {
    content: R,
    /// The number of bytes that must follow.
    left: u64,
}

impl<R: Read> Read for WholeReader<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(room)?;
        if count == 0 && self.left > 0 && !room.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the object is cut short"));
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
