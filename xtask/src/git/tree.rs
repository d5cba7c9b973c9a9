//! The tree of a commit: its entries in git's order, and the contents they name.

use anyhow::{Context, Result};
use git2::ObjectType;

use super::commit::CommitId;
use super::repository::{Repository, read_object};

/// The object id of anything but a commit: the same twenty bytes.
pub type ObjectId = CommitId;

/// Git knows the empty tree without having it stored.
const EMPTY_TREE: &[u8] = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// What a tree entry is. Git has written other modes in its youth and reads them as one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 100644
    File,
    /// 100755
    Executable,
    /// 120000: a symbolic link; its content is the target.
    Link,
    /// 40000
    Folder,
    /// 160000: a commit of another repository.
    Submodule,
}

impl Mode {
    fn of(bits: u32) -> Mode {
        match bits & 0o170_000 {
            0o100_000 if bits & 0o100 != 0 => Mode::Executable,
            0o100_000 => Mode::File,
            0o120_000 => Mode::Link,
            0o040_000 => Mode::Folder,
            _ => Mode::Submodule,
        }
    }
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// The name in its folder, as bytes.
    pub name: Vec<u8>,
    /// What it is.
    pub mode: Mode,
    /// The blob, the tree or the other repository's commit.
    pub id: ObjectId,
}

impl Repository {
    /// The entries of a tree, in the order in which git keeps them. Errors: [`Missing`](super::Missing), damage.
    pub fn tree(&self, id: ObjectId) -> Result<Vec<TreeEntry>> {
        if CommitId::parse_hex(EMPTY_TREE) == Some(id) {
            return Ok(Vec::new());
        }
        let raw = self.object(id, ObjectType::Tree)?;
        parse(&raw).with_context(|| format!("tree `{id}` is damaged"))
    }

    /// Hands the content of a blob to `read`, without copying it. Errors: [`Missing`](super::Missing), damage.
    pub fn with_blob<T>(&self, id: ObjectId, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let odb = self.inner.odb()?;
        let object = read_object(&odb, id, ObjectType::Blob)?;
        Ok(read(object.data()))
    }
}

/// A tree object is a row of `<mode in octal> <name>NUL<20 bytes>`.
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
}
