//! What a person asks for.

use std::path::PathBuf;

use crate::project::config::ForgeKind;

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct AdoptOrder {
    pub place: AdoptPlace,
    /// `--spec`.
    pub stated_spec: Option<String>,
    /// The hook that checks messages: its path.
    pub hook: Option<PathBuf>,
    pub ci: Option<CiKind>,
    /// The address of a git repository with the sources of this program, for the crate `xtask`.
    pub xtask: Option<String>,
}

/// Where the files are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptPlace {
    Project,
    /// The folder of `--packaging`; the project stays as it is.
    Beside(PathBuf),
}

/// A CI system for which there are files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiKind {
    Forge(ForgeKind),
    Jenkins,
}
