//! The only writer of files: everything is made aside, synced, and becomes visible by one rename.
//!
//! A run that fails, is interrupted or killed leaves the old content in place. What a killed run left beside it is
//! cleared by the next one, which recognises it by name and only under the lock.

mod draft;
mod lock;
mod scratch;

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{CWD, FlockOperation, RenameFlags};
use tempfile::TempDir;

use crate::base::error::{Exit, Failure};
pub use draft::{
    Draft, Linked, append_line, clear_drafts, flip, make_folders, move_to, names_in, publish, remove, truncate,
};
pub use lock::LockFile;
pub use scratch::{Scratch, is_large_scratch, large_scratch, remote_scratch, scratch_beside};

/// The mark of a temporary file or folder of ours; a folder's name begins with a dot and what it will be called.
const MARK: &str = ".releng-";
/// What follows the mark in the name of an old folder on its way out.
const OLD: &str = "old";

/// A folder that is being made aside and will replace `target` whole: what `target` holds then is the caller's to have
/// looked at.
///
/// Dropped without [`Aside::commit`], it disappears.
pub struct Aside {
    target: PathBuf,
    made: TempDir,
    /// How temporary folders beside the target are called.
    prefix: String,
    _lock: Lock,
}

impl Aside {
    /// Makes an empty folder beside `target`, and the folders above it where they are missing.
    ///
    /// Errors: another run is making the same (exit 75), a folder that cannot be written.
    pub fn new(target: &Path) -> Result<Aside> {
        let target = resolve(target)?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name().and_then(|name| name.to_str())) else {
            let message = format!("`{}` is no place for a folder of results", target.display());
            return Err(Failure::new(Exit::Usage, message).help("name a folder with `--out DIR`").into());
        };
        if target.symlink_metadata().is_ok() && !target.is_dir() {
            let message = format!("`{}` is in the way: it is no folder", target.display());
            return Err(Failure::new(Exit::Failed, message).help("move it away, or choose with `--out DIR`").into());
        }
        create_parents(parent)?;
        let lock = Lock::take(parent)?;
        let prefix = format!(".{name}{MARK}");
        restore(&target, &parent.join(format!("{prefix}{OLD}")))?;
        clear_all(parent, &prefix)?;
        let made = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(fs::Permissions::from_mode(0o777)) // less the umask
            .tempdir_in(parent)
            .with_context(|| format!("cannot create a folder in `{}`", parent.display()))?;
        Ok(Aside { target, made, prefix, _lock: lock })
    }

    /// The folder to write into. Its name is temporary: messages name [`Aside::target`].
    pub fn path(&self) -> &Path {
        self.made.path()
    }

    /// What the folder will be called.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// An empty folder beside it, for what is needed on the way; it goes when the value goes.
    pub fn scratch(&self) -> Result<Scratch> {
        let parent = self.made.path().parent().unwrap_or(Path::new("/"));
        let made = tempfile::Builder::new().prefix(&self.prefix).tempdir_in(parent);
        Ok(Scratch::of(made.with_context(|| format!("cannot create a folder in `{}`", parent.display()))?))
    }

    /// Creates a file in it (and its folder), empty and open for writing.
    pub fn create(&self, relative: &str) -> Result<File> {
        let path = self.path().join(relative);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(&path));
        made.with_context(|| format!("cannot create `{}`", self.target.join(relative).display()))
    }

    /// Writes a whole file and syncs it.
    pub fn write(&self, relative: &str, content: &[u8]) -> Result<()> {
        let mut file = self.create(relative)?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        written.with_context(|| format!("cannot write `{}`", self.target.join(relative).display()))
    }

    /// Puts a file into it (and its folder) that is the same as `from`: a link, or a copy where the system has none.
    pub fn link(&self, from: &Path, relative: &str) -> Result<()> {
        let to = self.path().join(relative);
        let failed = || format!("cannot link `{}` to `{}`", from.display(), self.target.join(relative).display());
        to.parent().map_or(Ok(()), fs::create_dir_all).with_context(failed)?;
        match fs::hard_link(from, &to) {
            Ok(()) => Ok(()),
            Err(_) => fs::copy(from, &to).and_then(|_| File::open(&to)?.sync_all()).with_context(failed),
        }
    }

    /// Makes it visible: one rename, an exchange where `target` exists already. The caller has synced the files.
    pub fn commit(self) -> Result<()> {
        let failed = || format!("cannot put the new `{}` in its place", self.target.display());
        sync_folders(self.made.path()).with_context(failed)?;
        if self.target.exists() {
            match rustix::fs::renameat_with(CWD, self.made.path(), CWD, &self.target, RenameFlags::EXCHANGE) {
                // The old folder now has the temporary name and goes with it.
                Ok(()) => return sync_parent(&self.target).with_context(failed),
                Err(error) if [rustix::io::Errno::INVAL, rustix::io::Errno::NOSYS].contains(&error) => {
                    // A file system without the exchange: for a moment neither is there, and whoever comes after a
                    // kill finds the old one by its name.
                    let old = self.made.path().with_file_name(format!("{}{OLD}", self.prefix));
                    fs::rename(&self.target, &old).with_context(failed)?;
                    fs::rename(self.made.path(), &self.target).with_context(failed)?;
                    fs::remove_dir_all(&old).with_context(|| format!("cannot remove `{}`", old.display()))?;
                }
                Err(error) => return Err(error).with_context(failed),
            }
        } else {
            fs::rename(self.made.path(), &self.target).with_context(failed)?;
        }
        sync_parent(&self.target).with_context(failed)
    }
}

