//! The output of the steps in the log of this run.

use anyhow::Result;

use crate::base::clock;
use crate::base::files;
use crate::base::token::secret_token;
use crate::ci::steps::report::{LogStyle, ReportedStep, render_output};
use crate::ci::steps::result::StepResult;
use crate::cli::ci_system::{self, CiSystem};
use crate::cli::log_end::LogEnd;
use crate::cli::ui::Ui;

/// The number of bytes of the output of a step that are printed; the log has more.
const PRINTED: u64 = 1 << 20;

/// The number of bytes of the output of a failed step in the JUnit file.
const REPORTED: u64 = 64 << 10;

/// The number of last lines of the output of a failed step in the message.
const LAST_LINES: usize = 40;

/// Prints the output of each step when it has ended. On a terminal, the last lines of each step are drawn instead.
pub struct OutputLog<'a> {
    ui: &'a Ui,
    style: Option<LogStyle>,
}

impl<'a> OutputLog<'a> {
    /// In the form that the reader of this run's output needs.
    pub fn new(ui: &'a Ui) -> Result<OutputLog<'a>> {
        let style = match ci_system::detect() {
            _ if ui.is_quiet() => None,
            Some(CiSystem::Github) => Some(LogStyle::Github { token: secret_token()? }),
            Some(CiSystem::Gitlab) => Some(LogStyle::Gitlab),
            None if ui.draws_boards() => None,
            None => Some(LogStyle::Plain),
        };
        Ok(OutputLog { ui, style })
    }

    /// Prints the output of a step that has ended.
    pub fn print(&self, result: &StepResult) -> Result<()> {
        let (Some(style), Some(log)) = (&self.style, &result.log) else { return Ok(()) };
        let text = end_of_output(log, PRINTED);
        if text.is_empty() {
            return Ok(());
        }
        let block = render_output(style, result, &text, clock::now()?.as_second());
        match style {
            // Escapes and commands of this program's own are in the block, and no others.
            LogStyle::Github { .. } | LogStyle::Gitlab => self.ui.print_exactly(&block),
            LogStyle::Plain => {
                self.ui.note(block.trim_end());
                Ok(())
            }
        }
    }
}

/// The end of an output; a line says where the rest is, if it is longer.
fn end_of_output(log: &std::path::Path, count: u64) -> String {
    let Ok(end) = files::read_end(log, count) else { return String::new() };
    let text = String::from_utf8_lossy(&end.bytes).into_owned();
    match end.before {
        0 => text,
        before => {
            let rest = text.split_once('\n').map_or(text.as_str(), |(_, rest)| rest);
            format!("[the first {before} bytes are in `{}`]\n{rest}", log.display())
        }
    }
}

/// A step with the end of its output, if it has failed.
pub fn reported(result: StepResult) -> ReportedStep {
    let log = result.log.as_deref().filter(|_| result.verdict.has_failed());
    let output = log.map_or(String::new(), |log| end_of_output(log, REPORTED));
    ReportedStep { result, output }
}

/// The last lines of the output of a failed step, for the message; `None` if it printed nothing.
pub fn last_output(result: &StepResult) -> Option<LogEnd> {
    LogEnd::load(&format!("output of `{}`", result.name), result.log.as_deref()?, LAST_LINES)
}
