//! The tests of a merge commit: it is checked out apart, the steps of the base's configuration run there, and what they leave is
//! taken over.
//!
//! The steps run foreign code. So nothing of it is believed: the steps are those of the base, the tree of the tracked files is
//! computed by the bare repository, and the release is copied without following links.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::base::checksum::CHECKSUMS_FILE;
use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::base::files::{self, TreePath};
use crate::base::parallel;
use crate::base::progress::Progress;
use crate::ci::merge::machine::{MergeEvent, PreparedMerge, StopReason, TestedMerge};
use crate::ci::merge::stages::{MergeStages, base_config, require_boundary};
use crate::ci::stage::CiStage;
use crate::ci::steps::environment::{StageCommits, step_environment};
use crate::ci::steps::plan;
use crate::ci::steps::result::StepResult;
use crate::ci::steps::run::{StageRun, run_steps};
use crate::git::checkout::Checkout;
use crate::git::{BranchName, Repository};
use crate::project::config::Config;
use crate::project::tree::Tree;
use crate::repository::stage::input::StageInput;

/// One run of the tests.
pub struct MergeTests<'a> {
    /// The bare repository.
    pub git: &'a Path,
    pub prepared: &'a PreparedMerge,
    pub base: &'a BranchName,
    /// The folder of this try. What an earlier run left there is removed.
    pub folder: &'a TreePath,
    /// The environment of this program.
    pub environment: &'a BTreeMap<String, String>,
    pub progress: &'a dyn Progress,
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
        let config = base_config(&repository, self.prepared.base)?;
        let stages = MergeStages::load(&config, Tree::Commit(&repository, self.prepared.base))?;
        require_boundary(&config)?;
        let work = self.folder.join("work");
        files::remove_if_there(&work)?;
        files::make_state_folder(self.folder.for_programs())?;
        let objects = self.git.join("objects");
        let branch = self.base.as_str();
        let checkout = Checkout { from: self.git, commit: self.prepared.merge, branch, objects: &objects };
        self.progress.begin("checking out the merge commit", None);
        let made = checkout.make(work.for_programs());
        self.progress.end();
        made?;
        let event = self.run_stages(&stages, &config, &repository, &work, &checkout, tested)?;
        files::remove(&work)?;
        Ok(event)
    }

    fn run_stages(
        &self,
        stages: &MergeStages,
        config: &Config,
        repository: &Repository,
        work: &TreePath,
        checkout: &Checkout<'_>,
        tested: &mut dyn FnMut(CiStage, &[StepResult]) -> Result<()>,
    ) -> Result<MergeEvent> {
        let commits = StageCommits { base: Some(self.prepared.base), head: self.prepared.merge };
        let changed = repository.changed_paths(commits.base, commits.head)?;
        for (stage, steps) in &stages.stages {
            let plan = plan::decide(*stage, steps, &changed, &[])?;
            let logs = self.folder.join(format!("logs/{stage}"));
            let caller = self.environment.iter().map(|(name, value)| (name.clone(), value.clone()));
            let run = StageRun {
                folder: work.for_programs(),
                logs: logs.for_programs(),
                environment: step_environment(caller, &config.ci.environment, *stage, commits),
                jobs: parallel::threads()?,
            };
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
        let (tree, paths) = checkout.tree_now(work.for_programs(), scratch.path())?;
        if tree != self.prepared.tree {
            return Ok(MergeEvent::Stopped(StopReason::ChangedFiles { paths }));
        }
        let release = if stages.make_release() {
            match self.take_release(work, config)? {
                Ok(digest) => Some(digest),
                Err(why) => return Ok(MergeEvent::Stopped(StopReason::BadRelease { why })),
            }
        } else {
            None
        };
        Ok(MergeEvent::Tested(TestedMerge { tree, release }))
    }

    /// Copies the release that the steps left, and checks that it is one of the merge commit; the digest of its checksums, or why it cannot
    /// be staged.
    fn take_release(&self, work: &TreePath, config: &Config) -> Result<Result<Digest, String>> {
        let shown = config.ci.artifacts.as_str();
        // The folder is below the work tree: a path that leads out of it finds nothing.
        let from = TreePath::top(work.for_programs()).join(shown);
        let to = release_folder(self.folder);
        if !from.join(CHECKSUMS_FILE).is_there() {
            return Ok(Err(format!(
                "`{shown}` has no `{CHECKSUMS_FILE}`: a step must make the release there, as `dist --no-stage` does"
            )));
        }
        files::copy_tree(&from, &to)?;
        let input = match StageInput::load(to.for_programs(), config.rpm.portable_noarch, self.progress) {
            Ok(input) => input,
            Err(error) => {
                let failure = error.downcast::<Failure>()?;
                return if failure.exit == Exit::Interrupted { Err(failure.into()) } else { Ok(Err(failure.message)) };
            }
        };
        let (commit, version) = (input.info.commit, &input.info.version);
        if commit != self.prepared.merge || self.prepared.version.as_ref() != Some(version) {
            return Ok(Err(format!(
                "`{shown}` is the release {version} of commit {}, not that of the merge commit",
                commit.short()
            )));
        }
        Ok(Ok(digest_of(&to.join(CHECKSUMS_FILE).read()?)))
    }
}
