//! The report of the lint: for people, and for programs.

mod github;
mod human;
mod json;
mod junit;
mod report;
mod sarif;

pub use github::{lint_annotations, render_github};
pub use human::render_human;
pub use json::render_lint_json;
pub use junit::render_lint_junit;
pub use report::LintReport;
pub use sarif::render_sarif;
