//! Tree objects: their entries in git's order, and the contents of blobs.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use git2::ObjectType;

use crate::git::commit::CommitId;
use crate::git::mode::Mode;
use crate::git::repository::{Repository, read_object};

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

impl Repository {
    /// The entries of a tree, in the order in which git keeps them. Errors: [`Missing`](crate::git::Missing), damage.
    pub fn tree(&self, id: ObjectId) -> Result<Vec<TreeEntry>> {
        if CommitId::parse_hex(EMPTY_TREE) == Some(id) {
            return Ok(Vec::new());
        }
        let raw = self.object(id, ObjectType::Tree)?;
        let entries = parse(&raw).with_context(|| format!("tree `{id}` is damaged"))?;
        check_names(&entries).with_context(|| format!("tree `{id}` is damaged"))?;
        Ok(entries)
    }

    /// Hands the content of a blob to `read`, without copying it. Errors: [`Missing`](crate::git::Missing), damage.
    pub fn with_blob<T>(&self, id: ObjectId, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let odb = self.inner.odb()?;
        let object = read_object(&odb, id, ObjectType::Blob)?;
        Ok(read(object.data()))
    }
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
