//! The program as a user calls it, and folders to call it in.

use std::path::{Path, PathBuf};

use duct::cmd;
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_releng");

/// What a run of the program left.
pub struct Ran {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Fails the test unless the run exited with `code`; gives the run back.
    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless standard error has each of `parts`.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Ran {
        for part in parts {
            assert!(self.stderr.contains(part), "no `{part}` in:\n{}", self.stderr);
        }
        self
    }

    /// Fails the test unless standard output is exactly `text`.
    #[track_caller]
    pub fn prints(self, text: &str) -> Ran {
        assert_eq!(self.stdout, text);
        self
    }

    /// Fails the test unless standard output has `part`.
    #[track_caller]
    pub fn prints_part(self, part: &str) -> Ran {
        assert!(self.stdout.contains(part), "no `{part}` in:\n{}", self.stdout);
        self
    }

    /// Fails the test if standard error has a warning or an error.
    #[track_caller]
    pub fn says_nothing_wrong(self) -> Ran {
        let is_wrong = |line: &str| line.starts_with("warning: ") || line.starts_with("error: ");
        assert!(!self.stderr.lines().any(is_wrong), "{}", self.stderr);
        self
    }

    /// Fails the test unless standard error is empty.
    #[track_caller]
    pub fn says_nothing(self) -> Ran {
        assert_eq!(self.stderr, "");
        self
    }
}

/// Runs any program in `folder` with a plain environment: no configuration of the person's, no variables of cargo's.
pub fn run_in(folder: &Path, program: &str, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut run = cmd(program, args).dir(folder).stdout_capture().stderr_capture().stdin_null().unchecked();
    // What is said first holds: duct's later calls are the outer ones.
    for (name, value) in variables.iter().chain(&[("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")]) {
        run = run.env(name, value);
    }
    // cargo's LD_LIBRARY_PATH names many folders, and each child would search them all for each of its libraries.
    let inherited = [
        "CARGO",
        "RELENG",
        "GIT_",
        "NO_COLOR",
        "LD_LIBRARY_PATH",
        "BUILD_NUMBER",
        "GITHUB_",
        "GITLAB_CI",
        "CI_PIPELINE_IID",
    ];
    for (name, _) in std::env::vars().filter(|(name, _)| inherited.iter().any(|prefix| name.starts_with(prefix))) {
        run = run.env_remove(name);
    }
    let output = run.run().unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// A PATH with links in `folder` to all programs of this machine but those with the names `absent`: a test that needs the lack of
/// a program passes on every machine.
pub fn path_without(folder: &Path, absent: &[&str]) -> String {
    std::fs::create_dir_all(folder).unwrap();
    for place in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let link = folder.join(&name);
            if !absent.iter().any(|absent| name == *absent) && link.symlink_metadata().is_err() {
                std::os::unix::fs::symlink(entry.path(), link).unwrap();
            }
        }
    }
    folder.display().to_string()
}

/// A project in a folder of its own, with a git repository unless the test wants none.
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// An empty folder.
    pub fn bare() -> Sandbox {
        Sandbox { folder: tempfile::tempdir().unwrap() }
    }

    /// A repository with one commit that holds `files`, tagged `1.0`.
    pub fn released(files: &[(&str, &str)]) -> Sandbox {
        let sandbox = Sandbox::unreleased(files);
        sandbox.git(&["tag", "1.0"]);
        sandbox
    }

    /// A repository with one commit that holds `files`, and no tag.
    pub fn unreleased(files: &[(&str, &str)]) -> Sandbox {
        let sandbox = Sandbox::bare();
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox.commit("First", files);
        sandbox
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    pub fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// Writes a file and the folders above it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Writes and commits files, at a fixed date.
    #[track_caller]
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) {
        for (path, content) in files {
            self.write(path, content);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Runs git here; its standard output without the last newline.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        let date = "2020-03-19T08:24:41+0300";
        let person = [("NAME", "Ada Example"), ("EMAIL", "ada@example.org"), ("DATE", date)];
        let variables: Vec<(String, &str)> = ["AUTHOR", "COMMITTER"]
            .iter()
            .flat_map(|role| person.map(|(what, value)| (format!("GIT_{role}_{what}"), value)))
            .collect();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        run_in(self.path(), "git", args, &variables).exits(0).stdout.trim_end_matches('\n').to_owned()
    }

    /// Runs the program here.
    pub fn releng(&self, args: &[&str]) -> Ran {
        run_in(self.path(), PROGRAM, args, &[])
    }

    /// The paths of all files below `folder`, sorted; empty where there is no such folder.
    pub fn files(&self, folder: &str) -> Vec<String> {
        fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { collect(&path, found) } else { found.push(path) }
            }
        }
        let top = self.join(folder);
        let mut found = Vec::new();
        collect(&top, &mut found);
        let mut names: Vec<String> =
            found.iter().map(|path| path.strip_prefix(&top).unwrap().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}
