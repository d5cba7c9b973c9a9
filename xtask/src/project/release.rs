//! The configuration, version and changelog of a project, from a commit or from an unpacked source archive.
//!
//! Every command takes the version from the first of these: the command line, the files of an unpacked source archive,
//! git.

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::git::{CommitId, Repository};
use crate::history::{
    self, Changelog, CountedRelease, CountedVersion, LookBack, Since, Version, VersionRequest, VersionRules, WarningId,
};
use crate::project::config::{self, Config};
use crate::project::definition::{find_plain_name, load_config};
use crate::project::release_info::CHANGELOG_FILE;
use crate::project::tree::Tree;
use crate::project::workspace::{Origin, Workspace};

/// The version of a project with its whole changelog.
pub struct ProjectRelease {
    /// `X.Y.Z`.
    pub version: Version,
    /// Its newest entry has this version.
    pub changelog: Changelog,
}

impl ProjectRelease {
    /// The release of `HEAD`, or of the unpacked archive; `assumed` replaces its version.
    pub fn load(workspace: &Workspace, assumed: Option<Version>, progress: &dyn Progress) -> Result<ProjectRelease> {
        let loaded = match &workspace.origin {
            Origin::Unpacked(info) => {
                Ok(ProjectRelease { version: info.version.clone(), changelog: unpacked_changelog(workspace)? })
            }
            Origin::Git(repository) => load_from_git(workspace, repository, progress),
            Origin::Nothing(failure) => Err(failure.clone().into()),
        };
        match (assumed, loaded) {
            (Some(version), Ok(ProjectRelease { changelog, .. })) => {
                Ok(ProjectRelease { changelog: changelog.assume_version(version.clone()), version })
            }
            (None, Ok(release)) => Ok(release),
            // Without history there can be a version, but no changelog.
            (Some(version), Err(error)) if is_lack_of_history(&error) => {
                progress.warn(&format!("there is no changelog: {error:#}"));
                Ok(ProjectRelease { version, changelog: Changelog::default() })
            }
            (_, Err(error)) => Err(error),
        }
    }
}

fn load_from_git(workspace: &Workspace, repository: &Repository, progress: &dyn Progress) -> Result<ProjectRelease> {
    let commit = repository.head()?;
    let config = config_of(workspace, repository, commit, progress)?;
    let CountedRelease { counted, changelog } = count_release(repository, &config, commit, None, progress)?;
    for warning in &counted.warnings {
        progress.warn(&warning.to_string());
    }
    Ok(ProjectRelease { version: counted.version, changelog })
}

fn is_lack_of_history(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::NotEnoughHistory)
}

/// The rules by which the version of `commit` is counted.
pub fn rules_of(repository: &Repository, config: &Config, commit: CommitId) -> VersionRules {
    let find_name = || find_plain_name(Tree::Commit(repository, commit), config);
    config.version.rules(if config.version.needs_name() { find_name() } else { Ok(None) })
}

/// The version of `commit`. `rev` is the revision of the command line, if there was one: it may name the branch.
pub fn count_version(
    repository: &Repository,
    config: &Config,
    commit: CommitId,
    rev: Option<&str>,
    look_back: LookBack,
    progress: &dyn Progress,
) -> Result<CountedVersion> {
    let branch = repository.branch(rev);
    let rules = &rules_of(repository, config, commit);
    history::load_version(repository, &VersionRequest { commit, rules, branch: branch.as_deref(), look_back }, progress)
}

/// The version of `HEAD`, by the configuration of its commit.
pub fn count_head(workspace: &Workspace, progress: &dyn Progress) -> Result<CountedVersion> {
    let repository = workspace.repository()?;
    let head = repository.head()?;
    let config = config_of(workspace, repository, head, progress)?;
    count_version(repository, &config, head, None, LookBack::Bounded, progress)
}

/// The version of `commit` with its whole changelog; `rev` as for [`count_version`].
pub fn count_release(
    repository: &Repository,
    config: &Config,
    commit: CommitId,
    rev: Option<&str>,
    progress: &dyn Progress,
) -> Result<CountedRelease> {
    let branch = repository.branch(rev);
    let rules = &rules_of(repository, config, commit);
    let request = VersionRequest { commit, rules, branch: branch.as_deref(), look_back: LookBack::Whole };
    history::load_release(repository, &request, progress)
}

/// Prints the warning that versions are counted from 0.0, if they are.
pub fn warn_without_beginning(counted: &CountedVersion, progress: &dyn Progress) {
    if let Some(warning) = counted.warnings.iter().find(|warning| warning.id == WarningId::NoTag) {
        progress.warn(&warning.to_string());
    }
}

/// The changelog of `HEAD` or of the unpacked archive, whole or since a milestone.
pub fn changelog(workspace: &Workspace, since: Option<&Since>, progress: &dyn Progress) -> Result<Changelog> {
    match &workspace.origin {
        Origin::Unpacked(info) => {
            let whole = unpacked_changelog(workspace)?;
            let Some(since) = since else { return Ok(whole) };
            let version = since.version(None)?;
            // `version.initial` has no entry of its own.
            let is_initial = info.base.map(Version::from).as_ref() == Some(&version) && !whole.has(&version);
            if is_initial { Ok(whole) } else { Ok(whole.since(&version)?) }
        }
        _ => {
            let repository = workspace.repository()?;
            let commit = repository.head()?;
            let config = config_of(workspace, repository, commit, progress)?;
            if since.is_some() {
                let counted = count_version(repository, &config, commit, None, LookBack::Bounded, progress)?;
                warn_without_beginning(&counted, progress);
                let rules = rules_of(repository, &config, commit);
                return history::load_changelog(repository, commit, &rules, since, progress);
            }
            let CountedRelease { counted, changelog } = count_release(repository, &config, commit, None, progress)?;
            warn_without_beginning(&counted, progress);
            Ok(changelog)
        }
    }
}

/// The configuration of `--packaging`, else that in `commit`; with the spec of `--spec`.
///
/// The copy in the work tree is read as well: a warning is printed if it differs. If the commit has no configuration,
/// the copy is used, so that a project can be tried before its configuration is committed.
pub fn config_of(
    workspace: &Workspace,
    repository: &Repository,
    commit: CommitId,
    progress: &dyn Progress,
) -> Result<Config> {
    if let Some(config) = workspace.packaging_config()? {
        return Ok(workspace.with_stated_spec(config));
    }
    let config = config_of_project(workspace, repository, commit, progress)?;
    Ok(workspace.with_stated_spec(config))
}

fn config_of_project(
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
