//! The results as JUnit XML.

use jiff::Timestamp;

use crate::base::junit::{Case, CaseResult, Suite, render_junit};
use crate::ci::stage::CiStage;
use crate::ci::steps::report::reported::ReportedStep;
use crate::ci::steps::result::StepVerdict;

/// A suite with a case for each step. `at` is the time at which the first one began.
pub fn render_stage_junit(stage: CiStage, at: Timestamp, steps: &[ReportedStep]) -> String {
    let case = |step: &ReportedStep| Case {
        name: step.result.name.clone(),
        duration: step.result.duration,
        result: match &step.result.verdict {
            StepVerdict::Passed => CaseResult::Passed,
            StepVerdict::LeftOut(_) | StepVerdict::Blocked(_) => {
                CaseResult::Skipped { message: step.result.verdict.reason() }
            }
            verdict => CaseResult::Failed { message: verdict.reason(), log: step.output.clone() },
        },
    };
    let cases = steps.iter().map(case).collect();
    render_junit(&[Suite { name: stage.to_string(), timestamp: at, cases }])
}
