//! Writes the payload of a source package: a compressed cpio archive of the spec and its files.

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
    /// The base name in the spec.
    pub name: String,
    /// Permission bits, such as 0o644.
    pub mode: u16,
    pub content: Content,
}

/// The bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Bytes(Vec<u8>),
    /// In a file, which is read while the package is written.
    File(PathBuf),
}

/// A file as the header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedFile {
    pub name: String,
    pub size: u32,
    /// The type and the permissions.
    pub mode: u16,
    pub digest: Digest,
}

/// The values of a payload for the header and the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// In the order of the payload.
    pub files: Vec<PackedFile>,
    /// The size before compression, in bytes.
    pub archive_size: u64,
    /// The size after compression, in bytes.
    pub size: u64,
    /// How hard it is compressed, from 1 to 9.
    pub level: u32,
    /// The digest before compression.
    pub archive_digest: Digest,
    /// The digest after compression.
    pub digest: Digest,
}

/// The type of a regular file in a mode.
const REGULAR: u16 = 0o100_000;

/// How a payload is written.
#[derive(Clone, Copy, Debug)]
pub struct PayloadOrder {
    /// The time of all files, in seconds since 1970.
    pub seconds: u32,
    /// The number of threads for the compression; the bytes do not depend on it.
    pub threads: usize,
    /// How hard to compress, from 1 to 9.
    pub level: u32,
}

/// Writes the payload of `files` to `output`.
///
/// Errors: a file that cannot be read or changes while it is read, one of four gigabytes or more, or a failing output.
pub fn write(files: &[&SourceFile], order: PayloadOrder, output: &mut impl Write) -> Result<Payload> {
    let mut compressed = HashingWriter::new(output);
    let mut packed = Vec::new();
    let mut archive_facts = None;
    gzip::compress_at(order.level, &mut compressed, order.threads, |blocks| {
        let mut archive = HashingWriter::new(blocks);
        for (file, inode) in files.iter().zip(1..) {
            packed.push(write_file(file, inode, order.seconds, &mut archive)?);
        }
        let trailer = CpioHeader { name: "TRAILER!!!", inode: 0, mode: 0, seconds: 0, size: 0 };
        archive.write_all(trailer.to_string().as_bytes())?;
        pad(&mut archive)?;
        let size = archive.written();
        archive_facts = Some((size, archive.finish().1));
        Ok(())
    })?;
    let (archive_size, archive_digest) = archive_facts.context("the payload was not finished")?;
    let size = compressed.written();
    let digest = compressed.finish().1;
    Ok(Payload { files: packed, archive_size, size, level: order.level, archive_digest, digest })
}

fn write_file(
    file: &SourceFile,
    inode: u32,
    seconds: u32,
    archive: &mut HashingWriter<impl Write>,
) -> Result<PackedFile> {
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
    archive.write_all(CpioHeader { name: &file.name, inode, mode, seconds, size }.to_string().as_bytes())?;
    pad(archive)?;
    let mut hashing = HashingWriter::new(&mut *archive);
    io::copy(&mut content, &mut hashing).with_context(|| format!("cannot copy `{}` into the payload", file.name))?;
    ensure!(hashing.written() == u64::from(size), "`{}` changed while it was read", file.name);
    let (_, digest) = hashing.finish();
    pad(archive)?;
    Ok(PackedFile { name: file.name.clone(), size, mode, digest })
}

/// Adds zeros up to a multiple of four bytes.
fn pad(archive: &mut HashingWriter<impl Write>) -> io::Result<()> {
    while !archive.written().is_multiple_of(4) {
        archive.write_all(&[0])?;
    }
    Ok(())
}

/// The header of a file in a cpio archive of the format `newc`: a magic number, 13 numbers of eight digits, and the name.
struct CpioHeader<'n> {
    name: &'n str,
    inode: u32,
    mode: u16,
    seconds: u32,
    size: u32,
}

impl fmt::Display for CpioHeader<'_> {
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
