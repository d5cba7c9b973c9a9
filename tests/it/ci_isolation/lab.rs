//! A bare remote, a clone of it, and work on a branch that does what it must not do.

use std::path::{Path, PathBuf};
use std::sync::Once;

use tempfile::TempDir;

use crate::support::program::{PROGRAM, Ran, run_in};

/// What must never be in an output.
pub const SECRET: &str = "the-secret-of-the-caller";

/// The project, with secrets of the caller around it.
pub struct Lab {
    folder: TempDir,
    /// Variables of the caller beside the usual ones.
    pub variables: Vec<(String, String)>,
}

impl Lab {
    /// A project whose base has this in `[ci]`, and one step, which runs `attack.sh` of the work.
    pub fn new(ci: &str) -> Lab {
        let step = "[[ci.check-merged]]\nname = \"attack\"\nrun = [\"bash\", \"attack.sh\"]\ntimeout = \"100s\"\n";
        Lab::with_config(&format!("[ci]\n{ci}\n{step}"))
    }

    /// A project whose base has this configuration.
    pub fn with_config(config: &str) -> Lab {
        let lab = Lab { folder: tempfile::tempdir().unwrap(), variables: Vec::new() };
        for folder in ["remote", "clone", "home/.ssh"] {
            std::fs::create_dir_all(lab.path(folder)).unwrap();
        }
        std::fs::write(lab.path("home/.ssh/id_ed25519"), SECRET).unwrap();
        lab.in_folder("remote", &["init", "-q", "--bare", "-b", "main"]);
        lab.git(&["init", "-q", "-b", "main"]);
        lab.git(&["remote", "add", "origin", &lab.path("remote").display().to_string()]);
        let head = "[project]\nname = \"demo\"\n";
        lab.commit(
            "First",
            &[("packaging/release.toml", &format!("{head}{config}")), ("kept", "kept\n"), (".gitignore", "/target\n")],
        );
        lab.git(&["tag", "1.0"]);
        lab.git(&["push", "-q", "origin", "main", "1.0"]);
        lab.git(&["fetch", "-q", "origin"]);
        lab
    }

    /// A path beside the clone.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs git in a folder of the lab.
    #[track_caller]
    pub fn in_folder(&self, folder: &str, args: &[&str]) -> String {
        let names = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
        let variables = names.map(|name| (name, "ada@example.org"));
        run_in(&self.path(folder), "git", args, &variables).exits(0).stdout.trim_end().to_owned()
    }

