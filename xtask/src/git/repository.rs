//! Opens a repository, and reads its revisions, trees and the state of its work tree.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use git2::{ErrorClass, ErrorCode, ObjectType, Oid};

use crate::base::error::{Exit, Failure};
use crate::git::commit::{Commit, CommitId};
use crate::git::mode::Mode;

/// An open git repository. Only [`Repository::tag`] writes to it.
pub struct Repository {
    pub(super) inner: git2::Repository,
    opened_at: PathBuf,
}

/// A file in the tree of a commit.
pub struct CommittedFile {
    pub content: Vec<u8>,
    pub mode: Mode,
}

impl Repository {
    /// Opens the repository whose work tree or bare folder is exactly `path`; parents are not searched.
    ///
    /// Errors: the repository is owned by another user (the help is git's); its object format is one that
    /// libgit2 does not read; it is damaged.
    pub fn open(path: &Path) -> Result<Repository> {
        // The walk and the archives read tens of thousands of objects. Checking the hash of each costs a quarter of the
        // time; `git fsck` is there for that.
        git2::opts::strict_hash_verification(false);
        // Each object is read once. A cache of them costs a fifth of the time.
        git2::opts::enable_caching(false);
        let inner = git2::Repository::open(path).map_err(|error| explain_open(&error, path))?;
        Ok(Repository { inner, opened_at: path.to_owned() })
    }

    /// The path given to [`Repository::open`]. Each thread opens a handle of its own with it.
    pub fn opened_at(&self) -> &Path {
        &self.opened_at
    }

