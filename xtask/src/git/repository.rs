//! Opens a repository, and reads its revisions, trees and the state of its work tree.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use git2::{ErrorCode, ObjectType, Oid};

use crate::base::error::{Exit, Failure};
use crate::base::text::shell_word;
use crate::git::commit::{Commit, CommitId};
use crate::git::loose::LooseObjects;
use crate::git::mainline::Mainline;

/// An open git repository. Only [`Repository::tag`] writes to it.
pub struct Repository {
    pub(super) inner: git2::Repository,
    opened_at: PathBuf,
    loose: OnceCell<LooseObjects>,
    shallow: OnceCell<HashSet<CommitId>>,
    /// The mainlines that were read, by their newest commits.
    pub(super) mainlines: RefCell<HashMap<CommitId, Mainline>>,
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
        let mainlines = RefCell::default();
        Ok(Repository {
            inner,
            opened_at: path.to_owned(),
            loose: OnceCell::new(),
            shallow: OnceCell::new(),
            mainlines,
        })
    }

    /// The path given to [`Repository::open`]. Each thread opens a handle of its own with it.
    pub fn opened_at(&self) -> &Path {
        &self.opened_at
    }

    /// The configuration file of the repository.
    pub fn config_file(&self) -> PathBuf {
        self.inner.commondir().join("config")
    }

    /// The folder with the hooks: that of `core.hooksPath`, else the one of the repository.
    pub fn hooks_folder(&self) -> Result<PathBuf> {
        let config =
            self.inner.config().and_then(|mut config| config.snapshot()).context("cannot read git's configuration")?;
        let stated = config.get_path("core.hooksPath").ok();
        let top = self.inner.workdir().unwrap_or_else(|| self.inner.path());
        Ok(stated.map_or_else(|| self.inner.commondir().join("hooks"), |stated| top.join(stated)))
    }

    /// The address of a remote, as the configuration of the repository states it.
    pub fn remote_address(&self, name: &str) -> Option<String> {
        self.inner.find_remote(name).ok()?.url().map(str::to_owned).ok()
    }

    /// The root of the work tree; `None` for a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.inner.workdir()
    }

    /// The commit of `HEAD`. Errors: there is no commit yet (exit 6).
    pub fn head(&self) -> Result<CommitId> {
        match self.inner.head() {
            Ok(head) => {
                if let Some(commit) = head.target() {
                    self.loose()?.check(id_of(commit))?;
                }
                Ok(id_of(head.peel_to_commit().context("cannot read the commit of `HEAD`")?.id()))
            }
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
        self.loose()?.check_history()?;
        let object = self.inner.revparse_single(rev).map_err(|error| {
            refused(match error.code() {
                ErrorCode::NotFound => "there is no such branch, tag or commit",
                ErrorCode::Ambiguous => "several objects have an id that begins so",
                ErrorCode::InvalidSpec => "it is not a revision of git",
                _ => error.message(),
            })
        })?;
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

    /// Whether a tracked file differs from `HEAD`, in the index or in the work tree. Always false for a bare
    /// repository.
    pub fn is_dirty(&self) -> Result<bool> {
        if self.inner.is_bare() {
            return Ok(false);
        }
        let mut options = git2::StatusOptions::new();
        options.include_untracked(false);
        if self.loose()?.check_history().is_err() {
            self.check_trees(self.tree_of(self.head()?)?)?;
        }
        let statuses = self.inner.statuses(Some(&mut options)).context("cannot compare the work tree with `HEAD`")?;
        Ok(!statuses.is_empty())
    }

    /// Whether `path` (relative to the work tree) is tracked.
    pub fn is_tracked(&self, path: &Path) -> Result<bool> {
        let index = self.inner.index().context("cannot read the index")?;
        Ok(index.get_path(path, 0).is_some())
    }

    /// Whether git tracks a file in the folder `path` (relative to the work tree).
    pub fn tracks_any(&self, path: &Path) -> Result<bool> {
        let index = self.inner.index().context("cannot read the index")?;
        Ok(index.iter().any(|entry| Path::new(OsStr::from_bytes(&entry.path)).starts_with(path)))
    }

    /// Whether git ignores the folder `path` (relative to the work tree).
    pub fn ignores(&self, path: &Path) -> Result<bool> {
        let failed = || format!("cannot read the ignore rules for `{}`", path.display());
        self.inner.is_path_ignored(path).with_context(failed)
    }

    /// The oldest commits of a shallow clone: they have parents that the clone lacks. Empty for a complete clone. They are read once.
    pub fn shallow_boundary(&self) -> Result<&HashSet<CommitId>> {
        if let Some(shallow) = self.shallow.get() {
            return Ok(shallow);
        }
        let path = self.inner.commondir().join("shallow");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        };
        let shallow = text.split(|&byte| byte == b'\n').filter_map(CommitId::parse_hex).collect();
        Ok(self.shallow.get_or_init(|| shallow))
    }

    /// The uncompressed content of an object of the given kind.
    pub(super) fn object(&self, id: CommitId, kind: ObjectType) -> Result<Vec<u8>> {
        let object = self.odb()?.read(id, kind).map_err(|error| match error.downcast::<Missing>() {
            Ok(missing) => not_here(&missing.to_string()).into(),
            Err(error) => error,
        })?;
        Ok(object)
    }

    /// The object database.
    pub(super) fn odb(&self) -> Result<ObjectDatabase<'_>> {
        let inner = self.inner.odb().context("cannot open the object database")?;
        Ok(ObjectDatabase { inner, loose: self.loose()? })
    }

    /// The loose objects, which are listed once. To be checked before libgit2 reads an object by itself.
    pub(super) fn loose(&self) -> Result<&LooseObjects> {
        if let Some(loose) = self.loose.get() {
            return Ok(loose);
        }
        let loose = LooseObjects::list(&self.inner.commondir().join("objects"))?;
        Ok(self.loose.get_or_init(|| loose))
    }
}

