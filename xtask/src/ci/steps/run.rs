//! Runs the steps of a plan, several at a time, in one thread.
//!
//! A step starts when the steps that it needs have passed or were left out. Each is a process group of its own, which ends at the
//! time limit of the step and at an interrupt. Its output goes to a log.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::files::{self, TreePath};
use crate::base::interrupt;
use crate::base::process::boundary::Boundary;
use crate::base::process::{Ending, Isolation, Job, LogFile, Running};
use crate::base::progress::{Progress, Row};
use crate::ci::steps::disk_watch::DiskWatch;
use crate::ci::steps::plan::{PlannedStep, StagePlan};
use crate::ci::steps::result::{StepResult, StepVerdict};
use crate::project::config::CiStep;

/// The pause between two polls of the running steps.
const PAUSE: Duration = Duration::from_millis(15);

/// The number of bytes of the output of a step that its log keeps.
const LOG_LIMIT: u64 = 64 << 20;

/// The surroundings of the steps.
pub struct StageRun<'a> {
    /// The work tree, in which the steps run.
    pub folder: &'a Path,
    /// The folder for the logs. What an earlier run left there is removed.
    pub logs: &'a Path,
    /// The whole environment of each step.
    pub environment: Vec<(String, String)>,
    /// The number of steps that run at a time.
    pub jobs: usize,
    /// The boundary that the steps run behind; the folder is its work then.
    pub boundary: Option<&'a Boundary>,
}

impl StageRun<'_> {
    /// The path of the log of a step.
    pub fn log_of(&self, step: &str) -> PathBuf {
        self.logs.join(format!("{step}.log"))
    }

    /// Makes the folder of the logs, empty. The caller keeps other runs away from it.
    pub fn prepare(&self) -> Result<()> {
        files::remove_if_there(&TreePath::in_own_folder(self.logs))
            .with_context(|| format!("cannot remove `{}`", self.logs.display()))?;
        files::make_folders(&TreePath::top(self.logs))
    }

    fn start(&self, step: &CiStep) -> Result<Running> {
        let (program, args) = step.run.split_first().context("a step has no program")?;
        let log = self.log_of(&step.name);
        let job = Job {
            program: program.as_ref(),
            args: args.iter().map(OsString::from).collect(),
            folder: self.folder,
            environment: self.environment.clone(),
            time_limit: step.timeout.0,
            log: LogFile { path: &log, limit: Some(LOG_LIMIT) },
            isolation: Isolation::None,
            read_only: &[],
            boundary: self.boundary,
        };
        job.start()
    }
}

/// A step on its way.
struct StepProgress<'a> {
    planned: &'a PlannedStep,
    state: StepState,
}

enum StepState {
    Waiting,
    Running { running: Box<Running>, since: Instant, filled_disk: bool },
    Ended(StepResult),
}

/// Runs the steps of a plan and gives their results, in the order of the plan. `finished` has the results of steps that were run in
/// another way, such as a built-in one. `ended` is called at the end of each step that was run.
///
/// Errors: an interrupt, which ends all steps first; a log that cannot be written; an error of `ended`.
pub fn run_steps(
    plan: &StagePlan,
    run: &StageRun<'_>,
    finished: &[StepResult],
    progress: &dyn Progress,
    ended: &mut dyn FnMut(&StepResult) -> Result<()>,
) -> Result<Vec<StepResult>> {
    let mut steps = Vec::new();
    for planned in &plan.steps {
        let name = &planned.step.name;
        let state = match (finished.iter().find(|result| result.name == *name), &planned.left_out) {
            (Some(result), _) => StepState::Ended(result.clone()),
            (None, Some(why)) => StepState::Ended(not_run(name, StepVerdict::LeftOut(why.clone()))),
            (None, None) => StepState::Waiting,
        };
        steps.push(StepProgress { planned, state });
    }
    let driven = drive(&mut steps, run, progress, ended);
    progress.end_board();
    driven?;
    let result = |step: StepProgress<'_>| match step.state {
        StepState::Ended(result) => Some(result),
        StepState::Waiting | StepState::Running { .. } => None,
    };
    Ok(steps.into_iter().filter_map(result).collect())
}

fn not_run(name: &str, verdict: StepVerdict) -> StepResult {
    StepResult { name: name.to_owned(), verdict, duration: Duration::ZERO, log: None }
}

