//! What git says of the commits in a repository: merged or not, which comes first, what changed since, counted how.

use anyhow::Result;
use jiff::Timestamp;

use crate::base::progress::{Progress, Silent};
use crate::git::{CommitId, Repository};
use crate::history::Milestone;
use crate::history::{self, Level, Version, VersionStep};
use crate::project::config::Config;
use crate::project::definition::load_config;
use crate::project::release;
use crate::project::tree::Tree;

/// Whom to ask about commits.
pub struct Git<'a> {
    /// The project's git repository, where there is one.
    pub repository: Option<&'a Repository>,
    /// The configuration in the work tree.
    pub config: &'a Config,
}

/// Whether a commit is merged work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// It is reachable from this branch.
    Into(String),
    /// It is not, or nobody can tell; why.
    Not(String),
}

/// Whether one commit comes after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Succession {
    /// It does, or is the same.
    After,
    /// It does not.
    NotAfter,
    /// The other one is in no branch that counts any more: the history was rewritten.
    Rewritten,
    /// One of them is not in this repository.
    Unknown,
}

/// What git says now of the commit that a snapshot was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recount {
    /// The version, and the milestone it is counted from.
    Counted(Version, Option<Milestone>),
    /// Nobody can tell, and why.
    Unknown(String),
}

/// What changed between two versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The bugs that are fixed, as the changelog names them.
    pub fixes: Vec<String>,
    /// The subjects of the commits that are features.
    pub features: Vec<String>,
    /// When `X` or `Y` was raised last.
    pub last_bump: Option<Timestamp>,
}

impl Git<'_> {
    fn having(&self, commits: &[CommitId]) -> Option<&Repository> {
        self.repository.filter(|repository| commits.iter().all(|commit| repository.has_commit(*commit)))
    }

    /// Whether `commit` is reachable from one of the branches of `project.branches`, and not changed in the work tree.
    pub fn find_merged(&self, commit: CommitId) -> Result<Merged> {
        let Some(repository) = self.having(&[commit]) else {
            return Ok(Merged::Not(format!("commit {} is in no git repository here", commit.short())));
        };
        if repository.head().is_ok_and(|head| head == commit) && repository.is_dirty()? {
            return Ok(Merged::Not("the work tree differs from the commit".to_owned()));
        }
        let patterns = &self.config.project.branches;
        let branches = repository.branches_matching(patterns)?;
        for branch in &branches {
            if repository.is_ancestor(commit, branch.tip)? {
                return Ok(Merged::Into(branch.name.clone()));
            }
        }
        let names: Vec<&str> = branches.iter().map(|branch| branch.name.as_str()).collect();
        Ok(Merged::Not(match names.is_empty() {
            true => format!("no branch matches `project.branches` ({})", patterns.join(", ")),
            false => format!("commit {} is not in {}", commit.short(), names.join(", ")),
        }))
    }

    /// Whether `commit` comes after `earlier`.
    pub fn find_succession(&self, earlier: CommitId, commit: CommitId) -> Result<Succession> {
        let Some(repository) = self.having(&[earlier, commit]) else { return Ok(Succession::Unknown) };
        if repository.is_ancestor(earlier, commit)? {
            return Ok(Succession::After);
        }
        for branch in repository.branches_matching(&self.config.project.branches)? {
            if repository.is_ancestor(earlier, branch.tip)? {
                return Ok(Succession::NotAfter);
            }
        }
        Ok(Succession::Rewritten)
    }

    /// The configuration of a commit; that of the work tree where the commit, or a configuration in it, is not here.
    pub fn config_of(&self, commit: CommitId) -> Result<Config> {
        let of_commit = match self.having(&[commit]) {
            Some(repository) => load_config(Tree::Commit(repository, commit))?,
            None => None,
        };
        Ok(of_commit.unwrap_or_else(|| self.config.clone()))
    }

    /// Counts the version of `commit` again.
    pub fn recount(&self, commit: CommitId) -> Result<Recount> {
        let Some(repository) = self.having(&[commit]) else {
            return Ok(Recount::Unknown(format!("commit {} is in no git repository here", commit.short())));
        };
        let config = self.config_of(commit)?;
        match release::count_version(repository, &config, commit, None, history::LookBack::Bounded, &Silent) {
            Ok(answer) => Ok(Recount::Counted(answer.version, answer.base.map(|base| base.milestone))),
            Err(error) => Ok(Recount::Unknown(format!("git cannot count it here: {error:#}"))),
        }
    }

    /// What changed on the way to `commit` since `version`; `None` where git is not at hand.
    pub fn changes_since(
        &self,
        version: &Version,
        commit: CommitId,
        progress: &dyn Progress,
    ) -> Result<Option<Changes>> {
        let Some(repository) = self.having(&[commit]) else { return Ok(None) };
        let config = self.config_of(commit)?;
        let initial = config.version.initial;
        let changelog = history::load_changelog(repository, commit, initial, None, progress)?;
        let new_entries = changelog.entries.iter().filter(|entry| entry.version > *version);
        let fixes = new_entries.flat_map(|entry| &entry.changes).flat_map(|change| change.bugs.clone()).collect();
        // Of the whole mainline: a feature bears the tag of its milestone, and is not among the steps since that.
        let steps = history::load_versions(repository, commit, initial, progress)?;
        let is_feature = |step: &&VersionStep| step.version > *version && step.level == Level::Minor;
        let features = steps.iter().filter(is_feature).map(VersionStep::subject).collect();
        let bump = steps.iter().find(|step| step.level > Level::Patch || step.milestone.is_some());
        let last_bump = bump.and_then(|step| Timestamp::from_second(step.commit.committer().seconds()).ok());
        Ok(Some(Changes { fixes, features, last_bump }))
    }
}
