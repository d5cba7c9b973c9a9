//! Helpers that keep a test under ten lines.

pub mod crash;
pub mod dice;
pub mod dnf;
pub mod farm;
pub mod forge;
pub mod git_servers;
pub mod github;
pub mod history;
pub mod http;
pub mod keys;
pub mod machine;
pub mod mail;
pub mod merge;
pub mod podman;
pub mod program;
pub mod published;
pub mod repo;
pub mod rpms;
pub mod signed;
pub mod site;
pub mod specs;

use std::path::{Path, PathBuf};

/// The root of this project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The text of a file of this project.
pub fn text_of(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
