//! The payload of a source package: a cpio archive of the spec and its files, compressed, and what was seen on the way.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::base::checksum::{Digest, HashingWriter};
use crate::base::gzip;
use crate::base::interrupt;

/// A file to put into the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The base name under which the spec knows it.
    pub name: String,
    /// Permission bits, such as 0o644.
    pub mode: u16,
    /// Where its bytes are.
    pub content: Content,
}

/// The bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// In a file, which is read while the package is written.
    File(PathBuf),
}

/// A file as the header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its name.
    pub name: String,
    /// In bytes.
    pub size: u32,
    /// Type and permissions.
    pub mode: u16,
    /// Of its bytes.
    pub digest: Digest,
}

/// What the header and the signature say of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The files, in their order.
    pub files: Vec<Packed>,
    /// Bytes before compression.
    pub archive_size: u64,
    /// Bytes after compression.
    pub size: u64,
    /// Before compression.
    pub archive_digest: Digest,
    /// After compression.
    pub digest: Digest,
}

/// A regular file.
const REGULAR: u16 = 0o100_000;

/// Writes the payload of `files`, in their order, with one time for all, to `output`, compressed on `threads` threads.
///
/// Errors: a file that cannot be read or changes while it is read, one of four gigabytes or more, or a failing output.
pub fn write(files: &[&SourceFile], seconds: u32, threads: usize, output: &mut impl Write) -> Result<Payload> {
    let mut compressed = HashingWriter::new(output);
    let mut packed = Vec::new();
    let mut archive_facts = None;
    gzip::compress(&mut compressed, threads, |blocks| {
        let mut archive = HashingWriter::new(blocks);
        for (file, inode) in files.iter().zip(1..) {
            packed.push(write_file(file, inode, seconds, &mut archive)?);
        }
        let trailer = Entry { name: "TRAILER!!!", inode: 0, mode: 0, seconds: 0, size: 0 };
        archive.write_all(trailer.to_string().as_bytes())?;
        pad(&mut archive)?;
        let size = archive.written();
        archive_facts = Some((size, archive.finish().1));
        Ok(())
    })?;
    let (archive_size, archive_digest) = archive_facts.context("the payload was not finished")?;
    let size = compressed.written();
    Ok(Payload { files: packed, archive_size, size, archive_digest, digest: compressed.finish().1 })
}

fn write_file(file: &SourceFile, inode: u32, seconds: u32, archive: &mut HashingWriter<impl Write>) -> Result<Packed> {
    interrupt::check()?;
    let (mut content, size): (Box<dyn Read + '_>, u64) = match &file.content {
        Content::Bytes(bytes) => (Box::new(bytes.as_slice()), bytes.len() as u64),
        Content::File(path) => {
            let opened = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
            let size = opened.metadata().with_context(|| format!("cannot read `{}`", path.display()))?.len();
            (Box::new(opened), size)
        }
    };
    let known = u32::try_from(size).ok().filter(|size| *size < u32::MAX);
    let size = known.with_context(|| format!("`{}` has {size} bytes: four gigabytes do not fit", file.name))?;
    let mode = REGULAR | file.mode & 0o7777;
    archive.write_all(Entry { name: &file.name, inode, mode, seconds, size }.to_string().as_bytes())?;
    pad(archive)?;
    let mut hashing = HashingWriter::new(&mut *archive);
    io::copy(&mut content, &mut hashing).with_context(|| format!("cannot copy `{}` into the payload", file.name))?;
    ensure!(hashing.written() == u64::from(size), "`{}` changed while it was read", file.name);
    let (_, digest) = hashing.finish();
    pad(archive)?;
    Ok(Packed { name: file.name.clone(), size, mode, digest })
}

/// Fills up to a multiple of four bytes.
fn pad(archive: &mut HashingWriter<impl Write>) -> io::Result<()> {
    let missing = archive.written().next_multiple_of(4) - archive.written();
    (0..missing).try_for_each(|_| archive.write_all(&[0]))
}

/// The head of a file in a cpio archive of the kind `newc`: a magic number, 13 numbers of eight digits, the name.
struct Entry<'n> {
    name: &'n str,
    inode: u32,
    mode: u16,
    seconds: u32,
    size: u32,
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, group, links, device, sum) = (0, 0, 1, 0, 0);
        let name_size = u32::try_from(self.name.len() + 1).unwrap_or(u32::MAX);
        f.write_str("070701")?;
        for number in [self.inode, self.mode.into(), user, group, links, self.seconds, self.size] {
            write!(f, "{number:08x}")?;
        }
        for number in [device, device, device, device, name_size, sum] {
            write!(f, "{number:08x}")?;
        }
        write!(f, "{}\0", self.name)
    }
}
