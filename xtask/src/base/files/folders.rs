//! Folders: making, listing and syncing them.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{Mode, OFlags, mkdirat, renameat};

use crate::base::files::beneath::OpenFor;
use crate::base::files::tree_path::TreePath;

/// The mode of a published folder.
const FOLDER_MODE: u32 = 0o755;

/// Makes a folder of mode 0755, and the missing ones above it. An existing folder stays as it is.
pub fn make_folders(folder: &TreePath) -> Result<()> {
    for missing in missing_folders(folder) {
        unless_there(&missing, make_open_folder(&missing)).with_context(|| not_created(&missing))?;
        sync_parent(&missing).with_context(|| not_created(&missing))?;
    }
    Ok(())
}

/// Makes a folder with the mode that the umask gives, and the missing ones above it. An existing folder stays as it is.
pub fn make_private_folders(folder: &TreePath) -> Result<()> {
    for missing in missing_folders(folder) {
        unless_there(&missing, make_plain_folder(&missing)).with_context(|| not_created(&missing))?;
        sync_parent(&missing).with_context(|| not_created(&missing))?;
    }
    Ok(())
}

/// Makes a folder of our state, such as `target/releng`, and those above it.
pub fn make_state_folder(folder: &Path) -> Result<()> {
    make_target(folder.parent().unwrap_or(folder))?;
    make_folders(&TreePath::top(folder))
}

/// Makes the folder above the results. A new `target/` gets a `.gitignore` for itself, so that a project without a rule for
/// `target/` stays clean.
pub(super) fn make_target(folder: &Path) -> Result<()> {
    let failed = || not_created(&TreePath::top(folder));
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).with_context(failed)?;
    if folder.file_name().is_some_and(|name| name == "target") {
        fs::write(folder.join(".gitignore"), "*\n").with_context(failed)?;
    }
    Ok(())
}

/// Makes one folder of mode 0755, whatever the umask is.
pub(super) fn make_folder(folder: &TreePath) -> Result<()> {
    make_open_folder(folder).with_context(|| not_created(folder))
}

/// Makes the folder of `file`, and the missing ones above it, with mode 0755.
pub(super) fn make_open_folders_of(file: &TreePath) -> io::Result<()> {
    let missing = file.parent().map_or(Vec::new(), |folder| missing_folders(&folder));
    missing.iter().try_for_each(make_open_folder)
}

/// Makes the folder of `file`, and the missing ones above it, with the mode that the umask gives.
pub(super) fn make_plain_folders_of(file: &TreePath) -> io::Result<()> {
    let missing = file.parent().map_or(Vec::new(), |folder| missing_folders(&folder));
    missing.iter().try_for_each(make_plain_folder)
}

/// Makes one folder with the mode that the umask gives.
pub(super) fn make_plain_folder(folder: &TreePath) -> io::Result<()> {
    make_with(folder, Mode::from_raw_mode(0o777))
}

fn make_open_folder(folder: &TreePath) -> io::Result<()> {
    make_with(folder, Mode::from_raw_mode(FOLDER_MODE))?;
    let made = folder.open_with(OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    made.set_permissions(Permissions::from_mode(FOLDER_MODE))
}

fn make_with(folder: &TreePath, mode: Mode) -> io::Result<()> {
    let place = folder.place()?;
    Ok(mkdirat(&place.folder, place.name, mode)?)
}

/// It is no error if another run has made the folder meanwhile.
fn unless_there(folder: &TreePath, made: io::Result<()>) -> io::Result<()> {
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_folder() => Ok(()),
        made => made,
    }
}

/// The folders that are missing on the way to `folder`, from the highest one.
fn missing_folders(folder: &TreePath) -> Vec<TreePath> {
    let mut missing = Vec::new();
    let mut next = Some(folder.clone());
    while let Some(path) = next.filter(|path| !path.is_there()) {
        next = path.parent().or_else(|| path.whole().parent().map(TreePath::top));
        missing.push(path);
    }
    missing.reverse();
    missing
}

fn not_created(folder: &TreePath) -> String {
    format!("cannot create the folder `{folder}`")
}

/// Moves a file or folder to another place of the same file system, and syncs both folders.
pub fn move_to(from: &TreePath, to: &TreePath) -> Result<()> {
    let failed = || format!("cannot move `{from}` to `{to}`");
    make_folders(&to.parent().with_context(failed)?)?;
    rename(from, to).with_context(failed)?;
    sync_parent(from).and_then(|()| sync_parent(to)).with_context(failed)
}

/// Renames a file, a link or a folder.
pub(super) fn rename(from: &TreePath, to: &TreePath) -> io::Result<()> {
    let (from, to) = (from.place()?, to.place()?);
    Ok(renameat(&from.folder, from.name, &to.folder, to.name)?)
}

/// The path with its links followed; only the last part may be missing.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let failed = || format!("cannot use `{}`", path.display());
    match path.symlink_metadata() {
        Ok(_) => path.canonicalize().with_context(failed),
        Err(_) => std::path::absolute(path).with_context(failed),
    }
}

/// Syncs a folder and all folders below it.
pub(super) fn sync_folders(folder: &TreePath) -> Result<()> {
    for name in folder.names()? {
        let inner = folder.join(name);
        if inner.is_folder() {
            sync_folders(&inner)?;
        }
    }
    Ok(File::from(folder.open_folder(OpenFor::Read)?).sync_all()?)
}

/// Syncs the folder of `path`: after that, a rename to `path` is on the disk.
pub(super) fn sync_parent(path: &TreePath) -> Result<()> {
    let parent = path.parent().unwrap_or_else(|| TreePath::top(path.whole().parent().unwrap_or(Path::new("/"))));
    Ok(File::from(parent.open_folder(OpenFor::Read)?).sync_all()?)
}
