//! Merge commits, made in memory: no work tree, no index file, no branch is touched.
//!
//! The result depends on its arguments only, so making it again gives the same id.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::error::{Exit, Failure};
use crate::base::process::Program;
use crate::git::commit::CommitId;
use crate::git::repository::{Repository, id_of, oid_of};
use crate::git::signature::Signature;
use crate::git::tree::ObjectId;

/// The time for a question to git.
const LIMIT: Duration = Duration::from_secs(60);

/// Who makes a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committer {
    pub name: String,
    pub email: String,
}

/// A merge of `head` into `base`, before the message is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialMerge {
    /// The tree of the merge commit.
    Clean(ObjectId),
    /// The paths that both sides changed in different ways, sorted; lossy text.
    Conflicts(Vec<String>),
}

/// The parts of a merge commit.
#[derive(Clone, Debug)]
pub struct MergeParts<'a> {
    /// The first parent.
    pub base: CommitId,
    /// The second parent.
    pub head: CommitId,
    pub tree: ObjectId,
    /// With a newline at its end.
    pub message: &'a str,
    /// Author and committer.
    pub by: &'a Committer,
    /// The date of both, in UTC.
    pub at: Timestamp,
}

impl Repository {
    /// Who commits here, by the environment and the configuration of git.
    ///
    /// Errors: git does not know a name or an address.
    pub fn identity(&self) -> Result<Committer> {
        let args = ["var", "GIT_COMMITTER_IDENT"].map(OsString::from).to_vec();
        let folder = self.opened_at();
        let program = Program { program: "git".as_ref(), args, folder, variables: Vec::new(), input: Vec::new() };
        let said = program.run_within(LIMIT)?;
        let line = Signature::parse(&said.output);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
        let identity = Committer { name: text(line.name), email: text(line.email) };
        if !said.status.success() || identity.name.is_empty() || identity.email.is_empty() {
            return Err(Failure::new(Exit::Usage, "git does not know who you are, and a merge commit has an author")
                .help("`git config user.name NAME && git config user.email ADDRESS`")
                .into());
        }
        Ok(identity)
    }

    /// Merges two commits, as `git merge-tree --write-tree` does, and keeps the tree.
    ///
    /// Errors: an object is missing or damaged; the commits have no common ancestor that git can merge from.
    pub fn try_merge(&self, base: CommitId, head: CommitId) -> Result<TrialMerge> {
        let failed = || format!("cannot merge `{}` into `{}`", head.short(), base.short());
        self.loose()?.check_history()?;
        let find = |id: CommitId| self.inner.find_commit(oid_of(id));
        let (ours, theirs) = (find(base).with_context(failed)?, find(head).with_context(failed)?);
        let mut index = self.inner.merge_commits(&ours, &theirs, None).with_context(failed)?;
        if !index.has_conflicts() {
            let tree = index.write_tree_to(&self.inner).with_context(failed)?;
            return Ok(TrialMerge::Clean(id_of(tree)));
        }
        let mut paths = Vec::new();
        for conflict in index.conflicts().with_context(failed)? {
            let conflict = conflict.with_context(failed)?;
            let sides = [conflict.our, conflict.their, conflict.ancestor];
            paths.extend(sides.into_iter().flatten().map(|side| String::from_utf8_lossy(&side.path).into_owned()));
        }
        paths.sort();
        paths.dedup();
        Ok(TrialMerge::Conflicts(paths))
    }

    /// Writes a merge commit. Nothing leads to it yet: see [`Repository::keep`].
    pub fn write_merge(&self, parts: &MergeParts<'_>) -> Result<CommitId> {
        let failed = || format!("cannot make the merge commit of `{}`", parts.head.short());
        let time = git2::Time::new(parts.at.as_second(), 0);
        let by = git2::Signature::new(&parts.by.name, &parts.by.email, &time).with_context(failed)?;
        let find = |id: CommitId| self.inner.find_commit(oid_of(id));
        let (base, head) = (find(parts.base).with_context(failed)?, find(parts.head).with_context(failed)?);
        let tree = self.inner.find_tree(oid_of(parts.tree)).with_context(failed)?;
        let made = self.inner.commit(None, &by, &by, parts.message, &tree, &[&base, &head]);
        Ok(id_of(made.with_context(failed)?))
    }

    /// Makes the reference `name` (`refs/…`) lead to a commit, so that git does not remove the commit as garbage.
    pub fn keep(&self, name: &str, commit: CommitId) -> Result<()> {
        let made = self.inner.reference(name, oid_of(commit), true, "releng");
        made.map(drop).with_context(|| format!("cannot make `{name}`"))
    }

    /// The commit of a reference of [`Repository::keep`], or of one that was fetched, by its full name.
    pub fn find_kept(&self, name: &str) -> Result<Option<CommitId>> {
        let failed = || format!("cannot read `{name}`");
        match self.inner.find_reference(name) {
            Ok(reference) => Ok(Some(id_of(reference.peel_to_commit().with_context(failed)?.id()))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error).with_context(failed),
        }
    }

    /// Removes a reference of [`Repository::keep`]; it is no error if there is none.
    pub fn release(&self, name: &str) -> Result<()> {
        let failed = || format!("cannot remove `{name}`");
        match self.inner.find_reference(name) {
            Ok(mut reference) => reference.delete().with_context(failed),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(()),
            Err(error) => Err(error).with_context(failed),
        }
    }
}
