//! A commit checked out in a repository of its own, for programs that are not trusted: whatever they do to it, the repository that
//! it came from is not changed.

use std::ffi::OsString;
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

    /// The tree of the tracked files as they are now in the folder `work`, and the paths of those that differ from the commit.
    /// Nothing of the repository in `work` is read. `scratch` is an empty folder for objects.
    pub fn tree_now(&self, work: &Path, scratch: &Path) -> Result<(ObjectId, Vec<String>)> {
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
        run(&["add", "--update", "--", "."])?;
        let tree = run(&["write-tree"])?;
        let tree = CommitId::parse_hex(tree.trim_end().as_bytes()).context("`git write-tree` printed no tree")?;
        let changed = run(&["diff-index", "--cached", "--name-only", "-z", "--no-renames", &commit])?;
        let paths = changed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned);
        Ok((tree, paths.collect()))
    }
}

/// Runs git in `folder`, with settings that start no program of the repository; its output.
fn git(folder: &Path, args: impl IntoIterator<Item = OsString>, own: &[(&'static str, String)]) -> Result<String> {
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
    Program { program: "git".as_ref(), args: all, folder, variables, input: Vec::new() }.read_within(LIMIT)
}
