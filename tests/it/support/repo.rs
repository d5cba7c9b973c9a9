//! Git repositories made on the spot by the real git, the same on every machine.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use releng::git::{CommitId, Repository};
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// Seconds since 1970 of the first commit; each later one is a minute younger.
const FIRST_COMMIT: u64 = 1_500_000_000;

/// A repository with a work tree in a temporary folder.
pub struct GitRepo {
    folder: TempDir,
    shell: Shell,
    commits: std::cell::Cell<u64>,
}

impl GitRepo {
    /// An empty one, on branch `master`, untouched by the configuration of the machine.
    pub fn new() -> GitRepo {
        let folder = tempfile::tempdir().unwrap();
        let shell = shell_in(folder.path());
        cmd!(shell, "git init --quiet --initial-branch=master").run().unwrap();
        cmd!(shell, "git config core.autocrlf false").run().unwrap();
        GitRepo { folder, shell, commits: 0.into() }
    }

    /// The root of the work tree.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A shell in the work tree, with git's environment pinned.
    pub fn shell(&self) -> &Shell {
        &self.shell
    }

    /// The repository as the library sees it.
    pub fn open(&self) -> Repository {
        Repository::open(self.path()).unwrap()
    }

    /// Writes a file of the work tree; `path` need not be UTF-8.
    pub fn write(&self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> &GitRepo {
        std::fs::write(self.prepared(path.as_ref()), content).unwrap();
        self
    }

    /// Writes a file that may be run.
    pub fn write_executable(&self, path: &str, content: &str) -> &GitRepo {
        self.write(path, content);
        let permissions = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path().join(path), permissions).unwrap();
        self
    }

    /// Makes a symbolic link.
    pub fn link(&self, path: &str, target: &str) -> &GitRepo {
        symlink(target, self.prepared(path.as_bytes())).unwrap();
        self
    }

    /// Records a submodule without having one: an index entry is all there is to it.
    pub fn submodule(&self, path: &str, commit: &str) -> &GitRepo {
        let shell = &self.shell;
        cmd!(shell, "git update-index --add --cacheinfo 160000,{commit},{path}").run().unwrap();
        self
    }

    /// Commits everything in the work tree.
    pub fn commit(&self, message: &str) -> CommitId {
        self.commit_at(FIRST_COMMIT + 60 * self.commits.get(), message)
    }

    /// Commits everything in the work tree, at the given time.
    pub fn commit_at(&self, seconds: u64, message: &str) -> CommitId {
        self.commits.set(self.commits.get() + 1);
        let shell = &self.shell;
        let date = format!("@{seconds} +0200");
        let _author = shell.push_env("GIT_AUTHOR_DATE", &date);
        let _committer = shell.push_env("GIT_COMMITTER_DATE", &date);
        cmd!(shell, "git -c core.safecrlf=false add --all").ignore_stderr().run().unwrap();
        cmd!(shell, "git commit --quiet --allow-empty --allow-empty-message -m {message}")
            .ignore_stderr()
            .run()
            .unwrap();
        self.open().head().unwrap()
    }

    fn prepared(&self, path: &[u8]) -> PathBuf {
        let path = self.path().join(OsStr::from_bytes(path));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }
}

/// A shell in `folder` whose git reads no configuration of the machine or the user.
pub fn shell_in(folder: &Path) -> Shell {
    let shell = Shell::new().unwrap();
    shell.change_dir(folder);
    let environment = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "Ada Example"),
        ("GIT_AUTHOR_EMAIL", "ada@example.org"),
        ("GIT_COMMITTER_NAME", "Carl Example"),
        ("GIT_COMMITTER_EMAIL", "carl@example.org"),
    ];
    environment.into_iter().for_each(|(name, value)| shell.set_var(name, value));
    shell
}
