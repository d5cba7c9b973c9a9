//! Reading an RPM file: what it is, its digests, and whether the bytes are those that its own digests promise.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rpm::{IndexTag, PackageMetadata};

use crate::base::digest::{Digest, HashingWriter};
use crate::base::error::{Exit, Failure};
use crate::base::parallel;
use crate::rpm::header::Head;
use crate::rpm::nevra::Nevra;

/// How much of a payload is in memory at a time.
const BUFFER: usize = 1 << 18;

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

    /// Where it belongs, below the folder of its dist: source packages and those with debugging information stand apart
    /// from what clients install.
    pub fn place(&self) -> &str {
        match self.nevra.arch() {
            "src" => "SRPMS",
            _ if self.nevra.is_debug() => "debug",
            arch => arch,
        }
    }

    /// What `BuildArch` of a source package says.
    pub fn build_architectures(&self) -> Vec<String> {
        let stated = self.metadata.header.get_entry_data_as_string_array(IndexTag::RPMTAG_BUILDARCHS);
        stated.map(|names| names.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    /// When it was built, in seconds since 1970; 0 where it does not say.
    pub fn build_time(&self) -> u64 {
        self.metadata.get_build_time().unwrap_or_default()
    }

    /// Reads all of the file at `path`.
    ///
    /// Errors, with the path: no RPM; cut off or damaged, by its own digests; a file name that is not its own.
    pub fn read(path: &Path) -> Result<PackageFile> {
        PackageFile::read_whole(path, None)
    }

    /// Reads all of the file at `path`, whose digest is to be `listed`, which somebody who is trusted wrote down.
    ///
    /// Errors: those of [`PackageFile::read`], and another digest. It takes half of the time: the payload is hashed with
    /// the file and not once more by itself.
    pub fn read_listed(path: &Path, listed: Digest) -> Result<PackageFile> {
        PackageFile::read_whole(path, Some(listed))
    }

    fn read_whole(path: &Path, listed: Option<Digest>) -> Result<PackageFile> {
        let (mut file, size) = open(path)?;
        let (head, metadata) = parse(path, &mut file)?;
        let mut whole = HashingWriter::new(std::io::sink());
        let mut content = HashingWriter::new(std::io::sink());
        let mut payload = HashingWriter::new(std::io::sink());
        whole.write_all(&head.bytes)?;
        content.write_all(&head.bytes[head.header..])?;
        // In the header since rpm 4.14. Without it, `content` needs the payload's own digest.
        let stated = metadata.header.get_entry_data_as_string(IndexTag::RPMTAG_PAYLOADSHA256);
        let stated: Option<Digest> = stated.ok().and_then(|stated| stated.parse().ok());
        let by_itself = listed.is_none() || stated.is_none();
        let mut buffer = vec![0; usize::try_from(size).map_or(BUFFER, |size| size.clamp(1, BUFFER))];
        loop {
            let count = file.read(&mut buffer).with_context(|| cannot_read(path))?;
            if count == 0 {
                break;
            }
            whole.write_all(&buffer[..count])?;
            if by_itself {
                payload.write_all(&buffer[..count])?;
            }
        }
        let size = whole.written();
        let digest = whole.finish().1;
        if let Some(listed) = listed.filter(|listed| *listed != digest) {
            return Err(damaged(path, &format!("its digest is {digest}, not {listed}")).into());
        }
        let payload = payload.finish().1;
        let payload = match stated {
            Some(stated) if by_itself && stated != payload => {
                return Err(damaged(path, "its payload is not the one its header names").into());
            }
            Some(stated) => stated,
            None => payload,
        };
        content.write_all(&payload.0)?;
        PackageFile::new(path, metadata, Known { size, digest, content: content.finish().1 })
    }

    /// Reads the headers of the file at `path` alone.
    pub fn read_known(path: &Path, known: Known) -> Result<PackageFile> {
        let (file, size) = open(path)?;
        if size != known.size {
            return Err(damaged(path, &format!("it has {size} bytes, not {}", known.size)).into());
        }
        let (_, metadata) = parse(path, BufReader::with_capacity(1 << 14, file))?;
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
    map_all(paths, PackageFile::read)
}

/// What `work` makes of each of `paths`, on all cores, in their order.
pub fn map_all<T: Send>(paths: &[PathBuf], work: impl Fn(&Path) -> Result<T> + Sync) -> Result<Vec<T>> {
    // One small package takes less time than a thread needs to wake up.
    let together = (paths.len() / 64).clamp(1, 32);
    let mut made = Vec::with_capacity(paths.len());
    let keep = |some: Vec<T>| {
        made.extend(some);
        Ok(())
    };
    let work = |paths: &[PathBuf]| paths.iter().map(|path| work(path)).collect::<Result<Vec<T>>>();
    parallel::map_in_order(paths.chunks(together), parallel::threads(), work, keep)?;
    Ok(made)
}

/// The file and its size in bytes.
fn open(path: &Path) -> Result<(File, u64)> {
    let file = File::open(path).with_context(|| cannot_read(path))?;
    let size = file.metadata().with_context(|| cannot_read(path))?.len();
    Ok((file, size))
}

fn parse(path: &Path, file: impl Read) -> Result<(Head, PackageMetadata)> {
    let head = Head::read(file).map_err(|error| match error.kind() {
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => damaged(path, &error.to_string()).into(),
        _ => anyhow::Error::new(error).context(cannot_read(path)),
    })?;
    let metadata = PackageMetadata::parse(&mut head.bytes.as_slice());
    let metadata = metadata.map_err(|error| damaged(path, &error.to_string()))?;
    metadata.verify_digests().map_err(|error| damaged(path, &error.to_string()))?;
    // What was verified is the header as the crate writes it again; it must be the one that is there.
    let again = metadata.header_bytes().map_err(|error| damaged(path, &error.to_string()))?;
    if again != head.bytes[head.header..] {
        return Err(damaged(path, "its header has bytes that no entry explains").into());
    }
    Ok((head, metadata))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read the package `{}`", path.display())
}

fn damaged(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("`{}` is no sound RPM: {why}", path.display()))
        .help("build it again, or copy it again")
}
