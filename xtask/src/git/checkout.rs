//! A commit checked out in a repository of its own, for programs that are not trusted: whatever they do to it, the repository that
//! it came from is not changed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::process::Program;
use crate::git::commit::CommitId;
use crate::git::remote::{SETTINGS, other_places};
use crate::git::tree::ObjectId;

/// The time for reading or writing all files of a commit.
const LIMIT: Duration = Duration::from_secs(1800);

/// A commit to check out.
#[derive(Clone, Debug)]
pub struct Checkout<'a> {
    /// The bare repository that has the commit.
    pub from: &'a Path,
    pub commit: CommitId,
    /// The branch whose newest commit this will be, without `refs/heads/`; the checkout has it as a branch of `origin`.
    pub branch: &'a str,
    /// The path of the objects of `from`, as the programs will see it.
    pub objects: &'a Path,
}

/// The tracked files of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackedFiles {
    /// `None` if git can have no tree with such files.
    pub tree: Option<ObjectId>,
    /// The paths of those that differ from the commit.
    pub changed: Vec<String>,
}

impl Checkout<'_> {
    /// Checks the commit out in the new folder `to`, with `HEAD` detached, all tags, and the objects of `from` as alternates.
    pub fn make(&self, to: &Path) -> Result<()> {
        let alternates = to.join(".git/objects/info/alternates");
        let init = ["init", "--quiet", "--template=", "--initial-branch=none", "--"].map(OsString::from);
        git(Path::new("/"), init.into_iter().chain([to.as_os_str().to_owned()]), &[])?;
        let write = |path: &Path, text: String| {
            let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| std::fs::write(path, text)).with_context(|| format!("cannot write `{}`", path.display()))
        };
        // While the files are written, the objects are where they are.
        write(&alternates, format!("{}\n", self.from.join("objects").display()))?;
        let own = |args: &[&str]| git(to, args.iter().map(OsString::from), &[]).map(drop);
        let tags = self.list_tags()?;
        let mut packed = "# pack-refs with: sorted \n".to_owned();
        let mut lines = vec![(format!("refs/remotes/origin/{}", self.branch), self.commit.to_string())];
        lines.extend(tags);
        lines.sort();
        for (name, id) in lines {
            packed += &format!("{id} {name}\n");
        }
        write(&to.join(".git/packed-refs"), packed)?;
        own(&["checkout", "--quiet", "--detach", &self.commit.to_string()])?;
        write(&alternates, format!("{}\n", self.objects.display()))
    }

    /// The names and ids of all tags.
    fn list_tags(&self) -> Result<Vec<(String, String)>> {
        let args = ["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags/"];
        let text = git(self.from, args.iter().map(OsString::from), &[])?;
        let line = |line: &str| line.split_once(' ').map(|(id, name)| (name.to_owned(), id.to_owned()));
        Ok(text.lines().filter_map(line).collect())
    }

    /// The tracked files as they are now in the folder `work`.
    /// Nothing of the repository in `work` is read. `scratch` is an empty folder for objects.
    pub fn tree_now(&self, work: &Path, scratch: &Path) -> Result<TrackedFiles> {
        let shown = |path: PathBuf| path.to_string_lossy().into_owned();
        let variables = [
            ("GIT_DIR", shown(self.from.to_owned())),
            ("GIT_WORK_TREE", shown(work.to_owned())),
            ("GIT_INDEX_FILE", shown(scratch.join("index"))),
            ("GIT_OBJECT_DIRECTORY", shown(scratch.join("objects"))),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", shown(self.from.join("objects"))),
        ];
        std::fs::create_dir_all(scratch.join("objects"))
            .with_context(|| format!("cannot create a folder in `{}`", scratch.display()))?;
        let run = |args: &[&str]| git(work, args.iter().map(OsString::from), &variables);
        let commit = self.commit.to_string();
        run(&["read-tree", &commit])?;
        // Git would run `git status` in the repository of a submodule, with the filters that its configuration names.
        let list = ["ls-files", "--stage", "-z"].map(OsString::from);
        let listed = program(work, list, &variables, Vec::new()).read_bytes_within(LIMIT)?;
        let (mut submodules, mut odd) = (Vec::new(), Vec::new());
        for line in listed.split(|byte| *byte == 0) {
            let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
            let name = &line[tab + 1..];
            if line.starts_with(b"160000 ") {
                submodules.extend_from_slice(name);
                submodules.push(0);
            } else if is_odd(&work.join(OsStr::from_bytes(name))) {
                odd.push(String::from_utf8_lossy(name).into_owned());
            }
        }
        if !odd.is_empty() {
            return Ok(TrackedFiles { tree: None, changed: odd });
        }
        if !submodules.is_empty() {
            let args = ["update-index", "--skip-worktree", "-z", "--stdin"].map(OsString::from);
            program(work, args, &variables, submodules).read_within(LIMIT)?;
        }
        run(&["add", "--update", "--", "."])?;
        let tree = run(&["write-tree"])?;
        let tree = CommitId::parse_hex(tree.trim_end().as_bytes()).context("`git write-tree` printed no tree")?;
        let changed = run(&["diff-index", "--cached", "--name-only", "-z", "--no-renames", &commit])?;
        let paths = changed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned);
        Ok(TrackedFiles { tree: Some(tree), changed: paths.collect() })
    }
}

/// Whether there is something that git cannot have as a file: a pipe, a device, or a file that its owner may not read.
fn is_odd(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    path.symlink_metadata().is_ok_and(|found| match found.file_type() {
        kind if kind.is_file() => found.mode() & 0o400 == 0,
        kind => !kind.is_dir() && !kind.is_symlink(),
    })
}

/// Runs git in `folder`, with settings that start no program of the repository; its output.
fn git(folder: &Path, args: impl IntoIterator<Item = OsString>, own: &[(&'static str, String)]) -> Result<String> {
    program(folder, args, own, Vec::new()).read_within(LIMIT)
}

fn program<'a>(
    folder: &'a Path,
    args: impl IntoIterator<Item = OsString>,
    own: &[(&'static str, String)],
    input: Vec<u8>,
) -> Program<'a> {
    let mut all = Vec::new();
    for setting in SETTINGS.iter().chain(&["core.fsmonitor=false", "advice.detachedHead=false"]) {
        all.extend(["-c", setting].map(OsString::from));
    }
    all.extend(args);
    let mut variables = other_places();
    // The filters of a person's own configuration are not for foreign files.
    variables.push(("GIT_CONFIG_GLOBAL", Some("/dev/null".to_owned())));
    variables.push(("GIT_CONFIG_NOSYSTEM", Some("1".to_owned())));
    variables.push(("GIT_LFS_SKIP_SMUDGE", Some("1".to_owned())));
    variables.push(("LC_ALL", Some("C".to_owned())));
    variables.extend(own.iter().map(|(name, value)| (*name, Some(value.clone()))));
    Program { program: "git".as_ref(), args: all, folder, variables, input }
}
