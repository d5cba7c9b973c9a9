//! A remote repository, by the program `git`: listing, fetching and pushing.
//!
//! libgit2 is not used for this. Its push to a path overwrites the commit of somebody who was faster and runs no hook, and over
//! the network it reports success for an update that the server refused. `git push --force-with-lease` with the id of the commit
//! that is replaced fails rightly in both cases.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::process::{Program, Said};
use crate::base::text::{last_lines, printable};
use crate::git::commit::CommitId;
use crate::git::ref_name::BranchName;
use crate::git::repository::Repository;

/// The time that one transfer may take.
const LIMIT: Duration = Duration::from_secs(1800);

/// The settings of each call. No hook of the person runs, no program of a URL is started, and what arrives stays in one pack.
pub(super) const SETTINGS: [&str; 6] = [
    "core.hooksPath=/dev/null",
    "protocol.ext.allow=never",
    "fetch.unpackLimit=1",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];

/// The variables that would make git work on another repository than the stated one.
const REMOVED: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// A remote repository, and the local bare one that its commits are fetched into.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The address, or the name of a remote of `local`.
    pub address: String,
    /// The folder of a bare repository.
    pub local: PathBuf,
    /// The configuration file of the person's clone. It says how remotes are reached: `core.sshCommand`, `http.*`, credentials.
    pub settings: PathBuf,
}

/// The answer of a remote to a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushAnswer {
    /// The branch leads to the commit, now or already.
    Taken,
    /// The branch was not changed; the words of the remote, for a person: the most important line, and then all.
    Refused(String),
    /// The branch does not lead to the expected commit any more, or another push holds its lock; the words of the remote.
    Moved(String),
    /// It is not known whether the branch was changed: the connection broke.
    Unknown(String),
}

impl Remote {
    /// Makes the local bare repository, if it is not there.
    pub fn make_local(&self) -> Result<()> {
        if self.local.join("HEAD").is_file() {
            return Ok(());
        }
        let folder = self.local.as_os_str();
        let args = ["init", "--quiet", "--bare", "--template=", "--initial-branch=none", "--"].map(OsString::from);
        let program = self.program(Path::new("/"), args.into_iter().chain([folder.to_owned()]).collect());
        program.read_within(LIMIT).map(drop)
    }

    /// The commits that references of the remote lead to, by full name; those that it does not have are left out.
    ///
    /// Errors: the remote cannot be reached (exit 5), or forbids it (exit 3).
    pub fn list(&self, references: &[&str]) -> Result<BTreeMap<String, CommitId>> {
        let mut args = words(&["ls-remote", "--quiet", "--", &self.address]);
        args.extend(references.iter().map(OsString::from));
        let text = self.ask(args, "list the branches of")?;
        let mut found = BTreeMap::new();
        for line in text.lines() {
            // A pattern of `ls-remote` matches at the end of a name.
            if let Some((id, name)) = line.split_once('\t')
                && let Some(id) = CommitId::parse_hex(id.as_bytes())
                && references.contains(&name)
            {
                found.insert(name.to_owned(), id);
            }
        }
        Ok(found)
    }

    /// Fetches by refspecs such as `+refs/heads/a:refs/remotes/origin/a`, with all of the history.
    ///
    /// Errors: the remote cannot be reached, or lacks a reference (exit 5); the remote forbids it (exit 3).
    pub fn fetch(&self, refspecs: &[String]) -> Result<()> {
        let fixed = ["fetch", "--quiet", "--no-write-fetch-head", "--no-tags", "--no-auto-gc", "--force"];
        let mut args = words(&fixed);
        args.extend(words(&["--no-recurse-submodules", "--", &self.address]));
        args.extend(refspecs.iter().map(OsString::from));
        self.ask(args, "fetch from").map(drop)
    }

    /// Fetches all tags, and removes those that the remote does not have any more: the version counts from them. A removed `a` gives way to a new
    /// `a/b`.
    ///
    /// Errors: as [`Remote::fetch`].
    pub fn follow_tags(&self) -> Result<()> {
        let fixed = ["fetch", "--quiet", "--no-write-fetch-head", "--no-tags", "--no-auto-gc", "--force", "--prune"];
        let mut args = words(&fixed);
        args.extend(words(&["--no-recurse-submodules", "--", &self.address, "+refs/tags/*:refs/tags/*"]));
        self.ask(args, "fetch from").map(drop)
    }

