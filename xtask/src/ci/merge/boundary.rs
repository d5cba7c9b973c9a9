//! The boundary around the tests of a merge, as the configuration of the base names it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::files;
use crate::base::process::boundary::{Boundary, BoundaryKind, TestImage, TestUser};
use crate::ci::merge::stages::require_boundary;
use crate::project::config::{CiIsolation, Config};

/// The boundary with this name; `None` for `none`.
///
/// Errors: this machine does not have it.
fn find_kind(isolation: &CiIsolation) -> Result<Option<BoundaryKind>> {
    Ok(match isolation {
        CiIsolation::User(name) => Some(BoundaryKind::User(TestUser::find(name)?)),
        CiIsolation::Container(image) => Some(BoundaryKind::Container(TestImage::find(image)?)),
        CiIsolation::None => None,
    })
}

/// Looks for what the boundary of the configuration needs on this machine, without setting it up.
///
/// Errors: this machine does not have it.
pub fn require_available(isolation: &CiIsolation) -> Result<()> {
    find_kind(isolation).map(drop)
}

/// Sets the boundary of the configuration up once, for a program that does nothing.
///
/// Errors: the configuration names none (exit 2); this machine cannot set it up.
pub fn try_out(config: &Config) -> Result<()> {
    let Some(kind) = find_kind(require_boundary(config)?)? else { return Ok(()) };
    let scratch = files::remote_scratch()?;
    let folder = |name: &str| scratch.path().join(name);
    let [work, objects, empty] = ["work", "objects", "empty"].map(folder);
    for folder in [&work, &objects, &empty] {
        std::fs::create_dir(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    let (mark, has_network) = (scratch.path().to_owned(), config.ci.network);
    Boundary { kind, work, objects, empty, private: Vec::new(), mark, has_network }.try_out()
}

/// The folders of a run of the tests.
pub struct TestFolders<'a> {
    /// The checkout, which is not there yet.
    pub work: &'a Path,
    /// The bare repository.
    pub git: &'a Path,
    /// The folder of this try.
    pub attempt: &'a Path,
    /// Folders that no test may read.
    pub private: &'a [PathBuf],
}

/// The boundary around a run of the tests; `None` for `none`. What a killed run left is ended.
///
/// Errors: this machine does not have it.
pub fn open(isolation: &CiIsolation, has_network: bool, folders: &TestFolders<'_>) -> Result<Option<Boundary>> {
    let Some(kind) = find_kind(isolation)? else { return Ok(None) };
    let empty = folders.attempt.join("empty");
    files::make_state_folder(&empty)?;
    let boundary = Boundary {
        kind,
        work: folders.work.to_owned(),
        objects: folders.git.join("objects"),
        empty,
        private: folders.private.to_vec(),
        mark: folders.git.to_owned(),
        has_network,
    };
    boundary.end_leftovers()?;
    Ok(Some(boundary))
}
