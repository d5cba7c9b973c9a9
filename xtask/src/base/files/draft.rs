//! A folder that becomes visible whole: it is made under a temporary name beside its place, synced, and renamed.
//!
//! [`Draft::new`] makes a folder that is published once and never changed. [`Draft::replacing`] makes a folder of results that
//! replaces the old one.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use jiff::Timestamp;
use rustix::fs::{RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::base::digest::{Digest, HashingWriter};
use crate::base::error::{Exit, Failure};
use crate::base::files::beneath::OpenFor;
use crate::base::files::clear::{MARK, clear_named, remove, remove_if_there, temporary_beside};
use crate::base::files::folders::{
    make_folder, make_folders, make_open_folders_of, make_plain_folder, make_plain_folders_of, make_target, rename,
    resolve, sync_folders, sync_parent,
};
use crate::base::files::link::{LinkFolders, Linked, link_or_copy};
use crate::base::files::lock::LockFile;
use crate::base::files::scratch::{Scratch, scratch_named};
use crate::base::files::tree_path::TreePath;

/// Above this number of files the whole file system is synced once instead of each file: 3,000 files took 2.35 s, one `syncfs`
/// 2 ms.
const FILES_SYNCED_SINGLY: usize = 64;

/// The mode of a published file.
const FILE_MODE: u32 = 0o444;

/// A folder in the making.
///
/// Dropped before [`Draft::commit`], it is removed, so that a full disk does not stay full. A killed run leaves it; the next run
/// clears it under the lock.
pub struct Draft {
    place: TreePath,
    /// The temporary path.
    made: TreePath,
    purpose: DraftPurpose,
    /// Relative paths of the files that are no links.
    new: Vec<PathBuf>,
    linked: usize,
    link_folders: LinkFolders,
}

/// What was copied.
pub struct CopiedContent {
    /// In bytes.
    pub size: u64,
    pub digest: Digest,
}

enum DraftPurpose {
    /// Files get this date and mode 0444, folders mode 0755.
    Publish { date: SystemTime },
    /// The umask gives the modes.
    Replace {
        /// The beginning of all temporary names.
        prefix: String,
        _lock: LockFile,
    },
}

impl Draft {
    /// Makes an empty temporary folder beside `place`, and the folders above it. New files get the date `date`.
    ///
    /// Errors: there is something at `place`; a folder that cannot be made.
    pub fn new(place: &TreePath, date: Timestamp) -> Result<Draft> {
        let failed = || format!("cannot make `{place}`");
        let (parent, made) = (place.parent().with_context(failed)?, temporary_beside(place).with_context(failed)?);
        if place.is_there() {
            anyhow::bail!("cannot make `{place}`: it is there already");
        }
        make_folders(&parent)?;
        make_folder(&made)?;
        let seconds = u64::try_from(date.as_second()).unwrap_or(0);
        let purpose = DraftPurpose::Publish { date: UNIX_EPOCH + Duration::from_secs(seconds) };
        Ok(Draft {
            place: place.clone(),
            made,
            purpose,
            new: Vec::new(),
            linked: 0,
            link_folders: LinkFolders::default(),
        })
    }

    /// Makes an empty temporary folder beside `target`, and the folders above it, and locks the folder above. [`Draft::commit`]
    /// replaces `target` without a look at its content.
    ///
    /// Errors: another run writes there (exit 75); a folder that cannot be made.
    pub fn replacing(target: &Path) -> Result<Draft> {
        let place = resolve(target)?;
        let (Some(parent), Some(name)) = (place.parent(), place.file_name().and_then(|name| name.to_str())) else {
            let message = format!("`{}` cannot be a folder of results", place.display());
            return Err(Failure::new(Exit::Usage, message).help("name a folder with `--out DIR`").into());
        };
        if place.symlink_metadata().is_ok() && !place.is_dir() {
            let message = format!("`{}` is in the way: it is not a folder", place.display());
            return Err(Failure::new(Exit::Failed, message).help("move it away, or choose with `--out DIR`").into());
        }
        make_target(parent)?;
        let prefix = format!(".{name}{MARK}");
        let parent = TreePath::top(parent);
        let place = parent.join(name);
        let lock = LockFile::take_folder(&parent)?;
        restore(&place, &old_path(&parent, &prefix))?;
        clear_named(&parent, &prefix)?;
        let made = parent.join(format!("{prefix}new"));
        make_plain_folder(&made).with_context(|| format!("cannot create a folder in `{parent}`"))?;
        let purpose = DraftPurpose::Replace { prefix, _lock: lock };
        Ok(Draft { place, made, purpose, new: Vec::new(), linked: 0, link_folders: LinkFolders::default() })
    }

    /// The temporary path. Messages name [`Draft::place`] instead.
    pub fn folder(&self) -> &TreePath {
        &self.made
    }

    /// The path of the folder after [`Draft::commit`].
    pub fn place(&self) -> &TreePath {
        &self.place
    }

    /// An empty temporary folder beside it.
    pub fn scratch(&self) -> Result<Scratch> {
        let parent = self.made.top_folder();
        let prefix = match &self.purpose {
            DraftPurpose::Publish { .. } => MARK,
            DraftPurpose::Replace { prefix, .. } => prefix,
        };
        scratch_named(parent, prefix)
    }

    /// Creates a file (and its folder), empty and open for writing. The caller syncs it.
    pub fn create(&self, path: &str) -> Result<File> {
        self.open(path).with_context(|| format!("cannot create `{}`", self.place.join(path)))
    }

    /// Writes a file.
    pub fn write(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let failed = || format!("cannot write `{}`", self.place.join(path));
        let mut file = self.open(path).with_context(failed)?;
        file.write_all(content).and_then(|()| self.finish(&file)).with_context(failed)?;
        self.new.push(path.into());
        Ok(())
    }

    /// Copies a file from outside.
    pub fn copy(&mut self, from: &Path, path: &str) -> Result<CopiedContent> {
        let failed = || format!("cannot copy `{}` to `{}`", from.display(), self.place.join(path));
        let mut source = File::open(from).with_context(failed)?;
        let mut sink = HashingWriter::new(self.open(path).with_context(failed)?);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = source.read(&mut buffer).with_context(failed)?;
            if count == 0 {
                break;
            }
            sink.write_all(&buffer[..count]).with_context(failed)?;
        }
        let size = sink.written();
        let (file, digest) = sink.finish();
        self.finish(&file).with_context(failed)?;
        self.new.push(path.into());
        Ok(CopiedContent { size, digest })
    }

    /// Links a file, so that it is the same file in both places; copies it where the system refuses links.
    pub fn link(&mut self, from: &TreePath, path: &str) -> Result<Linked> {
        let failed = || format!("cannot link `{from}` to `{}`", self.place.join(path));
        let to = self.made.join(path);
        let linked = match link_or_copy(&mut self.link_folders, from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && from.is_there() => {
                self.make_folder_of(&to).and_then(|()| link_or_copy(&mut self.link_folders, from, &to))
            }
            linked => linked,
        };
        let linked = linked.with_context(failed)?;
        match linked {
            Linked::Same => self.linked += 1,
            Linked::Copy => self.new.push(path.into()),
        }
        Ok(linked)
    }

    /// Makes the folder visible with one rename, after everything in it has reached the disk. Where a folder is replaced, the
    /// rename exchanges the two.
    pub fn commit(self) -> Result<()> {
        let failed = || format!("cannot put the new `{}` in its place", self.place);
        if self.new.len() + self.linked > FILES_SYNCED_SINGLY {
            let folder = self.made.open_folder(OpenFor::Read).with_context(failed)?;
            rustix::fs::syncfs(&folder).with_context(failed)?;
        } else {
            for path in &self.new {
                let synced = self.made.join(path).open().and_then(|file| file.sync_all());
                synced.with_context(|| format!("cannot write `{}`", self.place.join(path)))?;
            }
            sync_folders(&self.made).with_context(failed)?;
        }
        match &self.purpose {
            DraftPurpose::Replace { prefix, .. } if self.place.is_there() => self.exchange(prefix)?,
            _ => rename(&self.made, &self.place).with_context(failed)?,
        }
        sync_parent(&self.place).with_context(failed)
    }

    /// Exchanges the new folder and the old one. The old one then has the temporary name and is removed by `drop`.
    fn exchange(&self, prefix: &str) -> Result<()> {
        let failed = || format!("cannot put the new `{}` in its place", self.place);
        let (made, place) = (self.made.place().with_context(failed)?, self.place.place().with_context(failed)?);
        match renameat_with(&made.folder, made.name, &place.folder, place.name, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS) => {
                // This file system has no exchange. Between the two renames neither folder is at the place; after a kill
                // the next run finds the old one by its name.
                let old = old_path(&TreePath::top(self.made.top_folder()), prefix);
                rename(&self.place, &old).with_context(failed)?;
                rename(&self.made, &self.place).with_context(failed)?;
                remove(&old)
            }
            exchanged => exchanged.with_context(failed),
        }
    }

    /// Opens a new file. That of a publication is readable by the owner only until it is finished.
    fn open(&self, path: &str) -> io::Result<File> {
        let to = self.made.join(path);
        let mode = match self.purpose {
            DraftPurpose::Publish { .. } => 0o600,
            DraftPurpose::Replace { .. } => 0o666, // less the umask
        };
        let open = || to.create_new(mode);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_folder_of(&to)?;
                open()
            }
            opened => opened,
        }
    }

    fn make_folder_of(&self, file: &TreePath) -> io::Result<()> {
        match self.purpose {
            DraftPurpose::Publish { .. } => make_open_folders_of(file),
            DraftPurpose::Replace { .. } => make_plain_folders_of(file),
        }
    }

    /// Sets the date and mode of a file that is published.
    fn finish(&self, file: &File) -> io::Result<()> {
        if let DraftPurpose::Publish { date } = self.purpose {
            file.set_modified(date)?;
            file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is no such folder; and after an error that error is the one to report.
        drop(remove_if_there(&self.made));
    }
}

