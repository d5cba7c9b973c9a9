//! Temporary folders and files, for what is no result.

use std::fs;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::base::files::clear::MARK;
use crate::base::files::lock::LockFile;

/// A temporary folder; it is removed when the value is dropped.
pub struct Scratch {
    folder: TempDir,
    /// A run that clears what killed runs left does not get this lock.
    _lock: Option<LockFile>,
}

impl Scratch {
    /// The path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the lock of the folder until the folder is removed.
    pub(super) fn locked(self, lock: LockFile) -> Scratch {
        Scratch { _lock: Some(lock), ..self }
    }

    /// Writes a file at `path` in the folder; returns its whole path.
    pub fn write(&self, path: &str, content: &[u8]) -> Result<PathBuf> {
        let to = self.path().join(path);
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&to, content)).with_context(|| format!("cannot write `{}`", to.display()))?;
        Ok(to)
    }

    /// Copies a file to `path` in the folder, with mode 0600; returns the whole path of the copy.
    pub fn copy(&self, from: &Path, path: &str) -> Result<PathBuf> {
        let to = self.path().join(path);
        let copied = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(from, &to));
        let copied = copied.and_then(|_| fs::set_permissions(&to, fs::Permissions::from_mode(0o600)));
        copied.with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
        Ok(to)
    }
}

/// The beginning of the name of a build folder.
const BUILD: &str = "releng-build-";

/// An empty folder for a build, where there is room: in TMPDIR if that is set, else in /var/tmp, which is not in memory.
pub fn large_scratch() -> Result<Scratch> {
    let var = Path::new("/var/tmp");
    let place = match std::env::var_os("TMPDIR").filter(|stated| !stated.is_empty()) {
        Some(stated) => PathBuf::from(stated),
        None if var.is_dir() => var.to_owned(),
        None => std::env::temp_dir(),
    };
    scratch_named(&place, BUILD)
}

/// Whether a recorded path has the form of a [`large_scratch`], and so may be removed.
pub fn is_large_scratch(path: &Path) -> bool {
    let is_named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(BUILD));
    is_named && path.is_absolute() && path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

/// An empty folder beside `path`, on its file system.
pub fn scratch_beside(path: &Path) -> Result<Scratch> {
    scratch_named(path.parent().unwrap_or(Path::new("/")), MARK)
}

/// An empty folder in `parent` whose name begins with `prefix`.
pub(super) fn scratch_named(parent: &Path, prefix: &str) -> Result<Scratch> {
    let made = tempfile::Builder::new().prefix(prefix).tempdir_in(parent);
    let folder = made.with_context(|| format!("cannot create a folder in `{}`", parent.display()))?;
    Ok(Scratch { folder, _lock: None })
}

/// A nameless temporary file, which stays in memory while it is small.
pub fn spool() -> impl Read + Write + Seek {
    const IN_MEMORY: usize = 16 << 20;
    tempfile::SpooledTempFile::new(IN_MEMORY)
}
