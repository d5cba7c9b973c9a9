//! The report for people.

use std::fmt::Write as _;

use crate::base::text::shorten;
use crate::history::lint::finding::LintFinding;
use crate::history::lint::render::report::LintReport;

/// How many characters of a subject are shown.
const SUBJECT: usize = 60;

/// Two lines for each finding: what was found, and the next step. No line begins with text of a commit: a CI system might
/// take it for a command.
pub fn render_human(report: &LintReport<'_>) -> String {
    report.findings.iter().map(|finding| render_finding(report, finding)).collect()
}

pub(super) fn render_finding(report: &LintReport<'_>, finding: &LintFinding) -> String {
    let LintFinding { severity, message, rule, help, .. } = finding;
    format!("{severity}: {}: {message} [{rule}]\n  help: {help}\n", place(report, finding))
}

/// The commit with its subject, and the line.
pub(super) fn place(report: &LintReport<'_>, finding: &LintFinding) -> String {
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
    place
}
