//! A folder that is published whole: made in a hidden folder beside its place, and never changed once it is there.
//!
//! All names are fixed, so that what a killed run left is known by its name, and two runs that make the same make the
//! same system calls.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use jiff::Timestamp;
use rustix::io::Errno;

use crate::base::digest::{Digest, HashingWriter};
use crate::base::files::{MARK, sync_folders, sync_parent};

/// From how many files on one sync of the whole file system is cheaper than one for each file: 3,000 single ones took
/// 2.35 s, one `syncfs` 2 ms.
const MANY: usize = 64;

/// What is published is for reading.
const FILE_MODE: u32 = 0o444;
const FOLDER_MODE: u32 = 0o755;

/// What [`Draft::link`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The same file is in both places.
    Same,
    /// It has a copy, which is yet to be read back.
    Copy,
}

/// A folder in the making.
///
/// Dropped without [`Draft::commit`] it is removed: a disk that is full must not stay full of it. What a killed run leaves is
/// hidden, and cleared by the next one, which holds the lock.
pub struct Draft {
    place: PathBuf,
    made: PathBuf,
    date: SystemTime,
    /// Relative paths of what has bytes of its own.
    new: Vec<PathBuf>,
    linked: usize,
}

impl Draft {
    /// Makes an empty hidden folder beside `place`, and the folders above it. New files get the date `date`.
    ///
    /// Errors: something is at `place` already; a folder that cannot be made.
    pub fn new(place: &Path, date: Timestamp) -> Result<Draft> {
        let failed = || format!("cannot make `{}`", place.display());
        let (parent, name) = place.parent().zip(place.file_name()).with_context(failed)?;
        if place.symlink_metadata().is_ok() {
            anyhow::bail!("cannot make `{}`: it is there already", place.display());
        }
        make_folders(parent)?;
        let made = parent.join(format!("{MARK}{}", name.to_string_lossy()));
        make_folder(&made)?;
        let seconds = u64::try_from(date.as_second()).unwrap_or(0);
        let date = UNIX_EPOCH + Duration::from_secs(seconds);
        Ok(Draft { place: place.to_owned(), made, date, new: Vec::new(), linked: 0 })
    }

    /// Where it is while it is made.
    pub fn path(&self) -> &Path {
        &self.made
    }

    /// Where it will be.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Writes a file.
    pub fn write(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let failed = || format!("cannot write `{}`", self.place.join(path).display());
        let mut file = self.create(path).with_context(failed)?;
        file.write_all(content).and_then(|()| self.seal(&file)).with_context(failed)?;
        self.new.push(path.into());
        Ok(())
    }

    /// Copies a file and gives its digest, taken on the way.
    pub fn copy(&mut self, from: &Path, path: &str) -> Result<Digest> {
        let failed = || format!("cannot copy `{}` to `{}`", from.display(), self.place.join(path).display());
        let mut source = File::open(from).with_context(failed)?;
        let file = self.create(path).with_context(failed)?;
        let mut sink = HashingWriter::new(file);
        let mut buffer = vec![0; 1 << 20];
        loop {
            match source.read(&mut buffer).with_context(failed)? {
                0 => break,
                count => sink.write_all(&buffer[..count]).with_context(failed)?,
            }
        }
        let (file, digest) = sink.finish();
        self.seal(&file).with_context(failed)?;
        self.new.push(path.into());
        Ok(digest)
    }

    /// Links a published file, so that it is the same file in both places; copies it where the system refuses.
    pub fn link(&mut self, published: &Path, path: &str) -> Result<Linked> {
        let shown = self.place.join(path);
        let failed = || format!("cannot link `{}` to `{}`", published.display(), shown.display());
        let to = self.made.join(path);
        let mut linked = fs::hard_link(published, &to);
        if linked.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) && published.exists() {
            self.make_folder_of(&to).with_context(failed)?;
            linked = fs::hard_link(published, &to);
        }
        match linked {
            Ok(()) => {
                self.linked += 1;
                Ok(Linked::Same)
            }
            Err(error) if is_refusal(&error) => {
                // A copy is as good, where it keeps the date that tells it from a changed one.
                let date = published.metadata().and_then(|found| found.modified()).with_context(failed)?;
                self.copy(published, path)?;
                let copied = OpenOptions::new().read(true).open(&to).with_context(failed)?;
                copied.set_modified(date).with_context(failed)?;
                Ok(Linked::Copy)
            }
            Err(error) => Err(error).with_context(failed),
        }
    }

    /// Makes it visible with one rename, after everything in it has reached the disk.
    pub fn commit(self) -> Result<()> {
        let failed = || format!("cannot put the new `{}` in its place", self.place.display());
        if self.new.len() + self.linked > MANY {
            let folder = File::open(&self.made).with_context(failed)?;
            rustix::fs::syncfs(&folder).with_context(failed)?;
        } else {
            for path in &self.new {
                let file = File::open(self.made.join(path)).and_then(|file| file.sync_all());
                file.with_context(|| format!("cannot write `{}`", self.place.join(path).display()))?;
            }
            sync_folders(&self.made).with_context(failed)?;
        }
        fs::rename(&self.made, &self.place).with_context(failed)?;
        sync_parent(&self.place).with_context(failed)
    }

    fn create(&self, path: &str) -> io::Result<File> {
        let to = self.made.join(path);
        let open = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&to);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_folder_of(&to)?;
                open()
            }
            opened => opened,
        }
    }

    /// The folders of a file in it, whatever the umask says.
    fn make_folder_of(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().unwrap_or(&self.made);
        let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
        missing.into_iter().rev().try_for_each(|folder| {
            fs::create_dir(folder)?;
            fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
        })
    }

    fn seal(&self, file: &File) -> io::Result<()> {
        file.set_modified(self.date)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It is not there any more where it was put in its place; and the error that is told is the one that led here.
        drop(fs::remove_dir_all(&self.made));
    }
}

