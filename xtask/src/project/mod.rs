//! A project: its folder, its configuration, and its version and changelog.
//!
//! [`workspace`] finds the project of a folder. A [`tree`] is a commit or a folder from which files are read, and
//! [`definition`] reads from it the [`config`], the name and the spec [`template`]. [`release`] computes version and
//! changelog from the commit. In an unpacked source archive it reads them from the files that [`release_info`] names.
//! [`own_version`] is about this program itself.

pub mod config;
pub mod definition;
pub mod own_version;
pub mod release;
pub mod release_info;
pub mod spec_text;
pub mod template;
pub mod tree;
pub mod workspace;
