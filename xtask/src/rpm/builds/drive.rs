//! Drives builds to their end, several at a time, in one thread: submits them, polls their states, and fetches, checks and
//! stores their packages. The result of each step is on disk before the next step, so that the run after a killed one goes
//! on with the builds of a farm.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::base::clock;
use crate::base::error::{Exit, Failure};
use crate::base::files::{self, TreePath};
use crate::base::interrupt;
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::rpm::backend::{Backend, BuildPart, BuildState, BuildTarget, SourceRpm, Ticket, Workplace, transient};
use crate::rpm::builds::check::{self, DistPackages, PackageProblem};
use crate::rpm::builds::record::{BuildPhase, KeptPackage};
use crate::rpm::builds::submission::{Stage, SubmissionProgress, TargetProgress, TargetState};
use crate::rpm::builds::{BuildStep, RecordedBuild};
use crate::rpm::package::PackageFile;

/// The pause between two polls of builds on this machine.
const SHORTEST_PAUSE: Duration = Duration::from_millis(15);
/// The number of transient errors in a row after which a submission is given up.
const MOST_ERRORS: u32 = 5;
/// The longest pause after a transient error.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Carries out a plan of builds.
pub struct BuildRun<'a> {
    pub srpm: &'a SourceRpm,
    pub expected: &'a [DistPackages],
    /// The number of builds on this machine at a time.
    pub jobs: usize,
    /// The interval between two polls of a farm.
    pub poll: Duration,
    /// The time limit for a build on a farm.
    pub time_limit: Duration,
    pub progress: &'a dyn Progress,
}

/// The result of a run, in the order of the plan.
pub struct BuildOutcome {
    pub built: Vec<RecordedBuild>,
    pub failed: Vec<FailedBuild>,
}

/// A build that did not succeed.
pub struct FailedBuild {
    pub target: BuildTarget,
    pub why: String,
    /// The path of the log, which may be missing.
    pub log: PathBuf,
    /// Whether the next run may go on with the build.
    pub may_go_on: bool,
}

