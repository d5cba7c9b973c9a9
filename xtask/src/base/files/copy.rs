//! Copies a folder that somebody else could write to.

use std::fs::File;
use std::io;

use anyhow::{Context, Result};

use crate::base::files::clear::remove_if_there;
use crate::base::files::folders::{make_private_folders, sync_folders};
use crate::base::files::tree_path::TreePath;
use crate::base::interrupt;

/// Copies the files and folders of `from` to the new folder `to`, and syncs them. What is at `to` is removed first. No link is
/// followed.
///
/// Errors: something in `from` is neither a file nor a folder; it cannot be read; an interrupt.
pub fn copy_tree(from: &TreePath, to: &TreePath) -> Result<()> {
    remove_if_there(to)?;
    make_private_folders(to)?;
    copy_entries(from, to)?;
    sync_folders(to).with_context(|| format!("cannot sync `{to}`"))
}

/// The number of bytes of all files in a folder that somebody else could write to. No link is followed.
///
/// Errors: something in it is neither a file nor a folder; an interrupt.
pub fn size_of_tree(folder: &TreePath) -> Result<u64> {
    let mut size = 0_u64;
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        for name in folder.names()? {
            interrupt::check()?;
            let path = folder.join(&name);
            let found = path.look().with_context(|| format!("cannot read `{path}`"))?;
            if found.is_dir() {
                folders.push(path);
            } else if found.is_file() {
                size = size.saturating_add(found.len());
            } else {
                anyhow::bail!("`{path}` is neither a file nor a folder");
            }
        }
    }
    Ok(size)
}

fn copy_entries(from: &TreePath, to: &TreePath) -> Result<()> {
    for name in from.names()? {
        interrupt::check()?;
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_folder() {
            make_private_folders(&to)?;
            copy_entries(&from, &to)?;
        } else {
            copy_file(&from, &to).with_context(|| format!("cannot copy `{from}` to `{to}`"))?;
        }
    }
    Ok(())
}

fn copy_file(from: &TreePath, to: &TreePath) -> io::Result<()> {
    let mut source: File = from.open()?;
    let mut target = to.create_new(0o666)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_copied_and_links_refused() {
        let place = tempfile::tempdir().unwrap();
        let top = TreePath::top(place.path());
        let write = |path: &str| {
            std::fs::create_dir_all(place.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(place.path().join(path), path).unwrap();
        };
        write("from/a/b");
        write("from/c");
        write("to/old");
        copy_tree(&top.join("from"), &top.join("to")).unwrap();
        assert_eq!(top.join("to/a/b").read().unwrap(), b"from/a/b");
        assert_eq!(top.join("to").names().unwrap(), ["a", "c"]);
        std::os::unix::fs::symlink("/etc/passwd", place.path().join("from/a/link")).unwrap();
        let error = format!("{:#}", copy_tree(&top.join("from"), &top.join("to")).unwrap_err());
        assert!(error.contains("from/a/link` is a symbolic link"), "{error}");
    }
}