/// Makes `link` lead to `target`, in one step: the old link or the new one is there at any time.
pub fn flip(link: &Path, target: &Path) -> Result<()> {
    let failed = || format!("cannot make `{}` lead to `{}`", link.display(), target.display());
    let (parent, name) = link.parent().zip(link.file_name()).with_context(failed)?;
    make_folders(parent)?;
    let made = parent.join(format!("{MARK}{}", name.to_string_lossy()));
    std::os::unix::fs::symlink(target, &made).with_context(failed)?;
    fs::rename(&made, link).with_context(failed)?;
    sync_parent(link).with_context(failed)
}

/// Writes one file that people fetch, aside and renamed over the old one; nothing where it has this content already.
pub fn publish(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == content) {
        return Ok(());
    }
    let failed = || format!("cannot write `{}`", path.display());
    let (parent, name) = path.parent().zip(path.file_name()).with_context(failed)?;
    make_folders(parent)?;
    let made = parent.join(format!("{MARK}{}", name.to_string_lossy()));
    let mut file = File::create(&made).with_context(failed)?;
    file.write_all(content).with_context(failed)?;
    file.set_permissions(Permissions::from_mode(0o644)).with_context(failed)?;
    file.sync_all().with_context(failed)?;
    fs::rename(&made, path).with_context(failed)?;
    sync_parent(path).with_context(failed)
}

/// Appends a line to a file that only grows, and waits for the disk. Where that fails, the file is cut back.
pub fn append_line(path: &Path, line: &str) -> Result<()> {
    let failed = || format!("cannot append to `{}`", path.display());
    make_private_folders(path.parent().with_context(failed)?)?;
    let is_new = !path.exists();
    let mut file = OpenOptions::new().append(true).create(is_new).open(path).with_context(failed)?;
    let length = file.metadata().with_context(failed)?.len();
    let appended = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all());
    if appended.is_err() {
        drop(file.set_len(length)); // the first error is the one to tell
    }
    appended.with_context(failed)?;
    if is_new { sync_parent(path).with_context(failed) } else { Ok(()) }
}

/// Cuts a file to its first `length` bytes.
pub fn truncate(path: &Path, length: u64) -> Result<()> {
    let failed = || format!("cannot shorten `{}`", path.display());
    let file = OpenOptions::new().write(true).open(path).with_context(failed)?;
    file.set_len(length).and_then(|()| file.sync_all()).with_context(failed)
}

/// Moves a file or folder to another place of the same file system, for good.
pub fn move_to(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("cannot move `{}` to `{}`", from.display(), to.display());
    make_folders(to.parent().with_context(failed)?)?;
    fs::rename(from, to).with_context(failed)?;
    sync_parent(from).and_then(|()| sync_parent(to)).with_context(failed)
}

/// Removes what a killed run of ours left directly in `folder`, by its name; and nothing else.
pub fn clear_drafts(folder: &Path) -> Result<()> {
    for name in names_in(folder)?.into_iter().filter(|name| name.starts_with(MARK)) {
        remove(&folder.join(name))?;
    }
    Ok(())
}

/// Removes a file, a link or a folder with all that is in it.
pub fn remove(path: &Path) -> Result<()> {
    let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("cannot remove `{}`", path.display()))
}

/// The names in a folder that are UTF-8, sorted; none where there is no such folder.
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

/// Makes a folder that people may look into, and those above it; what is there stays as it is.
pub fn make_folders(folder: &Path) -> Result<()> {
    make_missing(folder, make_folder)
}

/// Makes a folder whose readers the umask decides on, and those above it; what is there stays as it is.
pub fn make_private_folders(folder: &Path) -> Result<()> {
    make_missing(folder, |folder| fs::create_dir(folder).with_context(|| not_created(folder)))
}

fn make_missing(folder: &Path, make: impl Fn(&Path) -> Result<()>) -> Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    missing.into_iter().rev().try_for_each(|folder| {
        make(folder)?;
        sync_parent(folder).with_context(|| not_created(folder))
    })
}

fn make_folder(folder: &Path) -> Result<()> {
    let made = fs::create_dir(folder).and_then(|()| fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE)));
    made.with_context(|| not_created(folder))
}

fn not_created(folder: &Path) -> String {
    format!("cannot create the folder `{}`", folder.display())
}

/// The errors of a file system that has no links, of another file system, and of a file with too many.
fn is_refusal(error: &io::Error) -> bool {
    let refusals = [Errno::PERM, Errno::XDEV, Errno::MLINK, Errno::OPNOTSUPP];
    Errno::from_io_error(error).is_some_and(|errno| refusals.contains(&errno))
}
