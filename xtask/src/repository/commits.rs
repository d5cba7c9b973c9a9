//! Looks up the commits of snapshots in git: whether they are merged, their order, the changes between them, their versions.

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure, committed};
use crate::base::progress::{Progress, Silent};
use crate::git::{CommitId, Repository};
use crate::history::Milestone;
use crate::history::{self, Level, Version, VersionStep, Warning, WarningId};
use crate::project::config::Config;
use crate::project::definition::load_config;
use crate::project::release;
use crate::project::tree::Tree;
use crate::repository::model::name::Series;

/// The git repository of the project, and its configuration.
pub struct Git<'a> {
    /// `None` outside of a git repository.
    pub repository: Option<&'a Repository>,
    /// The configuration of the work tree, or of `--packaging`.
    pub config: &'a Config,
    /// Whether the configuration holds for every commit: it is that of `--packaging`.
    pub is_config_of_all: bool,
}

/// Whether a commit is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The commit is on the mainline of this branch.
    Into(String),
    /// A merge brought the commit into this branch. Versions count the mainline: the version of the commit is not one of the branch,
    /// where a later commit may get the same.
    BroughtInto(String),
    /// The commit is not merged, or git cannot find out; the reason.
    Not(String),
}

impl Merged {
    /// Why the work of `commit` does not count as merged.
    pub fn why_not(&self, commit: CommitId) -> Option<String> {
        match self {
            Merged::Into(_) => None,
            Merged::BroughtInto(branch) => {
                Some(format!("commit {} came into {branch} by a merge, and is not on its mainline", commit.short()))
            }
            Merged::Not(why) => Some(why.clone()),
        }
    }
}

/// Whether one commit comes after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Succession {
    /// It comes after the other, or is the same.
    After,
    NotAfter,
    /// No branch of `project.branches` has the earlier commit: the history was rewritten.
    Rewritten,
    /// The git repository lacks one of the commits.
    Unknown,
}

/// Why a version that git counts should not be promoted, in the words of the warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionDoubt {
    /// The commits state a break that the version does not count.
    UncountedBreak(String),
    /// A release tag of another branch is not below the version.
    UnmergedTags(String),
}

impl VersionDoubt {
    fn of(warnings: &[Warning]) -> Option<VersionDoubt> {
        let find = |id| warnings.iter().find(|warning| warning.id == id).map(|warning| warning.message.clone());
        let uncounted_break = find(WarningId::ConventionalBreak).map(VersionDoubt::UncountedBreak);
        uncounted_break.or_else(|| find(WarningId::UnmergedTags).map(VersionDoubt::UnmergedTags))
    }
}

/// The version that git now counts for the commit of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recount {
    Counted {
        version: Version,
        /// The milestone that the version is counted from.
        base: Option<Milestone>,
        /// The name of the tag for the milestone of the version; `None` if the form of the project's tags has none for it.
        milestone_tag: Option<String>,
        doubt: Option<VersionDoubt>,
    },
    /// Could not be determined; the reason.
    Unknown(String),
}

/// The changes between two versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The fixed bugs, as in the changelog.
    pub fixes: Vec<String>,
    /// The subjects of the commits with features.
    pub features: Vec<String>,
    /// The date of the last commit that raised `X` or `Y`.
    pub last_bump: Option<Timestamp>,
}

