//! The report of the lint: for people, and for programs.

mod human;
mod json;
mod report;

pub use human::render_human;
pub use json::render_lint_json;
pub use report::LintReport;
