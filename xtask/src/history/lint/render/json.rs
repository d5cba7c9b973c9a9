//! The report as JSON, schema `releng.lint/1`.

use serde_json::json;

use crate::history::lint::render::report::LintReport;

/// All fields of each finding. `commit`, `line`, `base` and `head` are `null` where there is none.
pub fn render_lint_json(report: &LintReport<'_>) -> String {
    let LintReport { base, head, findings, .. } = report;
    let value = json!({ "schema": "releng.lint/1", "base": base, "head": head, "findings": findings });
    format!("{value:#}\n")
}
