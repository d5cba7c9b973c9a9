//! Reads repodata that any program wrote, and checks everything that its index states.

use std::io::Read;

use anyhow::Result;
use rpmrepo_metadata::{Checksum, MetadataError, Package, PrimaryXml, RepomdRecord, RepomdXml, utils};

use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::gzip;
use crate::base::parallel;
use crate::repository::repodata::{FOLDER, INDEX};

/// The limit for an unpacked file. It stops a file that was made to fill the memory.
const LARGEST: u64 = 4 << 30;

/// The packages and files that repodata lists.
#[derive(Debug, Default)]
pub struct RepodataListing {
    /// In the order of the file.
    pub packages: Vec<ListedPackage>,
    /// The files that the index lists, relative to the folder of the dist.
    pub files: Vec<String>,
}

/// A package as repodata describes it. The texts can be forged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPackage {
    /// Relative to the folder of the dist.
    pub href: String,
    /// Name, epoch (if it is not 0), version, release and architecture.
    pub nevra: String,
    /// The SHA-256 digest of the file; `None` if repodata has another kind of checksum.
    pub digest: Option<Digest>,
    /// In bytes.
    pub size: u64,
}

/// A fault of repodata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepodataFault {
    /// Relative to the folder of the dist.
    pub file: String,
    pub why: String,
}

impl std::fmt::Display for RepodataFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.file, self.why)
    }
}

impl std::error::Error for RepodataFault {}

