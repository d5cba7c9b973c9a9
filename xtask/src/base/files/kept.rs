//! Folders that stay open from one file to the next.
//!
//! A revision has thousands of files in a few folders. A walk from the top to the folder for each of them was most of the system
//! calls of a promotion, and most of the time of a rollback.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::base::files::tree_path::{OpenPlace, TreePath, look_at};

/// The folder of the last file, still open. Files of the same folder are reached without another walk; a folder that somebody
/// renames or replaces meanwhile stays the one that was opened.
#[derive(Default)]
pub struct KeptFolder {
    last: Option<(PathBuf, OwnedFd)>,
}

impl KeptFolder {
    /// The same as [`TreePath::look`].
    pub fn look(&mut self, path: &TreePath) -> io::Result<Metadata> {
        let (folder, name) = self.place(path)?;
        path.explain(look_at(folder, name))
    }

    /// The open folder of a path, and the last part of the path.
    pub(super) fn place<'p>(&mut self, path: &'p TreePath) -> io::Result<(BorrowedFd<'_>, &'p OsStr)> {
        let parent = path.whole().parent().unwrap_or(Path::new("/"));
        let (kept, name) = match (self.last.take(), path.whole().file_name()) {
            (Some(kept), Some(name)) if kept.0 == parent => (kept, name),
            _ => {
                let OpenPlace { folder, name } = path.place()?;
                ((parent.to_owned(), folder), name)
            }
        };
        Ok((self.last.insert(kept).1.as_fd(), name))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_of_one_folder_and_of_the_next_are_found() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("one/two")).unwrap();
        for file in ["one/first", "one/second", "one/two/third"] {
            fs::write(place.path().join(file), file).unwrap();
        }
        let (top, mut kept) = (TreePath::top(place.path()), KeptFolder::default());
        for file in ["one/first", "one/second", "one/two/third", "one/first"] {
            assert_eq!(kept.look(&top.join(file)).unwrap().len(), file.len() as u64);
        }
        assert_eq!(kept.look(&top.join("one/third")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(kept.look(&top.join("none/third")).is_err() && kept.look(&top.join("one/second")).is_ok());
    }

    #[test]
    fn a_link_in_place_of_the_kept_folder_is_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        for folder in ["own", "foreign"] {
            fs::create_dir(path(folder)).unwrap();
            fs::write(path(folder).join("file"), folder).unwrap();
        }
        let (file, mut kept) = (TreePath::top(place.path()).join("own/file"), KeptFolder::default());
        assert_eq!(kept.look(&file).unwrap().len(), "own".len() as u64);
        fs::rename(path("own"), path("moved")).unwrap();
        symlink("foreign", path("own")).unwrap();
        assert_eq!(kept.look(&file).unwrap().len(), "own".len() as u64);
        KeptFolder::default().look(&file).unwrap_err();
    }
}
