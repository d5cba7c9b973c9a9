//! The progress of a submission, from its plan step to the end of each of its builds.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::base::files::{self, Scratch};
use crate::base::progress::Row;
use crate::rpm::backend::{BuildPart, BuildState, Submission, Ticket};
use crate::rpm::builds::record::BuildPhase;
use crate::rpm::builds::{BuildStep, RecordedBuild};

/// The progress of one submission.
pub struct SubmissionProgress {
    pub submission: Submission,
    /// In the order of the parts of the submission.
    pub targets: Vec<TargetProgress>,
    pub stage: Stage,
    /// When this run submitted it, or continued it.
    pub began: Instant,
    /// When to advance it next.
    pub due: Instant,
    /// The number of transient errors in a row.
    pub errors_in_a_row: u32,
    /// The scratch folders of builds on this machine; removed at the end.
    pub scratch: Vec<Scratch>,
}

/// The stage of a submission.
pub enum Stage {
    Queued,
    /// The farm may have accepted it, but no ticket was received.
    Unconfirmed,
    Submitted(Ticket),
    Finished,
}

/// The progress of one target of a submission.
pub struct TargetProgress {
    pub build: RecordedBuild,
    pub state: TargetState,
    pub elapsed: Duration,
}

/// The state of one target.
pub enum TargetState {
    Open(BuildState),
    /// The packages are checked and stored.
    Kept,
    Failed {
        why: String,
        /// Whether the next run may go on with the build.
        may_go_on: bool,
    },
}

impl SubmissionProgress {
    /// The progress at the beginning of a plan step; `None` for a step without builds.
    pub fn new(step: &BuildStep) -> Option<SubmissionProgress> {
        let (submission, builds, stage, state) = match step {
            BuildStep::Define { .. } => return None,
            BuildStep::Keep(build) => {
                let record = &build.record;
                let part = BuildPart { target: record.target.clone(), build_env: record.build_env.clone() };
                (Submission { parts: vec![part] }, vec![build.clone()], Stage::Finished, None)
            }
            BuildStep::GoOn { submission, ticket: Some(ticket), builds } => {
                (submission.clone(), builds.clone(), Stage::Submitted(ticket.clone()), Some(BuildState::Waiting))
            }
            BuildStep::GoOn { submission, ticket: None, builds } => {
                (submission.clone(), builds.clone(), Stage::Unconfirmed, Some(BuildState::Waiting))
            }
            BuildStep::Begin { submission, builds } => {
                (submission.clone(), builds.clone(), Stage::Queued, Some(BuildState::Waiting))
            }
        };
        let mut targets = Vec::new();
        for build in builds {
            let state = state.clone().map_or(TargetState::Kept, TargetState::Open);
            targets.push(TargetProgress { build, state, elapsed: Duration::ZERO });
        }
        let now = Instant::now();
        let scratch = Vec::new();
        Some(SubmissionProgress { submission, targets, stage, began: now, due: now, errors_in_a_row: 0, scratch })
    }

    /// Whether it is submitted and not finished.
    pub fn is_active(&self) -> bool {
        matches!(self.stage, Stage::Submitted(_))
    }

    /// Stores the ticket in the records of all targets.
    pub fn store_ticket(&mut self, ticket: Ticket) -> Result<()> {
        for TargetProgress { build, .. } in &mut self.targets {
            build.record.phase = BuildPhase::Submitted { ticket: ticket.clone() };
            build.folder.save(&build.record)?;
        }
        self.stage = Stage::Submitted(ticket);
        self.errors_in_a_row = 0;
        Ok(())
    }

    /// Marks all open targets as failed, and ends the submission.
    pub fn fail_open(&mut self, why: &str, may_go_on: bool) {
        for target in &mut self.targets {
            if matches!(target.state, TargetState::Open(_)) {
                target.state = TargetState::Failed { why: why.to_owned(), may_go_on };
            }
        }
        self.stage = Stage::Finished;
        self.scratch.clear();
    }

