//! Small histories with known dates and names, written by the real git.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use releng::git::{CommitId, Repository};

/// The date of the first commit: 2020-03-19 00:00:00 UTC. Each later one is a minute younger.
pub const START: i64 = 1_584_576_000;

/// A commit of a [`History`] that is not written yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark(usize);

/// A history to be: commits, and tags on them.
#[derive(Default)]
pub struct History {
    stream: Vec<u8>,
    count: usize,
    tip: Option<Mark>,
    date: Option<i64>,
    author: Option<Vec<u8>>,
    encoding: Option<String>,
    tags: Vec<(String, Mark, TagKind)>,
}

/// What a tag is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TagKind {
    Lightweight,
    Annotated,
    Nested,
}

impl History {
    /// A commit on the mainline.
    pub fn commit(&mut self, message: impl AsRef<[u8]>) -> Mark {
        let parents = self.tip.into_iter().collect::<Vec<_>>();
        let mark = self.on(&parents, message);
        self.tip = Some(mark);
        mark
    }

    /// `count` plain commits on the mainline; the last of them.
    pub fn patches(&mut self, count: usize) -> Mark {
        (0..count).map(|_| self.commit("patch\n")).last().unwrap()
    }

    /// A merge of `others` into the mainline.
    pub fn merge(&mut self, message: impl AsRef<[u8]>, others: &[Mark]) -> Mark {
        let parents = self.tip.iter().chain(others).copied().collect::<Vec<_>>();
        let mark = self.on(&parents, message);
        self.tip = Some(mark);
        mark
    }

    /// A commit beside the mainline, with any parents.
    pub fn on(&mut self, parents: &[Mark], message: impl AsRef<[u8]>) -> Mark {
        self.count += 1;
        let mark = Mark(self.count);
        let date = self.date.take().unwrap_or(START + 60 * self.count as i64);
        let author = self.author.take().unwrap_or_else(|| b"Ada Example <ada@example.org>".to_vec());
        let message = message.as_ref();
        let mut text = String::new();
        if parents.is_empty() {
            writeln!(text, "reset refs/import").unwrap();
        }
        writeln!(text, "commit refs/import\nmark :{}", mark.0).unwrap();
        self.stream.extend_from_slice(text.as_bytes());
        self.stream.extend_from_slice(&[b"author ", author.as_slice(), format!(" {date} +0000\n").as_bytes()].concat());
        writeln!(self.stream, "committer Bob Example <bob@example.org> {date} +0000").unwrap();
        if let Some(encoding) = self.encoding.take() {
            writeln!(self.stream, "encoding {encoding}").unwrap();
        }
        writeln!(self.stream, "data {}", message.len()).unwrap();
        self.stream.extend_from_slice(message);
        for (place, parent) in parents.iter().enumerate() {
            let word = if place == 0 { "from" } else { "merge" };
            write!(self.stream, "\n{word} :{}", parent.0).unwrap();
        }
        self.stream.extend_from_slice(b"\n\n");
        mark
    }

    /// The date of the next commit.
    pub fn dated(&mut self, seconds: i64) -> &mut History {
        self.date = Some(seconds);
        self
    }

    /// The author of the next commit, `Name <email>`.
    pub fn by(&mut self, author: impl AsRef<[u8]>) -> &mut History {
        self.author = Some(author.as_ref().to_vec());
        self
    }

    /// The declared encoding of the next commit.
    pub fn encoded(&mut self, encoding: &str) -> &mut History {
        self.encoding = Some(encoding.to_owned());
        self
    }

    /// The newest commit of the mainline.
    pub fn tip(&self) -> Mark {
        self.tip.unwrap()
    }

    /// Makes a commit the newest of the mainline.
    pub fn check_out(&mut self, mark: Mark) {
        self.tip = Some(mark);
    }

    /// A lightweight tag.
    pub fn tag(&mut self, name: &str, mark: Mark) {
        self.tags.push((name.to_owned(), mark, TagKind::Lightweight));
    }

    /// An annotated tag.
    pub fn annotate(&mut self, name: &str, mark: Mark) {
        self.tags.push((name.to_owned(), mark, TagKind::Annotated));
    }

    /// An annotated tag of an annotated tag.
    pub fn nest(&mut self, name: &str, mark: Mark) {
        self.tags.push((name.to_owned(), mark, TagKind::Nested));
    }

    /// Writes the history into a bare repository with the branch `main`.
    #[track_caller]
    pub fn write(&self) -> Written {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("repository.git");
        git(folder.path(), &["init", "-q", "--bare", "-b", "main", "repository.git"]);
        let marks = folder.path().join("marks");
        let export = format!("--export-marks={}", marks.display());
        let mut importer = command(&path);
        importer.args(["fast-import", "--quiet", "--force", &export]).stdin(Stdio::piped());
        let mut child = importer.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&self.stream).unwrap();
        if let Some(tip) = self.tip {
            write!(input, "reset refs/heads/main\nfrom :{}\n\n", tip.0).unwrap();
        }
        drop(input);
        assert!(child.wait().unwrap().success());
        let text = std::fs::read_to_string(marks).unwrap();
        let ids = text.lines().map(|line| {
            let (mark, id) = line.strip_prefix(':').unwrap().split_once(' ').unwrap();
            (Mark(mark.parse().unwrap()), CommitId::parse_hex(id.as_bytes()).unwrap())
        });
        let written = Written { ids: ids.collect(), path, folder };
        for (name, mark, kind) in &self.tags {
            let id = written.id(*mark).to_string();
            match kind {
                TagKind::Lightweight => written.git(&["tag", name, &id]),
                TagKind::Annotated => written.git(&["tag", "-a", "-m", name, name, &id]),
                TagKind::Nested => {
                    written.git(&["tag", "-a", "-m", "inner", "inner", &id]);
                    written.git(&["tag", "-a", "-m", name, name, "inner"])
                }
            };
        }
        written
    }
}

/// A written history.
pub struct Written {
    /// The bare repository.
    pub path: PathBuf,
    /// Where it lies, with room for clones.
    pub folder: tempfile::TempDir,
    ids: HashMap<Mark, CommitId>,
}

impl Written {
    /// The id that a commit got.
    #[track_caller]
    pub fn id(&self, mark: Mark) -> CommitId {
        self.ids[&mark]
    }

    /// Opens it with the library.
    #[track_caller]
    pub fn open(&self) -> Repository {
        Repository::open(&self.path).unwrap()
    }

    /// Runs git in it; its output.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.path, arguments)
    }

    /// Clones it with further arguments; the path of the clone.
    #[track_caller]
    pub fn clone_with(&self, arguments: &[&str]) -> PathBuf {
        let path = self.folder.path().join("clone");
        let url = format!("file://{}", self.path.display());
        git(self.folder.path(), &[&["clone", "-q"], arguments, &[&url, "clone"]].concat());
        path
    }
}

/// Runs git in a folder; its output.
#[track_caller]
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A git that knows no configuration but its own.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for (name, value) in [("NAME", "Ada Example"), ("EMAIL", "ada@example.org"), ("DATE", "1584576000 +0000")] {
        command.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
    }
    command
}
