//! Locks: one writer at a time. The system releases a lock when the process ends, however it ends.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use crate::base::error::{Exit, Failure};
use crate::base::files::beneath::OpenFor;
use crate::base::files::folders::make_private_folders;
use crate::base::files::tree_path::TreePath;

/// A lock that is held, on a file or on a folder.
pub struct LockFile {
    _held: File,
}

impl LockFile {
    /// Locks the file at `path`, and writes the number of this process and its `command` into it. `work` names the work that only
    /// one process may do, such as `writing this repository`.
    ///
    /// Errors: another process holds the lock (exit 75; the message has its number and command); the file cannot be written.
    pub fn take(path: &TreePath, command: &str, work: &str) -> Result<LockFile> {
        let failed = || format!("cannot lock `{path}`");
        if let Some(folder) = path.parent() {
            make_private_folders(&folder)?;
        }
        let mode = Mode::from_raw_mode(0o666); // less the umask
        let mut file = path.open_with(OFlags::RDWR | OFlags::CREATE, mode).with_context(failed)?;
        if !try_lock(&file).with_context(failed)? {
            return Err(busy(&mut file, path, work).into());
        }
        let left = format!("{} {command}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(left.as_bytes())).with_context(failed)?;
        Ok(LockFile { _held: file })
    }

    /// Whether another process holds the lock of the file at `path`.
    pub fn is_held(path: &TreePath) -> bool {
        let Ok(file) = path.open() else { return false };
        // The lock that this takes ends with `file`.
        matches!(flock(&file, FlockOperation::NonBlockingLockShared), Err(Errno::WOULDBLOCK))
    }

    /// Locks a folder; `None` if another process holds the lock. A link is no folder here.
    pub(super) fn try_folder(folder: &TreePath) -> io::Result<Option<LockFile>> {
        let file = File::from(folder.open_folder(OpenFor::Read)?);
        Ok(try_lock(&file)?.then_some(LockFile { _held: file }))
    }

    /// Locks a folder against other runs that write in it.
    ///
    /// Errors: another process holds the lock (exit 75); the folder cannot be opened.
    pub(super) fn take_folder(folder: &TreePath) -> Result<LockFile> {
        let locked = LockFile::try_folder(folder).with_context(|| format!("cannot lock `{folder}`"))?;
        if let Some(lock) = locked {
            return Ok(lock);
        }
        let message = format!("another run is writing in `{folder}`");
        Err(Failure::new(Exit::Busy, message).help("wait for it to end").into())
    }
}

/// Whether the lock was free; then it is held until `file` is closed. A few tries: [`LockFile::is_held`] has it for a moment.
fn try_lock(file: &File) -> Result<bool, Errno> {
    const TRIES: usize = 5;
    const PAUSE: Duration = Duration::from_millis(5);
    for _ in 0..TRIES {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

fn busy(file: &mut File, path: &TreePath, work: &str) -> Failure {
    let left = read_settled(file);
    let who = match left.trim_end().split_once(' ') {
        Some((process, command)) => format!("`{}`, process {process},", command.escape_debug()),
        None => "another run".to_owned(),
    };
    Failure::new(Exit::Busy, format!("{who} is {work}: it holds `{path}`"))
        .help("wait for it to end, and run this again")
}

/// The text that the holder wrote into the file, once two reads give the same: a process that has just taken the lock has not yet
/// replaced the text of the process before. After the last try, whatever was read is returned; only the message uses it.
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
    fn a_second_lock_fails_with_the_process_and_command_of_the_first() {
        let place = tempfile::tempdir().unwrap();
        let path = TreePath::top(place.path()).join("state/lock");
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