impl BuildRun<'_> {
    /// Carries out a plan. A build that fails does not end the others.
    ///
    /// Errors: an interrupt; a folder that cannot be written.
    pub fn apply(&self, backend: &mut dyn Backend, plan: &Plan<BuildStep>) -> Result<BuildOutcome> {
        let mut submissions: Vec<SubmissionProgress> = plan.steps.iter().filter_map(SubmissionProgress::new).collect();
        let driven = self.drive(backend, &mut submissions);
        backend.end_builds(); // before their folders are removed with `submissions`
        self.progress.end_board();
        driven?;
        let (mut built, mut failed) = (Vec::new(), Vec::new());
        for TargetProgress { build, state, .. } in submissions.into_iter().flat_map(|submission| submission.targets) {
            match state {
                TargetState::Failed { why, may_go_on } => {
                    let (target, log) = (build.record.target, build.folder.log());
                    failed.push(FailedBuild { target, why, log, may_go_on });
                }
                _ => built.push(build),
            }
        }
        Ok(BuildOutcome { built, failed })
    }

    fn drive(&self, backend: &mut dyn Backend, submissions: &mut [SubmissionProgress]) -> Result<()> {
        loop {
            interrupt::check().map_err(|failure| add_state_of_builds(failure, backend))?;
            let mut active = submissions.iter().filter(|submission| submission.is_active()).count();
            for submission in submissions.iter_mut() {
                let may_begin =
                    !matches!(submission.stage, Stage::Queued) || !backend.is_on_this_machine() || active < self.jobs;
                if matches!(submission.stage, Stage::Finished) || !may_begin || Instant::now() < submission.due {
                    continue;
                }
                active += usize::from(matches!(submission.stage, Stage::Queued));
                if let Err(error) = self.advance(backend, submission) {
                    self.handle_error(backend, submission, error)?;
                }
            }
            self.progress.board(&submissions.iter().flat_map(SubmissionProgress::rows).collect::<Vec<_>>());
            if submissions.iter().all(|submission| matches!(submission.stage, Stage::Finished)) {
                return Ok(());
            }
            let open = submissions.iter().filter(|submission| !matches!(submission.stage, Stage::Finished));
            let next = open.map(|submission| submission.due).min();
            let pause = next.map_or(SHORTEST_PAUSE, |due| due.saturating_duration_since(Instant::now()));
            std::thread::sleep(pause.clamp(SHORTEST_PAUSE, Duration::from_millis(200)));
        }
    }

    /// Takes a submission one stage further.
    fn advance(&self, backend: &mut dyn Backend, submission: &mut SubmissionProgress) -> Result<()> {
        match &submission.stage {
            Stage::Queued => {
                submission.began = Instant::now();
                let ticket = self.submit(backend, submission)?;
                submission.store_ticket(ticket)?;
            }
            Stage::Unconfirmed => match backend.find(self.srpm, &submission.submission, submission.since())? {
                Some(ticket) => submission.store_ticket(ticket)?,
                None => submission.stage = Stage::Queued,
            },
            Stage::Submitted(ticket) => {
                let ticket = ticket.clone();
                let states = backend.poll(&ticket, &submission.submission)?;
                // An error of one target does not keep the others from being fetched; the first error is reported.
                let mut result = Ok(());
                for (index, state) in states.into_iter().enumerate() {
                    result = result.and(self.apply_state(backend, submission, index, state, &ticket));
                }
                result?;
                submission.errors_in_a_row = 0;
                if submission.targets.iter().all(|target| !matches!(target.state, TargetState::Open(_))) {
                    submission.stage = Stage::Finished;
                    submission.scratch.clear();
                } else if !backend.is_on_this_machine() && submission.began.elapsed() > self.time_limit {
                    let why = format!(
                        "not done in {} s (`rpm.timeout`); the build goes on on the farm",
                        self.time_limit.as_secs()
                    );
                    submission.fail_open(&why, true);
                } else if !backend.is_on_this_machine() {
                    submission.due = Instant::now() + self.poll;
                }
            }
            Stage::Finished => {}
        }
        Ok(())
    }

    fn submit(&self, backend: &mut dyn Backend, submission: &mut SubmissionProgress) -> Result<Ticket> {
        let mut places = Vec::new();
        for target in &mut submission.targets {
            let RecordedBuild { record, folder } = &mut target.build;
            let scratch = if backend.is_on_this_machine() { Some(files::large_scratch()?) } else { None };
            record.scratch = scratch.as_ref().map(|scratch| scratch.path().to_owned());
            record.phase = BuildPhase::Submitting { since: clock::now()?.as_second() };
            folder.save(record)?;
            places.push(Workplace { log: folder.log(), scratch: record.scratch.clone() });
            submission.scratch.extend(scratch);
        }
        backend.submit(self.srpm, &submission.submission, &places)
    }

    fn apply_state(
        &self,
        backend: &mut dyn Backend,
        submission: &mut SubmissionProgress,
        index: usize,
        state: BuildState,
        ticket: &Ticket,
    ) -> Result<()> {
        let began = submission.began;
        let target = &mut submission.targets[index];
        if !matches!(target.state, TargetState::Open(_)) {
            return Ok(());
        }
        target.elapsed = began.elapsed();
        match state {
            BuildState::Waiting | BuildState::Running => target.state = TargetState::Open(state),
            BuildState::Failed(why) => target.fail(&why)?,
            BuildState::Built => {
                target.state = TargetState::Open(BuildState::Built);
                let part = &submission.submission.parts[index];
                match self.collect(backend, ticket, part, target)? {
                    Ok(files) => {
                        target.build.record.phase = BuildPhase::Built { files };
                        target.build.record.scratch = None;
                        target.build.folder.save(&target.build.record)?;
                        target.state = TargetState::Kept;
                    }
                    Err(why) => target.fail(&why)?,
                }
            }
        }
        Ok(())
    }

    /// Fetches and checks the packages of a target.
    ///
    /// Errors: the packages cannot be fetched, are missing on a farm, or cannot be stored. The inner `Err` is the
    /// reason why they are rejected.
    fn collect(
        &self,
        backend: &mut dyn Backend,
        ticket: &Ticket,
        part: &BuildPart,
        target: &TargetProgress,
    ) -> Result<Result<Vec<KeptPackage>, String>> {
        let RecordedBuild { record, folder } = &target.build;
        let incoming = folder.incoming()?;
        let place = Workplace { log: folder.log(), scratch: record.scratch.clone() };
        backend.collect(ticket, part, &place, &incoming)?;
        let names = TreePath::top(&incoming).names()?;
        let mut packages = Vec::new();
        for name in names {
            // A file that is cut off is fetched again.
            let package = PackageFile::read(&incoming.join(name));
            packages.push(package.map_err(|error| transient(format!("{error:#}")))?);
        }
        let of_dist = self.expected.iter().find(|packages| packages.dist == part.target.dist);
        let expected = of_dist.and_then(|packages| packages.expected.as_ref().ok());
        let mut checked = check::verify(self.srpm, &part.target, expected, &packages);
        if checked.is_ok() && record.host != part.target.dist {
            checked = check::verify_portable(&packages);
        }
        match checked {
            Ok(()) => {}
            // A farm may report a build as done before its files can be downloaded.
            Err(PackageProblem::Missing(why)) if !backend.is_on_this_machine() => return Err(transient(why).into()),
            Err(PackageProblem::Missing(why) | PackageProblem::Wrong(why)) => return Ok(Err(why)),
        }
        folder.accept(&incoming)?;
        let kept = packages.iter().map(|package| KeptPackage {
            place: package.place().to_owned(),
            name: package.nevra.file_name(),
            sha256: package.digest,
        });
        Ok(Ok(kept.collect()))
    }

    /// Retries a transient error a limited number of times; fails the targets of the submission for an error of the
    /// backend; returns any other error.
    fn handle_error(
        &self,
        backend: &dyn Backend,
        submission: &mut SubmissionProgress,
        error: anyhow::Error,
    ) -> Result<()> {
        let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
        let (exit, why) = (failure.map(|failure| failure.exit), format!("{error:#}"));
        match exit {
            Some(Exit::TryAgain) => {
                submission.errors_in_a_row += 1;
                if backend.is_on_this_machine() || submission.errors_in_a_row > MOST_ERRORS {
                    submission.give_up(&why);
                    return Ok(());
                }
                self.progress.warn(&format!("{}: {why}; trying again", submission.names()));
                let pause = self.poll.saturating_mul(1 << (submission.errors_in_a_row - 1).min(3)).min(LONGEST_PAUSE);
                submission.due = Instant::now() + pause;
                // The farm may have accepted it in spite of the error.
                if matches!(submission.stage, Stage::Queued) {
                    submission.stage = Stage::Unconfirmed;
                }
                Ok(())
            }
            // The other submissions go on.
            Some(Exit::Failed | Exit::Usage) => {
                let why = match failure.and_then(|failure| failure.help.as_ref()) {
                    Some(help) => format!("{why}; {help}"),
                    None => why,
                };
                submission.fail_open(&why, false);
                for target in &mut submission.targets {
                    target.record_failure()?;
                }
                Ok(())
            }
            _ => Err(error),
        }
    }
}

/// Adds the state of the builds to the failure of an interrupt.
fn add_state_of_builds(failure: Failure, backend: &dyn Backend) -> Failure {
    let state = if backend.is_on_this_machine() { "finished builds are kept" } else { "builds continue on the farm" };
    Failure::new(failure.exit, format!("{failure}; {state}")).help("run this again to continue")
}
