//! Tree objects: their entries in git's order, and the contents of blobs.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use git2::ObjectType;

use crate::git::commit::CommitId;
use crate::git::mode::Mode;
use crate::git::repository::Repository;

/// The object id of anything but a commit: the same twenty bytes.
pub type ObjectId = CommitId;

/// The empty tree, which git does not have to store.
const EMPTY_TREE: &[u8] = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    pub name: Vec<u8>,
    pub mode: Mode,
    /// The blob, the tree, or the commit of a submodule.
    pub id: ObjectId,
}

/// A file in the tree of a commit.
pub struct CommittedFile {
    pub content: Vec<u8>,
    pub mode: Mode,
}

impl Repository {
    /// The file `path` (with `/` between its parts) in the tree of `commit`; `None` if there is no
    /// such file. A symbolic link to a file of the same tree is followed.
    pub fn file_at(&self, commit: CommitId, path: &str) -> Result<Option<CommittedFile>> {
        const LONGEST_CHAIN: usize = 8;
        let mut path = PathBuf::from(path);
        for _ in 0..LONGEST_CHAIN {
            let Some(entry) = self.entry_at(commit, &path)? else { return Ok(None) };
            if matches!(entry.mode, Mode::Folder | Mode::Submodule) {
                return Ok(None);
            }
            let content = self.object(entry.id, ObjectType::Blob);
            let content = content.with_context(|| format!("cannot read `{}` of commit `{commit}`", path.display()))?;
            match entry.mode {
                Mode::Link => {}
                mode => return Ok(Some(CommittedFile { content, mode })),
            }
            let Some(target) = linked_path(&path, &content) else { return Ok(None) };
            path = target;
        }
        Ok(None)
    }

    /// The mode of what is at `path` (with `/` between its parts) in the tree of `commit`; `None` if nothing is there.
    pub fn mode_at(&self, commit: CommitId, path: &str) -> Result<Option<Mode>> {
        Ok(self.entry_at(commit, Path::new(path))?.map(|entry| entry.mode))
    }

    /// The names of the files directly in `folder` (empty for the root) in the tree of `commit`; names that are not
    /// UTF-8 are left out.
    pub fn files_in(&self, commit: CommitId, folder: &str) -> Result<Vec<String>> {
        let folder = match folder {
            "" => self.tree_of(commit)?,
            _ => match self.entry_at(commit, Path::new(folder))? {
                Some(entry) if entry.mode == Mode::Folder => entry.id,
                _ => return Ok(Vec::new()),
            },
        };
        let entries = self.raw_tree(folder)?.into_iter();
        let files = entries.filter(|entry| !matches!(entry.mode, Mode::Folder | Mode::Submodule));
        Ok(files.filter_map(|entry| String::from_utf8(entry.name).ok()).collect())
    }

    /// The id of a commit's tree.
    pub(super) fn tree_of(&self, commit: CommitId) -> Result<CommitId> {
        self.commit(commit)?.tree().with_context(|| format!("commit `{commit}` is damaged: it names no tree"))
    }

    fn entry_at(&self, commit: CommitId, path: &Path) -> Result<Option<TreeEntry>> {
        let mut folder = self.tree_of(commit)?;
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            let name = part.as_os_str().as_encoded_bytes();
            let Some(entry) = self.raw_tree(folder)?.into_iter().find(|entry| entry.name == name) else { break };
            if parts.peek().is_none() {
                return Ok(Some(entry));
            }
            if entry.mode != Mode::Folder {
                break;
            }
            folder = entry.id;
        }
        Ok(None)
    }

    /// Reads a tree and all trees in it. Errors: one is missing or damaged.
    pub(super) fn check_trees(&self, tree: CommitId) -> Result<()> {
        let (mut seen, mut open) = (HashSet::new(), vec![tree]);
        while let Some(tree) = open.pop() {
            let folders = self.raw_tree(tree)?.into_iter().filter(|entry| entry.mode == Mode::Folder);
            open.extend(folders.map(|entry| entry.id).filter(|id| seen.insert(*id)));
        }
        Ok(())
    }

    /// The entries of a tree, in the order in which git keeps them. Errors: [`Missing`](crate::git::Missing), damage.
    pub fn tree(&self, id: ObjectId) -> Result<Vec<TreeEntry>> {
        let entries = self.raw_tree(id)?;
        check_names(&entries).with_context(|| format!("tree `{id}` is damaged"))?;
        Ok(entries)
    }

    /// The entries of a tree, with any names.
    pub(super) fn raw_tree(&self, id: ObjectId) -> Result<Vec<TreeEntry>> {
        if CommitId::parse_hex(EMPTY_TREE) == Some(id) {
            return Ok(Vec::new());
        }
        let raw = self.object(id, ObjectType::Tree)?;
        parse(&raw).with_context(|| format!("tree `{id}` is damaged"))
    }

    /// Hands the content of a blob to `read`, without copying it. Errors: [`Missing`](crate::git::Missing), damage.
    pub fn with_blob<T>(&self, id: ObjectId, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        self.odb()?.with(id, ObjectType::Blob, read)
    }
}

