//! The tests of a merge commit: it is checked out apart, the steps of the base's configuration run there, and what they leave is
//! taken over.
//!
//! The steps run foreign code. So nothing of it is believed: the steps are those of the base, the tree of the tracked files is
//! computed by the bare repository, and the release is copied without following links.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::checksum::CHECKSUMS_FILE;
use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, FULL_DISK, Failure};
use crate::base::files::{self, TreePath};
use crate::base::parallel;
use crate::base::process::boundary::{Boundary, OBJECTS_INSIDE};
use crate::base::progress::Progress;
use crate::ci::merge::boundary::{self, TestFolders};
use crate::ci::merge::machine::{MergeEvent, PreparedMerge, StopReason, TestedMerge};
use crate::ci::merge::stages::{MergeStages, base_config, require_boundary};
use crate::ci::stage::CiStage;
use crate::ci::steps::environment::{StageCommits, enclosed_environment, step_environment};
use crate::ci::steps::plan;
use crate::ci::steps::result::StepResult;
use crate::ci::steps::run::{StageRun, run_steps};
use crate::git::checkout::{Checkout, TrackedFiles};
use crate::git::{BranchName, Repository};
use crate::project::config::{CiIsolation, Config};
use crate::project::definition::find_plain_name;
use crate::project::tree::Tree;
use crate::project::trusted::TrustedKeys;
use crate::repository::stage::input::StageInput;

/// One run of the tests.
pub struct MergeTests<'a> {
    /// The bare repository.
    pub git: &'a Path,
    pub prepared: &'a PreparedMerge,
    /// They say what separates the tests from this user, and what of the environment the tests get.
    pub trusted: &'a TrustedKeys,
    pub base: &'a BranchName,
    /// What separates the tests from this user, if the caller knows better than the keys of trust.
    pub isolation: Option<&'a CiIsolation>,
    /// The folder of this try. What an earlier run left there is removed.
    pub folder: &'a TreePath,
    /// The environment of this program.
    pub environment: &'a BTreeMap<String, String>,
    /// Folders that no test may read.
    pub private: &'a [PathBuf],
    pub progress: &'a dyn Progress,
}

/// Where the steps run.
struct TestPlace<'a> {
    work: &'a TreePath,
    checkout: &'a Checkout<'a>,
    boundary: Option<&'a Boundary>,
    /// The tracked files before the first step.
    before: &'a TrackedFiles,
}

/// The folder of the copied release in the folder of a try.
pub fn release_folder(attempt: &TreePath) -> TreePath {
    attempt.join("release")
}

