//! Single files and links: each is written under a temporary name, synced, and renamed to its place.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{Mode, OFlags, symlinkat};

use crate::base::files::clear::{MARK, clear_named, make_temporary, remove_if_there, temporary_beside};
use crate::base::files::folders::{make_folders, make_private_folders, rename, resolve, sync_parent};
use crate::base::files::tree_path::TreePath;

/// The mode of a published file that changes later, such as a page.
const PUBLISHED_MODE: u32 = 0o644;

/// The beginning of the temporary names of [`write_new`].
const NEW_FILE: &str = ".releng-new-";

/// Writes one file, with the mode that the umask gives. A symbolic link is followed. A device or a pipe is written to and stays
/// what it is. Two runs may write the same file at the same time.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    let failed = || format!("cannot write `{}`", path.display());
    let path = resolve(path)?;
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return fs::write(&path, content).with_context(failed);
    }
    let temporary = tempfile::Builder::new()
        .prefix(MARK)
        .permissions(Permissions::from_mode(0o666)) // less the umask
        .tempfile_in(path.parent().unwrap_or(Path::new("/")))
        .with_context(failed)?;
    // On an error, `temporary` is removed when it is dropped.
    let (mut file, temporary) = temporary.into_parts();
    let (path, made) = (TreePath::in_own_folder(&path), TreePath::in_own_folder(&temporary));
    replace(&path, &mut file, &made, content).with_context(failed)?;
    temporary.keep().map(drop).with_context(failed)
}

/// Writes a file that is not there yet, and makes the folders above it. `mode` is less the umask. A file that appears meanwhile stays as it
/// is: that is an error. What a killed run left beside it is removed first.
pub fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let failed = || format!("cannot write `{}`", path.display());
    let path = std::path::absolute(path).with_context(failed)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_private_folders(&TreePath::top(folder))?;
    clear_named(&TreePath::top(folder), NEW_FILE)?;
    let permissions = Permissions::from_mode(mode);
    let mut builder = tempfile::Builder::new();
    let mut temporary = builder.prefix(NEW_FILE).permissions(permissions).tempfile_in(folder).with_context(failed)?;
    temporary.write_all(content).and_then(|()| temporary.as_file().sync_all()).with_context(failed)?;
    temporary.persist_noclobber(&path).map_err(|error| error.error).with_context(failed)?;
    sync_parent(&TreePath::in_own_folder(&path)).with_context(failed)
}

/// Publishes one file: mode 0644, in folders of mode 0755. Nothing is written if the file has this content already. The caller
/// has the lock: the temporary name is the same in each run.
pub fn publish(path: &TreePath, content: &[u8]) -> Result<()> {
    if path.read().is_ok_and(|found| found == content) {
        return Ok(());
    }
    let failed = || format!("cannot write `{path}`");
    path.require_no_folder()?;
    let (parent, temporary) = (path.parent().with_context(failed)?, temporary_beside(path).with_context(failed)?);
    make_folders(&parent)?;
    let mut file = make_temporary(&temporary, || temporary.create_new(PUBLISHED_MODE)).with_context(failed)?;
    file.set_permissions(Permissions::from_mode(PUBLISHED_MODE)).with_context(failed)?;
    let replaced = replace(path, &mut file, &temporary, content).with_context(failed);
    if replaced.is_err() {
        drop(remove_if_there(&temporary));
    }
    replaced
}

/// Fills `file`, which is at `temporary`, syncs it, and renames it to `path`.
fn replace(path: &TreePath, file: &mut File, temporary: &TreePath, content: &[u8]) -> Result<()> {
    file.write_all(content)?;
    file.sync_all()?;
    rename(temporary, path)?;
    sync_parent(path)
}

/// Makes `link` a symbolic link to `target`. At any time there is the old link or the new one. The caller has the lock.
pub fn flip(link: &TreePath, target: &Path) -> Result<()> {
    let failed = || format!("cannot make `{link}` lead to `{}`", target.display());
    let (parent, temporary) = (link.parent().with_context(failed)?, temporary_beside(link).with_context(failed)?);
    make_folders(&parent)?;
    let place = temporary.place().with_context(failed)?;
    make_temporary(&temporary, || Ok(symlinkat(target, &place.folder, place.name)?)).with_context(failed)?;
    rename(&temporary, link).with_context(failed)?;
    sync_parent(link).with_context(failed)
}

/// Appends a line to a file and syncs it. If that fails, the file is cut back to its old length.
pub fn append_line(path: &TreePath, line: &str) -> Result<()> {
    path.require_no_folder()?;
    let failed = || format!("cannot append to `{path}`");
    make_private_folders(&path.parent().with_context(failed)?)?;
    let is_new = !path.is_there();
    let new = if is_new { OFlags::CREATE | OFlags::EXCL } else { OFlags::empty() };
    let opened = path.open_with(OFlags::WRONLY | OFlags::APPEND | new, Mode::from_raw_mode(0o666));
    let mut file = opened.with_context(failed)?;
    let length = file.metadata().with_context(failed)?.len();
    let appended = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all());
    if appended.is_err() {
        drop(file.set_len(length)); // the error of the append is the one to report
    }
    appended.with_context(failed)?;
    if is_new { sync_parent(path).with_context(failed) } else { Ok(()) }
}

/// Cuts a file to its first `length` bytes.
pub fn truncate(path: &TreePath, length: u64) -> Result<()> {
    let failed = || format!("cannot shorten `{path}`");
    let file = path.open_with(OFlags::WRONLY, Mode::empty()).with_context(failed)?;
    file.set_len(length).and_then(|()| file.sync_all()).with_context(failed)
}

/// Copies a file into a folder, under its own name. It is not synced.
pub fn copy_into(path: &Path, folder: &Path) -> Result<()> {
    let to = folder.join(path.file_name().unwrap_or_default());
    fs::copy(path, &to).map(|_| ()).with_context(|| format!("cannot copy `{}` to `{}`", path.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
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
    fn a_new_file_replaces_none() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("packaging/acceptance/install.sh");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path.with_file_name(".releng-new-x"), "half").unwrap();
        write_new(&path, b"one", 0o777).unwrap();
        assert!(write_new(&path, b"two", 0o777).unwrap_err().to_string().contains("cannot write"));
        assert_eq!(content(&path), "one");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o100, 0o100);
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