    /// Runs git in the clone.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        self.in_folder("clone", args)
    }

    /// Writes and commits files in the clone.
    #[track_caller]
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) {
        for (name, content) in files {
            let path = self.path("clone").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// Commits files on the branch `work`, and pushes it.
    #[track_caller]
    pub fn push_work(&self, files: &[(&str, &str)]) {
        self.git(&["checkout", "-q", "-B", "work", "origin/main"]);
        self.commit("Work", files);
        self.push();
    }

    /// Pushes the branch `work`.
    #[track_caller]
    pub fn push(&self) {
        self.git(&["push", "-q", "--force", "origin", "work"]);
        self.git(&["checkout", "-q", "--force", "main"]);
    }

    /// Runs the program in the clone.
    #[track_caller]
    pub fn releng(&self, args: &[&str]) -> Ran {
        let home = self.path("home").display().to_string();
        let person = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
        let mut variables: Vec<(&str, &str)> = vec![("HOME", &home), ("GITHUB_TOKEN", SECRET)];
        variables.extend(person.map(|name| (name, "ada@example.org")));
        variables.extend(self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        // The caller has a file open, as a shell or a CI system does.
        let secret = self.path("home/.ssh/id_ed25519").display().to_string();
        let open = ["-c", "exec 9<\"$1\" 10<\"$1\"; shift; exec \"$@\"", "bash", &secret, PROGRAM];
        run_in(&self.path("clone"), "bash", &[&open, args].concat(), &variables)
    }

    /// Merges the branch `work`, in a mount namespace where the repository of the project is on a small disk.
    #[track_caller]
    pub fn merge_on_small_disk(&self, size: &str) -> Ran {
        std::fs::create_dir_all(self.path("clone/target")).unwrap();
        let script = format!("mount -t tmpfs -o size={size} tmpfs target && shift && exec \"$@\"");
        let home = self.path("home").display().to_string();
        let args = ["-m", "sh", "-c", &script, "sh", "-", PROGRAM, "ci", "merge", "--branch", "work", "--base", "main"];
        let person = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
        let mut variables: Vec<(&str, &str)> = vec![("HOME", &home)];
        variables.extend(person.map(|name| (name, "ada@example.org")));
        run_in(&self.path("clone"), "unshare", &args, &variables)
    }

    /// Merges the branch `work` into `main`.
    #[track_caller]
    pub fn merge(&self) -> Ran {
        self.releng(&["ci", "merge", "--branch", "work", "--base", "main"])
    }

    /// Merges work whose `attack.sh` is this; fails the test unless it lands. Gives the output of the step.
    #[track_caller]
    pub fn attack(&self, script: &str) -> String {
        self.push_work(&[("attack.sh", script)]);
        self.lands();
        let log = self.log();
        assert!(!log.contains(SECRET), "{log}");
        log
    }

    /// Merges the work, which must land as it is.
    #[track_caller]
    pub fn lands(&self) -> Ran {
        let work = self.git(&["rev-parse", "origin/work"]);
        let base = self.in_folder("remote", &["rev-parse", "main"]);
        let ran = self.merge();
        let ran = if ran.code == 0 { ran } else { panic!("{}\n{}\n{}", ran.stdout, ran.stderr, self.log()) };
        let parents = self.in_folder("remote", &["show", "-s", "--format=%P", "main"]);
        assert_eq!(parents, format!("{base} {work}"));
        let tree = self.git(&["rev-parse", "origin/work^{tree}"]);
        assert_eq!(self.in_folder("remote", &["rev-parse", "main^{tree}"]), tree, "what lands is the tree of the work");
        self.in_folder("remote", &["fsck", "--strict"]);
        let left = run_in(Path::new("/"), "find", &[&self.merges().display().to_string(), "-name", "work"], &[]).stdout;
        assert_eq!(left, "", "the checkout is removed");
        ran
    }

    /// The folder of the merges.
    pub fn merges(&self) -> PathBuf {
        self.path("clone/target/repository-state/demo/ci/merges")
    }

    /// The outputs of all steps of all merges.
    pub fn log(&self) -> String {
        let merges = self.merges().display().to_string();
        let found = run_in(Path::new("/"), "find", &[&merges, "-name", "*.log"], &[]).stdout;
        let read = |path: &str| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        found.lines().map(read).collect()
    }

    /// The words after `got:` in an output: what an attack says that it reached.
    pub fn got(log: &str) -> Vec<String> {
        log.lines().filter_map(|line| line.strip_prefix("got: ")).map(str::to_owned).collect()
    }
}

/// The name of a user for tests, who is made where there is none.
#[track_caller]
pub fn user(name: &'static str) -> &'static str {
    static MAKING: Once = Once::new();
    assert_eq!(
        run_in(Path::new("/"), "id", &["-u"], &[]).stdout,
        "0\n",
        "the tests of `ci.isolation = \"user:NAME\"` make a user and must be run by root"
    );
    MAKING.call_once(|| {
        for name in ["releng-ci-test", "releng-ci-fork"] {
            let args = ["--system", "--no-create-home", "--user-group", name];
            if run_in(Path::new("/"), "id", &[name], &[]).code != 0 {
                run_in(Path::new("/"), "useradd", &args, &[]).exits(0);
            }
        }
    });
    name
}

/// A lab whose tests run as the user for tests.
#[track_caller]
pub fn behind_user(more: &str) -> Lab {
    Lab::new(&format!("isolation = \"user:{}\"\n{more}", user("releng-ci-test")))
}
