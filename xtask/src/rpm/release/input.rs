//! Loads the project, version and changelog of the commit to release.

use std::path::PathBuf;

use anyhow::Result;

use crate::base::error::{Failure, committed};
use crate::base::progress::Progress;
use crate::git::CommitId;
use crate::history::{self, CountedRelease, Milestone, Version};
use crate::project::config::{Config, Name, RustVersion};
use crate::project::definition::Project;
use crate::project::name::{NO_NAME, NameSource};
use crate::project::release::{self, ProjectRelease};
use crate::project::spec_file::SpecFile;
use crate::project::tree::Tree;
use crate::project::workspace::Workspace;
use crate::rpm::srpm::{Parsed, SpecError, SpecSetting};

/// The arguments of a release.
#[derive(Clone, Debug, Default)]
pub struct ReleaseOrder {
    /// The revision to release; `None` for `HEAD`.
    pub rev: Option<String>,
    /// The release of spec and source RPM; 1 unless the same code is packaged again.
    pub release: u32,
    /// The folder of the results; `None` for `target/dist`.
    pub out: Option<PathBuf>,
    pub vendoring: Vendoring,
    pub srpm: SrpmWish,
    /// A version to use in the place of the counted one.
    pub assumed_version: Option<Version>,
}

/// Whether a release without a source RPM is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SrpmWish {
    #[default]
    IfPossible,
    Required,
}

/// Whether to make the vendor archive of a project that has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vendoring {
    #[default]
    Made,
    /// Also leaves out the source RPM, if its spec names the vendor archive.
    LeftOut,
}

/// The contents of a release, before its files are written.
pub struct ReleaseInput {
    pub(super) commit: CommitId,
    pub(super) project: Project,
    pub(super) release: ProjectRelease,
    /// The milestone from which the version is counted; `None` for an assumed version.
    pub(super) base: Option<Milestone>,
    /// The name of the tag that the commit has or would have, in the form of the project.
    pub(super) tag: String,
    /// The folder of `--packaging`.
    pub(super) packaging: Option<PathBuf>,
}

impl ReleaseInput {
    /// The commit to release.
    pub fn commit(&self) -> CommitId {
        self.commit
    }

    /// The name of the project.
    pub fn name(&self) -> &Name {
        &self.project.name
    }

    /// The version of the release.
    pub fn version(&self) -> &Version {
        &self.release.version
    }

    /// The configuration of the commit.
    pub fn config(&self) -> &Config {
        &self.project.config
    }

    /// The `rust-version` of the project, if it has one.
    pub fn rust_version(&self) -> Option<&RustVersion> {
        self.project.rust_version.as_ref()
    }

    /// Evaluates a spec of this release for the architecture of the configuration.
    pub fn parse_spec(&self, spec: &str) -> Result<Parsed, SpecError> {
        let setting = SpecSetting { architecture: Some(self.project.config.rpm.arch.as_str()), macros: &[] };
        Parsed::parse_with(spec, &setting)
    }

    /// Reads the project from the commit, and counts its version.
    ///
    /// Errors: no such commit, not enough history for a release, a configuration or template that is wrong.
    pub fn load(workspace: &Workspace, order: &ReleaseOrder, progress: &dyn Progress) -> Result<ReleaseInput> {
        let repository = workspace.repository()?;
        let commit = repository.resolve(order.rev.as_deref().unwrap_or("HEAD"))?;
        let config = release::config_of(workspace, repository, commit, progress)?;
        let project = Project::load(Tree::Commit(repository, commit), config, &workspace.out_of_tree())
            .map_err(|error| name_uncommitted_spec(error, workspace))?;
        if project.name_source == NameSource::Remote {
            progress.warn(&format!(
                "the name `{}` is the end of the address of the remote `origin`, which other clones may not have: {}",
                project.name,
                committed("set `project.name`")
            ));
        }
        if order.rev.is_none() {
            warn_of_work_tree(workspace, commit, &project, progress)?;
        }
        let (version, base, tag, changelog) = match &order.assumed_version {
            Some(version) => {
                let rules = &release::rules_of(repository, &project.config, commit);
                let changelog = history::load_changelog(repository, commit, rules, None, progress)?;
                (version.clone(), None, version.to_string(), changelog)
            }
            None => {
                let (config, rev) = (&project.config, order.rev.as_deref());
                let CountedRelease { counted, changelog } =
                    release::count_release(repository, config, commit, rev, progress)?;
                counted.require_releasable()?;
                for warning in &counted.warnings {
                    progress.warn(&warning.to_string());
                }
                let tag = counted.form.release_tag(&counted.version);
                (counted.version.clone(), counted.milestone(), tag, changelog)
            }
        };
        let release = ProjectRelease { changelog: changelog.assume_version(version.clone()), version };
        Ok(ReleaseInput { commit, project, release, base, tag, packaging: workspace.packaging.clone() })
    }
}

/// The spec that the work tree has.
fn spec_of_work_tree(workspace: &Workspace) -> Result<Option<SpecFile>> {
    let Some(work_tree) = workspace.work_tree() else { return Ok(None) };
    let project = Project::load(Tree::Folder(work_tree), workspace.local_config()?, &workspace.out_of_tree())?;
    Ok(project.spec?)
}

/// Replaces the help for a commit without a name: the work tree has a spec that is not committed.
fn name_uncommitted_spec(error: anyhow::Error, workspace: &Workspace) -> anyhow::Error {
    match (error.downcast_ref::<Failure>(), spec_of_work_tree(workspace)) {
        (Some(failure), Ok(Some(spec))) if failure.message.starts_with(NO_NAME) => {
            let message = format!("{NO_NAME}: `{}` is not committed", spec.path);
            Failure::new(failure.exit, message).help(format!("commit it: `git add {}`, `git commit`", spec.path)).into()
        }
        _ => error,
    }
}

/// Warns where the work tree differs from the commit, which is what is released.
fn warn_of_work_tree(
    workspace: &Workspace,
    commit: CommitId,
    project: &Project,
    progress: &dyn Progress,
) -> Result<()> {
    let repository = workspace.repository()?;
    if repository.work_tree().is_none() {
        return Ok(());
    }
    let committed = project.known_spec().filter(|spec| !spec.is_outside);
    match (committed, spec_of_work_tree(workspace)) {
        (_, Err(error)) if project.spec.is_ok() => {
            progress.warn(&format!("the work tree could not be released: {error:#}"));
        }
        (None, Ok(Some(spec))) if !spec.is_outside && project.spec.as_ref().is_ok_and(Option::is_none) => progress
            .warn(&format!("`{}` is not committed: there will be no spec and no source RPM; commit it", spec.path)),
        (Some(committed), Ok(local)) if local.as_ref() != Some(committed) => {
            progress.warn(&format!("`{}` differs from the commit, whose copy is used", committed.path));
        }
        _ => {}
    }
    if repository.is_dirty()? {
        progress.warn(&format!("the work tree differs from commit {}: the commit is released", commit.short()));
    }
    Ok(())
}
