//! Folders: making, listing and syncing them.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The mode of a published folder.
const FOLDER_MODE: u32 = 0o755;

/// The names in a folder that are UTF-8, sorted; empty if there is no such folder.
pub fn names_in(folder: &Path) -> Result<Vec<String>> {
    let failed = || format!("cannot list `{}`", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.with_context(failed)?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Makes a folder of mode 0755, and the missing ones above it. An existing folder stays as it is.
pub fn make_folders(folder: &Path) -> Result<()> {
    for missing in missing_folders(folder) {
        make_folder(missing)?;
        sync_parent(missing).with_context(|| not_created(missing))?;
    }
    Ok(())
}

/// Makes a folder with the mode that the umask gives, and the missing ones above it. An existing folder stays as it is.
pub fn make_private_folders(folder: &Path) -> Result<()> {
    for missing in missing_folders(folder) {
        fs::create_dir(missing).with_context(|| not_created(missing))?;
        sync_parent(missing).with_context(|| not_created(missing))?;
    }
    Ok(())
}

/// Makes a folder of our state, such as `target/releng`, and those above it.
pub fn make_state_folder(folder: &Path) -> Result<()> {
    make_target(folder.parent().unwrap_or(folder))?;
    make_folders(folder)
}

/// Makes the folder above the results. A new `target/` gets a `.gitignore` for itself, so that a project without a rule for
/// `target/` stays clean.
pub(super) fn make_target(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).with_context(|| not_created(folder))?;
    if folder.file_name().is_some_and(|name| name == "target") {
        fs::write(folder.join(".gitignore"), "*\n").with_context(|| not_created(folder))?;
    }
    Ok(())
}

/// Makes one folder of mode 0755, whatever the umask is.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    make_open_folder(folder).with_context(|| not_created(folder))
}

/// Makes the folder of `file`, and the missing ones above it, with mode 0755.
pub(super) fn make_open_folders_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    missing_folders(folder).into_iter().try_for_each(make_open_folder)
}

fn make_open_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
}

/// The folders that are missing on the way to `folder`, from the top.
fn missing_folders(folder: &Path) -> Vec<&Path> {
    let mut missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    missing.reverse();
    missing
}

fn not_created(folder: &Path) -> String {
    format!("cannot create the folder `{}`", folder.display())
}

/// Moves a file or folder to another place of the same file system, and syncs both folders.
pub fn move_to(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("cannot move `{}` to `{}`", from.display(), to.display());
    make_folders(to.parent().with_context(failed)?)?;
    fs::rename(from, to).with_context(failed)?;
    sync_parent(from).and_then(|()| sync_parent(to)).with_context(failed)
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
pub(super) fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}

/// Syncs the folder of `path`: after that, a rename to `path` is on the disk.
pub(super) fn sync_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    Ok(File::open(parent)?.sync_all()?)
}
