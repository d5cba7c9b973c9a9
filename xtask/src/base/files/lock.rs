//! The lock of a repository: one writer at a time, and the one who must wait is told for whom.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::base::error::{Exit, Failure};
use crate::base::files::draft::make_private_folders;

/// A lock file that is held; the system releases it when the process ends, however it ends.
pub struct LockFile {
    _held: File,
}

impl LockFile {
    /// Takes the lock and leaves the number of this process and its `command` in the file; `deed` is what only one process
    /// may be doing, such as `writing this repository`.
    ///
    /// Errors: another process holds it (exit 75, with what that one left there); a file that cannot be written.
    pub fn take(path: &Path, command: &str, deed: &str) -> Result<LockFile> {
        let failed = || format!("cannot lock `{}`", path.display());
        if let Some(folder) = path.parent() {
            make_private_folders(folder)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path).with_context(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(busy(&mut file, path, deed).into()),
            Err(error) => return Err(error).with_context(failed),
        }
        let left = format!("{} {command}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(left.as_bytes())).with_context(failed)?;
        Ok(LockFile { _held: file })
    }
}

fn busy(file: &mut File, path: &Path, deed: &str) -> Failure {
    let left = read_settled(file);
    let who = match left.trim_end().split_once(' ') {
        Some((process, command)) => format!("`{}`, process {process},", command.escape_debug()),
        None => "another run".to_owned(),
    };
    Failure::new(Exit::Busy, format!("{who} is {deed}: it holds `{}`", path.display()))
        .help("wait for it to end, and run this again")
}

/// What the holder left in the file, once it is the same twice: one who has just taken the lock has yet to replace what
/// the one before left. It is a courtesy: without it, the message says less.
fn read_settled(file: &mut File) -> String {
    const TRIES: usize = 10;
    const PAUSE: Duration = Duration::from_millis(10);
    let mut last = String::new();
    for _ in 0..TRIES {
        let mut left = String::new();
        drop(file.rewind().and_then(|()| file.take(1000).read_to_string(&mut left)));
        if left.ends_with('\n') && left == last {
            break;
        }
        last = left;
        std::thread::sleep(PAUSE);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_the_first_is() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("state/lock");
        let first = LockFile::take(&path, "releng promote", "writing this repository").unwrap();
        let refused = LockFile::take(&path, "releng stage", "writing this repository").map(drop).unwrap_err();
        let failure = refused.downcast_ref::<Failure>().unwrap();
        assert_eq!(failure.exit, Exit::Busy);
        let wanted = format!("`releng promote`, process {}, is writing", std::process::id());
        assert!(failure.message.starts_with(&wanted), "{failure}");
        drop(first);
        LockFile::take(&path, "releng stage", "writing this repository").unwrap();
    }
}
