//! The files of a release in its folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::base::checksum::{CHECKSUMS_FILE, parse_sums};
use crate::base::digest::Digest;

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Relative to the folder of the release.
    pub file: String,
    /// In bytes.
    pub size: u64,
    pub digest: Digest,
}

/// The files of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub target: PathBuf,
    /// The files in `sources/` except the source RPM, in the order in which they were written.
    pub sources: Vec<Written>,
    /// `None` where the project has no spec template, or `--no-vendor` leaves the source RPM out.
    pub srpm: Option<Written>,
    /// The binary RPMs and `builds.json`.
    pub packages: Vec<Written>,
    /// `SHA256SUMS`; `None` where this run has not written it.
    pub checksums: Option<Written>,
}

impl Made {
    /// All files, in the order in which `SHA256SUMS` lists them.
    pub fn files(&self) -> impl Iterator<Item = &Written> {
        self.sources.iter().chain(&self.srpm).chain(&self.packages).chain(&self.checksums)
    }
}

/// The sources of a release, by the `SHA256SUMS` in its folder.
pub struct ListedSources {
    /// All files in `sources/`, the source RPM included.
    pub files: Vec<ListedFile>,
    /// The digest of the source RPM.
    pub srpm: Option<Digest>,
}

/// A file that `SHA256SUMS` lists.
pub struct ListedFile {
    /// Relative to the folder of the release.
    pub file: String,
    pub digest: Digest,
}

impl ListedSources {
    /// Reads the `SHA256SUMS` in the folder `target`; nothing is listed where it is missing or cannot be parsed.
    pub fn load(target: &Path) -> ListedSources {
        let sums = fs::read_to_string(target.join(CHECKSUMS_FILE)).unwrap_or_default();
        let mut sources = ListedSources { files: Vec::new(), srpm: None };
        for (file, digest) in parse_sums(&sums).unwrap_or_default() {
            let Some(name) = file.strip_prefix("sources/") else { continue };
            if name.ends_with(".src.rpm") {
                sources.srpm = Some(digest);
            }
            sources.files.push(ListedFile { file, digest });
        }
        sources
    }
}