/// The path that a symbolic link in a tree points to, in the same tree; `None` if it points out of the tree.
fn linked_path(link: &Path, target: &[u8]) -> Option<PathBuf> {
    let target = Path::new(std::str::from_utf8(target).ok()?);
    let mut path = link.parent()?.to_owned();
    for part in target.components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if path.pop() => {}
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(path)
}

/// A tree object is a list of `<mode in octal> <name>NUL<20 bytes>`.
fn parse(mut raw: &[u8]) -> Option<Vec<TreeEntry>> {
    let mut entries = Vec::new();
    while !raw.is_empty() {
        let space = raw.iter().position(|&byte| byte == b' ')?;
        let end = space + raw[space..].iter().position(|&byte| byte == 0)?;
        let bits = u32::from_str_radix(std::str::from_utf8(&raw[..space]).ok()?, 8).ok()?;
        let id = raw.get(end + 1..end + 21)?.try_into().ok()?;
        entries.push(TreeEntry { name: raw[space + 1..end].to_vec(), mode: Mode::of(bits), id: CommitId(id) });
        raw = &raw[end + 21..];
    }
    Some(entries)
}

/// Refuses names that lead out of a folder, and two entries of one name, by which a link could replace a folder. Git
/// makes no such trees, but a clone accepts them.
fn check_names(entries: &[TreeEntry]) -> Result<()> {
    let mut seen = HashSet::with_capacity(entries.len());
    for TreeEntry { name, .. } in entries {
        let shown = String::from_utf8_lossy(name);
        let is_safe = !matches!(name.as_slice(), b"" | b"." | b".." | b".git") && !name.contains(&b'/');
        ensure!(is_safe, "it has an entry `{shown}`");
        ensure!(seen.insert(name), "it has two entries `{shown}`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_their_modes() {
        let modes = ["100644", "100664", "100755", "120000", "40000", "160000"];
        let raw: Vec<u8> = modes.iter().flat_map(|mode| [mode.as_bytes(), b" x\xff\0", &[7; 20]].concat()).collect();
        let entries = parse(&raw).unwrap();
        assert_eq!((&entries[0].name[..], entries[0].id), (&b"x\xff"[..], CommitId([7; 20])));
        let modes: Vec<_> = entries.iter().map(|entry| entry.mode).collect();
        assert_eq!(modes, [Mode::File, Mode::File, Mode::Executable, Mode::Link, Mode::Folder, Mode::Submodule]);
        assert_eq!(parse(&raw[..raw.len() - 1]), None);
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let entries = |names: &[&str]| -> Vec<TreeEntry> {
            let entry =
                |name: &&str| TreeEntry { name: name.as_bytes().to_vec(), mode: Mode::Link, id: CommitId([1; 20]) };
            names.iter().map(entry).collect()
        };
        assert!(check_names(&entries(&["a", "b", "..a", "\u{e9}"])).is_ok());
        for names in [&["a", "a"][..], &[".."], &["."], &[""], &[".git"], &["a/b"]] {
            assert!(check_names(&entries(names)).is_err(), "{names:?}");
        }
    }
}
