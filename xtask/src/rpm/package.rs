//! Reads an RPM file: its name and digests. Verifies the file against the digests in its headers.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rpm::{IndexTag, PackageMetadata};

use crate::base::digest::{Digest, HashingWriter};
use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::parallel;
use crate::rpm::header_check::RpmHead;
use crate::rpm::nevra::Nevra;

/// The size of the buffer for a payload.
const BUFFER: usize = 1 << 18;

/// An RPM file that was read.
pub struct PackageFile {
    pub path: PathBuf,
    pub nevra: Nevra,
    /// In bytes.
    pub size: u64,
    /// The digest of the whole file.
    pub digest: Digest,
    /// The digest of the header and the digest of the payload. Signing does not change it.
    pub content: Digest,
    /// Whether it has a signature, which may be invalid.
    pub is_signed: bool,
    /// The version of the source package; for a source package, its own.
    pub source_version: String,
    /// The parsed headers, for the repodata.
    pub metadata: PackageMetadata,
}

/// Size and digests of a file that are already known, so that its payload need not be read.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// In bytes; a file of another size is refused.
    pub size: u64,
    /// The digest of the whole file.
    pub digest: Digest,
    /// See [`PackageFile::content`].
    pub content: Digest,
}

impl PackageFile {
    /// Whether it is a source package.
    pub fn is_source(&self) -> bool {
        self.nevra.arch() == "src"
    }

    /// The folder of the package, below that of its dist. Source packages and debugging information have their own folders.
    pub fn place(&self) -> &str {
        match self.nevra.arch() {
            "src" => "SRPMS",
            _ if self.nevra.is_debug() => "debug",
            arch => arch,
        }
    }

    /// The architectures of `BuildArch`, for a source package.
    pub fn build_architectures(&self) -> Vec<String> {
        let stated = self.metadata.header.get_entry_data_as_string_array(IndexTag::RPMTAG_BUILDARCHS);
        stated.map(|names| names.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    /// The build time, in seconds since 1970; 0 if the header has none.
    pub fn build_time(&self) -> u64 {
        self.metadata.get_build_time().unwrap_or_default()
    }

    /// Reads the whole file at `path`.
    ///
    /// Errors: it is not an RPM; it is cut off or damaged; its file name is not the one in its header.
    pub fn read(path: &Path) -> Result<PackageFile> {
        PackageFile::read_whole(path, open(path)?, None)
    }

    /// Reads the whole file at `path`, where no link is followed. Errors: those of [`PackageFile::read`].
    pub fn read_in_tree(path: &TreePath) -> Result<PackageFile> {
        let file = path.open().with_context(|| cannot_read(path.for_programs()))?;
        PackageFile::read_whole(path.for_programs(), OpenPackage::of(file, path.for_programs())?, None)
    }

    /// Reads the whole file at `path`, which must have the trusted digest `listed`.
    ///
    /// Errors: those of [`PackageFile::read`], and another digest. This takes half of the time of `read`, because the
    /// payload is not hashed separately.
    pub fn read_listed(path: &Path, listed: Digest) -> Result<PackageFile> {
        PackageFile::read_whole(path, open(path)?, Some(listed))
    }

    fn read_whole(path: &Path, opened: OpenPackage, listed: Option<Digest>) -> Result<PackageFile> {
        let OpenPackage { mut file, size } = opened;
        let (head, metadata) = parse(path, &mut file)?;
        let mut whole = HashingWriter::new(std::io::sink());
        let mut content = HashingWriter::new(std::io::sink());
        let mut payload = HashingWriter::new(std::io::sink());
        whole.write_all(&head.bytes)?;
        content.write_all(&head.bytes[head.header..])?;
        // In the header since rpm 4.14. Without it, the payload is hashed for `content`.
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
                return Err(damaged(path, "its payload does not have the digest in its header").into());
            }
            Some(stated) => stated,
            None => payload,
        };
        content.write_all(&payload.0)?;
        PackageFile::new(path, metadata, Known { size, digest, content: content.finish().1 })
    }

    /// Reads only the headers of the file at `path`. Benchmarks use this.
    pub fn read_known(path: &Path, known: Known) -> Result<PackageFile> {
        let OpenPackage { file, size } = open(path)?;
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
            return Err(damaged(path, &format!("by its header, the file name is `{wanted}`")).into());
        }
        let source = metadata.get_source_rpm().ok().and_then(|source| source.strip_suffix(".src.rpm"));
        let source_version = source.and_then(|source| source.rsplit('-').nth(1)).filter(|_| !is_source);
        let source_version = source_version.unwrap_or(version).to_owned();
        let is_signed = metadata.raw_signatures().is_ok_and(|signatures| !signatures.is_empty());
        let Known { size, digest, content } = known;
        Ok(PackageFile { path: path.to_owned(), nevra, size, digest, content, is_signed, source_version, metadata })
    }
}

/// Reads files on all cores. The results are in the order of `paths`.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<PackageFile>> {
    map_all(paths, PackageFile::read)
}

/// Applies `work` to each path, on all cores. The results are in the order of `paths`.
pub fn map_all<T: Send>(paths: &[PathBuf], work: impl Fn(&Path) -> Result<T> + Sync) -> Result<Vec<T>> {
    // A small package takes less time than the start of a thread, so each thread gets several.
    let together = (paths.len() / 64).clamp(1, 32);
    let mut made = Vec::with_capacity(paths.len());
    let keep = |some: Vec<T>| {
        made.extend(some);
        Ok(())
    };
    let work = |paths: &[PathBuf]| paths.iter().map(|path| work(path)).collect::<Result<Vec<T>>>();
    parallel::map_in_order(paths.chunks(together), parallel::threads()?, work, keep)?;
    Ok(made)
}

/// An open file and its size in bytes.
struct OpenPackage {
    file: File,
    size: u64,
}

impl OpenPackage {
    fn of(file: File, path: &Path) -> Result<OpenPackage> {
        let size = file.metadata().with_context(|| cannot_read(path))?.len();
        Ok(OpenPackage { file, size })
    }
}

fn open(path: &Path) -> Result<OpenPackage> {
    OpenPackage::of(File::open(path).with_context(|| cannot_read(path))?, path)
}

fn parse(path: &Path, file: impl Read) -> Result<(RpmHead, PackageMetadata)> {
    let head = RpmHead::read(file).map_err(|error| match error.kind() {
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => damaged(path, &error.to_string()).into(),
        _ => anyhow::Error::new(error).context(cannot_read(path)),
    })?;
    let metadata = PackageMetadata::parse(&mut head.bytes.as_slice());
    let metadata = metadata.map_err(|error| damaged(path, &error.to_string()))?;
    metadata.verify_digests().map_err(|error| damaged(path, &error.to_string()))?;
    // The crate verifies the header as it would write it; the file must have the same bytes.
    let again = metadata.header_bytes().map_err(|error| damaged(path, &error.to_string()))?;
    if again != head.bytes[head.header..] {
        return Err(damaged(path, "its header has bytes that belong to no entry").into());
    }
    Ok((head, metadata))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read the package `{}`", path.display())
}

fn damaged(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("`{}` is not a valid RPM: {why}", path.display()))
        .help("build it again, or copy it again")
}
