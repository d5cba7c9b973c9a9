//! The report as SARIF 2.1.0, the format of static analysis that GitHub, GitLab and Azure read.

use serde_json::{Value, json};

use crate::history::lint::finding::LintFinding;
use crate::history::lint::render::report::LintReport;
use crate::history::lint::rule::RULES;

/// One run with all rules. A commit is a logical location, because a message is in no file.
pub fn render_sarif(report: &LintReport<'_>) -> String {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.name,
                "shortDescription": { "text": rule.finds },
                "defaultConfiguration": { "level": rule.severity },
            })
        })
        .collect();
    let results: Vec<Value> = report.findings.iter().map(result).collect();
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "releng", "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{value:#}\n")
}

fn result(finding: &LintFinding) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": finding.rule as usize,
        "level": finding.severity,
        "message": { "text": format!("{}; {}", finding.message, finding.help) },
    });
    if let Some(commit) = finding.commit {
        result["locations"] = json!([{ "logicalLocations": [{ "fullyQualifiedName": commit, "kind": "commit" }] }]);
    }
    if let Some(line) = finding.line {
        result["properties"] = json!({ "line": line });
    }
    result
}
