//! Which commits a branch has, on its mainline or brought in by a merge, and the branches, on the remote if there is one.

use std::collections::HashSet;

use anyhow::{Context, Result};
use git2::ObjectType;

use crate::base::interrupt;
use crate::git::commit::CommitId;
use crate::git::mainline::Mainline;
use crate::git::repository::{Repository, id_of, oid_of};
use crate::git::wildmatch::{self, Scope};

/// A branch and its newest commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitBranch {
    /// The name, with its remote if it has one, such as `origin/main`.
    pub name: String,
    pub tip: CommitId,
}

impl Repository {
    /// Whether this repository has the commit.
    pub fn has_commit(&self, commit: CommitId) -> bool {
        self.odb().and_then(|odb| odb.kind(commit)).is_ok_and(|kind| kind == ObjectType::Commit)
    }

    /// The full name of the branch, local or of a remote, whose short name this is. Tags are not asked, which git itself prefers.
    pub fn full_name_of_branch(&self, name: &str) -> Option<String> {
        let places = ["refs/heads/", "refs/remotes/"].map(|place| format!("{place}{name}"));
        places.into_iter().find(|full| self.inner.find_reference(full).is_ok())
    }

    /// Whether there is a tag with this name.
    pub fn has_tag(&self, name: &str) -> bool {
        self.inner.find_reference(&format!("refs/tags/{name}")).is_ok()
    }

    /// Whether a name begins with that of a remote, as those of its branches do: `origin/main`.
    pub fn is_of_remote(&self, name: &str) -> bool {
        let Some((remote, _)) = name.split_once('/') else { return false };
        self.inner.find_remote(remote).is_ok()
    }

    /// Whether `ancestor` is `commit` or an ancestor of it.
    pub fn is_ancestor(&self, ancestor: CommitId, commit: CommitId) -> Result<bool> {
        if ancestor == commit {
            return Ok(true);
        }
        if self.loose()?.check_history().is_err() {
            return self.finds_ancestor(ancestor, commit);
        }
        let is_ancestor = self.inner.graph_descendant_of(oid_of(commit), oid_of(ancestor));
        is_ancestor
            .with_context(|| format!("cannot compare the commits `{}` and `{}`", ancestor.short(), commit.short()))
    }

    /// Whether `commit` is on the mainline of `tip`, its chain of first parents. What a merge brought in is not.
    pub fn is_on_mainline(&self, commit: CommitId, tip: CommitId) -> Result<bool> {
        let boundary = self.shallow_boundary()?;
        let first_parent = |id: CommitId| -> Result<Option<CommitId>> {
            interrupt::check()?;
            if boundary.contains(&id) { Ok(None) } else { Ok(self.commit(id)?.parents().next()) }
        };
        self.mainlines.borrow_mut().entry(tip).or_insert_with(|| Mainline::from(tip)).has(commit, first_parent)
    }

    /// Whether the branches of a remote are fetched into `refs/remotes/`. A bare clone fetches nothing by itself, and a mirror
    /// fetches into `refs/heads/`.
    fn keeps_branches_apart(&self, remote: &str) -> bool {
        let Ok(remote) = self.inner.find_remote(remote) else { return false };
        let fetched = remote.refspecs().filter(|refspec| refspec.direction() == git2::Direction::Fetch);
        fetched.into_iter().any(|refspec| refspec.dst().is_ok_and(|to| to.starts_with("refs/remotes/")))
    }

    /// [`Repository::is_ancestor`], by reading the commits one by one.
    fn finds_ancestor(&self, ancestor: CommitId, commit: CommitId) -> Result<bool> {
        let boundary = self.shallow_boundary()?;
        let (mut seen, mut open) = (HashSet::new(), vec![commit]);
        while let Some(id) = open.pop() {
            interrupt::check()?;
            if id == ancestor {
                return Ok(true);
            }
            if !boundary.contains(&id) {
                open.extend(self.commit(id)?.parents().filter(|parent| seen.insert(*parent)));
            }
        }
        Ok(false)
    }

    /// The branches whose names match one of `patterns`, sorted by name: those of the remote `origin`, else of the first
    /// remote, else the local ones. A bare or mirror clone has the branches of its remote as local ones.
    pub fn branches_matching(&self, patterns: &[String]) -> Result<Vec<GitBranch>> {
        let remotes = self.inner.remotes().context("cannot list the remotes")?;
        let mut names = remotes.iter().flatten().flatten().map(str::to_owned).collect::<Vec<_>>();
        names.sort_by_key(|name| (name != "origin", name.clone()));
        let place = match names.iter().find(|name| self.keeps_branches_apart(name)) {
            Some(remote) => format!("refs/remotes/{remote}/"),
            None => "refs/heads/".to_owned(),
        };
        let mut branches = Vec::new();
        for reference in self.inner.references_glob(&format!("{place}*")).context("cannot list the branches")? {
            let reference = reference.context("cannot list the branches")?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            let branch = name.strip_prefix(&place).unwrap_or_default();
            let is_wanted =
                patterns.iter().any(|pattern| wildmatch::matches(pattern.as_bytes(), branch.as_bytes(), Scope::Path));
            if let Some(tip) = reference.target().filter(|_| is_wanted) {
                self.loose()?.check(id_of(tip))?;
            }
            if is_wanted && let Ok(commit) = reference.peel_to_commit() {
                let shown = name.strip_prefix("refs/remotes/").unwrap_or(branch);
                branches.push(GitBranch { name: shown.to_owned(), tip: id_of(commit.id()) });
            }
        }
        branches.sort();
        Ok(branches)
    }
}
