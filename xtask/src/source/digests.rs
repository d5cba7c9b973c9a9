//! The digests of the files of an archive, made while the archive is written.

use std::io::{self, Write};

use crate::base::digest::{Digest, HashingWriter, digest_of};
use crate::base::package_digest::PackageHash;
use crate::source::members::{Member, Shape};

/// A file of an archive with its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDigest {
    /// The path below the top folder of the archive.
    pub path: Vec<u8>,
    /// In bytes.
    pub size: u64,
    /// In hexadecimal digits. SPDX 2.3 requires it beside SHA-256.
    pub sha1: String,
    pub sha256: Digest,
}

impl MemberDigest {
    /// The digests of a member; `None` for a folder and for a link, which have no content.
    pub fn of(member: &Member<'_>) -> Option<MemberDigest> {
        let Member { path, shape, content, .. } = member;
        if matches!(shape, Shape::Folder | Shape::Link) {
            return None;
        }
        let mut sha1 = PackageHash::sha1();
        sha1.add(content);
        let (sha1, sha256) = (sha1.finish_text(), digest_of(content));
        Some(MemberDigest { path: below_top(path), size: content.len() as u64, sha1, sha256 })
    }
}

/// The path of a member without the top folder.
fn below_top(path: &[u8]) -> Vec<u8> {
    let slash = path.iter().position(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    path[slash..].to_vec()
}

/// Passes on the content of a large file, and hashes it on the way.
pub struct MemberHasher<W> {
    out: HashingWriter<W>,
    sha1: PackageHash,
}

impl<W: Write> MemberHasher<W> {
    /// Nothing has been written through it yet.
    pub fn new(out: W) -> MemberHasher<W> {
        MemberHasher { out: HashingWriter::new(out), sha1: PackageHash::sha1() }
    }

    /// The digests of what was written, as those of the member `path` of `size` bytes.
    pub fn finish(self, path: &[u8], size: u64) -> MemberDigest {
        let (sha1, sha256) = (self.sha1.finish_text(), self.out.finish().1);
        MemberDigest { path: below_top(path), size, sha1, sha256 }
    }
}

impl<W: Write> Write for MemberHasher<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.sha1.add(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
