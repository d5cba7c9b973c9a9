//! The report as annotations of GitHub Actions, in the form of its
//! [workflow commands](https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).

use std::fmt::Write as _;

use crate::base::text::printable;
use crate::history::lint::finding::LintFinding;
use crate::history::lint::render::human::place;
use crate::history::lint::render::report::LintReport;
use crate::history::lint::rule::Severity;

/// GitHub shows ten annotations of each kind for a step, and leaves out the others without a word.
const SHOWN: usize = 10;

/// One annotation for each finding, errors first. Where there are more than GitHub shows, the last one says how many.
pub fn render_github(report: &LintReport<'_>) -> String {
    let mut text = String::new();
    for severity in [Severity::Error, Severity::Warning] {
        let findings: Vec<&LintFinding> =
            report.findings.iter().filter(|finding| finding.severity == severity).collect();
        let shown = if findings.len() > SHOWN { SHOWN - 1 } else { findings.len() };
        for finding in &findings[..shown] {
            let said = format!("{}: {}\nhelp: {}", place(report, finding), finding.message, finding.help);
            // Writing to a string cannot fail.
            _ = writeln!(text, "::{severity} title={}::{}", finding.rule, escape(&said));
        }
        if shown < findings.len() {
            _ = writeln!(
                text,
                "::{severity} title=lint::{} more; GitHub does not show them all",
                findings.len() - shown
            );
        }
    }
    text
}

/// The text as the data of a command.
fn escape(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
