//! Source archives, from the tree of a commit.
//!
//! [`export::Export`] decides what goes in and how: paths, modes, and what `.gitattributes` asks for. [`tarball`] and
//! [`zip`] write it, each in one pass of its own over the blobs ([`members`]). `git archive` is the reference: the tarball
//! has its bytes. [`vendor`] is the archive of the crates that the project depends on; [`unpack`] reads a tarball back.

pub mod conversion;
pub mod export;
mod identity;
pub mod members;
pub mod names;
pub mod substitution;
pub mod tarball;
pub mod unpack;
pub mod vendor;
pub mod zip;

pub use export::{Export, GeneratedFile, Request};
pub use names::{archive_name, vendor_archive_name};
