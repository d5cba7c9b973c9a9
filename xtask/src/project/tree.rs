//! Reads the files of a project, from the tree of a commit or from a folder.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use crate::git::{CommitId, Repository};

/// The tree of a commit, or a folder, from which the files of a project are read.
#[derive(Clone, Copy)]
pub enum Tree<'a> {
    /// The tree of a commit.
    Commit(&'a Repository, CommitId),
    /// A folder: a work tree, or an unpacked source archive.
    Folder(&'a Path),
}

impl Tree<'_> {
    /// The content of the file at `path`, with `/` between its parts; `None` if there is none.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Tree::Commit(repository, commit) => Ok(repository.file_at(*commit, path)?.map(|file| file.content)),
            Tree::Folder(root) => match std::fs::read(root.join(path)) {
                Ok(content) => Ok(Some(content)),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
                Err(error) => Err(error).with_context(|| format!("cannot read `{}`", root.join(path).display())),
            },
        }
    }

    /// The names of the files directly in `folder` (empty for the root), sorted.
    pub fn files_in(&self, folder: &str) -> Result<Vec<String>> {
        let mut names = match self {
            Tree::Commit(repository, commit) => repository.files_in(*commit, folder)?,
            Tree::Folder(root) => match std::fs::read_dir(root.join(folder)) {
                Ok(entries) => entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect(),
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot list `{}`", root.join(folder).display()));
                }
            },
        };
        names.sort();
        Ok(names)
    }
}
