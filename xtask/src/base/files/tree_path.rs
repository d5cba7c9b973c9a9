//! Paths in a tree that other people may write to, and reading there.
//!
//! Whoever may write to the served root of a repository, such as the account of a web server, can put a symbolic link in the place
//! of any folder or file, at any time. A program that opens such paths by their names reads and writes wherever the link leads.
//! So each operation on a [`TreePath`] opens the folders below the top one without following links, and acts on the last part
//! through the descriptor of its folder.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rustix::fs::{Dir, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

use crate::base::error::{Exit, Failure};
use crate::base::files::beneath::{OpenFor, open_folder};

/// The path of a file or folder below a trusted folder, the top. No part of it below the top may be a symbolic link; the last
/// part is a link only for [`TreePath::read_link`] and the operations that replace or remove it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath {
    /// The whole path, the top included.
    path: PathBuf,
    top: Arc<Path>,
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.path, f)
    }
}

impl fmt::Display for TreePath {
    /// The whole path, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

/// A link where a folder or file should be, or a file where a folder should be.
#[derive(Debug)]
struct Obstacle {
    path: PathBuf,
    what: &'static str,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path.display(), self.what)
    }
}

impl std::error::Error for Obstacle {}

/// The open folder of a path, and the last part of the path.
pub(super) struct OpenPlace<'p> {
    pub folder: OwnedFd,
    pub name: &'p OsStr,
}

impl TreePath {
    /// A trusted folder.
    pub fn top(folder: &Path) -> TreePath {
        TreePath { path: folder.to_owned(), top: folder.into() }
    }

    /// A file or folder in a trusted folder.
    pub fn in_own_folder(path: &Path) -> TreePath {
        TreePath { path: path.to_owned(), top: path.parent().unwrap_or(Path::new("/")).into() }
    }

    /// The path below this one.
    pub fn join(&self, below: impl AsRef<Path>) -> TreePath {
        TreePath { path: self.path.join(below), top: self.top.clone() }
    }

    /// The path in the same folder with another name.
    pub fn with_file_name(&self, name: impl AsRef<OsStr>) -> TreePath {
        TreePath { path: self.path.with_file_name(name), top: self.top.clone() }
    }

    /// The path with another ending of its name.
    pub fn with_extension(&self, extension: &str) -> TreePath {
        TreePath { path: self.path.with_extension(extension), top: self.top.clone() }
    }

    /// The folder of the path; `None` for the top.
    pub fn parent(&self) -> Option<TreePath> {
        let parent = self.path.parent().filter(|_| self.path != *self.top)?;
        Some(TreePath { path: parent.to_owned(), top: self.top.clone() })
    }

    /// The last part of the path, for names that are text.
    pub fn file_name(&self) -> Option<&str> {
        self.path.file_name()?.to_str()
    }

    /// The path relative to `folder`; `None` if it is not in it.
    pub fn below(&self, folder: &TreePath) -> Option<&Path> {
        self.path.strip_prefix(&folder.path).ok()
    }

    /// The path for other programs and for addresses. Whoever opens it follows links: nothing here may.
    pub fn for_programs(&self) -> &Path {
        &self.path
    }

    pub(super) fn whole(&self) -> &Path {
        &self.path
    }

    pub(super) fn top_folder(&self) -> &Path {
        &self.top
    }

    /// What is at the path; a link is not followed.
    pub fn look(&self) -> io::Result<Metadata> {
        let place = self.place()?;
        self.explain(look_at(place.folder.as_fd(), place.name))
    }

    /// Whether a file, a folder or a link is at the path.
    pub fn is_there(&self) -> bool {
        self.look().is_ok()
    }

    /// Whether a folder is at the path.
    pub fn is_folder(&self) -> bool {
        self.look().is_ok_and(|found| found.is_dir())
    }

