//! The report for people.

use std::fmt::Write as _;

use crate::base::text::shorten;
use crate::history::lint::render::report::LintReport;

/// How many characters of a subject are shown.
const SUBJECT: usize = 60;

/// Two lines for each finding: what was found, and the next step. No line begins with text of a commit: a CI system might
/// take it for a command.
pub fn render_human(report: &LintReport<'_>) -> String {
    let mut text = String::new();
    for finding in report.findings {
        let mut place = match finding.commit {
            Some(commit) => {
                let subject = report.subjects.get(&commit).map_or("", String::as_str);
                format!("{} \"{}\"", commit.short(), shorten(subject, SUBJECT))
            }
            None => "message".to_owned(),
        };
        if let Some(line) = finding.line {
            // Writing to a string cannot fail.
            _ = write!(place, " line {line}");
        }
        let (severity, message, rule, help) = (finding.severity, &finding.message, finding.rule, &finding.help);
        _ = writeln!(text, "{severity}: {place}: {message} [{rule}]\n  help: {help}");
    }
    text
}
