//! The paths that differ between two commits, and between a commit and the work tree.

use anyhow::{Context, Result};

use crate::base::interrupt;
use crate::git::commit::CommitId;
use crate::git::mode::Mode;
use crate::git::repository::Repository;
use crate::git::tree::TreeEntry;

/// The paths of the work tree that differ from `HEAD`, as bytes with `/` between their parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// Those that git tracks.
    pub tracked: Vec<Vec<u8>>,
    /// Those that git neither tracks nor ignores.
    pub untracked: Vec<Vec<u8>>,
}

impl Repository {
    /// The paths of the files, links and submodules that differ between two commits, sorted. A file that was renamed has two paths:
    /// the old one and the new one. Without `before`, all paths of `after`.
    ///
    /// Errors: [`Missing`](crate::git::Missing), damage, an interrupt.
    pub fn changed_paths(&self, before: Option<CommitId>, after: CommitId) -> Result<Vec<Vec<u8>>> {
        let before = before.map(|commit| self.tree_of(commit)).transpose()?;
        let mut paths = Vec::new();
        let mut open = vec![(Vec::new(), before, Some(self.tree_of(after)?))];
        while let Some((folder, before, after)) = open.pop() {
            interrupt::check()?;
            for (name, (before, after)) in self.differences(before, after)? {
                let path = if folder.is_empty() { name } else { [&folder[..], b"/", &name].concat() };
                let is_file =
                    |entry: &Option<TreeEntry>| entry.as_ref().is_some_and(|entry| entry.mode != Mode::Folder);
                let tree =
                    |entry: Option<TreeEntry>| entry.filter(|entry| entry.mode == Mode::Folder).map(|tree| tree.id);
                if is_file(&before) || is_file(&after) {
                    paths.push(path.clone());
                }
                let trees = (tree(before), tree(after));
                if trees != (None, None) {
                    open.push((path, trees.0, trees.1));
                }
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// The paths that differ between `HEAD` and the index or the work tree. None for a bare repository.
    pub fn uncommitted_paths(&self) -> Result<Uncommitted> {
        let mut found = Uncommitted::default();
        if self.inner.is_bare() {
            return Ok(found);
        }
        if self.loose()?.check_history().is_err() {
            self.check_trees(self.tree_of(self.head()?)?)?;
        }
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).exclude_submodules(false);
        let statuses = self.inner.statuses(Some(&mut options)).context("cannot compare the work tree with `HEAD`")?;
        for entry in statuses.iter() {
            let is_new = entry.status().contains(git2::Status::WT_NEW);
            let list = if is_new { &mut found.untracked } else { &mut found.tracked };
            list.push(entry.path_bytes().to_vec());
        }
        Ok(found)
    }
}
