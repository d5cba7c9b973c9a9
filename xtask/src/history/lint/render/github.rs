//! The report as annotations of GitHub Actions.

use crate::base::github::{Annotation, AnnotationLevel, render_annotations};
use crate::history::lint::render::human::place;
use crate::history::lint::render::report::LintReport;
use crate::history::lint::rule::Severity;

/// One annotation for each finding, errors first. Where there are more than GitHub shows, the last one says how many.
pub fn render_github(report: &LintReport<'_>) -> String {
    render_annotations(&lint_annotations(report), "lint")
}

/// One annotation for each finding.
pub fn lint_annotations(report: &LintReport<'_>) -> Vec<Annotation> {
    let mut annotations = Vec::new();
    for finding in report.findings {
        let level = if finding.severity == Severity::Error { AnnotationLevel::Error } else { AnnotationLevel::Warning };
        let text = format!("{}: {}\nhelp: {}", place(report, finding), finding.message, finding.help);
        annotations.push(Annotation { level, title: finding.rule.to_string(), text });
    }
    annotations
}