impl Git<'_> {
    /// The git repository, if it has all `commits`.
    fn repository_with(&self, commits: &[CommitId]) -> Option<&Repository> {
        self.repository.filter(|repository| commits.iter().all(|commit| repository.has_commit(*commit)))
    }

    /// Why `commit` seems to be of another project than a series whose releases have the commits `others`; `None` if it does not.
    pub fn find_foreign(&self, commit: CommitId, series: Series, others: &[CommitId]) -> Result<Option<Failure>> {
        if !self.lacks_all(commit, others)? {
            return Ok(None);
        }
        let message =
            format!("the git repository has no commit of the releases in stable/{series}: is it another project?");
        let help = format!(
            "if it is, {}; if its history was rewritten, fetch a commit of a release from the old one: `git fetch`",
            committed("set `project.name` or `repository.root`")
        );
        Ok(Some(Failure::new(Exit::Failed, message).help(help)))
    }

    /// Whether the git repository has a commit and none of the others, of which there are some: it can be that of another project. A shallow
    /// clone lacks old commits.
    fn lacks_all(&self, commit: CommitId, others: &[CommitId]) -> Result<bool> {
        let Some(repository) = self.repository_with(&[commit]) else { return Ok(false) };
        let has_any = others.is_empty() || others.iter().any(|other| repository.has_commit(*other));
        Ok(!has_any && repository.shallow_boundary()?.is_empty())
    }

    /// Whether `commit` is on the mainline of a branch of `project.branches`. A checked-out commit with changes in the work tree is not
    /// merged.
    pub fn find_merged(&self, commit: CommitId) -> Result<Merged> {
        let Some(repository) = self.repository_with(&[commit]) else {
            return Ok(Merged::Not(format!("commit {} is in no git repository here", commit.short())));
        };
        if repository.head().is_ok_and(|head| head == commit) && repository.is_dirty()? {
            return Ok(Merged::Not("the work tree differs from the commit".to_owned()));
        }
        self.find_branch(repository, commit)
    }

    /// Whether the mainline of a branch of `project.branches` has `commit` now; `None` if git does not have the commit.
    pub fn find_merged_now(&self, commit: CommitId) -> Result<Option<Merged>> {
        let Some(repository) = self.repository_with(&[commit]) else { return Ok(None) };
        self.find_branch(repository, commit).map(Some)
    }

    fn find_branch(&self, repository: &Repository, commit: CommitId) -> Result<Merged> {
        let patterns = &self.config.project.branches;
        let branches = repository.branches_matching(patterns)?;
        let mut brought_into = None;
        for branch in &branches {
            if !repository.is_ancestor(commit, branch.tip)? {
                continue;
            }
            if repository.is_on_mainline(commit, branch.tip)? {
                return Ok(Merged::Into(branch.name.clone()));
            }
            brought_into.get_or_insert(&branch.name);
        }
        if let Some(branch) = brought_into {
            return Ok(Merged::BroughtInto(branch.clone()));
        }
        let names: Vec<&str> = branches.iter().map(|branch| branch.name.as_str()).collect();
        if names.is_empty() {
            return Ok(Merged::Not(format!("no branch matches `project.branches` ({})", patterns.join(", "))));
        }
        Ok(Merged::Not(format!("commit {} is not in {}", commit.short(), names.join(", "))))
    }

    /// Whether `commit` comes after `earlier`.
    pub fn find_succession(&self, earlier: CommitId, commit: CommitId) -> Result<Succession> {
        let Some(repository) = self.repository_with(&[earlier, commit]) else { return Ok(Succession::Unknown) };
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

    /// The configuration of a commit, or that of the work tree if git lacks the commit or the commit has no configuration; with
    /// `--packaging` that of its folder.
    pub fn config_of(&self, commit: CommitId) -> Result<Config> {
        if self.is_config_of_all {
            return Ok(self.config.clone());
        }
        let of_commit = match self.repository_with(&[commit]) {
            Some(repository) => load_config(Tree::Commit(repository, commit))?,
            None => None,
        };
        Ok(of_commit.unwrap_or_else(|| self.config.clone()))
    }

    /// Counts the version of `commit` again.
    pub fn recount(&self, commit: CommitId) -> Result<Recount> {
        let Some(repository) = self.repository_with(&[commit]) else {
            return Ok(Recount::Unknown(format!("commit {} is in no git repository here", commit.short())));
        };
        let config = self.config_of(commit)?;
        match release::count_version(repository, &config, commit, None, history::LookBack::Bounded, &Silent) {
            Ok(answer) => {
                let (base, doubt) = (answer.milestone(), VersionDoubt::of(&answer.warnings));
                let milestone = Version::new(answer.version.major(), answer.version.minor(), 0);
                let milestone_tag = answer.form.write(&milestone);
                Ok(Recount::Counted { version: answer.version, base, milestone_tag, doubt })
            }
            Err(error) => Ok(Recount::Unknown(format!("git cannot count the version here: {error:#}"))),
        }
    }

    /// The changes from `version` to `commit`; `None` if git lacks the commit.
    pub fn changes_since(
        &self,
        version: &Version,
        commit: CommitId,
        progress: &dyn Progress,
    ) -> Result<Option<Changes>> {
        let Some(repository) = self.repository_with(&[commit]) else { return Ok(None) };
        let config = self.config_of(commit)?;
        let rules = &release::rules_of(repository, &config, commit);
        let changelog = history::load_changelog(repository, commit, rules, None, progress)?;
        let mut fixes = Vec::new();
        for entry in changelog.entries.iter().filter(|entry| entry.version > *version) {
            for change in &entry.changes {
                fixes.extend(change.bugs.iter().cloned());
            }
        }
        // All steps of the mainline: a feature can be the commit with the tag of the milestone.
        let steps = history::load_versions(repository, commit, rules, progress)?;
        let is_feature = |step: &&VersionStep| step.version > *version && step.level == Level::Minor;
        let features = steps.iter().filter(is_feature).map(VersionStep::subject).collect();
        let bump = steps.iter().find(|step| step.level > Level::Patch || step.tag.is_some());
        let last_bump = bump.and_then(|step| Timestamp::from_second(step.commit.committer().seconds()).ok());
        Ok(Some(Changes { fixes, features, last_bump }))
    }
}