/// Writes one file: aside, synced, renamed over `path`. A symbolic link is followed; what is no regular file, such as a
/// device or a pipe, is written to and stays what it is.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    let failed = || format!("cannot write `{}`", path.display());
    let path = resolve(path)?;
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return fs::write(&path, content).with_context(failed);
    }
    let parent = path.parent().unwrap_or(Path::new("/"));
    let mut made = tempfile::Builder::new()
        .prefix(MARK)
        .permissions(fs::Permissions::from_mode(0o666)) // less the umask
        .tempfile_in(parent)
        .with_context(failed)?;
    made.write_all(content).and_then(|()| made.as_file().sync_all()).with_context(failed)?;
    made.persist(&path).with_context(failed)?;
    sync_parent(&path).with_context(failed)
}

/// Copies a file into a folder, under its own name.
pub fn copy_into(path: &Path, folder: &Path) -> Result<()> {
    let to = folder.join(path.file_name().unwrap_or_default());
    fs::copy(path, &to).map(|_| ()).with_context(|| format!("cannot copy `{}` to `{}`", path.display(), to.display()))
}

/// The last line that says something in a file that grows; `None` where there is none yet.
pub fn last_line(path: &Path) -> Option<String> {
    const TAIL: u64 = 4096;
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).ok()?;
    let tail = String::from_utf8_lossy(&tail);
    tail.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// A path as a person writes it, with `~/` for the home folder.
pub fn from_home(path: &str) -> String {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => path.to_owned(),
    }
}

/// A nameless file for what must be finished before it can be passed on; it stays in memory while it is small.
pub fn spool() -> impl std::io::Read + Write + std::io::Seek {
    const IN_MEMORY: usize = 16 << 20;
    tempfile::SpooledTempFile::new(IN_MEMORY)
}

/// An advisory lock on a folder: one writer at a time, released by the system when the process ends.
struct Lock {
    _folder: File,
}

impl Lock {
    fn take(folder: &Path) -> Result<Lock> {
        let file = File::open(folder).with_context(|| format!("cannot open `{}`", folder.display()))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Lock { _folder: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let message = format!("another run is writing in `{}`", folder.display());
                Err(Failure::new(Exit::Busy, message).help("wait for it to end").into())
            }
            Err(error) => Err(error).with_context(|| format!("cannot lock `{}`", folder.display())),
        }
    }
}

/// Makes a folder of our state, such as `target/releng`, and those above it.
pub fn make_state_folder(folder: &Path) -> Result<()> {
    create_parents(folder.parent().unwrap_or(folder))?;
    make_folders(folder)
}

/// Makes the folder that will hold the results. One that is new ignores itself in git, so that a project without a
/// rule for `target/` stays clean.
fn create_parents(parent: &Path) -> Result<()> {
    if parent.is_dir() {
        return Ok(());
    }
    let failed = || format!("cannot create the folder `{}`", parent.display());
    fs::create_dir_all(parent).with_context(failed)?;
    if parent.file_name().is_some_and(|name| name == "target") {
        fs::write(parent.join(".gitignore"), "*\n").with_context(failed)?;
    }
    Ok(())
}

/// The path as it is once links are followed; only its last part may be missing.
fn resolve(path: &Path) -> Result<PathBuf> {
    let failed = || format!("cannot use `{}`", path.display());
    match path.symlink_metadata() {
        Ok(_) => path.canonicalize().with_context(failed),
        Err(_) => std::path::absolute(path).with_context(failed),
    }
}

/// Puts back what a run was killed over after it had moved the old folder away.
fn restore(target: &Path, old: &Path) -> Result<()> {
    if old.is_dir() && !target.exists() {
        fs::rename(old, target).with_context(|| format!("cannot put `{}` back in its place", old.display()))?;
    }
    Ok(())
}

/// Removes temporary files and folders that a killed run left in a folder. The caller has locked it.
pub fn clear_left_behind(folder: &Path) -> Result<()> {
    clear_all(folder, MARK)
}

fn clear_all(parent: &Path, prefix: &str) -> Result<()> {
    let failed = || format!("cannot clear what an earlier run left in `{}`", parent.display());
    for entry in fs::read_dir(parent).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
            let is_folder = entry.file_type().with_context(failed)?.is_dir();
            let path = entry.path();
            if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) }.with_context(failed)?;
        }
    }
    Ok(())
}

fn sync_folders(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}

fn sync_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    Ok(File::open(parent)?.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_folder_appears_whole_and_replaces_the_old_one_whole() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("target/dist");
        for round in ["one", "two"] {
            let aside = Aside::new(&target).unwrap();
            aside.write("sources/file", round.as_bytes()).unwrap();
            aside.commit().unwrap();
            assert_eq!(content(&target.join("sources/file")), round);
        }
        let names = fs::read_dir(target.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.count(), 2, "dist and .gitignore, no litter");
    }

    #[test]
    fn a_failed_run_changes_nothing_and_a_killed_one_is_cleared() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("dist");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("old"), "old").unwrap();
        fs::create_dir(place.path().join(".dist.releng-killed")).unwrap();
        drop(Aside::new(&target).unwrap());
        fs::rename(&target, place.path().join(".dist.releng-old")).unwrap();
        drop(Aside::new(&target).unwrap());
        assert_eq!(content(&target.join("old")), "old");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn one_writer_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let first = Aside::new(&place.path().join("dist")).unwrap();
        let second = Aside::new(&place.path().join("dist")).map(drop).unwrap_err();
        assert_eq!(second.downcast_ref::<Failure>().unwrap().exit, Exit::Busy);
        drop(first);
        Aside::new(&place.path().join("dist")).unwrap();
    }

    #[test]
    fn a_link_is_followed_and_a_device_stays_one() {
        let place = tempfile::tempdir().unwrap();
        let (path, link) = (place.path().join("lago.spec"), place.path().join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!((content(&path).as_str(), link.is_symlink()), ("new", true));
        write(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("lago.spec");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(content(&path), "two");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
