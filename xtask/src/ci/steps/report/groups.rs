//! The output of a step in the log of a run: indented, and folded where the CI system can do it.

use crate::base::github::without_commands;
use crate::base::text::printable;
use crate::ci::steps::result::StepResult;

/// The form of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogStyle {
    /// Lines for any reader.
    Plain,
    /// Groups of GitHub Actions. The steps cannot know the token.
    Github { token: String },
    /// Sections of GitLab.
    Gitlab,
}

/// The output of a step that ended at the time `at`, in seconds since 1970. `text` is the output, from anybody: nothing in it is a
/// command for a terminal or a CI system.
pub fn render_output(style: &LogStyle, result: &StepResult, text: &str, at: i64) -> String {
    let StepResult { name, verdict, duration, .. } = result;
    let title = printable(&format!("{name}: {verdict} ({:.1} s)", duration.as_secs_f64()));
    let text: String = text.lines().map(|line| format!("  {}", printable(line)).trim_end().to_owned() + "\n").collect();
    match style {
        LogStyle::Plain => format!("{name}: its output:\n{text}"),
        LogStyle::Github { token } => {
            format!("::group::{title}\n{}::endgroup::\n", without_commands(&text, token))
        }
        LogStyle::Gitlab => {
            let began = at.saturating_sub(i64::try_from(duration.as_secs()).unwrap_or(0));
            format!(
                "\x1b[0Ksection_start:{began}:{name}[collapsed=true]\r\x1b[0K{title}\n{text}\x1b[0Ksection_end:{at}:{name}\r\x1b[0K\n"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ci::steps::result::StepVerdict;

    #[test]
    fn what_a_step_prints_is_no_command() {
        let (name, verdict) = ("unit".to_owned(), StepVerdict::Failed { exit: 1 });
        let result = StepResult { name, verdict, duration: Duration::from_secs(3), log: None };
        let text = "::error::x\n##[error]y\n\x1b[0Ksection_end:1:unit\r\n";
        let token = "T".to_owned();
        assert_eq!(
            render_output(&LogStyle::Github { token }, &result, text, 10),
            "::group::unit: FAILED: exit 1 (3.0 s)\n::stop-commands::T\n  ::error::x\n  ##[error]y\n  \
             \\u001b[0Ksection_end:1:unit\n::T::\n::endgroup::\n"
        );
        let folded = render_output(&LogStyle::Gitlab, &result, text, 10);
        assert!(folded.starts_with("\x1b[0Ksection_start:7:unit[collapsed=true]\r\x1b[0Kunit: FAILED"), "{folded}");
        assert_eq!(folded.matches("\x1b[0Ksection_end").count(), 1);
        assert_eq!(render_output(&LogStyle::Plain, &result, "a\n\n", 10), "unit: its output:\n  a\n\n");
    }
}