    /// Opens a file for reading. Errors: there is none; it is a link, a folder, a device or a pipe.
    pub fn open(&self) -> io::Result<File> {
        // Without `NONBLOCK`, the opening of a pipe would wait for its other end.
        let file = self.open_with(OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(format!("`{self}` is not a file")));
        }
        Ok(file)
    }

    /// The content of a file.
    pub fn read(&self) -> Result<Vec<u8>> {
        self.require_no_folder()?;
        let mut content = Vec::new();
        let read = self.open().and_then(|mut file| file.read_to_end(&mut content));
        read.with_context(|| format!("cannot read `{self}`"))?;
        Ok(content)
    }

    /// Errors: a folder is in the place of the file.
    pub(super) fn require_no_folder(&self) -> Result<(), Failure> {
        if !self.is_folder() {
            return Ok(());
        }
        let message = format!("`{self}` is a folder, and only a file may be there");
        Err(Failure::new(Exit::Failed, message).help("`releng` did not make it: move it away"))
    }

    /// The content of a file; `None` if there is nothing at the path.
    pub fn read_if_there(&self) -> Result<Option<Vec<u8>>> {
        match self.read() {
            Ok(content) => Ok(Some(content)),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The target of a symbolic link; `None` if there is nothing at the path.
    ///
    /// Errors: it is something else than a link.
    pub fn read_link(&self) -> Result<Option<PathBuf>> {
        let place = match self.place() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            place => place.with_context(|| format!("cannot read the link `{self}`"))?,
        };
        match readlinkat(&place.folder, place.name, Vec::new()) {
            Ok(target) => Ok(Some(std::ffi::OsString::from_vec(target.into_bytes()).into())),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::INVAL) => {
                let message = format!("`{self}` is not a symbolic link");
                Err(Failure::new(Exit::Failed, message).help("`releng` did not make it: move it away").into())
            }
            Err(error) => Err(error).with_context(|| format!("cannot read the link `{self}`")),
        }
    }

    /// The names in a folder that are UTF-8, sorted; empty if there is no folder at the path.
    pub fn names(&self) -> Result<Vec<String>> {
        Ok(self.all_names()?.into_iter().filter_map(|name| String::from_utf8(name).ok()).collect())
    }

    /// The names in a folder that are not UTF-8, such as `a\xff`, sorted. Nothing that this program makes has such a name.
    pub fn names_in_other_encodings(&self) -> Result<Vec<String>> {
        let other = self.all_names()?.into_iter().filter(|name| std::str::from_utf8(name).is_err());
        Ok(other.map(|name| name.escape_ascii().to_string()).collect())
    }

    fn all_names(&self) -> Result<Vec<Vec<u8>>> {
        let failed = || format!("cannot list `{self}`");
        let folder = match self.open_folder(OpenFor::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_obstacle(&error) => return Ok(Vec::new()),
            folder => folder.with_context(failed)?,
        };
        let mut names = Vec::new();
        for entry in Dir::new(folder).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The open folder of the path, and its last part.
    pub(super) fn place(&self) -> io::Result<OpenPlace<'_>> {
        let name = self.path.file_name().ok_or(Errno::INVAL)?;
        let parent = self.path.parent().unwrap_or(Path::new("/"));
        let folder = if self.path == *self.top {
            // The folder that the top is in is trusted as well.
            open_folder(parent, Path::new(""), OpenFor::Search)
        } else {
            open_folder(&self.top, parent.strip_prefix(&*self.top).map_err(|_| Errno::XDEV)?, OpenFor::Search)
        };
        Ok(OpenPlace { folder: self.explain(folder)?, name })
    }

    /// Opens a folder.
    pub(super) fn open_folder(&self, wanted: OpenFor) -> io::Result<OwnedFd> {
        let below = self.path.strip_prefix(&*self.top).map_err(|_| Errno::XDEV)?;
        self.explain(open_folder(&self.top, below, wanted))
    }

    /// Makes a file, which must not be there, and opens it for writing. The umask takes from `mode`.
    pub(super) fn create_new(&self, mode: u32) -> io::Result<File> {
        self.open_with(OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL, Mode::from_raw_mode(mode))
    }

    /// Opens a file with these flags; a link is refused.
    pub(super) fn open_with(&self, flags: OFlags, mode: Mode) -> io::Result<File> {
        let place = self.place()?;
        let opened = openat(&place.folder, place.name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, mode);
        self.explain(opened.map_err(io::Error::from)).map(File::from)
    }

    /// The result, with the path of the link or file where a folder should be, if that is the cause of the error.
    pub(super) fn explain<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::LOOP | Errno::NOTDIR) => self.find_obstacle().unwrap_or(error),
            _ => error,
        })
    }

    /// The error for the first part of the path that is a link, or a file where a folder should be. Only the message depends on
    /// what is found.
    fn find_obstacle(&self) -> Option<io::Error> {
        let below = self.path.strip_prefix(&*self.top).ok()?;
        let mut path = self.top.to_path_buf();
        let mut parts = below.components().peekable();
        while let Some(part) = parts.next() {
            path.push(part);
            let found = path.symlink_metadata().ok()?;
            let what = match (found.is_symlink(), found.is_dir(), parts.peek().is_some()) {
                (true, _, _) => "is a symbolic link, and `releng` follows none here",
                (false, false, true) => "is not a folder",
                _ => continue,
            };
            return Some(io::Error::other(Obstacle { path, what }));
        }
        None
    }
}

/// What is at `name` in an open folder; a link is not followed.
pub(super) fn look_at(folder: BorrowedFd<'_>, name: &OsStr) -> io::Result<Metadata> {
    let found = openat(folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    File::from(found).metadata()
}

fn is_obstacle(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<Obstacle>())
}

/// Whether the cause of an error is that nothing is at the path.
fn is_absence(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_is_below_the_top_without_a_link_is_read() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("top/folder")).unwrap();
        fs::write(place.path().join("top/folder/file"), "own").unwrap();
        fs::write(place.path().join("secret"), "secret").unwrap();
        symlink("../secret", place.path().join("top/link")).unwrap();
        symlink("folder", place.path().join("top/also")).unwrap();
        let top = TreePath::top(&place.path().join("top"));
        assert_eq!(top.join("folder/file").read().unwrap(), b"own");
        assert_eq!((top.names().unwrap().len(), top.join("folder").names().unwrap()), (3, vec!["file".to_owned()]));
        assert_eq!(top.join("link").read_link().unwrap(), Some("../secret".into()));
        assert_eq!(top.join("none").read_if_there().unwrap(), None);
        assert!(top.is_folder() && top.join("folder").is_folder() && !top.join("also").is_folder());
        for refused in ["link", "also/file", "folder/file/x", "../secret", "folder", place.path().to_str().unwrap()] {
            top.join(refused).read_if_there().unwrap_err();
        }
        let error = format!("{:#}", top.join("also/file").read().unwrap_err());
        assert!(error.contains("/top/also` is a symbolic link"), "{error}");
        assert_eq!(top.join("also").names().unwrap(), Vec::<String>::new());
        top.join("folder").read_link().unwrap_err();
    }

    #[test]
    fn a_pipe_is_no_file_and_nobody_waits_for_its_other_end() {
        let place = tempfile::tempdir().unwrap();
        let pipe = TreePath::top(place.path()).join("pipe");
        let made = pipe.place().unwrap();
        rustix::fs::mkfifoat(&made.folder, made.name, Mode::from_raw_mode(0o600)).unwrap();
        let error = format!("{:#}", pipe.read().unwrap_err());
        assert!(error.contains("is not a file"), "{error}");
    }
}
