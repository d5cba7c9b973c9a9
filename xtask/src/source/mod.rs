//! Source archives, from the tree of a commit.
//!
//! [`export::Export`] decides what goes in and how: paths, modes, and what `.gitattributes` asks for. [`tarball`] and
//! [`zip`] write it, each in one pass of its own over the blobs ([`members`]); [`gzip`] compresses a tarball while it is
//! being written, and [`checksum`] hashes what reaches the disk. `git archive` is the oracle: the tarball has its bytes.
//! [`release_info`] is the file by which an unpacked archive knows its version, [`vendor`] the archive of what the project
//! depends on.

pub mod checksum;
pub mod conversion;
pub mod export;
pub mod gzip;
mod identity;
pub mod members;
pub mod release_info;
pub mod substitution;
pub mod tarball;
pub mod unpack;
pub mod vendor;
pub mod zip;

pub use export::{Export, GeneratedFile, Request};

use crate::config::Name;
use crate::history::Version;

/// The name of the changelog in a source archive and in `target/dist`.
pub const CHANGELOG_FILE: &str = "ChangeLog";

/// What a source archive is called without its ending, and its top folder: `lago-1.0.4`.
pub fn archive_name(name: &Name, version: &Version) -> String {
    format!("{name}-{version}")
}

/// What the vendor archive is called: `lago-1.0.4-vendor.tar.gz`.
pub fn vendor_archive_name(name: &Name, version: &Version) -> String {
    format!("{name}-{version}-vendor.tar.gz")
}
