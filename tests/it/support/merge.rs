//! A remote and a clone of it for `ci merge`, on one machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::program::{PROGRAM, Ran, Sandbox, run_in};

/// A test that writes down which files it saw.
const TEST: &str = "set -e\ngit rev-parse HEAD^{tree} >> \"${TESTED:-/dev/null}\"\n! grep -q bad file\n";

/// The configuration of the base: a test, and a step that makes a release.
pub const CONFIG: &str = "[project]\nname = \"demo\"\n[version]\ninitial = \"0.1\"\n\
    [ci]\nisolation = \"none\"\nenvironment = [\"TESTED\", \"RELENG\", \"GIT_CONFIG_*\"]\n\
    [[ci.check-merged]]\nname = \"unit\"\nrun = [\"sh\", \"test.sh\"]\n";

/// The step that makes a release.
pub const RELEASE: &str = "[[ci.build-artifacts]]\nname = \"release\"\nrun = [\"sh\", \"-c\", \"\\\"${RELENG:-releng}\\\" dist --no-stage\"]\n";

/// `origin.git`, a bare repository, and `work`, a clone of it.
pub struct MergePlace {
    place: Sandbox,
}

impl MergePlace {
    /// A base `master` with one commit, which has this configuration.
    pub fn new(config: &str) -> MergePlace {
        let this = MergePlace { place: Sandbox::bare() };
        this.at("", &["init", "-q", "--bare", "-b", "master", "origin.git"]);
        this.at("", &["init", "-q", "-b", "master", "work"]);
        this.at("work", &["remote", "add", "origin", "../origin.git"]);
        this.at("work", &["config", "user.name", "Ada"]);
        this.at("work", &["config", "user.email", "ada@example.org"]);
        let files =
            [("packaging/release.toml", config), ("test.sh", TEST), ("file", "good\n"), (".gitignore", "target\n")];
        this.commit("Start", &files);
        this.at("work", &["push", "-q", "origin", "master"]);
        this
    }

    /// The folder of both.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// A path below the folder.
    pub fn join(&self, path: &str) -> PathBuf {
        self.place.join(path)
    }

    /// Runs git in a folder; its standard output without the last newline.
    #[track_caller]
    pub fn at(&self, folder: &str, args: &[&str]) -> String {
        git_in(&self.join(folder), args)
    }

    /// Commits files in the clone.
    #[track_caller]
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, content) in files {
            self.place.write(&format!("work/{path}"), content);
        }
        self.at("work", &["add", "-A"]);
        self.at("work", &["commit", "-q", "--allow-empty", "-m", message]);
        self.at("work", &["rev-parse", "HEAD"])
    }

    /// Pushes a branch from the base with one commit, whose id is given back; the clone is on the base again then.
    #[track_caller]
    pub fn propose(&self, branch: &str, message: &str, files: &[(&str, &str)]) -> String {
        self.at("work", &["checkout", "-q", "-b", branch, "origin/master"]);
        let commit = self.commit(message, files);
        self.at("work", &["push", "-q", "origin", branch]);
        self.at("work", &["checkout", "-q", "master"]);
        commit
    }

    /// The commit of a branch of the remote; empty if there is none.
    pub fn tip(&self, branch: &str) -> String {
        let name = format!("refs/heads/{branch}");
        run_in(&self.join("origin.git"), "git", &["rev-parse", "-q", "--verify", &name], &[]).stdout.trim().to_owned()
    }

    /// Runs the program in the clone.
    pub fn releng(&self, args: &[&str]) -> Ran {
        self.releng_with(args, &[])
    }

    /// Runs the program in the clone, with more variables.
    pub fn releng_with(&self, args: &[&str], more: &[(&str, &str)]) -> Ran {
        releng_at(self.path(), "work", args, more)
    }

    /// Runs `ci merge --branch BRANCH`.
    pub fn merge(&self, branch: &str) -> Ran {
        self.releng(&["ci", "merge", "--branch", branch])
    }

    /// The snapshots in unstable.
    pub fn snapshots(&self) -> Vec<String> {
        snapshots_in(self.path(), "work")
    }
}

