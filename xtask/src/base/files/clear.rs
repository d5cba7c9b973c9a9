//! The names of temporary files and folders, and their removal after a killed run.
//!
//! A name begins with [`MARK`], or has it after a dot and the name of the results (`.dist.releng-new`). So what a killed run left
//! is recognised by its name.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, Result};
use rustix::fs::{AtFlags, Dir, Mode, OFlags, RenameFlags, openat, renameat_with, unlinkat};
use rustix::io::Errno;

use crate::base::files::folders::rename;
use crate::base::files::tree_path::TreePath;

/// The mark of a temporary file or folder of ours.
pub const MARK: &str = ".releng-";

/// The temporary path beside `path`: the same one in each run.
pub(super) fn temporary_beside(path: &TreePath) -> io::Result<TreePath> {
    let name = path.whole().file_name().ok_or(Errno::INVAL)?;
    Ok(path.with_file_name(format!("{MARK}{}", name.to_string_lossy())))
}

/// Makes something at a temporary path. What a killed run left there, or somebody else put there, is removed first. The caller has
/// the lock.
pub(super) fn make_temporary<T>(path: &TreePath, make: impl Fn() -> io::Result<T>) -> Result<T> {
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        match make() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => remove_if_there(path)?,
            made => return Ok(made?),
        }
    }
    Ok(make()?)
}

/// Removes the temporary files and folders directly in `folder` that a killed run left, and nothing else. The caller has the
/// lock.
pub fn clear_drafts(folder: &TreePath) -> Result<()> {
    clear_named(folder, MARK)
}

/// Removes all files and folders directly in `folder` whose names begin with `prefix`.
pub(super) fn clear_named(folder: &TreePath, prefix: &str) -> Result<()> {
    for name in folder.names()? {
        if name.starts_with(prefix) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Removes a file, a link or a folder with all that is in it. No link is followed.
pub fn remove(path: &TreePath) -> Result<()> {
    let removed = path.place().and_then(|place| remove_at(place.folder.as_fd(), place.name, None));
    removed.with_context(|| format!("cannot remove `{path}`"))
}

/// Removes a folder that must not be found half removed: it gets a temporary name first, which a later run clears. The caller has the
/// lock.
pub fn discard(folder: &TreePath) -> Result<()> {
    let failed = || format!("cannot remove `{folder}`");
    let aside = temporary_beside(folder).with_context(failed)?;
    remove_if_there(&aside)?;
    rename(folder, &aside).with_context(failed)?;
    remove(&aside)
}

/// Like [`remove`]; it is no error if nothing is there.
pub fn remove_if_there(path: &TreePath) -> Result<()> {
    match path.look() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => remove(path),
    }
}

/// The depth from which folders are lifted, see [`remove_at`].
const DEEP: u32 = 100;

/// Where folders are lifted to.
#[derive(Clone, Copy)]
struct Lift<'a> {
    top: BorrowedFd<'a>,
    depth: u32,
}

/// Removes a file or a folder. Each level of folders takes an open file and a part of the stack: so what is deep in a folder is first
/// moved up to its top, which is read again until it is empty.
fn remove_at(folder: BorrowedFd<'_>, name: &OsStr, lift: Option<Lift<'_>>) -> io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => {}
        removed => return Ok(removed?),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inner = openat(folder, name, flags, Mode::empty())?;
    let below = match lift {
        Some(Lift { top, depth }) if depth >= DEEP => {
            drop(inner);
            return lift_up(folder, name, top);
        }
        Some(Lift { top, depth }) => Lift { top, depth: depth + 1 },
        None => Lift { top: inner.as_fd(), depth: 1 },
    };
    remove_entries(inner.as_fd(), below)?;
    loop {
        match unlinkat(folder, name, AtFlags::REMOVEDIR) {
            // Something was moved up.
            Err(Errno::NOTEMPTY) if lift.is_none() => remove_entries(inner.as_fd(), below)?,
            removed => return Ok(removed?),
        }
    }
}

fn remove_entries(folder: BorrowedFd<'_>, lift: Lift<'_>) -> io::Result<()> {
    // All names are read before the first removal.
    let entries = Dir::read_from(folder)?.collect::<Result<Vec<_>, _>>()?;
    for entry in entries {
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            remove_at(folder, name, Some(lift))?;
        }
    }
    Ok(())
}

/// Moves a folder to the top under a name that is free there.
fn lift_up(folder: BorrowedFd<'_>, name: &OsStr, top: BorrowedFd<'_>) -> io::Result<()> {
    for number in 0_u32.. {
        let free = format!("{MARK}deep-{number}");
        match renameat_with(folder, name, top, &free, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            moved => return Ok(moved?),
        }
    }
    Ok(())
}