/// The objects of a repository.
pub(super) struct ObjectDatabase<'r> {
    inner: git2::Odb<'r>,
    loose: &'r LooseObjects,
}

impl ObjectDatabase<'_> {
    /// The content of an object of the given kind. Errors: [`Missing`], another kind, damage.
    pub(super) fn read(&self, id: CommitId, kind: ObjectType) -> Result<Vec<u8>> {
        self.with(id, kind, <[u8]>::to_vec)
    }

    /// Hands the content of an object to `read`, without copying it. Errors as for [`ObjectDatabase::read`].
    pub(super) fn with<T>(&self, id: CommitId, kind: ObjectType, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        self.loose.check(id)?;
        let object = self.inner.read(oid_of(id)).map_err(|error| fault(error, id))?;
        anyhow::ensure!(object.kind() == kind, "object `{id}` is a {}, not a {kind}", object.kind());
        Ok(read(object.data()))
    }

    /// The size of an object of the given kind. Errors as for [`ObjectDatabase::read`].
    pub(super) fn size(&self, id: CommitId, wanted: ObjectType) -> Result<u64> {
        self.loose.check(id)?;
        let (size, kind) = self.inner.read_header(oid_of(id)).map_err(|error| fault(error, id))?;
        anyhow::ensure!(kind == wanted, "object `{id}` is a {kind}, not a {wanted}");
        Ok(size as u64)
    }

    /// The kind of an object. Errors: [`Missing`], damage.
    pub(super) fn kind(&self, id: CommitId) -> Result<ObjectType> {
        self.loose.check(id)?;
        self.inner.read_header(oid_of(id)).map(|(_, kind)| kind).map_err(|error| fault(error, id))
    }
}

fn fault(error: git2::Error, id: CommitId) -> anyhow::Error {
    match error.code() {
        ErrorCode::NotFound => Missing(id).into(),
        _ => anyhow::Error::from(error).context(format!("cannot read the git object `{id}`")),
    }
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
            .help(format!(
                "if you trust it: `git config --global --add safe.directory {}`",
                shell_word(&path.to_string_lossy())
            )),
        _ => Failure::new(Exit::Failed, format!("cannot open the repository `{shown}`: {}", error.message())),
    }
    .into()
}
