//! How the jobs after `ci respond` ended, as the forge shows it. Those jobs run foreign code, and so cannot show it themselves.

use std::fmt;
use std::str::FromStr;

use crate::ci::respond::decision::{DecidedAction, Decision};
use crate::forge::model::StatusState;

/// How a job ended, in the words of GitHub Actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobResult {
    Success,
    Failure,
    Cancelled,
    Skipped,
}

impl FromStr for JobResult {
    type Err = String;

    fn from_str(text: &str) -> Result<JobResult, String> {
        // GitLab and Jenkins have other words for the same.
        match text.to_ascii_lowercase().as_str() {
            "success" => Ok(JobResult::Success),
            "failure" | "failed" | "unstable" => Ok(JobResult::Failure),
            "cancelled" | "canceled" | "aborted" => Ok(JobResult::Cancelled),
            "skipped" | "not_built" => Ok(JobResult::Skipped),
            _ => Err("write `success`, `failure`, `cancelled` or `skipped`".to_owned()),
        }
    }
}

impl fmt::Display for JobResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JobResult::Success => "passed",
            JobResult::Failure => "failed",
            JobResult::Cancelled => "was cancelled",
            JobResult::Skipped => "was not run",
        })
    }
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownOutcome {
    pub state: StatusState,
    /// One line.
    pub description: String,
    /// The answer to the comment, in Markdown; `None` where the status says enough.
    pub text: Option<String>,
}

/// How the jobs of a decision ended; `None` where there is nothing to show. A merge that came to its end was shown by its last job.
pub fn outcome_of(decision: &Decision, result: JobResult) -> Option<ShownOutcome> {
    let state = match result {
        JobResult::Success => StatusState::Success,
        JobResult::Failure => StatusState::Failure,
        JobResult::Cancelled | JobResult::Skipped => StatusState::Error,
    };
    match (decision.action, result) {
        (DecidedAction::CheckPatch, _) => {
            Some(ShownOutcome { state, description: format!("the job {result}"), text: None })
        }
        (DecidedAction::Merge, JobResult::Success) => None,
        (DecidedAction::Merge, _) => {
            let description = format!("a job of the merge {result}");
            // The last job may have failed after its push.
            let text = format!("The merge did not come to its end: a job {result}. The log of the job says more.");
            Some(ShownOutcome { state, description, text: Some(text) })
        }
        (DecidedAction::Label | DecidedAction::None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_that_did_not_pass_is_shown() {
        let shown = |action, result: &str| {
            let decision = Decision { action, ..Decision::nothing("") };
            outcome_of(&decision, result.parse().unwrap()).map(|outcome| (outcome.state, outcome.text.is_some()))
        };
        use DecidedAction::{CheckPatch, Label, Merge, None as Nothing};
        assert_eq!(shown(CheckPatch, "success"), Some((StatusState::Success, false)));
        assert_eq!(shown(CheckPatch, "FAILED"), Some((StatusState::Failure, false)));
        assert_eq!(shown(CheckPatch, "canceled"), Some((StatusState::Error, false)));
        assert_eq!(shown(Merge, "success"), None, "its last job has shown it");
        assert_eq!(shown(Merge, "failure"), Some((StatusState::Failure, true)));
        assert_eq!(shown(Merge, "skipped"), Some((StatusState::Error, true)));
        assert_eq!((shown(Label, "failure"), shown(Nothing, "failure")), (None, None));
        assert!("".parse::<JobResult>().is_err() && "ok".parse::<JobResult>().is_err());
    }
}
