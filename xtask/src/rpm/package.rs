//! Reads an RPM file: its name, headers and digests. Verifies the file against the digests in its headers.
//!
//! The rules are those of rpm, in [`crate::rpm::header`]: a package that is read here is one that rpm installs.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::digest::{Digest, HashingWriter};
use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::parallel;
use crate::rpm::header::contents::DependencyKind;
use crate::rpm::header::digests::DigestCheck;
use crate::rpm::header::head::{HeadError, RpmHead};
use crate::rpm::header::tag::HeaderTag;
use crate::rpm::header::text::read_text;
use crate::rpm::nevra::{Nevra, strip_source_suffix};

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
    /// Both headers, for the repodata.
    pub head: RpmHead,
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
        self.nevra.is_source()
    }

    /// The folder of the package, below that of its dist. Source packages and debugging information have their own folders.
    pub fn place(&self) -> &str {
        match self.nevra.arch() {
            _ if self.is_source() => "SRPMS",
            _ if self.nevra.is_debug() => "debug",
            arch => arch,
        }
    }

    /// The architectures of `BuildArch`, for a source package.
    pub fn build_architectures(&self) -> Vec<String> {
        self.head.header.texts(HeaderTag::BUILDARCHS).map(|name| read_text(name).into_owned()).collect()
    }

    /// The build time, in seconds since 1970; 0 if the header has none.
    pub fn build_time(&self) -> u64 {
        self.head.header.number(HeaderTag::BUILDTIME).unwrap_or_default()
    }

    /// The file name of the source package that it was built from; `None` for a source package.
    pub fn source_rpm(&self) -> Option<Cow<'_, str>> {
        self.text(HeaderTag::SOURCERPM)
    }

    /// The text of a tag.
    pub fn text(&self, tag: HeaderTag) -> Option<Cow<'_, str>> {
        self.head.header.text(tag).map(read_text)
    }

    /// The names of what the package requires; a boolean dependency is a name.
    pub fn required_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.head.header.dependencies(DependencyKind::Requires).map(|dependency| read_text(dependency.name))
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
    /// Errors: those of [`PackageFile::read`], and another digest. The digests in the headers are compared all the same: a list can
    /// be made of a damaged package.
    pub fn read_listed(path: &Path, listed: Digest) -> Result<PackageFile> {
        PackageFile::read_whole(path, open(path)?, Some(listed))
    }

    fn read_whole(path: &Path, opened: OpenPackage, listed: Option<Digest>) -> Result<PackageFile> {
        let OpenPackage { mut file, size } = opened;
        let head = read_head(path, &mut file)?;
        let wrong = |why: &dyn Display| damaged(path, &why.to_string());
        let mut check = DigestCheck::begin(&head).map_err(|fault| wrong(&fault))?;
        let mut whole = HashingWriter::new(std::io::sink());
        whole.write_all(&head.before_header)?;
        whole.write_all(head.header.bytes())?;
        let mut buffer = vec![0; usize::try_from(size).map_or(BUFFER, |size| size.clamp(1, BUFFER))];
        loop {
            let count = file.read(&mut buffer).with_context(|| cannot_read(path))?;
            if count == 0 {
                break;
            }
            whole.write_all(&buffer[..count])?;
            check.add(&buffer[..count])?;
        }
        let size = whole.written();
        let digest = whole.finish().1;
        if let Some(listed) = listed.filter(|listed| *listed != digest) {
            return Err(damaged(path, &format!("its digest is {digest}, not {listed}")).into());
        }
        let payload = check.finish().map_err(|fault| wrong(&fault))?;
        let mut content = HashingWriter::new(std::io::sink());
        content.write_all(head.header.bytes())?;
        content.write_all(&payload.0)?;
        PackageFile::new(path, head, Known { size, digest, content: content.finish().1 })
    }

    /// Reads only the headers of the file at `path`. Benchmarks use this.
    pub fn read_known(path: &Path, known: Known) -> Result<PackageFile> {
        let OpenPackage { file, size } = open(path)?;
        if size != known.size {
            return Err(damaged(path, &format!("it has {size} bytes, not {}", known.size)).into());
        }
        let head = read_head(path, BufReader::with_capacity(1 << 14, file))?;
        PackageFile::new(path, head, known)
    }

    fn new(path: &Path, head: RpmHead, known: Known) -> Result<PackageFile> {
        let header = &head.header;
        header.check_lists().map_err(|fault| damaged(path, &fault.to_string()))?;
        let text = |tag: HeaderTag| {
            let stated = header.text(tag).map(read_text);
            stated.ok_or_else(|| damaged(path, &format!("its header has no {tag}")))
        };
        let (name, version, release) = (text(HeaderTag::NAME)?, text(HeaderTag::VERSION)?, text(HeaderTag::RELEASE)?);
        let is_source = header.is_source();
        let arch = match is_source {
            true if header.lacks_sources() => "nosrc".into(),
            true => "src".into(),
            false => text(HeaderTag::ARCH)?,
        };
        let epoch = header.number(HeaderTag::EPOCH).and_then(|epoch| u32::try_from(epoch).ok()).unwrap_or(0);
        let nevra =
            Nevra::new(&name, epoch, &version, &release, &arch).map_err(|error| damaged(path, &error.to_string()))?;
        let wanted = nevra.file_name();
        if path.file_name() != Some(wanted.as_ref()) {
            return Err(damaged(path, &format!("by its header, the file name is `{wanted}`")).into());
        }
        let source = header.text(HeaderTag::SOURCERPM).map(read_text);
        let source = source.as_deref().and_then(strip_source_suffix);
        let source_version = source.and_then(|source| source.rsplit('-').nth(1)).filter(|_| !is_source);
        let source_version = source_version.unwrap_or(&version).to_owned();
        let is_signed = head.is_signed();
        let Known { size, digest, content } = known;
        Ok(PackageFile { path: path.to_owned(), nevra, size, digest, content, is_signed, source_version, head })
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

fn read_head(path: &Path, file: impl Read) -> Result<RpmHead> {
    RpmHead::read(file).map_err(|error| match error {
        HeadError::Fault(fault) => damaged(path, &fault.to_string()).into(),
        HeadError::Io(error) => anyhow::Error::new(error).context(cannot_read(path)),
    })
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read the package `{}`", path.display())
}

fn damaged(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("`{}` is not a valid RPM: {why}", path.display()))
        .help("build it again, or copy it again")
}
