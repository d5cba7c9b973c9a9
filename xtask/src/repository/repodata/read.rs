//! Reading repodata of anybody, with every check that its index allows.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use rpmrepo_metadata::{Checksum, MetadataError, Package, PrimaryXml, RepomdRecord, RepomdXml, utils};

use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::base::gzip;
use crate::base::parallel;
use crate::repository::repodata::{FOLDER, INDEX};

/// No text of an honest repository is larger, once it is unpacked.
const LARGEST: u64 = 4 << 30;

/// What repodata says of its packages.
#[derive(Debug, Default)]
pub struct Listing {
    /// In the order of the text.
    pub packages: Vec<Listed>,
    /// The files of the folder that the index names, by their names.
    pub files: Vec<String>,
}

/// A package as repodata has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the folder of the dist, as it stands there: not to be trusted.
    pub href: String,
    /// Name, epoch (but not 0), version, release and architecture, as they stand there: not to be trusted.
    pub nevra: String,
    /// Of the whole file.
    pub digest: Option<Digest>,
    /// In bytes.
    pub size: u64,
}

/// What is wrong with repodata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, relative to the folder of the dist.
    pub file: String,
    /// What is wrong with it.
    pub why: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.file, self.why)
    }
}

impl std::error::Error for Fault {}

/// Reads the repodata of the folder of a dist. `fetch` gives the bytes of a file relative to that folder.
pub fn read(fetch: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<Listing> {
    let records = index(fetch)?;
    let mut listing = Listing::default();
    for record in &records {
        let (name, text) = open(record, fetch)?;
        require_text(record, &name, &text)?;
        listing.files.push(name.clone());
        if record.metadata_name == "primary" {
            let fault = |why: String| Fault { file: name.clone(), why };
            require_end(&text, "</metadata>").map_err(fault)?;
            listing.packages = parse_primary(&text).map_err(|error| fault(error.to_string()))?;
        }
    }
    match records.iter().any(|record| record.metadata_name == "primary") {
        true => Ok(listing),
        false => Err(Fault { file: format!("{FOLDER}/{INDEX}"), why: "it names no primary text".to_owned() }.into()),
    }
}

/// What `split` makes of the texts that the index names, unpacked, by their types. They are known to be the files that the
/// index means; what it says of them unpacked was checked when it was written, and is written anew.
pub(super) fn open_texts<T: Send>(dist_folder: &Path, split: impl Fn(Vec<u8>) -> T + Sync) -> Result<Vec<(String, T)>> {
    let fetch = |file: &str| {
        let path = dist_folder.join(file);
        std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))
    };
    let in_folder = || format!("the repodata in `{}` is damaged", dist_folder.display());
    let records = index(&fetch).map_err(|error| failed(error, &in_folder()))?;
    let open = |(): &mut (), record: RepomdRecord| {
        let text = open(&record, &fetch)?.1;
        Ok((record.metadata_name, split(text)))
    };
    let mut texts = Vec::with_capacity(records.len());
    let keep = |text| {
        texts.push(text);
        Ok(())
    };
    let opened = parallel::ordered_map(records.into_iter(), parallel::threads(), || Ok(()), open, keep);
    opened.map_err(|error| failed(error, &in_folder()))?;
    Ok(texts)
}

fn failed(error: anyhow::Error, context: &str) -> anyhow::Error {
    match error.downcast::<Fault>() {
        Ok(fault) => Failure::new(Exit::Failed, format!("{context}: {fault}")).into(),
        Err(error) => error,
    }
}

fn index(fetch: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<Vec<RepomdRecord>> {
    let file = format!("{FOLDER}/{INDEX}");
    let text = fetch(&file)?;
    require_end(&text, "</repomd>").map_err(|why| Fault { file: file.clone(), why })?;
    let parsed = RepomdXml::read_data(utils::create_xml_reader(text.as_slice()));
    let data = parsed.map_err(|error| Fault { file, why: error.to_string() })?;
    Ok(data.records().clone())
}

/// Fetches and unpacks what a record names; its path, and the text.
fn open(record: &RepomdRecord, fetch: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<(String, Vec<u8>)> {
    let href = record.location_href.to_string_lossy().into_owned();
    let fault = |why: &str| Fault { file: href.clone(), why: why.to_owned() };
    let name = href.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with(['.', '-']) {
        return Err(fault("it lies outside of the repodata").into());
    }
    let packed = fetch(&href)?;
    if record.size.is_some_and(|size| size != packed.len() as u64) {
        return Err(fault("it has another size than the index says").into());
    }
    if !matches(&record.checksum, &packed) {
        return Err(fault("it has another digest than the index says").into());
    }
    let text = unpack(packed, record.open_size).map_err(|error| fault(&format!("it cannot be unpacked: {error}")))?;
    Ok((href, text))
}

/// What an index says of a text besides its packed form.
fn require_text(record: &RepomdRecord, file: &str, text: &[u8]) -> Result<(), Fault> {
    let differs = record.open_checksum.as_ref().is_some_and(|checksum| !matches(checksum, text))
        || record.open_size.is_some_and(|size| size != text.len() as u64);
    match differs {
        true => Err(Fault { file: file.to_owned(), why: "unpacked, it is not what the index says".to_owned() }),
        false => Ok(()),
    }
}

fn matches(checksum: &Checksum, content: &[u8]) -> bool {
    matches!(checksum, Checksum::Sha256(stated) if *stated == digest_of(content).to_string())
}

/// What was compressed; `size` is what the index says of it, and may be wrong.
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

/// The crate that parses these texts waits for ever for the end of one that was cut off.
fn require_end(text: &[u8], end: &str) -> Result<(), String> {
    match text.trim_ascii_end().ends_with(end.as_bytes()) {
        true => Ok(()),
        false => Err(format!("it does not end with `{end}`: it was cut off")),
    }
}

fn parse_primary(text: &[u8]) -> Result<Vec<Listed>, MetadataError> {
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
        packages.push(Listed {
            href: package.location_href().to_owned(),
            nevra: format!("{}-{epoch}{version}-{release}.{}", package.name(), package.arch()),
            digest,
            size: package.size_package(),
        });
    }
}
