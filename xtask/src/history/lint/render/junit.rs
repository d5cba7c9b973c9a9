//! The report as JUnit XML.

use std::time::Duration;

use jiff::Timestamp;

use crate::base::junit::{Case, CaseResult, Suite, render_junit};
use crate::history::lint::finding::LintFinding;
use crate::history::lint::render::human::render_finding;
use crate::history::lint::render::report::LintReport;
use crate::history::lint::rule::{LintRule, RULES, Severity};

/// A suite with a case for each rule, so that a CI system shows the same cases for each branch. `at` is the date of the newest
/// commit. A case fails if a finding of its rule is an error; JUnit has no warnings, so the others are its output.
pub fn render_lint_junit(report: &LintReport<'_>, at: Timestamp) -> String {
    let cases = RULES.iter().map(|rule| case(report, rule)).collect();
    render_junit(&[Suite { name: "lint".to_owned(), timestamp: at, cases }])
}

fn case(report: &LintReport<'_>, rule: &LintRule) -> Case {
    let findings: Vec<&LintFinding> = report.findings.iter().filter(|finding| finding.rule == rule.id).collect();
    let log: String = findings.iter().map(|finding| render_finding(report, finding)).collect();
    let result = match findings.iter().find(|finding| finding.severity == Severity::Error) {
        Some(first) => CaseResult::Failed { message: format!("{} found: {}", findings.len(), first.message), log },
        None if log.is_empty() => CaseResult::Passed,
        None => CaseResult::PassedWith { log },
    };
    Case { name: rule.name.to_owned(), duration: Duration::ZERO, result }
}
