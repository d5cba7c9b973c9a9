//! A folder of GnuPG that is thrown away.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::files::{self, Scratch};
use crate::base::process::Said;
use crate::repository::sign::{gpg, run};

/// An empty folder of GnuPG without an agent; it is removed with the value. GnuPG makes a folder for sockets outside of it, below
/// `/run/user`, which is removed, too.
pub struct GnupgHome {
    scratch: Scratch,
}

impl GnupgHome {
    /// Makes the folder.
    pub fn new() -> Result<GnupgHome> {
        Ok(GnupgHome { scratch: files::remote_scratch()? })
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Writes a file at `path` in the folder; returns its whole path.
    pub fn write(&self, path: &str, content: &[u8]) -> Result<PathBuf> {
        self.scratch.write(path, content)
    }

    /// Runs gpg on the keys in the folder. A key from the future is read: it only means that the clock is wrong.
    pub fn gpg(&self, args: &[&str], input: &[u8]) -> Result<Said> {
        gpg(
            Some(self.path()),
            &[&["--no-autostart", "--ignore-time-conflict", "--ignore-valid-from"], args].concat(),
            input,
        )
    }
}

impl Drop for GnupgHome {
    fn drop(&mut self) {
        // Without gpgconf, an empty folder is left.
        drop(run("gpgconf", vec![OsString::from("--remove-socketdir")], Some(self.path()), b""));
    }
}