    /// The root of the work tree; `None` for a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.inner.workdir()
    }

    /// The commit of `HEAD`. Errors: there is no commit yet (exit 6).
    pub fn head(&self) -> Result<CommitId> {
        match self.inner.head() {
            Ok(head) => Ok(id_of(head.peel_to_commit().context("cannot read the commit of `HEAD`")?.id())),
            Err(error) if error.code() == ErrorCode::UnbornBranch => {
                Err(Failure::new(Exit::NotEnoughHistory, "no commit yet: a version is counted from commits")
                    .help("commit something first")
                    .into())
            }
            Err(error) => Err(error).context("cannot read `HEAD`"),
        }
    }

    /// The commit that `rev` names, in any syntax of gitrevisions(7). Errors (exit 2): it names no commit here.
    pub fn resolve(&self, rev: &str) -> Result<CommitId> {
        if rev == "HEAD" {
            return self.head(); // an unborn branch has an error of its own
        }
        let refused = |why: &str| {
            Failure::new(Exit::Usage, format!("`{rev}` names no commit here: {why}"))
                .help("`git log --oneline --all` lists the commits; in a partial clone, fetch it first")
        };
        let object = self.inner.revparse_single(rev).map_err(|error| refused(error.message()))?;
        let commit = object.peel_to_commit().map_err(|_| refused("it is an object of another kind"))?;
        Ok(id_of(commit.id()))
    }

    /// The name of the branch `rev`, local or of a remote, without `refs/…`. `None` and `HEAD` mean the branch of
    /// `HEAD`.
    pub fn branch(&self, rev: Option<&str>) -> Option<String> {
        let reference = match rev {
            None | Some("HEAD") => self.inner.head().ok()?,
            Some(name) => self.inner.resolve_reference_from_short_name(name).ok()?,
        };
        let name = reference.name().ok()?;
        let of_remote = || Some(name.strip_prefix("refs/remotes/")?.split_once('/')?.1);
        name.strip_prefix("refs/heads/").or_else(of_remote).map(str::to_owned)
    }

    /// Reads one commit.
    pub fn commit(&self, id: CommitId) -> Result<Commit> {
        let raw = self.object(id, ObjectType::Commit).with_context(|| format!("cannot read commit `{id}`"))?;
        Ok(Commit::new(id, raw))
    }

    /// The file `path` (with `/` between its parts) in the tree of `commit`; `None` if there is no
    /// such file. A symbolic link to a file of the same tree is followed.
    pub fn file_at(&self, commit: CommitId, path: &str) -> Result<Option<CommittedFile>> {
        const LONGEST_CHAIN: usize = 8;
        let mut path = PathBuf::from(path);
        for _ in 0..LONGEST_CHAIN {
            let Some(entry) = self.entry_at(commit, &path)? else { return Ok(None) };
            if entry.kind() != Some(ObjectType::Blob) {
                return Ok(None);
            }
            let content = self.object(id_of(entry.id()), ObjectType::Blob);
            let content = content.with_context(|| format!("cannot read `{}` of commit `{commit}`", path.display()))?;
            match Mode::of(entry.filemode().unsigned_abs()) {
                Mode::Link => {}
                mode => return Ok(Some(CommittedFile { content, mode })),
            }
            let Some(target) = linked_path(&path, &content) else { return Ok(None) };
            path = target;
        }
        Ok(None)
    }

    /// The names of the files directly in `folder` (empty for the root) in the tree of `commit`; names that are not
    /// UTF-8 are left out.
    pub fn files_in(&self, commit: CommitId, folder: &str) -> Result<Vec<String>> {
        let tree = if folder.is_empty() {
            self.tree_of(commit)?
        } else {
            match self.entry_at(commit, Path::new(folder))? {
                Some(entry) if entry.kind() == Some(ObjectType::Tree) => {
                    self.inner.find_tree(entry.id()).map_err(|error| explain_read(error, folder))?
                }
                _ => return Ok(Vec::new()),
            }
        };
        let blobs = tree.iter().filter(|entry| entry.kind() == Some(ObjectType::Blob));
        Ok(blobs.filter_map(|entry| std::str::from_utf8(entry.name_bytes()).ok().map(str::to_owned)).collect())
    }

    fn tree_of(&self, commit: CommitId) -> Result<git2::Tree<'_>> {
        let tree = self.inner.find_commit(oid_of(commit)).and_then(|commit| commit.tree());
        tree.map_err(|error| explain_read(error, &format!("the tree of commit {commit}")))
    }

    fn entry_at(&self, commit: CommitId, path: &Path) -> Result<Option<git2::TreeEntry<'static>>> {
        match self.tree_of(commit)?.get_path(path) {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Tree => Ok(None),
            Err(error) => Err(explain_read(error, &path.display().to_string())),
        }
    }

    /// Whether a tracked file differs from `HEAD`, in the index or in the work tree. Always false for a bare
    /// repository.
    pub fn is_dirty(&self) -> Result<bool> {
        if self.inner.is_bare() {
            return Ok(false);
        }
        let mut options = git2::StatusOptions::new();
        options.include_untracked(false);
        let statuses = self.inner.statuses(Some(&mut options)).context("cannot compare the work tree with `HEAD`")?;
        Ok(!statuses.is_empty())
    }

    /// Whether `path` (relative to the work tree) is tracked.
    pub fn is_tracked(&self, path: &Path) -> Result<bool> {
        let index = self.inner.index().context("cannot read the index")?;
        Ok(index.get_path(path, 0).is_some())
    }

    /// The oldest commits of a shallow clone: they have parents that the clone lacks. Empty for a complete clone.
    pub fn shallow_boundary(&self) -> Result<HashSet<CommitId>> {
        let path = self.inner.commondir().join("shallow");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashSet::new()),
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        };
        Ok(text.split(|&byte| byte == b'\n').filter_map(CommitId::parse_hex).collect())
    }

    /// The uncompressed content of an object of the given kind.
    pub(super) fn object(&self, id: CommitId, kind: ObjectType) -> Result<Vec<u8>> {
        let odb = self.inner.odb()?;
        let object = read_object(&odb, id, kind).map_err(|error| match error.downcast::<Missing>() {
            Ok(missing) => not_here(&missing.to_string()).into(),
            Err(error) => error,
        })?;
        Ok(object.data().to_vec())
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

/// The error for an object that cannot be read; a missing object gets a help line.
fn explain_read(error: git2::Error, what: &str) -> anyhow::Error {
    match error.code() {
        ErrorCode::NotFound => not_here(&format!("`{what}` is not in this repository")).into(),
        _ => anyhow::Error::from(error).context(format!("cannot read `{what}`")),
    }
}

/// Reads an object of the given kind. Errors: [`Missing`], another kind, damage.
pub(super) fn read_object<'a>(odb: &'a git2::Odb<'_>, id: CommitId, kind: ObjectType) -> Result<git2::OdbObject<'a>> {
    let object = odb.read(oid_of(id)).map_err(|error| match error.code() {
        ErrorCode::NotFound => anyhow::Error::new(Missing(id)),
        _ => error.into(),
    })?;
    anyhow::ensure!(object.kind() == kind, "object `{id}` is a {}, not a {kind}", object.kind());
    Ok(object)
}

/// Error: the repository names this object and does not have it, because the clone is partial or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub CommitId);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "object `{}` is not in this repository", self.0)
    }
}

impl std::error::Error for Missing {}

/// The failure for a missing object; `what` is a sentence that names it.
pub fn not_here(what: &str) -> Failure {
    Failure::new(Exit::Failed, format!("{what}: the clone is partial, or damaged")).help(
        "fetch what is missing: `git fetch --refetch --no-filter` (git 2.36 or later)\n\
         or clone again without `--filter`",
    )
}

pub(super) fn id_of(oid: Oid) -> CommitId {
    let mut id = [0; 20];
    id.copy_from_slice(oid.as_bytes());
    CommitId(id)
}

pub(super) fn oid_of(id: CommitId) -> Oid {
    Oid::from_bytes(&id.0).unwrap_or(Oid::ZERO_SHA1)
}

fn explain_open(error: &git2::Error, path: &Path) -> anyhow::Error {
    let shown = path.display();
    match error.code() {
        ErrorCode::Owner => Failure::new(Exit::Failed, format!("the repository `{shown}` is owned by another user"))
            .help(format!("if you trust it: `git config --global --add safe.directory {shown}`")),
        _ => Failure::new(Exit::Failed, format!("cannot open the repository `{shown}`: {}", error.message())),
    }
    .into()
}
