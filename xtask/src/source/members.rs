//! One pass over the contents of an export: blobs are read and converted in parallel, and come out in order.

use std::borrow::Cow;

use anyhow::Result;

use crate::base::interrupt;
use crate::base::parallel;
use crate::base::progress::Progress;
use crate::git::{ObjectId, Repository};
use crate::source::export::{self, Entry, EntryKind, Export};

/// How many members a thread takes at a time: most are small, and handing over one costs more than reading it. Sixteen is
/// as fast as sixty-four, and keeps less in memory where they are large.
const BATCH: usize = 16;
/// A batch that has read so many bytes is handed over as it is; the few members left in it are read one by one.
const LARGE: usize = 4 << 20;

/// One member with its content, as it goes into an archive.
pub struct Member<'a> {
    /// The path in the archive; a folder's closes with a slash.
    pub path: &'a [u8],
    /// The object it came from.
    pub id: ObjectId,
    /// What it is.
    pub shape: Shape,
    /// The file's bytes, or the link's target; empty for a folder.
    pub content: Cow<'a, [u8]>,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link.
    Link,
}

impl Shape {
    /// The permission bits that git gives it in an archive, with a umask of 002.
    pub fn mode(self) -> u32 {
        match self {
            Shape::File => 0o664,
            Shape::Folder | Shape::Executable => 0o775,
            Shape::Link => 0o777,
        }
    }
}

/// Reads every member on `threads` threads. `add` collects those of a batch, on the thread that reads them; `sink` gets
/// the batches in the order of the archive, on the calling thread. In memory are at most `2 × threads` batches, each of
/// [`LARGE`] bytes and one member. `progress` is advanced; its phase begins and ends with the caller.
///
/// Errors: a blob missing from a partial clone, content that cannot be exported, those of `add` and `sink`.
pub fn for_each_batch<B: Default + Send>(
    export: &Export,
    threads: usize,
    progress: &dyn Progress,
    add: impl Fn(&mut B, &Member<'_>) -> Result<()> + Sync,
    mut sink: impl FnMut(B) -> Result<()>,
) -> Result<()> {
    let open = || Repository::open(&export.repository);
    let collect = |repository: &mut Repository, entries| {
        let mut batch = B::default();
        let left = read_batch(export, repository, entries, |member| add(&mut batch, member))?;
        Ok((batch, entries.len() - left.len(), left))
    };
    let mut put = |batch, count: usize| -> Result<()> {
        interrupt::check()?;
        sink(batch)?;
        progress.advance(count as u64);
        Ok(())
    };
    let mut own = None;
    parallel::ordered_map(export.entries.chunks(BATCH), threads, open, collect, |(batch, count, left)| {
        put(batch, count)?;
        for entry in left.chunks(1) {
            let repository = match &own {
                Some(repository) => repository,
                None => own.insert(open()?),
            };
            let mut batch = B::default();
            read_batch(export, repository, entry, |member| add(&mut batch, member))?;
            put(batch, 1)?;
        }
        Ok(())
    })
}

/// Reads the members of a batch until they come to [`LARGE`] bytes; those that are left.
fn read_batch<'a>(
    export: &Export,
    repository: &Repository,
    entries: &'a [Entry],
    mut add: impl FnMut(&Member<'_>) -> Result<()>,
) -> Result<&'a [Entry]> {
    let mut bytes = 0;
    for (index, entry) in entries.iter().enumerate() {
        read(export, repository, entry, |member| {
            bytes += member.content.len();
            add(member)
        })?;
        if bytes >= LARGE {
            return Ok(&entries[index + 1..]);
        }
    }
    Ok(&[])
}

/// Hands one member to `with`, whose errors are kept as they are.
fn read(
    export: &Export,
    repository: &Repository,
    entry: &Entry,
    with: impl FnOnce(&Member<'_>) -> Result<()>,
) -> Result<()> {
    match &entry.kind {
        EntryKind::Folder => with(&member(entry, Shape::Folder, Cow::Borrowed(b""))),
        EntryKind::Generated(content) => with(&member(entry, Shape::File, Cow::Borrowed(content))),
        EntryKind::Link => {
            with_blob(repository, entry, |target| with(&member(entry, Shape::Link, Cow::Borrowed(target))))
        }
        EntryKind::File { is_executable, conversion } => with_blob(repository, entry, |content| {
            let content = conversion.apply(content, entry.id, &export.commit);
            let content = content.map_err(|why| export::refused(entry.tracked_path(), &why))?;
            let shape = if *is_executable { Shape::Executable } else { Shape::File };
            with(&member(entry, shape, content))
        }),
    }
}

fn member<'a>(entry: &'a Entry, shape: Shape, content: Cow<'a, [u8]>) -> Member<'a> {
    Member { path: &entry.path, id: entry.id, shape, content }
}

fn with_blob(repository: &Repository, entry: &Entry, read: impl FnOnce(&[u8]) -> Result<()>) -> Result<()> {
    let found = repository.with_blob(entry.id, read);
    found.map_err(|error| export::unreadable(error, entry.tracked_path()))?
}