fn drive(
    steps: &mut [StepProgress<'_>],
    run: &StageRun<'_>,
    progress: &dyn Progress,
    ended: &mut dyn FnMut(&StepResult) -> Result<()>,
) -> Result<()> {
    let mut interrupted: Option<Failure> = None;
    let mut watch = run.boundary.and_then(|_| DiskWatch::begin(run.folder, run.logs));
    let mut is_full = false;
    loop {
        if let Some(watch) = watch.as_mut().filter(|watch| is_full || watch.is_short()) {
            end_for_disk(steps, watch);
        }
        if interrupted.is_none()
            && let Err(failure) = interrupt::check()
        {
            end_all(steps);
            interrupted = Some(failure);
        }
        for index in 0..steps.len() {
            match poll(&mut steps[index], run, watch.as_ref()) {
                Ok(Some(result)) => {
                    steps[index].state = StepState::Ended(result.clone());
                    if let Some(watch) = watch.as_mut().filter(|_| result.verdict == StepVerdict::FilledDisk) {
                        end_for_disk(steps, watch);
                    }
                    if interrupted.is_none() {
                        ended(&result)?;
                    }
                }
                Ok(None) => {}
                Err(error) if watch.as_ref().is_some_and(|watch| watch.can_help(&error)) => is_full = true,
                Err(error) => return Err(error),
            }
        }
        if interrupted.is_none() {
            start_ready(steps, run, ended)?;
        }
        progress.board(&steps.iter().map(row).collect::<Vec<_>>());
        let is_running = steps.iter().any(|step| matches!(step.state, StepState::Running { .. }));
        match interrupted.take_if(|_| !is_running) {
            Some(failure) => return Err(failure.into()),
            None if steps.iter().all(|step| matches!(step.state, StepState::Ended(_))) => return Ok(()),
            None => std::thread::sleep(PAUSE),
        }
    }
}

fn end_all(steps: &mut [StepProgress<'_>]) {
    for step in steps {
        if let StepState::Running { running, .. } = &mut step.state {
            running.terminate();
        }
    }
}

/// Ends all steps at once, because each moment lets them write more; then the room is free that was held back for their results.
fn end_for_disk(steps: &mut [StepProgress<'_>], watch: &mut DiskWatch) {
    for step in steps {
        if let StepState::Running { running, filled_disk, .. } = &mut step.state
            && !*filled_disk
        {
            running.kill();
            *filled_disk = true;
        }
    }
    watch.release();
}

/// The result of a running step that has ended. A step may fill the disk and end between two looks at it.
fn poll(step: &mut StepProgress<'_>, run: &StageRun<'_>, watch: Option<&DiskWatch>) -> Result<Option<StepResult>> {
    let StepState::Running { running, filled_disk, .. } = &mut step.state else { return Ok(None) };
    let Some(outcome) = running.poll()? else { return Ok(None) };
    let CiStep { name, timeout, .. } = &step.planned.step;
    let verdict = match outcome.ending {
        _ if *filled_disk || watch.is_some_and(DiskWatch::is_short) => StepVerdict::FilledDisk,
        Ending::Exited(0) => StepVerdict::Passed,
        Ending::Exited(exit) => StepVerdict::Failed { exit },
        Ending::Signalled(signal) => StepVerdict::Signalled(signal),
        Ending::TimedOut => StepVerdict::TimedOut(timeout.0),
    };
    Ok(Some(StepResult { name: name.clone(), verdict, duration: outcome.duration, log: Some(run.log_of(name)) }))
}

/// Starts the waiting steps that may run, and ends those that cannot.
fn start_ready(
    steps: &mut [StepProgress<'_>],
    run: &StageRun<'_>,
    ended: &mut dyn FnMut(&StepResult) -> Result<()>,
) -> Result<()> {
    for index in 0..steps.len() {
        let count = steps.iter().filter(|step| matches!(step.state, StepState::Running { .. })).count();
        if !matches!(steps[index].state, StepState::Waiting) {
            continue;
        }
        let step = &steps[index].planned.step;
        match needs(steps, step) {
            Needs::Open => {}
            Needs::Failed(by) => {
                steps[index].state = StepState::Ended(not_run(&step.name, StepVerdict::Blocked(by)));
            }
            Needs::Met if count >= run.jobs => {}
            Needs::Met => match run.start(step) {
                Ok(running) => {
                    steps[index].state =
                        StepState::Running { running: Box::new(running), since: Instant::now(), filled_disk: false };
                }
                Err(error) => {
                    let result = not_started(&step.name, error, run.log_of(&step.name))?;
                    ended(&result)?;
                    steps[index].state = StepState::Ended(result);
                }
            },
        }
    }
    Ok(())
}

/// How the steps stand that another one needs.
enum Needs {
    Open,
    Met,
    /// The first that did not pass.
    Failed(String),
}

fn needs(steps: &[StepProgress<'_>], step: &CiStep) -> Needs {
    let mut found = Needs::Met;
    for need in &step.needs {
        match steps.iter().find(|other| other.planned.step.name == *need).map(|other| &other.state) {
            Some(StepState::Ended(result)) if result.verdict.lets_others_run() => {}
            Some(StepState::Ended(_)) => return Needs::Failed(need.clone()),
            Some(_) => found = Needs::Open,
            None => {} // the configuration names steps that are there
        }
    }
    found
}

/// The result of a step whose program is missing or cannot be run; the reason and the next step become its log. Any other error is given
/// back.
fn not_started(name: &str, error: anyhow::Error, log: PathBuf) -> Result<StepResult> {
    let failure = error.downcast::<Failure>()?;
    if failure.exit != Exit::Failed {
        return Err(failure.into());
    }
    let help = failure.help.map_or(String::new(), |help| format!("{help}\n"));
    files::write(&log, format!("{}\n{help}", failure.message).as_bytes())?;
    Ok(StepResult { log: Some(log), ..not_run(name, StepVerdict::NotStarted(failure.message)) })
}

fn row(step: &StepProgress<'_>) -> Row {
    let name = step.planned.step.name.clone();
    match &step.state {
        StepState::Waiting => Row { name, state: "waiting".to_owned(), detail: String::new(), elapsed: Duration::ZERO },
        StepState::Running { running, since, .. } => {
            let detail = running.last_line().unwrap_or_default();
            Row { name, state: "running".to_owned(), detail, elapsed: since.elapsed() }
        }
        StepState::Ended(result) => {
            let (state, detail) = (result.verdict.state().to_owned(), result.verdict.reason());
            Row { name, state, detail, elapsed: result.duration }
        }
    }
}
