//! A journal: numbered entries, one line of JSON each. Every line has the digest of the line before it, and is on the disk
//! before [`Journal::append`] returns.
//!
//! A killed run can leave an incomplete last line. It is ignored, and the next append removes it. A line that was changed ends
//! the reading with an error: what follows from a journal must not be guessed.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use anyhow::{Context, Result};

use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::base::files::{self, TreePath};
use crate::base::schema::describe_fault_in_line;

/// An entry with its number, its time and the digest of the line before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine<T> {
    /// From 1, without gaps.
    pub number: u64,
    pub time: Timestamp,
    /// `None` for the first line.
    pub previous: Option<Digest>,
    #[serde(flatten)]
    pub entry: T,
}

/// The entries of a file. The caller has the lock.
pub struct Journal<T> {
    path: TreePath,
    lines: Vec<JournalLine<T>>,
    /// The digest of the last line.
    head: Option<Digest>,
    /// The size of the complete lines, in bytes.
    whole: u64,
}

impl<T: Clone + Serialize + DeserializeOwned> Journal<T> {
    /// Reads a file, which may be missing. Errors: it cannot be read; a line was changed.
    pub fn open(path: TreePath) -> Result<Journal<T>> {
        let text =
            if path.is_there() { path.read().with_context(|| format!("cannot read `{path}`"))? } else { Vec::new() };
        let mut journal = Journal { path, lines: Vec::new(), head: None, whole: 0 };
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let Some(line) = line.strip_suffix(b"\n") else { break };
            journal.read_line(line).map_err(|why| changed(&journal.path, index + 1, &why))?;
        }
        Ok(journal)
    }

    /// The lines, in order.
    pub fn lines(&self) -> &[JournalLine<T>] {
        &self.lines
    }

    /// Adds an entry; it is on the disk then.
    pub fn append(&mut self, time: Timestamp, entry: T) -> Result<()> {
        let number = self.lines.len() as u64 + 1;
        let line = JournalLine { number, time, previous: self.head, entry };
        let text = serde_json::to_string(&line)?;
        if self.path.look().is_ok_and(|found| found.len() > self.whole) {
            files::truncate(&self.path, self.whole)?;
        }
        files::append_line(&self.path, &text)?;
        self.push(line, text.as_bytes());
        Ok(())
    }

    fn read_line(&mut self, text: &[u8]) -> Result<(), String> {
        let line: JournalLine<T> = serde_json::from_slice(text).map_err(|error| describe_fault_in_line(&error))?;
        if line.number != self.lines.len() as u64 + 1 {
            return Err(format!("it has the number {}", line.number));
        }
        if line.previous != self.head {
            return Err("the line before it was changed".to_owned());
        }
        self.push(line, text);
        Ok(())
    }

    fn push(&mut self, line: JournalLine<T>, text: &[u8]) {
        self.head = Some(digest_of(text));
        self.whole += text.len() as u64 + 1;
        self.lines.push(line);
    }
}

fn changed(path: &TreePath, line: usize, why: &str) -> Failure {
    Failure::new(Exit::Failed, format!("`{path}` line {line}: {why}"))
        .help("somebody changed the file: restore it from a backup, or move its folder away")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &TreePath) -> Vec<String> {
        Journal::<Entry>::open(path.clone()).unwrap().lines().iter().map(|line| line.entry.what.clone()).collect()
    }

    #[derive(Clone, Serialize, Deserialize)]
    struct Entry {
        what: String,
    }

    fn write(path: &TreePath, words: &[&str]) {
        let mut journal = Journal::open(path.clone()).unwrap();
        for word in words {
            journal.append(Timestamp::UNIX_EPOCH, Entry { what: (*word).to_owned() }).unwrap();
        }
    }

    #[test]
    fn entries_are_read_back_and_an_incomplete_line_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = TreePath::top(folder.path()).join("deep/journal");
        write(&path, &["one", "two\nlines"]);
        let whole = path.read().unwrap();
        for cut in 1..=5 {
            std::fs::write(path.for_programs(), &whole[..whole.len() - cut]).unwrap();
            assert_eq!(read(&path), ["one"]);
        }
        write(&path, &["three"]);
        assert_eq!(read(&path), ["one", "three"]);
    }

    #[test]
    fn a_changed_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = TreePath::top(folder.path()).join("journal");
        write(&path, &["one", "two", "three"]);
        let text = String::from_utf8(path.read().unwrap()).unwrap();
        for (changed, line) in [
            (text.replace("one", "ONE"), 2),
            (text.replacen("\"number\":2", "\"number\":3", 1), 2),
            ("x\n".to_owned(), 1),
        ] {
            std::fs::write(path.for_programs(), changed).unwrap();
            let error = Journal::<Entry>::open(path.clone()).map(drop).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}: ")), "{error}");
        }
    }
}
