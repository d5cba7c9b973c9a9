//! The lines that a commit changes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use anyhow::{Context, Result};
use git2::{DiffOptions, Patch};

use crate::base::interrupt;
use crate::git::mode::Mode;
use crate::git::repository::Repository;
use crate::git::tree::{ObjectId, TreeEntry};

/// Larger files are not compared.
const LARGEST: usize = 1 << 20;
/// A file is binary if it has a NUL among its first bytes, as in git.
const FIRST_BYTES: usize = 8_000;

/// The changed lines of a file. A file that was renamed is deleted and added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    pub path: Vec<u8>,
    /// In the order of the lines; empty for binary and very large files.
    pub hunks: Vec<LineHunk>,
}

/// Lines that other lines replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineHunk {
    /// How many lines are before the changed ones in the old file.
    pub at: usize,
    pub removed: Vec<LineKey>,
    pub added: Vec<LineKey>,
}

/// Recognises the same line in another place or indented otherwise; `None` for a line without letters and digits.
pub type LineKey = Option<u64>;

/// What a name is in the old and in the new tree.
pub(super) type EntryPair = (Option<TreeEntry>, Option<TreeEntry>);

impl Repository {
    /// The lines of all files that differ between two trees. Errors: [`Missing`](crate::git::Missing), damage, an interrupt.
    pub fn line_changes(&self, before: Option<ObjectId>, after: ObjectId) -> Result<Vec<FileChange>> {
        let mut found = Vec::new();
        let mut open = vec![(Vec::new(), before, Some(after))];
        while let Some((folder, before, after)) = open.pop() {
            interrupt::check()?;
            for (name, (before, after)) in self.differences(before, after)? {
                let path = if folder.is_empty() { name } else { [&folder[..], b"/", &name].concat() };
                let of_kind = |entry: &Option<TreeEntry>, is_folder: bool| {
                    let entry = entry.as_ref()?;
                    let is_wanted = match entry.mode {
                        Mode::Folder => is_folder,
                        Mode::File | Mode::Executable => !is_folder,
                        Mode::Link | Mode::Submodule => false,
                    };
                    is_wanted.then_some(entry.id)
                };
                let folders = (of_kind(&before, true), of_kind(&after, true));
                if folders != (None, None) {
                    open.push((path.clone(), folders.0, folders.1));
                }
                let files = (of_kind(&before, false), of_kind(&after, false));
                if files.0 != files.1 {
                    found.push(FileChange { path, hunks: self.hunks(files.0, files.1)? });
                }
            }
        }
        Ok(found)
    }

    /// The entries of two trees that differ, by name.
    pub(super) fn differences(
        &self,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
    ) -> Result<BTreeMap<Vec<u8>, EntryPair>> {
        let entries = |tree: Option<ObjectId>| tree.map_or(Ok(Vec::new()), |tree| self.raw_tree(tree));
        let mut pairs: BTreeMap<Vec<u8>, EntryPair> = BTreeMap::new();
        for entry in entries(before)? {
            pairs.insert(entry.name.clone(), (Some(entry), None));
        }
        for entry in entries(after)? {
            let name = entry.name.clone();
            pairs.entry(name).or_default().1 = Some(entry);
        }
        pairs.retain(|_, (before, after)| before != after);
        Ok(pairs)
    }

    fn hunks(&self, before: Option<ObjectId>, after: Option<ObjectId>) -> Result<Vec<LineHunk>> {
        let content = |blob: Option<ObjectId>| blob.map_or(Ok(Vec::new()), |blob| self.with_blob(blob, <[u8]>::to_vec));
        let (before, after) = (content(before)?, content(after)?);
        let is_text = |bytes: &[u8]| bytes.len() <= LARGEST && !bytes[..bytes.len().min(FIRST_BYTES)].contains(&0);
        if !is_text(&before) || !is_text(&after) {
            return Ok(Vec::new());
        }
        let mut options = DiffOptions::new();
        options.context_lines(0);
        let patch = Patch::from_buffers(&before, None, &after, None, Some(&mut options));
        let patch = patch.context("cannot compare two files")?;
        let mut hunks = Vec::new();
        for index in 0..patch.num_hunks() {
            let (hunk, count) = patch.hunk(index).context("cannot compare two files")?;
            // Where nothing is removed, the start is the line before the added ones.
            let start = if hunk.old_lines() == 0 { hunk.old_start() } else { hunk.old_start().saturating_sub(1) };
            let mut found = LineHunk { at: start as usize, removed: Vec::new(), added: Vec::new() };
            for line in 0..count {
                let line = patch.line_in_hunk(index, line).context("cannot compare two files")?;
                match line.origin() {
                    '-' => found.removed.push(key(line.content())),
                    '+' => found.added.push(key(line.content())),
                    _ => {} // about a newline that is missing at the end of the file
                }
            }
            hunks.push(found);
        }
        Ok(hunks)
    }
}

fn key(line: &[u8]) -> LineKey {
    let line = line.trim_ascii();
    line.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()).then(|| {
        let mut hasher = DefaultHasher::new();
        hasher.write(line);
        hasher.finish()
    })
}
