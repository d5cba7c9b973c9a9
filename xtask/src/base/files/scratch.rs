//! Folders for a while: for what is needed on the way and is no result.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::base::files::MARK;

/// A folder for a while; it goes when the value goes.
pub struct Scratch(TempDir);

impl Scratch {
    /// That folder.
    pub(super) fn of(made: TempDir) -> Scratch {
        Scratch(made)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into it, below `path`; where the file is.
    pub fn write(&self, path: &str, content: &[u8]) -> Result<PathBuf> {
        let to = self.path().join(path);
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&to, content)).with_context(|| format!("cannot write `{}`", to.display()))?;
        Ok(to)
    }

    /// Copies a file into it, below `path`; where the copy is. The owner may write to it.
    pub fn copy(&self, from: &Path, path: &str) -> Result<PathBuf> {
        let to = self.path().join(path);
        let copied = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(from, &to));
        let copied = copied.and_then(|_| fs::set_permissions(&to, fs::Permissions::from_mode(0o600)));
        copied.with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
        Ok(to)
    }
}

/// An empty folder outside of everything, for what must not see the folders above it; it goes when the value goes.
pub fn remote_scratch() -> Result<Scratch> {
    Ok(Scratch(tempfile::tempdir().context("cannot create a temporary folder")?))
}

/// How the folder of a build begins.
const BUILD: &str = "releng-build-";

/// An empty folder for a build, outside of everything and where there is room: in TMPDIR where that is set, else in
/// /var/tmp, which is no file system in memory.
pub fn large_scratch() -> Result<Scratch> {
    let var = Path::new("/var/tmp");
    let place = match std::env::var_os("TMPDIR").filter(|stated| !stated.is_empty()) {
        Some(stated) => PathBuf::from(stated),
        None if var.is_dir() => var.to_owned(),
        None => std::env::temp_dir(),
    };
    let made = tempfile::Builder::new().prefix(BUILD).tempdir_in(&place);
    Ok(Scratch(made.with_context(|| format!("cannot create a folder in `{}`", place.display()))?))
}

/// Whether a path that was written down may be one of [`large_scratch`], and so may be removed.
pub fn is_large_scratch(path: &Path) -> bool {
    let is_named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(BUILD));
    is_named && path.is_absolute() && path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// An empty folder beside `path`, on its file system.
pub fn scratch_beside(path: &Path) -> Result<Scratch> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let made = tempfile::Builder::new().prefix(MARK).tempdir_in(parent);
    Ok(Scratch(made.with_context(|| format!("cannot create a folder in `{}`", parent.display()))?))
}
