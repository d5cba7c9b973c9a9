//! How a step ended.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    pub name: String,
    pub verdict: StepVerdict,
    /// The time that it ran.
    pub duration: Duration,
    /// The file with its output, if it was run.
    pub log: Option<PathBuf>,
}

/// How a step ended, or why it was not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepVerdict {
    Passed,
    Failed {
        /// The code that it exited with.
        exit: i32,
    },
    /// A signal ended it.
    Signalled(i32),
    /// It was ended at its time limit.
    TimedOut(Duration),
    /// It was ended because it left too little room on the disk.
    FilledDisk,
    /// It was not started, for this reason, such as a program that is missing.
    NotStarted(String),
    /// It was left out, for this reason.
    LeftOut(String),
    /// It was not run because the step with this name did not pass.
    Blocked(String),
}

impl StepVerdict {
    /// Whether the steps that need this one may run.
    pub fn lets_others_run(&self) -> bool {
        matches!(self, StepVerdict::Passed | StepVerdict::LeftOut(_))
    }

    /// Whether the step itself has failed.
    pub fn has_failed(&self) -> bool {
        !self.lets_others_run() && !matches!(self, StepVerdict::Blocked(_))
    }

    /// One or two words.
    pub fn state(&self) -> &'static str {
        match self {
            StepVerdict::Passed => "passed",
            StepVerdict::LeftOut(_) => "left out",
            StepVerdict::Blocked(_) => "not run",
            _ => "FAILED",
        }
    }

    /// The reason of the state; empty for a step that passed.
    pub fn reason(&self) -> String {
        match self {
            StepVerdict::Passed => String::new(),
            StepVerdict::Failed { exit } => format!("exit {exit}"),
            StepVerdict::Signalled(signal) => format!("ended by signal {signal}"),
            StepVerdict::TimedOut(limit) => format!("out of time after {} s", limit.as_secs()),
            StepVerdict::FilledDisk => "ended, because it had almost filled the disk".to_owned(),
            StepVerdict::NotStarted(why) | StepVerdict::LeftOut(why) => why.clone(),
            StepVerdict::Blocked(by) => format!("`{by}` did not pass"),
        }
    }
}

impl fmt::Display for StepVerdict {
    /// The state and the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            reason if reason.is_empty() => f.write_str(self.state()),
            reason => write!(f, "{}: {reason}", self.state()),
        }
    }
}
