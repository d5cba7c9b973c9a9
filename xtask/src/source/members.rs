//! One pass over the members of an export: reads and converts blobs in parallel, and returns them in order.

use std::borrow::Cow;

use anyhow::Result;

use crate::base::interrupt;
use crate::base::parallel;
use crate::base::progress::Progress;
use crate::git::{ObjectId, Repository};
use crate::source::export::{self, Export, ExportEntry, ExportEntryKind};

/// The number of members in a batch. Most members are small, and passing one to another thread costs more than reading
/// it. Sixteen is as fast as sixty-four, and takes less memory for large members.
const BATCH: usize = 16;
/// The size in bytes at which a batch is passed on before it is complete. The rest of its members are read one by one.
const LARGE: usize = 4 << 20;

/// One member with its content, as it goes into an archive.
pub struct Member<'a> {
    /// The path in the archive; that of a folder ends with a slash.
    pub path: &'a [u8],
    pub id: ObjectId,
    pub shape: Shape,
    /// The content of a file, or the target of a link; empty for a folder.
    pub content: Cow<'a, [u8]>,
}

/// The kind of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Folder,
    File,
    Executable,
    /// A symbolic link.
    Link,
}

impl Shape {
    /// The permission bits in an archive of git with a umask of 002.
    pub fn mode(self) -> u32 {
        match self {
            Shape::File => 0o664,
            Shape::Folder | Shape::Executable => 0o775,
            Shape::Link => 0o777,
        }
    }
}

/// Reads every member on `threads` threads. `add` adds a member to its batch, on the thread that reads it. `sink` takes
/// the batches in the order of the archive, on the calling thread. At most `2 × threads` batches are in memory, each of
/// [`LARGE`] bytes and one member. `progress` is advanced; the caller begins and ends its phase.
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

/// Reads the members of a batch until they have [`LARGE`] bytes; returns the rest.
fn read_batch<'a>(
    export: &Export,
    repository: &Repository,
    entries: &'a [ExportEntry],
    mut add: impl FnMut(&Member<'_>) -> Result<()>,
) -> Result<&'a [ExportEntry]> {
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

/// Reads one member, and calls `with` for it. Errors of `with` are returned unchanged.
fn read(
    export: &Export,
    repository: &Repository,
    entry: &ExportEntry,
    with: impl FnOnce(&Member<'_>) -> Result<()>,
) -> Result<()> {
    match &entry.kind {
        ExportEntryKind::Folder => with(&member(entry, Shape::Folder, Cow::Borrowed(b""))),
        ExportEntryKind::Generated(content) => with(&member(entry, Shape::File, Cow::Borrowed(content))),
        ExportEntryKind::Link => {
            with_blob(repository, entry, |target| with(&member(entry, Shape::Link, Cow::Borrowed(target))))
        }
        ExportEntryKind::File { is_executable, conversion } => with_blob(repository, entry, |content| {
            let content = conversion.apply(content, entry.id, &export.commit);
            let content = content.map_err(|why| export::refused(entry.tracked_path(), &why))?;
            let shape = if *is_executable { Shape::Executable } else { Shape::File };
            with(&member(entry, shape, content))
        }),
    }
}

fn member<'a>(entry: &'a ExportEntry, shape: Shape, content: Cow<'a, [u8]>) -> Member<'a> {
    Member { path: &entry.path, id: entry.id, shape, content }
}

fn with_blob(repository: &Repository, entry: &ExportEntry, read: impl FnOnce(&[u8]) -> Result<()>) -> Result<()> {
    let found = repository.with_blob(entry.id, read);
    found.map_err(|error| export::unreadable(error, entry.tracked_path()))?
}
