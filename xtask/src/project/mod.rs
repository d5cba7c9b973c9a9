//! A project: where it is, how it is configured, and what would be released from it.
//!
//! [`workspace`] finds the project of a folder. A [`tree`] is where its files are read from; [`definition`] is what the tree
//! says: the [`config`], the name, the spec [`template`]. [`release`] computes version and changelog from the commit, or reads
//! them in an unpacked source archive, which has them in the files that [`release_info`] names.

pub mod config;
pub mod definition;
pub mod release;
pub mod release_info;
pub mod spec_text;
pub mod template;
pub mod tree;
pub mod workspace;
