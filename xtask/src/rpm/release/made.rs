//! What a release has left in the folder of its results.

use std::path::PathBuf;

use crate::base::digest::Digest;

/// The file with the digests of all the others.
pub const CHECKSUMS_FILE: &str = "SHA256SUMS";

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Relative to the folder of the results.
    pub file: String,
    /// In bytes.
    pub size: u64,
    pub digest: Digest,
}

/// What a plan has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The folder of the results.
    pub target: PathBuf,
    /// What is in `sources/`, the source RPM aside, in the order in which it was made.
    pub sources: Vec<Written>,
    /// The source RPM; `None` where the project has no spec template, or it was left out.
    pub srpm: Option<Written>,
    /// The binary RPMs, and the listing of who built them.
    pub packages: Vec<Written>,
    /// `SHA256SUMS`; `None` where it was not written in this run.
    pub checksums: Option<Written>,
}

impl Made {
    /// All files, in the order in which `SHA256SUMS` lists them.
    pub fn files(&self) -> impl Iterator<Item = &Written> {
        self.sources.iter().chain(&self.srpm).chain(&self.packages).chain(&self.checksums)
    }
}
