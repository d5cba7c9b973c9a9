//! What is reported.

use crate::base::text::{last_lines, printable, shorten};
use crate::ci::steps::result::StepResult;

/// The length of a line of output in a report, in characters.
const LINE: usize = 1000;

/// A step with the end of its output.
pub struct ReportedStep {
    pub result: StepResult,
    /// The end of the output of a step that has failed; empty for others.
    pub output: String,
}

impl ReportedStep {
    /// The last lines of the output, fit for output, each on a line of its own.
    pub(super) fn last_lines(&self, count: usize) -> String {
        let lines = last_lines(&self.output, count);
        lines.into_iter().map(|line| format!("{}\n", shorten(&printable(line), LINE))).collect()
    }

    /// The time that the step ran, such as `3.2 s`; empty if it was not run.
    pub(super) fn time(&self) -> String {
        let time = self.result.duration;
        if time.is_zero() { String::new() } else { format!("{:.1} s", time.as_secs_f64()) }
    }
}
