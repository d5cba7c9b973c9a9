//! Reads repodata that any program wrote, and checks everything that its index states.
//!
//! The files must be packed with gzip, as createrepo_c packs them by default and as every version of yum and dnf reads them.

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::gzip;
use crate::base::parallel;
use crate::repository::repodata::index::{IndexRecord, read_index};
use crate::repository::repodata::primary::{ListedPackage, read_primary};
use crate::repository::repodata::{FOLDER, INDEX};

/// The limit for an unpacked file, in bytes, whatever its index states. It stops a file that was made to fill the memory.
const LARGEST: u64 = 4 << 30;

/// The limit for an unpacked file whose size the index does not state, in bytes. createrepo_c always states it.
const LARGEST_UNSTATED: u64 = 256 << 20;

/// The packages and files that repodata lists.
#[derive(Debug, Default)]
pub struct RepodataListing {
    /// In the order of the file.
    pub packages: Vec<ListedPackage>,
    /// The files that the index lists, relative to the folder of the dist.
    pub files: Vec<String>,
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
        if record.kind == "primary" {
            let fault = |why: String| RepodataFault { file: name.clone(), why };
            require_end(&text, "</metadata>").map_err(fault)?;
            listing.packages = read_primary(&text).map_err(|error| fault(error.to_string()))?;
        }
    }
    if !records.iter().any(|record| record.kind == "primary") {
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
    let open = |(): &mut (), record: IndexRecord| {
        let text = open(&record, &fetch)?.1;
        Ok(MetadataText { kind: record.kind, content: split(text) })
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

fn index(fetch: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<Vec<IndexRecord>> {
    let file = format!("{FOLDER}/{INDEX}");
    let text = fetch(&file)?;
    require_end(&text, "</repomd>").map_err(|why| RepodataFault { file: file.clone(), why })?;
    Ok(read_index(&text).map_err(|why| RepodataFault { file, why })?)
}

/// Fetches and unpacks the file of a record, and returns its path and the text.
fn open(record: &IndexRecord, fetch: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<(String, Vec<u8>)> {
    let href = record.href.clone();
    let fault = |why: &str| RepodataFault { file: href.clone(), why: why.to_owned() };
    let name = href.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with(['.', '-']) {
        return Err(fault("it is outside of the folder `repodata`").into());
    }
    let packed = fetch(&href)?;
    if record.size.is_some_and(|size| size != packed.len() as u64) {
        return Err(fault("its size differs from the index").into());
    }
    if record.digest != digest_of(&packed) {
        return Err(fault("its digest differs from the index").into());
    }
    let text = unpack(packed, record.open_size).map_err(|error| fault(&format!("it cannot be unpacked: {error}")))?;
    Ok((href, text))
}

/// Checks the size and digest that the index states for the unpacked text.
fn require_text(record: &IndexRecord, file: &str, text: &[u8]) -> Result<(), RepodataFault> {
    let differs = record.open_digest.is_some_and(|digest| digest != digest_of(text))
        || record.open_size.is_some_and(|size| size != text.len() as u64);
    if differs {
        return Err(RepodataFault {
            file: file.to_owned(),
            why: "its unpacked content differs from the index".to_owned(),
        });
    }
    Ok(())
}

/// Unpacks a file. `size` is the unpacked size in the index, in bytes: of a file that is longer, no more is unpacked.
fn unpack(packed: Vec<u8>, size: Option<u64>) -> std::io::Result<Vec<u8>> {
    match packed.as_slice() {
        [0x1f, 0x8b, ..] => gzip::unpack(packed.as_slice(), size.unwrap_or(LARGEST_UNSTATED).min(LARGEST)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0xfd, b'7', b'z', ..] | [b'B', b'Z', b'h', ..] => {
            Err(std::io::Error::other("it is not compressed with gzip"))
        }
        _ => Ok(packed),
    }
}

/// Checks that a text is not truncated: the parser never returns if the end is missing.
fn require_end(text: &[u8], end: &str) -> Result<(), String> {
    if !text.trim_ascii_end().ends_with(end.as_bytes()) {
        return Err(format!("it does not end with `{end}`: it is truncated"));
    }
    Ok(())
}