impl MergeTests<'_> {
    /// Runs the tests; the event that follows. `tested` hears of each stage that has ended.
    ///
    /// Errors: the steps cannot be run on this machine; an interrupt.
    pub fn run(&self, tested: &mut dyn FnMut(CiStage, &[StepResult]) -> Result<()>) -> Result<MergeEvent> {
        let repository = Repository::open(self.git)?;
        let config = self.trusted.over(base_config(&repository, self.prepared.base)?);
        let stages = MergeStages::load(&config, Tree::Commit(&repository, self.prepared.base))?;
        files::make_state_folder(self.folder.for_programs())?;
        let isolation = match self.isolation {
            Some(isolation) => isolation,
            None => require_boundary(&config)?,
        };
        let work = self.new_work_folder(*isolation != CiIsolation::None)?;
        let (attempt, private) = (self.folder.for_programs(), self.private);
        let folders = TestFolders { work: work.for_programs(), git: self.git, attempt, private };
        let boundary = boundary::open(isolation, config.ci.network, &folders)?;
        let objects = match &boundary {
            Some(_) => PathBuf::from(OBJECTS_INSIDE),
            None => self.git.join("objects"),
        };
        let branch = self.base.as_str();
        let checkout = Checkout { from: self.git, commit: self.prepared.merge, branch, objects: &objects };
        self.progress.begin("checking out the merge commit", None);
        let made = checkout.make(work.for_programs());
        self.progress.end();
        made?;
        let scratch = files::remote_scratch()?;
        let before = checkout.tree_now(work.for_programs(), scratch.path())?;
        if let Some(boundary) = &boundary {
            boundary.prepare()?;
        }
        let place = TestPlace { work: &work, checkout: &checkout, boundary: boundary.as_ref(), before: &before };
        let event = self.run_stages(&stages, &config, &repository, &place, tested)?;
        // What a step left running may still write there; a later run tries again.
        if files::remove(&work).is_err() {
            self.progress
                .warn(&format!("`{work}` cannot be removed: a step may have left a process that writes there"));
        }
        Ok(event)
    }

    /// A folder for the checkout. Where nothing separates the steps from this user, it has another path in each run: a step of a run that
    /// was killed may live, and write into its folder.
    fn new_work_folder(&self, is_separate: bool) -> Result<TreePath> {
        let old = self.folder.names()?.into_iter().filter(|name| name == "work" || name.starts_with("work-"));
        let old: Vec<String> = old.collect();
        for name in &old {
            let removed = files::remove(&self.folder.join(name));
            if is_separate {
                removed?;
            }
        }
        if is_separate {
            return Ok(self.folder.join("work"));
        }
        let last = old.iter().filter_map(|name| name.strip_prefix("work-")?.parse::<u32>().ok()).max();
        Ok(self.folder.join(format!("work-{}", last.unwrap_or(0) + 1)))
    }

    fn run_stages(
        &self,
        stages: &MergeStages,
        config: &Config,
        repository: &Repository,
        place: &TestPlace<'_>,
        tested: &mut dyn FnMut(CiStage, &[StepResult]) -> Result<()>,
    ) -> Result<MergeEvent> {
        let TestPlace { work, checkout, boundary, .. } = *place;
        let commits = StageCommits { base: Some(self.prepared.base), head: self.prepared.merge };
        let changed = repository.changed_paths(commits.base, commits.head)?;
        for (stage, steps) in &stages.stages {
            let plan = plan::decide(*stage, steps, &changed, &[])?;
            let logs = self.folder.join(format!("logs/{stage}"));
            let caller = self.environment.iter().map(|(name, value)| (name.clone(), value.clone()));
            let named = &config.ci.environment;
            let environment = match boundary {
                Some(boundary) => enclosed_environment(boundary.kind.environment(), caller, named, *stage, commits),
                None => step_environment(caller, named, *stage, commits),
            };
            let (folder, logs) = (work.for_programs(), logs.for_programs());
            let run = StageRun { folder, logs, environment, jobs: parallel::threads()?, boundary };
            run.prepare()?;
            let results = run_steps(&plan, &run, &[], self.progress, &mut |_| Ok(()))?;
            tested(*stage, &results)?;
            let failed = results.iter().filter(|result| !result.verdict.lets_others_run());
            let failed: Vec<String> = failed.map(|result| result.name.clone()).collect();
            if !failed.is_empty() {
                return Ok(MergeEvent::Stopped(StopReason::TestsFailed { steps: failed }));
            }
        }
        let scratch = files::remote_scratch()?;
        let after = checkout.tree_now(work.for_programs(), scratch.path())?;
        if after.tree.is_none() || after.tree != place.before.tree {
            // Git may write a file in another form than it has in the commit, such as other line ends.
            let (before, mut paths) = (&place.before.changed, after.changed);
            paths.retain(|path| !before.contains(path));
            return Ok(MergeEvent::Stopped(StopReason::ChangedFiles { paths }));
        }
        let release = if stages.make_release() {
            match self.take_release(work, config, repository)? {
                Ok(digest) => Some(digest),
                Err(why) => return Ok(MergeEvent::Stopped(StopReason::BadRelease { why })),
            }
        } else {
            None
        };
        Ok(MergeEvent::Tested(TestedMerge { tree: self.prepared.tree, release }))
    }

    /// Copies the release that the steps left, and checks that it is one of the merge commit; the digest of its checksums, or why it cannot
    /// be staged.
    fn take_release(
        &self,
        work: &TreePath,
        config: &Config,
        repository: &Repository,
    ) -> Result<Result<Digest, String>> {
        let shown = config.ci.artifacts.as_str();
        // The folder is below the work tree: a path that leads out of it finds nothing.
        let from = TreePath::top(work.for_programs()).join(shown);
        let to = release_folder(self.folder);
        if !from.join(CHECKSUMS_FILE).is_there() {
            return Ok(Err(format!(
                "`{shown}` has no `{CHECKSUMS_FILE}`: a step must make the release there, as `dist --no-stage` does"
            )));
        }
        if let Err(error) = copy_release(&from, &to) {
            return blame(error).map(Err);
        }
        check_release(&to, repository, self.prepared, config, self.progress)
    }
}

/// Checks that a copied release is one of the merge commit, and of the project: by the default branch, or, where that does not say its name, by the base;
/// the digest of its checksums, or why it cannot be staged. Work that renames the project would be staged into the folder of another one.
pub fn check_release(
    folder: &TreePath,
    repository: &Repository,
    prepared: &PreparedMerge,
    config: &Config,
    progress: &dyn Progress,
) -> Result<Result<Digest, String>> {
    let input = match StageInput::load(folder.for_programs(), config.rpm.portable_noarch, progress) {
        Ok(input) => input,
        Err(error) => return blame(error).map(Err),
    };
    let (commit, version, name) = (input.info.commit, &input.info.version, &input.info.name);
    if commit != prepared.merge || prepared.version.as_ref() != Some(version) {
        let commit = commit.short();
        return Ok(Err(format!("it is the release {version} of commit {commit}, not that of the merge commit")));
    }
    // The name in the configuration is that of the default branch.
    if let Some(known) = find_plain_name(Tree::Commit(repository, prepared.base), config)?
        && known != name.to_string()
    {
        return Ok(Err(format!("it is a release of `{name}`, and the project is `{known}`")));
    }
    Ok(Ok(digest_of(&folder.join(CHECKSUMS_FILE).read()?)))
}

/// Copies a release, if there is room: its files may have holes that a copy fills.
pub fn copy_release(from: &TreePath, to: &TreePath) -> Result<()> {
    let size = files::size_of_tree(from)?;
    let free = files::find_free_space(to.for_programs()).map_or(u64::MAX, |free| free.bytes);
    anyhow::ensure!(size < free / 2, "its files have {size} bytes, which is more than half of what is free here");
    files::copy_tree(from, to)
}

/// Why a release cannot be staged; an interrupt and a full disk are not its fault, and given back.
fn blame(error: anyhow::Error) -> Result<String> {
    let text = format!("{error:#}");
    let is_interrupt = error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::Interrupted);
    if is_interrupt || FULL_DISK.iter().any(|words| text.contains(words)) { Err(error) } else { Ok(text) }
}