/// The path of the old folder while it is replaced without an exchange.
fn old_path(parent: &TreePath, prefix: &str) -> TreePath {
    parent.join(format!("{prefix}old"))
}

/// Moves the old folder back where a run was killed between its two renames.
fn restore(place: &TreePath, old: &TreePath) -> Result<()> {
    if old.is_folder() && !place.is_there() {
        rename(old, place).with_context(|| format!("cannot put `{old}` back in its place"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn content(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_folder_appears_whole_and_replaces_the_old_one_whole() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("target/dist");
        for round in ["one", "two"] {
            let mut draft = Draft::replacing(&target).unwrap();
            draft.write("sources/file", round.as_bytes()).unwrap();
            draft.commit().unwrap();
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
        drop(Draft::replacing(&target).unwrap());
        fs::rename(&target, place.path().join(".dist.releng-old")).unwrap();
        drop(Draft::replacing(&target).unwrap());
        assert_eq!(content(&target.join("old")), "old");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn one_writer_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let first = Draft::replacing(&place.path().join("dist")).unwrap();
        let second = Draft::replacing(&place.path().join("dist")).map(drop).unwrap_err();
        assert_eq!(second.downcast_ref::<Failure>().unwrap().exit, Exit::Busy);
        drop(first);
        Draft::replacing(&place.path().join("dist")).unwrap();
    }
}