    /// Makes the branch lead to `new`, if it leads to `expected` now. The local repository has `new`.
    ///
    /// Git compares the name behind the colon with the ends of the names on the remote, also where it is a full one: beside a tag
    /// `refs/tags/refs/heads/main`, it refuses `refs/heads/main` as ambiguous, so that whoever may push tags would stop each merge. A pattern
    /// leads to exactly one name. The reference that it matches is in a folder that is that of this commit and branch alone.
    ///
    /// Errors: git cannot be run; an interrupt.
    pub fn push(&self, branch: &BranchName, expected: CommitId, new: CommitId) -> Result<PushAnswer> {
        let name = branch.full();
        let lease = format!("--force-with-lease={name}:{expected}");
        let folder = format!("refs/releng/push/{new}/{branch}/x");
        let (kept, refspec) = (format!("{folder}/{branch}"), format!("{folder}/*:refs/heads/*"));
        Repository::open(&self.local)?.keep(&kept, new)?;
        let args =
            words(&["push", "--porcelain", "--no-verify", "--no-follow-tags", &lease, "--", &self.address, &refspec]);
        let said = self.program(&self.local, args).run_within(LIMIT)?;
        Repository::open(&self.local)?.release(&kept)?;
        Ok(read_push(&said, &name))
    }

    /// The address of the remote `name` of the repository in `folder`: that for pushing, with the person's settings applied. `name` may be
    /// an address itself. A relative path becomes an absolute one.
    pub fn address_of(name: &str, folder: &Path) -> Result<String> {
        let args = words(&["remote", "get-url", "--push", "--", name]);
        let program = Program { program: "git".as_ref(), args, folder, variables: other_places(), input: Vec::new() };
        let said = program.run_within(LIMIT)?;
        let address = String::from_utf8_lossy(&said.output).trim_end_matches('\n').to_owned();
        let is_address = name.contains(['/', ':']) && !name.starts_with('-');
        let address = if said.status.success() || !is_address { address } else { name.to_owned() };
        if address.is_empty() {
            let shown = name.escape_debug();
            return Err(Failure::new(Exit::Usage, format!("there is no remote `{shown}`"))
                .help("`git remote -v` lists the remotes")
                .into());
        }
        let is_path = !address.starts_with('/') && !address.split('/').next().unwrap_or_default().contains(':');
        Ok(if is_path { folder.join(&address).to_string_lossy().into_owned() } else { address })
    }

    fn ask(&self, args: Vec<OsString>, what: &str) -> Result<String> {
        let said = self.program(&self.local, args).run_within(LIMIT)?;
        if said.status.success() {
            return Ok(String::from_utf8_lossy(&said.output).into_owned());
        }
        let words = words_of(&said);
        let exit = if forbids(&words) { Exit::NotAllowed } else { Exit::TryAgain };
        Err(Failure::new(exit, format!("cannot {what} `{}`", printable(&self.address)))
            .details(words)
            .help(format!("see what is wrong: `git ls-remote {}`", crate::base::text::shell_word(&self.address)))
            .into())
    }

    fn program<'a>(&self, folder: &'a Path, args: Vec<OsString>) -> Program<'a> {
        let mut include = OsString::from("include.path=");
        include.push(&self.settings);
        let mut all = vec!["-c".into(), include];
        for setting in SETTINGS {
            all.extend(words(&["-c", setting]));
        }
        all.extend(args);
        let mut variables = other_places();
        variables.push(("GIT_TERMINAL_PROMPT", Some("0".to_owned())));
        variables.push(("LC_ALL", Some("C".to_owned())));
        Program { program: "git".as_ref(), args: all, folder, variables, input: Vec::new() }
    }
}

/// The variables to remove, so that git works on the stated repository.
pub(super) fn other_places() -> Vec<(&'static str, Option<String>)> {
    REMOVED.iter().map(|name| (*name, None)).collect()
}

/// Which part of a repository is looked at for lock files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// The files of the repository, and everything in `refs/`.
    Top,
    /// Everything in a folder.
    Refs,
}

