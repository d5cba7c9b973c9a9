//! Reading an RPM file: what it is, its digests, and whether the bytes are those that its own digests promise.

use std::fs::File;
use std::io::{BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rpm::{IndexTag, PackageMetadata};

use super::nevra::Nevra;
use crate::digest::{Digest, HashingWriter};
use crate::error::{Exit, Failure};
use crate::parallel;

/// An RPM file that was read.
pub struct PackageFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it calls itself.
    pub nevra: Nevra,
    /// In bytes.
    pub size: u64,
    /// Of the whole file.
    pub digest: Digest,
    /// Of the header's bytes followed by the digest of the payload: what signing leaves alone.
    pub content: Digest,
    /// Whether it bears a signature, of whatever worth.
    pub is_signed: bool,
    /// The version of the source package it was built from; its own for a source package.
    pub source_version: String,
    /// The parsed headers, for the repodata.
    pub metadata: PackageMetadata,
}

/// What is known of a file already, so that its payload need not be read.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// In bytes; a file of another size is refused.
    pub size: u64,
    /// Of the whole file.
    pub digest: Digest,
    /// See [`PackageFile::content`].
    pub content: Digest,
}

impl PackageFile {
    /// Whether it is a source package.
    pub fn is_source(&self) -> bool {
        self.nevra.arch() == "src"
    }

    /// Reads all of the file at `path`.
    ///
    /// Errors, with the path: no RPM; cut off or damaged, by its own digests; a file name that is not its own.
    pub fn read(path: &Path) -> Result<PackageFile> {
        let mut file = open(path)?;
        let metadata = parse(path, &mut file)?;
        let offsets = metadata.get_package_segment_offsets();
        file.rewind().with_context(|| cannot_read(path))?;
        let mut whole = HashingWriter::new(std::io::sink());
        let mut content = HashingWriter::new(std::io::sink());
        let mut payload = HashingWriter::new(std::io::sink());
        let mut buffer = vec![0; 1 << 18];
        let mut at = 0u64;
        loop {
            let count = file.read(&mut buffer).with_context(|| cannot_read(path))?;
            if count == 0 {
                break;
            }
            let from = |offset: u64| usize::try_from(offset.saturating_sub(at)).map_or(count, |start| start.min(count));
            let (header_start, payload_start) = (from(offsets.header), from(offsets.payload));
            whole.write_all(&buffer[..count])?;
            content.write_all(&buffer[header_start..payload_start])?;
            payload.write_all(&buffer[payload_start..count])?;
            at += count as u64;
        }
        let payload = payload.finish().1;
        require_payload(path, &metadata, payload)?;
        content.write_all(&payload.0)?;
        PackageFile::new(path, metadata, Known { size: at, digest: whole.finish().1, content: content.finish().1 })
    }

    /// Reads the headers of the file at `path` alone.
    pub fn read_known(path: &Path, known: Known) -> Result<PackageFile> {
        let mut file = open(path)?;
        let size = file.get_ref().metadata().with_context(|| cannot_read(path))?.len();
        if size != known.size {
            return Err(damaged(path, &format!("it has {size} bytes, not {}", known.size)).into());
        }
        let metadata = parse(path, &mut file)?;
        PackageFile::new(path, metadata, known)
    }

    fn new(path: &Path, metadata: PackageMetadata, known: Known) -> Result<PackageFile> {
        let no_name = |error: rpm::Error| damaged(path, &error.to_string());
        let is_source = metadata.is_source_package();
        let (version, release) = (metadata.get_version().map_err(no_name)?, metadata.get_release().map_err(no_name)?);
        let arch = if is_source { "src" } else { metadata.get_arch().map_err(no_name)? };
        let (name, epoch) = (metadata.get_name().map_err(no_name)?, metadata.get_epoch().unwrap_or(0));
        let nevra =
            Nevra::new(name, epoch, version, release, arch).map_err(|error| damaged(path, &error.to_string()))?;
        let wanted = nevra.file_name();
        if path.file_name() != Some(wanted.as_ref()) {
            return Err(damaged(path, &format!("by its name inside it would be `{wanted}`")).into());
        }
        let source = metadata.get_source_rpm().ok().and_then(|source| source.strip_suffix(".src.rpm"));
        let source_version = source.and_then(|source| source.rsplit('-').nth(1)).filter(|_| !is_source);
        let source_version = source_version.unwrap_or(version).to_owned();
        let is_signed = metadata.raw_signatures().is_ok_and(|signatures| !signatures.is_empty());
        let Known { size, digest, content } = known;
        Ok(PackageFile { path: path.to_owned(), nevra, size, digest, content, is_signed, source_version, metadata })
    }
}

/// Reads files on all cores; the results are in the order of `paths`.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<PackageFile>> {
    let mut read = Vec::with_capacity(paths.len());
    let keep = |package| {
        read.push(package);
        Ok(())
    };
    parallel::ordered_map(paths.iter(), parallel::threads(), || Ok(()), |(), path| PackageFile::read(path), keep)?;
    Ok(read)
}

fn open(path: &Path) -> Result<BufReader<File>> {
    Ok(BufReader::with_capacity(1 << 16, File::open(path).with_context(|| cannot_read(path))?))
}

fn parse(path: &Path, file: &mut BufReader<File>) -> Result<PackageMetadata> {
    let metadata = PackageMetadata::parse(file).map_err(|error| damaged(path, &error.to_string()))?;
    metadata.verify_digests().map_err(|error| damaged(path, &error.to_string()))?;
    Ok(metadata)
}

/// Checks the payload against the digest in the header, which rpm writes since 4.14.
fn require_payload(path: &Path, metadata: &PackageMetadata, payload: Digest) -> Result<(), Failure> {
    match metadata.header.get_entry_data_as_string(IndexTag::RPMTAG_PAYLOADSHA256) {
        Ok(stated) if stated != payload.to_string() => {
            Err(damaged(path, "its payload is not the one its header names"))
        }
        _ => Ok(()),
    }
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read the package `{}`", path.display())
}

fn damaged(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("`{}` is no sound RPM: {why}", path.display()))
        .help("build it again, or copy it again")
}
