//! The content of a folder as a value: two are equal where a client could not tell them apart.
//!
//! Dates and the identity of hard links play no part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What a comparison leaves out, and what it sees differently.
#[derive(Clone, Copy)]
pub struct Tolerance {
    /// Whether a path, relative to the compared folder, is left out.
    pub ignores: fn(&str) -> bool,
    /// The content that counts, of a path and its bytes.
    pub reads: fn(&str, Vec<u8>) -> Vec<u8>,
}

impl Default for Tolerance {
    /// Every byte of every file counts.
    fn default() -> Tolerance {
        Tolerance { ignores: |_| false, reads: |_, content| content }
    }
}

/// What stands at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    Folder { mode: u32 },
    File { mode: u32, size: usize, digest: String },
    Link { target: PathBuf },
    Other,
}

/// The entries below a folder, by path relative to it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tree(BTreeMap<String, Entry>);

impl Tree {
    /// What is below `folder`, which may be a link to it; empty where nothing is there.
    pub fn load(folder: &Path, tolerance: Tolerance) -> Tree {
        let mut tree = Tree::default();
        if folder.is_dir() {
            tree.add_below(folder, "", tolerance);
        } else if folder.exists() {
            tree.0.insert(String::new(), entry(folder, "", tolerance));
        }
        tree
    }

    fn add_below(&mut self, folder: &Path, prefix: &str, tolerance: Tolerance) {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for found in entries {
            let path = found.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
            if (tolerance.ignores)(&name) {
                continue;
            }
            let entry = entry(&path, &name, tolerance);
            if matches!(entry, Entry::Folder { .. }) {
                self.add_below(&path, &format!("{name}/"), tolerance);
            }
            self.0.insert(name, entry);
        }
    }

    /// The paths that differ, with what each side has; empty where nothing does.
    pub fn differences<'a>(&'a self, new: &'a Tree) -> Differences<'a> {
        let paths: BTreeSet<&String> = self.0.keys().chain(new.0.keys()).collect();
        let pairs = paths.into_iter().map(|path| (path.as_str(), self.0.get(path), new.0.get(path)));
        Differences(pairs.filter(|(_, old, new)| old != new).collect())
    }

    /// The paths of which some part is a name that `is_litter`.
    pub fn litter(&self, is_litter: fn(&str) -> bool) -> Vec<String> {
        self.0.keys().filter(|path| path.split('/').any(is_litter)).cloned().collect()
    }
}

fn entry(path: &Path, name: &str, tolerance: Tolerance) -> Entry {
    let found = path.symlink_metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mode = found.permissions().mode() & 0o7777;
    if found.is_symlink() {
        Entry::Link { target: std::fs::read_link(path).unwrap() }
    } else if found.is_dir() {
        Entry::Folder { mode }
    } else if found.is_file() {
        let content = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let content = (tolerance.reads)(name, content);
        let digest = Sha256::digest(&content).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Entry::File { mode, size: content.len(), digest }
    } else {
        Entry::Other
    }
}

/// What differs between two trees; shown one path a line, the first four.
pub struct Differences<'a>(Vec<(&'a str, Option<&'a Entry>, Option<&'a Entry>)>);

impl Differences<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Differences<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        for (path, old, new) in self.0.iter().take(SHOWN) {
            match (old, new) {
                (Some(old), Some(new)) => writeln!(f, "    ~ `{path}`: {new} in place of {old}")?,
                (Some(old), None) => writeln!(f, "    - `{path}`: {old} is missing")?,
                (None, Some(new)) => writeln!(f, "    + `{path}`: {new} is too much")?,
                (None, None) => {}
            }
        }
        let more = self.0.len().saturating_sub(SHOWN);
        if more > 0 { writeln!(f, "    and {more} more") } else { Ok(()) }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Folder { mode } => write!(f, "folder {mode:04o}"),
            Entry::File { mode, size, digest } => write!(f, "file {mode:04o} of {size} bytes {digest}"),
            Entry::Link { target } => write!(f, "link to `{}`", target.display()),
            Entry::Other => write!(f, "neither file, folder nor link"),
        }
    }
}

/// `content` with each time as RFC 3339 writes it replaced by `<time>`.
pub fn without_times(content: &[u8]) -> Vec<u8> {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |at: usize| {
        let window = content.get(at..at + SHAPE.len());
        window.is_some_and(|window| {
            window
                .iter()
                .zip(SHAPE)
                .all(|(byte, shape)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == shape })
        })
    };
    let (mut kept, mut at) = (Vec::with_capacity(content.len()), 0);
    while at < content.len() {
        if fits(at) {
            kept.extend(b"<time>");
            at += SHAPE.len();
            at += content[at..].iter().take_while(|byte| byte.is_ascii_digit() || b".+:-Z".contains(byte)).count();
        } else {
            kept.push(content[at]);
            at += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_difference_is_shown() {
        let place = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| place.path().join(name));
        for (folder, text) in [(&one, "1"), (&two, "22")] {
            std::fs::create_dir_all(folder.join(text)).unwrap();
            std::fs::write(folder.join("file"), text).unwrap();
            std::fs::write(folder.join("lock"), text).unwrap();
            std::os::unix::fs::symlink(text, folder.join("link")).unwrap();
        }
        let tolerance = Tolerance { ignores: |name| name == "lock", ..Tolerance::default() };
        let [one, two] = [one, two].map(|folder| Tree::load(&folder, tolerance));
        let shown = one.differences(&two).to_string();
        let lines: Vec<&str> = shown.lines().map(|line| line.split(" bytes").next().unwrap().trim()).collect();
        let expected = [
            "- `1`: folder 0755 is missing",
            "+ `22`: folder 0755 is too much",
            "~ `file`: file 0644 of 2",
            "~ `link`: link to `22` in place of link to `1`",
        ];
        assert_eq!(lines, expected);
        assert!(one.differences(&one.clone()).is_empty());
    }

    #[test]
    fn times_are_blanked_and_nothing_else() {
        let line = b"{\"time\":\"2026-01-02T03:04:05.5Z\",\"id\":\"2026-01-02\"}";
        assert_eq!(without_times(line), b"{\"time\":\"<time>\",\"id\":\"2026-01-02\"}");
    }
}