    /// Marks the targets that are built and could not be fetched as failed; all open targets where none is built. The next
    /// run may go on with them.
    pub fn give_up(&mut self, why: &str) {
        if !self.targets.iter().any(TargetProgress::is_fetching) {
            return self.fail_open(why, true);
        }
        for target in &mut self.targets {
            if target.is_fetching() {
                target.state = TargetState::Failed { why: why.to_owned(), may_go_on: true };
            }
        }
        self.errors_in_a_row = 0;
    }

    /// When it was submitted, in seconds since 1970.
    pub fn since(&self) -> i64 {
        let since = self.targets.iter().filter_map(|target| match target.build.record.phase {
            BuildPhase::Submitting { since } => Some(since),
            _ => None,
        });
        since.min().unwrap_or(i64::MAX)
    }

    /// The targets that a message is about: those that are built and not fetched, or else all open ones.
    pub fn names(&self) -> String {
        let any_fetching = self.targets.iter().any(TargetProgress::is_fetching);
        let mut names = Vec::new();
        for target in &self.targets {
            let is_open = matches!(target.state, TargetState::Open(_));
            let is_meant = if any_fetching { target.is_fetching() } else { is_open };
            if is_meant {
                names.push(target.build.record.target.to_string());
            }
        }
        names.join(", ")
    }

    /// One row of the progress table for each target.
    pub fn rows(&self) -> Vec<Row> {
        self.targets.iter().map(|target| target.row(&self.stage, self.began)).collect()
    }
}

impl TargetProgress {
    /// Whether the packages are built and not fetched.
    pub fn is_fetching(&self) -> bool {
        matches!(self.state, TargetState::Open(BuildState::Built))
    }

    /// Marks the target as failed, also on disk.
    pub fn fail(&mut self, why: &str) -> Result<()> {
        self.state = TargetState::Failed { why: why.to_owned(), may_go_on: false };
        self.record_failure()
    }

    /// Writes a failure to disk; does nothing for a target that has not failed.
    pub fn record_failure(&mut self) -> Result<()> {
        let TargetState::Failed { why, .. } = &self.state else { return Ok(()) };
        self.build.record.phase = BuildPhase::Failed { why: why.clone() };
        self.build.record.scratch = None;
        self.build.folder.save(&self.build.record)
    }

    fn row(&self, stage: &Stage, began: Instant) -> Row {
        let record = &self.build.record;
        let (state, detail) = match (&self.state, stage) {
            (TargetState::Kept, _) if self.elapsed.is_zero() => ("kept", record.build_env.clone()),
            (TargetState::Kept, _) => ("built", record.build_env.clone()),
            (TargetState::Failed { why, may_go_on: false }, _) => ("FAILED", why.clone()),
            (TargetState::Failed { why, may_go_on: true }, _) => ("LOST", why.clone()),
            (_, Stage::Queued) => ("waiting", record.build_env.clone()),
            (TargetState::Open(state), stage) => {
                let detail = match stage {
                    Stage::Submitted(Ticket(id)) if !id.is_empty() => format!("{}, build {id}", record.build_env),
                    _ => files::last_line(&self.build.folder.log()).unwrap_or_else(|| record.build_env.clone()),
                };
                let word = match state {
                    BuildState::Waiting if matches!(stage, Stage::Submitted(Ticket(id)) if id.is_empty()) => "starting",
                    BuildState::Waiting => "submitted",
                    BuildState::Built => "fetching",
                    _ => "running",
                };
                (word, detail)
            }
        };
        let is_open = matches!(self.state, TargetState::Open(_)) && !matches!(stage, Stage::Queued);
        let elapsed = if is_open { began.elapsed() } else { self.elapsed };
        Row { name: record.target.to_string(), state: state.to_owned(), detail, elapsed }
    }
}
