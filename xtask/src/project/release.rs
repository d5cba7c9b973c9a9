//! What is released: a project's configuration, version and changelog, from the commit or from an unpacked archive.
//!
//! One order holds for every command: the stated version, the files of an unpacked source archive, git.

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::git::{CommitId, Repository};
use crate::history::{self, Answer, Changelog, LookBack, Milestone, Question, Version, WarningId};
use crate::project::config::{self, Config};
use crate::project::definition::load_config;
use crate::project::release_info::CHANGELOG_FILE;
use crate::project::tree::Tree;
use crate::project::workspace::{Origin, Workspace};

/// The version of a project with its changelog, whole.
pub struct Release {
    /// `X.Y.Z`.
    pub version: Version,
    /// The changelog; its newest entry bears `version`.
    pub changelog: Changelog,
}

impl Release {
    /// The release that a person who works here would make now: from `HEAD`, or from the files of an unpacked archive.
    pub fn load(workspace: &Workspace, assumed: Option<Version>, progress: &dyn Progress) -> Result<Release> {
        let loaded = match &workspace.origin {
            Origin::Unpacked(info) => Ok((info.version.clone(), unpacked_changelog(workspace)?)),
            Origin::Git(repository) => load_from_git(workspace, repository, progress),
            Origin::Nothing(failure) => Err(failure.clone().into()),
        };
        match (assumed, loaded) {
            (Some(version), Ok((_, changelog))) => {
                Ok(Release { changelog: changelog.assume_version(version.clone()), version })
            }
            (None, Ok((version, changelog))) => Ok(Release { version, changelog }),
            // A stated version needs no history; a changelog does.
            (Some(version), Err(error)) if is_lack_of_history(&error) => {
                progress.warn(&format!("there is no changelog: {error:#}"));
                Ok(Release { version, changelog: Changelog::default() })
            }
            (_, Err(error)) => Err(error),
        }
    }
}

fn load_from_git(
    workspace: &Workspace,
    repository: &Repository,
    progress: &dyn Progress,
) -> Result<(Version, Changelog)> {
    let commit = repository.head()?;
    let config = config_of(workspace, repository, commit, progress)?;
    let (answer, changelog) = count(repository, &config, commit, None, progress)?;
    answer.warnings.iter().for_each(|warning| progress.warn(&warning.to_string()));
    Ok((answer.version, changelog))
}

fn is_lack_of_history(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::NotEnoughHistory)
}

/// The version of `commit`; `rev` is how it was asked for, where it was.
pub fn answer(
    repository: &Repository,
    config: &Config,
    commit: CommitId,
    rev: Option<&str>,
    look_back: LookBack,
    progress: &dyn Progress,
) -> Result<Answer> {
    let branch = repository.branch(rev);
    let initial = config.version.initial;
    history::load_answer(repository, &Question { commit, initial, branch: branch.as_deref(), look_back }, progress)
}

/// The version of `commit` with its whole changelog; `rev` is how it was asked for, where it was.
pub fn count(
    repository: &Repository,
    config: &Config,
    commit: CommitId,
    rev: Option<&str>,
    progress: &dyn Progress,
) -> Result<(Answer, Changelog)> {
    let branch = repository.branch(rev);
    let initial = config.version.initial;
    let question = Question { commit, initial, branch: branch.as_deref(), look_back: LookBack::Whole };
    history::load_release(repository, &question, progress)
}

/// Says so where the versions of a history are only counted from 0.0.
pub fn warn_without_beginning(answer: &Answer, progress: &dyn Progress) {
    let no_tag = answer.warnings.iter().find(|warning| warning.id == WarningId::NoTag);
    no_tag.into_iter().for_each(|warning| progress.warn(&warning.to_string()));
}

/// The changelog of what is here, whole or since a milestone.
pub fn changelog(workspace: &Workspace, since: Option<Milestone>, progress: &dyn Progress) -> Result<Changelog> {
    match &workspace.origin {
        Origin::Unpacked(info) => {
            let whole = unpacked_changelog(workspace)?;
            match since {
                // The declared beginning, which has no entry of its own.
                Some(since) if info.base == Some(since) && !whole.has(since) => Ok(whole),
                Some(since) => Ok(whole.since(since)?),
                None => Ok(whole),
            }
        }
        _ => {
            let repository = workspace.repository()?;
            let commit = repository.head()?;
            let config = config_of(workspace, repository, commit, progress)?;
            if since.is_some() {
                let answer = answer(repository, &config, commit, None, LookBack::Bounded, progress)?;
                warn_without_beginning(&answer, progress);
                return history::load_changelog(repository, commit, config.version.initial, since, progress);
            }
            let (answer, changelog) = count(repository, &config, commit, None, progress)?;
            warn_without_beginning(&answer, progress);
            Ok(changelog)
        }
    }
}

/// The configuration that shapes the release of `commit`: the commit's own.
///
/// The copy in the work tree is checked as well, since it is what the next commit will have; that it differs is said.
/// It is used where the commit has none at all, so that a project can be tried before its configuration is committed.
pub fn config_of(
    workspace: &Workspace,
    repository: &Repository,
    commit: CommitId,
    progress: &dyn Progress,
) -> Result<Config> {
    let committed = load_config(Tree::Commit(repository, commit))?;
    let Some(work_tree) = workspace.work_tree() else { return Ok(committed.unwrap_or_default()) };
    let local = load_config(Tree::Folder(work_tree))?;
    match (committed, local) {
        (None, Some(local)) => {
            progress.warn(&format!("`{}` is not committed: the copy in the work tree is used", config::PATH));
            Ok(local)
        }
        (Some(committed), local) => {
            if repository.head().is_ok_and(|head| head == commit) && local.as_ref() != Some(&committed) {
                progress.warn(&format!("`{}` differs from the commit, whose copy is used", config::PATH));
            }
            Ok(committed)
        }
        (None, None) => Ok(Config::default()),
    }
}

fn unpacked_changelog(workspace: &Workspace) -> Result<Changelog> {
    let path = workspace.root.join(CHANGELOG_FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Changelog::parse(&text).map_err(|error| {
        Failure::new(Exit::Failed, format!("`{}` cannot be read: {error}", path.display()))
            .help("unpack the source archive again")
    })?)
}