/// Reads the repodata of a dist. `fetch` returns the bytes of a file; its path is relative to the folder of the dist.
pub fn read(fetch: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<RepodataListing> {
    let records = index(fetch)?;
    let mut listing = RepodataListing::default();
    for record in &records {
        let (name, text) = open(record, fetch)?;
        require_text(record, &name, &text)?;
        listing.files.push(name.clone());
        if record.metadata_name == "primary" {
            let fault = |why: String| RepodataFault { file: name.clone(), why };
            require_end(&text, "</metadata>").map_err(fault)?;
            listing.packages = parse_primary(&text).map_err(|error| fault(error.to_string()))?;
        }
    }
    if !records.iter().any(|record| record.metadata_name == "primary") {
        let why = "it does not list a file `primary`".to_owned();
        return Err(RepodataFault { file: format!("{FOLDER}/{INDEX}"), why }.into());
    }
    Ok(listing)
}

/// An unpacked file of repodata.
pub(super) struct MetadataText<T> {
    /// The type in the index, such as `primary`.
    pub kind: String,
    pub content: T,
}

/// Unpacks the files that the index lists and passes each to `split`. The digests of the packed files are checked, those of the
/// unpacked ones are not: they were checked when the repodata was written.
pub(super) fn open_texts<T: Send>(
    dist_folder: &TreePath,
    split: impl Fn(Vec<u8>) -> T + Sync,
) -> Result<Vec<MetadataText<T>>> {
    let fetch = |file: &str| dist_folder.join(file).read();
    let in_folder = || format!("the repodata in `{dist_folder}` is damaged");
    let records = index(&fetch).map_err(|error| failed(error, &in_folder()))?;
    let open = |(): &mut (), record: RepomdRecord| {
        let text = open(&record, &fetch)?.1;
        Ok(MetadataText { kind: record.metadata_name, content: split(text) })
    };
    let mut texts = Vec::with_capacity(records.len());
    let keep = |text| {
        texts.push(text);
        Ok(())
    };
    let opened = parallel::ordered_map(records.into_iter(), parallel::threads()?, || Ok(()), open, keep);
    opened.map_err(|error| failed(error, &in_folder()))?;
    Ok(texts)
}

fn failed(error: anyhow::Error, context: &str) -> anyhow::Error {
    match error.downcast::<RepodataFault>() {
        Ok(fault) => Failure::new(Exit::Failed, format!("{context}: {fault}")).into(),
        Err(error) => error,
    }
}

fn index(fetch: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<Vec<RepomdRecord>> {
    let file = format!("{FOLDER}/{INDEX}");
    let text = fetch(&file)?;
    require_end(&text, "</repomd>").map_err(|why| RepodataFault { file: file.clone(), why })?;
    let parsed = RepomdXml::read_data(utils::create_xml_reader(text.as_slice()));
    let data = parsed.map_err(|error| RepodataFault { file, why: error.to_string() })?;
    Ok(data.records().clone())
}

/// Fetches and unpacks the file of a record, and returns its path and the text.
fn open(record: &RepomdRecord, fetch: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<(String, Vec<u8>)> {
    let href = record.location_href.to_string_lossy().into_owned();
    let fault = |why: &str| RepodataFault { file: href.clone(), why: why.to_owned() };
    let name = href.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with(['.', '-']) {
        return Err(fault("it is outside of the folder `repodata`").into());
    }
    let packed = fetch(&href)?;
    if record.size.is_some_and(|size| size != packed.len() as u64) {
        return Err(fault("its size differs from the index").into());
    }
    if !matches(&record.checksum, &packed) {
        return Err(fault("its digest differs from the index").into());
    }
    let text = unpack(packed, record.open_size).map_err(|error| fault(&format!("it cannot be unpacked: {error}")))?;
    Ok((href, text))
}

/// Checks the size and digest that the index states for the unpacked text.
fn require_text(record: &RepomdRecord, file: &str, text: &[u8]) -> Result<(), RepodataFault> {
    let differs = record.open_checksum.as_ref().is_some_and(|checksum| !matches(checksum, text))
        || record.open_size.is_some_and(|size| size != text.len() as u64);
    if differs {
        return Err(RepodataFault {
            file: file.to_owned(),
            why: "its unpacked content differs from the index".to_owned(),
        });
    }
    Ok(())
}

fn matches(checksum: &Checksum, content: &[u8]) -> bool {
    matches!(checksum, Checksum::Sha256(stated) if *stated == digest_of(content).to_string())
}

/// Unpacks a file. `size` is the unpacked size in the index, and may be wrong.
fn unpack(packed: Vec<u8>, size: Option<u64>) -> std::io::Result<Vec<u8>> {
    const TRUSTED: u64 = 64 << 20;
    let mut text = Vec::with_capacity(usize::try_from(size.unwrap_or(0).min(TRUSTED)).unwrap_or(0));
    match packed.as_slice() {
        [0x1f, 0x8b, ..] => _ = gzip::reader(packed.as_slice()).take(LARGEST).read_to_end(&mut text)?,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            _ = zstd::stream::Decoder::new(packed.as_slice())?.take(LARGEST).read_to_end(&mut text)?;
        }
        [0xfd, b'7', b'z', ..] | [b'B', b'Z', b'h', ..] => {
            return Err(std::io::Error::other("it is compressed with neither gzip nor zstd"));
        }
        _ => return Ok(packed),
    }
    Ok(text)
}

/// Checks that a text is not truncated: the parser never returns if the end is missing.
fn require_end(text: &[u8], end: &str) -> Result<(), String> {
    if !text.trim_ascii_end().ends_with(end.as_bytes()) {
        return Err(format!("it does not end with `{end}`: it is truncated"));
    }
    Ok(())
}

fn parse_primary(text: &[u8]) -> Result<Vec<ListedPackage>, MetadataError> {
    let mut reader = PrimaryXml::new_reader(utils::create_xml_reader(text));
    reader.read_header()?;
    let mut packages = Vec::new();
    loop {
        let mut package: Option<Package> = None;
        reader.read_package(&mut package)?;
        let Some(package) = package else { return Ok(packages) };
        let digest = match package.checksum() {
            Checksum::Sha256(digest) => digest.parse().ok(),
            _ => None,
        };
        let (epoch, version, release) = package.as_evr().values();
        let epoch = if epoch == "0" { String::new() } else { format!("{epoch}:") };
        packages.push(ListedPackage {
            href: package.location_href().to_owned(),
            nevra: format!("{}-{epoch}{version}-{release}.{}", package.name(), package.arch()),
            digest,
            size: package.size_package(),
        });
    }
}