/// Removes the lock files that a killed run left in the bare repository `local`. The caller has a lock of its own on everything in it.
pub fn clear_locks(local: &Path) -> Result<()> {
    clear_locks_in(local, Depth::Top)
}

fn clear_locks_in(folder: &Path, depth: Depth) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list `{}`", folder.display()))?.path();
        let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
        if is_folder && (depth == Depth::Refs || path.ends_with("refs")) {
            clear_locks_in(&path, Depth::Refs)?;
        } else if !is_folder && path.extension().is_some_and(|extension| extension == "lock") {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
    }
    Ok(())
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// The last lines of the errors of git and of the remote, safe to print.
fn words_of(said: &Said) -> String {
    const LINES: usize = 10;
    printable(&last_lines(&String::from_utf8_lossy(&said.errors), LINES).join("\n"))
}

/// Parts of what servers say, in small letters, to a person who may not do it. Sshd, gitolite and forges close the connection then, and
/// git itself says the same as after a fault of the network.
const FORBIDDEN: [&str; 13] = [
    "denied",
    "forbidden",
    "protected",
    "not allowed",
    "not permitted",
    "not authorized",
    "unauthorized",
    "authentication failed",
    "could not read username",
    "returned error: 401",
    "returned error: 403",
    "service not enabled",
    "aborted by hook",
];

/// What `git daemon` says of any repository that it does not serve.
const NOT_SERVED: &str = "access denied or repository not exported";

/// Whether the words of git and a remote say clearly that it is not allowed.
fn forbids(words: &str) -> bool {
    words.lines().any(line_forbids)
}

fn line_forbids(line: &str) -> bool {
    let line = line.to_lowercase();
    !line.contains(NOT_SERVED) && FORBIDDEN.iter().any(|part| line.contains(part))
}

/// Reads the porcelain output of a push of one reference: a flag, the references, a summary, apart by tabs.
fn read_push(said: &Said, name: &str) -> PushAnswer {
    let (output, words) = (String::from_utf8_lossy(&said.output), words_of(said));
    for line in output.lines() {
        let mut parts = line.splitn(3, '\t');
        let (Some(flag), Some(references), Some(summary)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if references.split_once(':').is_none_or(|(_, to)| to != name) {
            continue;
        }
        let has = |parts: &[&str]| parts.iter().any(|part| summary.contains(part));
        return match flag {
            "!" if has(&["(stale info)", "(fetch first)"]) => PushAnswer::Moved(words),
            // The server found another commit when it took the lock, or another push holds the lock.
            "!" if has(&["(failed to update ref)", "(cannot lock ref"]) && !forbids(&words) => PushAnswer::Moved(words),
            "!" if has(&["(remote failure)"]) => unanswered(words),
            "!" => PushAnswer::Refused(format!("{}\n{words}", printable(summary)).trim_end().to_owned()),
            _ => PushAnswer::Taken,
        };
    }
    unanswered(words)
}

/// The answer of a remote that says nothing of the branch.
fn unanswered(words: String) -> PushAnswer {
    match words.lines().find(|line| line_forbids(line)) {
        Some(line) => PushAnswer::Refused(format!("{line}\n{words}")),
        None => PushAnswer::Unknown(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_to_who_may_not_push() {
        for (words, is_forbidden) in [
            ("FATAL: W any demo eve DENIED by fallthru\n(or you mis-spelled the reponame)", true),
            ("git@example.org: Permission denied (publickey).", true),
            ("remote: Write access to repository not granted.\nfatal: … The requested URL returned error: 403", true),
            ("fatal: could not read Username for 'https://example.org': terminal prompts disabled", true),
            ("remote: GitLab: You are not allowed to push code to protected branches on this project.", true),
            ("fatal: ref updates aborted by hook", true),
            ("fatal: remote error: access denied or repository not exported: /demo", false),
            (
                "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights",
                false,
            ),
            ("ssh: connect to host example.org port 22: Connection refused", false),
            ("Unable to create 'refs/heads/master.lock': File exists.", false),
            ("fatal: the remote end hung up unexpectedly", false),
        ] {
            assert_eq!(forbids(words), is_forbidden, "{words}");
        }
    }
}
