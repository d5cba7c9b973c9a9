//! One pass over the members of an export: reads and converts blobs in parallel, and returns them in order.

use std::borrow::Cow;
use std::io::{Read, Write};

use anyhow::{Context, Result, ensure};

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

/// The size in bytes from which on a file is not read into memory. Files that are converted always are.
const STREAMED: u64 = 8 << 20;

/// A part of the archive, in its order.
pub enum Piece<'a, B> {
    /// Members that were added to a batch.
    Batch(B),
    /// A member that is too large for memory. Its content must be read to the end.
    Large(LargeMember<'a>),
}

/// A file that is read piece by piece.
pub struct LargeMember<'a> {
    pub path: &'a [u8],
    pub id: ObjectId,
    pub shape: Shape,
    /// In bytes.
    pub size: u64,
    pub content: &'a mut dyn Read,
}

impl LargeMember<'_> {
    /// Copies the content to `out`.
    pub fn copy_to(&mut self, out: &mut impl Write) -> Result<()> {
        let mut room = vec![0; 256 << 10];
        let mut left = self.size;
        while left > 0 {
            interrupt::check()?;
            let count = self.content.read(&mut room).with_context(|| format!("cannot read the blob `{}`", self.id))?;
            ensure!(count > 0 && count as u64 <= left, "the blob `{}` does not have its size", self.id);
            out.write_all(&room[..count])?;
            left -= count as u64;
        }
        Ok(())
    }
}

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
/// the batches and the large members in the order of the archive, on the calling thread. At most `2 × threads` batches are in
/// memory, each of [`LARGE`] and at most [`STREAMED`] bytes. `progress` is advanced; the caller begins and ends its phase.
///
/// Errors: a blob missing from a partial clone, content that cannot be exported, those of `add` and `sink`.
pub fn for_each_batch<B: Default + Send>(
    export: &Export,
    threads: usize,
    progress: &dyn Progress,
    add: impl Fn(&mut B, &Member<'_>) -> Result<()> + Sync,
    mut sink: impl FnMut(Piece<'_, B>) -> Result<()>,
) -> Result<()> {
    let open = || Repository::open(&export.repository);
    let collect = |repository: &mut Repository, entries| {
        let mut batch = B::default();
        let left = read_batch(export, repository, entries, |member| add(&mut batch, member))?;
        Ok((batch, entries.len() - left.len(), left))
    };
    let mut put = |piece: Piece<'_, B>, count: usize| -> Result<()> {
        interrupt::check()?;
        sink(piece)?;
        progress.advance(count as u64);
        Ok(())
    };
    let mut own = None;
    parallel::ordered_map(export.entries.chunks(BATCH), threads, open, collect, |(batch, count, left)| {
        put(Piece::Batch(batch), count)?;
        for entry in left.chunks(1) {
            let repository = match &own {
                Some(repository) => repository,
                None => own.insert(open()?),
            };
            let mut batch = B::default();
            match read_batch(export, repository, entry, |member| add(&mut batch, member))? {
                [] => put(Piece::Batch(batch), 1)?,
                large => {
                    for entry in large {
                        stream(repository, entry, |member| put(Piece::Large(member), 1))?;
                    }
                }
            }
        }
        Ok(())
    })
}

/// Reads the members of a batch until they have [`LARGE`] bytes, or one is streamed; returns the rest.
fn read_batch<'a>(
    export: &Export,
    repository: &Repository,
    entries: &'a [ExportEntry],
    mut add: impl FnMut(&Member<'_>) -> Result<()>,
) -> Result<&'a [ExportEntry]> {
    let mut bytes = 0;
    for (index, entry) in entries.iter().enumerate() {
        if streamed_size(repository, entry)?.is_some() {
            return Ok(&entries[index..]);
        }
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

/// The size of a file that is read piece by piece.
fn streamed_size(repository: &Repository, entry: &ExportEntry) -> Result<Option<u64>> {
    match &entry.kind {
        ExportEntryKind::File { conversion, .. } if conversion.is_none() => {
            let size = repository.blob_size(entry.id);
            let size = size.map_err(|error| export::unreadable(error, entry.tracked_path()))?;
            Ok((size >= STREAMED).then_some(size))
        }
        _ => Ok(None),
    }
}

/// Hands a large file to `with`. Errors of `with` are returned unchanged.
fn stream(
    repository: &Repository,
    entry: &ExportEntry,
    with: impl FnOnce(LargeMember<'_>) -> Result<()>,
) -> Result<()> {
    let (ExportEntryKind::File { is_executable, .. }, Some(size)) = (&entry.kind, streamed_size(repository, entry)?)
    else {
        return Ok(());
    };
    let ExportEntry { path, id, .. } = entry;
    let shape = shape_of(*is_executable);
    let streamed = repository.stream_blob(*id, |content| Ok(with(LargeMember { path, id: *id, shape, size, content })));
    streamed.map_err(|error| export::unreadable(error, entry.tracked_path()))?
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
        ExportEntryKind::Generated { is_executable, content } => {
            with(&member(entry, shape_of(*is_executable), Cow::Borrowed(content)))
        }
        ExportEntryKind::Link => {
            with_blob(repository, entry, |target| with(&member(entry, Shape::Link, Cow::Borrowed(target))))
        }
        ExportEntryKind::File { is_executable, conversion } => with_blob(repository, entry, |content| {
            let content = conversion.apply(content, entry.id, &export.commit, &export.tag);
            let content = content.map_err(|why| export::refused(entry.tracked_path(), &why))?;
            with(&member(entry, shape_of(*is_executable), content))
        }),
    }
}

fn shape_of(is_executable: bool) -> Shape {
    if is_executable { Shape::Executable } else { Shape::File }
}

fn member<'a>(entry: &'a ExportEntry, shape: Shape, content: Cow<'a, [u8]>) -> Member<'a> {
    Member { path: &entry.path, id: entry.id, shape, content }
}

fn with_blob(repository: &Repository, entry: &ExportEntry, read: impl FnOnce(&[u8]) -> Result<()>) -> Result<()> {
    let found = repository.with_blob(entry.id, read);
    found.map_err(|error| export::unreadable(error, entry.tracked_path()))?
}