/// The variables of a run in `place`.
fn variables(place: &Path) -> Vec<(String, String)> {
    let tested = place.join("tested").display().to_string();
    let person = [("COMMITTER_NAME", "Ada"), ("COMMITTER_EMAIL", "ada@example.org"), ("AUTHOR_NAME", "Ada")];
    let mut variables: Vec<(String, String)> =
        person.iter().map(|(name, value)| (format!("GIT_{name}"), (*value).to_owned())).collect();
    variables.push(("GIT_AUTHOR_EMAIL".to_owned(), "ada@example.org".to_owned()));
    variables.push(("TESTED".to_owned(), tested));
    variables.push(("RELENG".to_owned(), PROGRAM.to_owned()));
    variables
}

/// Runs the program in the clone `folder` of `place`.
pub fn releng_at(place: &Path, folder: &str, args: &[&str], more: &[(&str, &str)]) -> Ran {
    let own = variables(place);
    let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all: Vec<(&str, &str)> = more.iter().copied().chain(own).collect();
    run_in(&place.join(folder), PROGRAM, args, &all)
}

/// Runs git as a person without a configuration of their own.
#[track_caller]
pub fn git_in(folder: &Path, args: &[&str]) -> String {
    let person = ["AUTHOR", "COMMITTER"]
        .map(|role| [(format!("GIT_{role}_NAME"), "Carl"), (format!("GIT_{role}_EMAIL"), "carl@example.org")]);
    let variables: Vec<(&str, &str)> = person.iter().flatten().map(|(name, value)| (name.as_str(), *value)).collect();
    run_in(folder, "git", args, &variables).exits(0).stdout.trim_end_matches('\n').to_owned()
}

/// The snapshots that the clone `folder` of `place` has staged.
pub fn snapshots_in(place: &Path, folder: &str) -> Vec<String> {
    let unstable = place.join(folder).join("target/repository/demo/unstable");
    let mut names = Vec::new();
    for series in std::fs::read_dir(unstable).into_iter().flatten().flatten() {
        for entry in std::fs::read_dir(series.path()).into_iter().flatten().flatten() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.retain(|name| name.starts_with("snapshot-"));
    names.sort();
    names
}

/// What must be true of the base of a remote, whatever happened.
pub struct Landed<'a> {
    pub place: &'a Path,
    /// The commits that people pushed to the base: none may be lost.
    pub pushed: &'a [String],
    /// The heads that were to be merged: each at most once.
    pub heads: &'a [String],
}

impl Landed<'_> {
    /// The merge commits of the heads. Errors: what is wrong.
    pub fn check(&self) -> Result<Vec<String>, String> {
        let origin = self.place.join("origin.git");
        let ask = |args: &[&str]| git_in(&origin, args);
        let mainline = ask(&["rev-list", "--first-parent", "master"]);
        let mainline: Vec<&str> = mainline.lines().collect();
        for pushed in self.pushed {
            if !mainline.contains(&pushed.as_str()) {
                return Err(format!("the commit {pushed} of somebody else is lost"));
            }
        }
        let tested = std::fs::read_to_string(self.place.join("tested")).unwrap_or_default();
        let tested: BTreeSet<&str> = tested.lines().collect();
        let mut merges = Vec::new();
        for commit in &mainline {
            let line = ask(&["show", "-s", "--format=%T %P", commit]);
            let mut words = line.split(' ');
            let (tree, parents) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>());
            if parents.len() < 2 {
                continue;
            }
            if parents.len() != 2 || !self.heads.iter().any(|head| head == parents[1]) {
                return Err(format!("the merge commit {commit} has the parents {parents:?}"));
            }
            if !tested.contains(tree) {
                return Err(format!("the merge commit {commit} was not tested"));
            }
            merges.push((parents[1].to_owned(), (*commit).to_owned()));
        }
        merges.sort();
        if let Some(pair) = merges.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("{} was merged twice", pair[0].0));
        }
        Ok(merges.into_iter().map(|(_, commit)| commit).collect())
    }
}
