//! Checks loose objects before libgit2 reads them: it reads a file that is cut short for ever
//! (<https://github.com/libgit2/libgit2/issues/7342>, repaired after its release 1.9.7).
//!
//! A full disk or a power failure leaves such files. Objects in packs are not concerned, so a fresh clone has nothing to
//! check. Operations of libgit2 that choose the objects themselves, such as comparing the work tree, come after
//! [`LooseObjects::check_history`]. If it finds damage, they give way to a slower walk that checks each object: the damaged
//! one may be one that nothing needs.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::interrupt;
use crate::base::zlib::{self, ZlibState};
use crate::git::commit::CommitId;

/// How many folders of alternates are followed, as in git.
const DEEPEST: usize = 5;

/// The loose objects of a repository and its alternates.
pub(super) struct LooseObjects {
    folders: Vec<PathBuf>,
    ids: HashSet<CommitId>,
    whole: RefCell<HashSet<CommitId>>,
    is_history_whole: Cell<bool>,
}

impl LooseObjects {
    /// Lists the loose objects below the folder `objects` of a repository.
    pub(super) fn list(objects: &Path) -> Result<LooseObjects> {
        let mut folders = Vec::new();
        add_with_alternates(objects.to_owned(), DEEPEST, &mut folders);
        let mut ids = HashSet::new();
        for folder in &folders {
            for first in 0..=u8::MAX {
                list_folder(&folder.join(hex_name(first)), first, &mut ids)?;
            }
        }
        Ok(LooseObjects { folders, ids, whole: RefCell::default(), is_history_whole: Cell::new(false) })
    }

    /// Errors: the object is loose, and its file is damaged.
    pub(super) fn check(&self, id: CommitId) -> Result<()> {
        if self.ids.contains(&id) && !self.whole.borrow().contains(&id) {
            self.read(id, |_| true)?;
            self.whole.borrow_mut().insert(id);
        }
        Ok(())
    }

    /// Checks all loose commits, trees and tags; the first call reads the files.
    ///
    /// Errors: a file is damaged; an interrupt.
    pub(super) fn check_history(&self) -> Result<()> {
        if !self.is_history_whole.get() {
            for &id in &self.ids {
                interrupt::check()?;
                self.read(id, |start| !start.starts_with(b"blob "))?;
            }
            self.is_history_whole.set(true);
        }
        Ok(())
    }

    /// The folders of objects: that of the repository, and its alternates.
    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The file of an object, if it is loose.
    pub(super) fn open(&self, id: CommitId) -> Result<Option<File>> {
        if !self.ids.contains(&id) {
            return Ok(None);
        }
        for path in self.paths(id) {
            match File::open(&path) {
                Ok(file) => return Ok(Some(file)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
            }
        }
        Ok(None)
    }

    fn paths(&self, id: CommitId) -> impl Iterator<Item = PathBuf> + '_ {
        let name = id.to_string();
        self.folders.iter().map(move |folder| folder.join(&name[..2]).join(&name[2..]))
    }

    /// Reads the first file of an object, as libgit2 does.
    fn read(&self, id: CommitId, wanted: impl FnOnce(&[u8]) -> bool) -> Result<()> {
        for path in self.paths(id) {
            let file = match File::open(&path) {
                Ok(file) => file,
                // Another program has packed the object since it was listed.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
            };
            let state = zlib::check(BufReader::new(file), wanted);
            let what = match state.with_context(|| format!("cannot read `{}`", path.display()))? {
                ZlibState::Whole | ZlibState::NotWanted => return Ok(()),
                ZlibState::CutShort => "is cut short",
                ZlibState::Damaged => "is damaged",
            };
            return Err(damaged(id, &path, what).into());
        }
        Ok(())
    }
}

fn damaged(id: CommitId, path: &Path, what: &str) -> Failure {
    let shown = path.display();
    Failure::new(Exit::Failed, format!("cannot read the git object `{id}`: its file `{shown}` {what}")).help(format!(
        "remove the file, and fetch the object again: `rm -f '{shown}'`, then `git fetch --refetch` (git 2.36 or later)\n\
         or clone again; `git fsck` lists all damaged objects"
    ))
}

fn hex_name(byte: u8) -> String {
    format!("{byte:02x}")
}

/// Adds a folder of objects and those that its `info/alternates` names. Lines that name no folder are ignored, as git
/// does it.
fn add_with_alternates(folder: PathBuf, depth: usize, folders: &mut Vec<PathBuf>) {
    if folders.contains(&folder) || !folder.is_dir() {
        return;
    }
    let alternates = std::fs::read_to_string(folder.join("info/alternates")).unwrap_or_default();
    folders.push(folder.clone());
    for line in alternates.lines().filter(|line| depth > 0 && !line.is_empty() && !line.starts_with('#')) {
        add_with_alternates(folder.join(line), depth - 1, folders);
    }
}

/// Adds the objects of one of the 256 folders, all of whose names begin with the byte `first`.
fn list_folder(folder: &Path, first: u8, ids: &mut HashSet<CommitId>) -> Result<()> {
    let context = || format!("cannot read `{}`", folder.display());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(context),
    };
    for entry in entries {
        let name = entry.with_context(context)?.file_name();
        let digits = [hex_name(first).as_bytes(), name.as_encoded_bytes()].concat();
        ids.extend(CommitId::parse_hex(&digits));
    }
    Ok(())
}
