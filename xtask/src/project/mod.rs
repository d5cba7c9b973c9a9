//! A project: its folder, its configuration, its name, and its version and changelog.
//!
//! [`workspace`] finds the project of a folder. A [`tree`] is a commit or a folder from which files are read, and
//! [`definition`] reads from it the [`config`], the [`name`] and the spec ([`spec_file`]). [`release`] computes version and
//! changelog from the commit. [`trusted`] are the keys that only the default branch may have. In an unpacked source archive it reads them from the files that [`release_info`] names.
//! [`own_version`] is about this program itself.

pub mod config;
pub mod definition;
pub mod manifests;
pub mod markers;
pub mod name;
pub mod own_version;
pub mod packit;
pub mod release;
pub mod release_info;
pub mod spec_file;
pub mod spec_macros;
pub mod spec_text;
pub mod tree;
pub mod trusted;
pub mod workspace;
