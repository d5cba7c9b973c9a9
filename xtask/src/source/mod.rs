//! Source archives, from the tree of a commit.
//!
//! [`export::Export`] decides on the members: paths, modes, and the conversions of `.gitattributes`. [`tarball`] and
//! [`zip`] write them, each in one pass over the blobs ([`members`]). The tarball has the same bytes as that of
//! `git archive`. [`vendor`] makes the archive of the crates that the project depends on; [`generate`] runs the
//! programs that make further files; [`unpack`] reads a tarball. [`sbom`] describes what is in a release; the digests of its files are
//! made while the tarball is written ([`digests`]).

pub mod conversion;
mod decoration;
pub mod digests;
pub mod export;
mod folder;
pub mod generate;
mod identity;
pub mod members;
pub mod names;
pub mod sbom;
pub mod substitution;
pub mod tarball;
pub mod unpack;
pub mod vendor;
pub mod zip;

pub use export::{Export, ExportRequest, GeneratedFile};
pub use names::{archive_name, description_name, vendor_archive_name};
