//! The builds of a run on their way: what is known of each, and how far it is.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::base::files::{self, Scratch};
use crate::base::progress::Row;
use crate::rpm::backend::{State, Submission, Ticket};
use crate::rpm::builds::record::Phase;
use crate::rpm::builds::{Known, Step};

/// One submission on its way.
pub struct Work {
    /// What is submitted.
    pub submission: Submission,
    /// Its targets, in the same order.
    pub parts: Vec<Part>,
    /// How far it is.
    pub stage: Stage,
    /// When it was begun, or taken up again.
    pub began: Instant,
    /// When it is looked at next.
    pub due: Instant,
    /// How many faults in a row there were.
    pub faults: u32,
    /// The folders of builds that run here; they go when it is over.
    pub scratch: Vec<Scratch>,
}

/// How far a submission is.
pub enum Stage {
    /// It has not begun.
    Queued,
    /// A farm may have it.
    Sought,
    /// It has begun, and is known by this.
    Under(Ticket),
    /// It is over.
    Over,
}

/// One target of a submission.
pub struct Part {
    /// Its record.
    pub known: Known,
    /// How far it is.
    pub state: PartState,
    /// From the beginning to its end.
    pub elapsed: Duration,
}

/// How far one target is.
pub enum PartState {
    /// It is not over.
    Open(State),
    /// It is built, checked and kept.
    Kept,
    /// It is not built.
    Failed {
        /// Why.
        why: String,
        /// Whether the next run may go on with it.
        may_go_on: bool,
    },
}

impl Work {
    /// What a step of the plan begins with.
    pub fn new(step: &Step) -> Work {
        let (submission, known, stage, state) = match step {
            Step::Keep(known) => {
                let record = &known.record;
                let parts = vec![(record.target.clone(), record.word.clone())];
                (Submission { parts }, vec![known.clone()], Stage::Over, None)
            }
            Step::GoOn { submission, ticket: Some(ticket), known } => {
                (submission.clone(), known.clone(), Stage::Under(ticket.clone()), Some(State::Waiting))
            }
            Step::GoOn { submission, ticket: None, known } => {
                (submission.clone(), known.clone(), Stage::Sought, Some(State::Waiting))
            }
            Step::Begin { submission, known } => {
                (submission.clone(), known.clone(), Stage::Queued, Some(State::Waiting))
            }
        };
        let part = |known| {
            let state = state.clone().map_or(PartState::Kept, PartState::Open);
            Part { known, state, elapsed: Duration::ZERO }
        };
        let (parts, now) = (known.into_iter().map(part).collect(), Instant::now());
        Work { submission, parts, stage, began: now, due: now, faults: 0, scratch: Vec::new() }
    }

    /// Whether it takes one of the places for builds that run here.
    pub fn is_active(&self) -> bool {
        matches!(self.stage, Stage::Under(_))
    }

    /// Has a ticket from now on.
    pub fn hold(&mut self, ticket: Ticket) -> Result<()> {
        for Part { known, .. } in &mut self.parts {
            known.record.phase = Phase::Submitted { ticket: ticket.clone() };
            known.folder.save(&known.record)?;
        }
        (self.stage, self.faults) = (Stage::Under(ticket), 0);
        Ok(())
    }

    /// Gives up what is not over.
    pub fn fail_open(&mut self, why: &str, may_go_on: bool) {
        for part in self.parts.iter_mut().filter(|part| matches!(part.state, PartState::Open(_))) {
            part.state = PartState::Failed { why: why.to_owned(), may_go_on };
        }
        self.stage = Stage::Over;
        self.scratch.clear();
    }

    /// Leaves to the next run what could not be fetched, and goes on with the rest; leaves all where the trouble is about all.
    pub fn give_up(&mut self, why: &str) {
        let is_fetched = |part: &&mut Part| matches!(part.state, PartState::Open(State::Built));
        let fetched: Vec<&mut Part> = self.parts.iter_mut().filter(is_fetched).collect();
        if fetched.is_empty() {
            return self.fail_open(why, true);
        }
        for part in fetched {
            part.state = PartState::Failed { why: why.to_owned(), may_go_on: true };
        }
        self.faults = 0;
    }

    /// When it was submitted, in seconds since 1970.
    pub fn since(&self) -> i64 {
        let since = self.parts.iter().filter_map(|part| match part.known.record.phase {
            Phase::Submitting { since } => Some(since),
            _ => None,
        });
        since.min().unwrap_or(i64::MAX)
    }

    /// Those of its targets that something is about now, for messages.
    pub fn names(&self) -> String {
        let is_fetched = |part: &&Part| matches!(part.state, PartState::Open(State::Built));
        let is_open = |part: &&Part| matches!(part.state, PartState::Open(_));
        let fetched: Vec<&Part> = self.parts.iter().filter(is_fetched).collect();
        let meant = if fetched.is_empty() { self.parts.iter().filter(is_open).collect() } else { fetched };
        let names: Vec<String> = meant.iter().map(|part| part.known.record.target.to_string()).collect();
        names.join(", ")
    }

    /// Its lines on the board.
    pub fn rows(&self) -> Vec<Row> {
        self.parts.iter().map(|part| part.row(&self.stage, self.began)).collect()
    }
}

impl Part {
    /// Has failed, and says so on disk.
    pub fn fail(&mut self, why: &str) -> Result<()> {
        self.state = PartState::Failed { why: why.to_owned(), may_go_on: false };
        self.record_failure()
    }

    /// Says on disk that it has failed, where it has.
    pub fn record_failure(&mut self) -> Result<()> {
        let PartState::Failed { why, .. } = &self.state else { return Ok(()) };
        self.known.record.phase = Phase::Failed { why: why.clone() };
        self.known.record.scratch = None;
        self.known.folder.save(&self.known.record)
    }

    fn row(&self, stage: &Stage, began: Instant) -> Row {
        let record = &self.known.record;
        let (state, detail) = match (&self.state, stage) {
            (PartState::Kept, _) if self.elapsed.is_zero() => ("kept", record.word.clone()),
            (PartState::Kept, _) => ("built", record.word.clone()),
            (PartState::Failed { why, may_go_on: false }, _) => ("FAILED", why.clone()),
            (PartState::Failed { why, may_go_on: true }, _) => ("LOST", why.clone()),
            (_, Stage::Queued) => ("waiting", record.word.clone()),
            (PartState::Open(state), stage) => {
                let detail = match stage {
                    Stage::Under(Ticket(id)) if !id.is_empty() => format!("{}, build {id}", record.word),
                    _ => files::last_line(&self.known.folder.log()).unwrap_or_else(|| record.word.clone()),
                };
                let word = match state {
                    State::Waiting => "submitted",
                    State::Built => "fetching",
                    _ => "running",
                };
                (word, detail)
            }
        };
        let is_open = matches!(self.state, PartState::Open(_)) && !matches!(stage, Stage::Queued);
        let elapsed = if is_open { began.elapsed() } else { self.elapsed };
        Row { name: record.target.to_string(), state: state.to_owned(), detail, elapsed }
    }
}
