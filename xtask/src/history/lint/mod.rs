//! The history lint: rules about the commits of a branch and their messages, all pure.
//!
//! [`rule`] has the table of rules. [`message`] has those about one message and [`branch`] those about the list of commits;
//! [`near_header`] recognises misspelled pseudo-headers by the code that `version` reads them with. [`rewrites`] follows lines through the
//! commits, [`fix_plan`] writes the todo of a rebase, and [`render`] the report for people and programs.

mod branch;
mod comments;
mod finding;
mod fix_plan;
mod message;
mod near_header;
pub mod render;
mod rewrites;
mod rule;
mod squash;

pub use branch::LintedBranch;
pub use comments::strip;
pub use finding::LintFinding;
pub use fix_plan::fix_plan;
pub use rewrites::{CommitChanges, Rewrite, find_rewrites};
pub use rule::{RULES, RuleId, Severities, Severity};
pub use squash::squash_message;

use finding::Findings;
use message::Message;

/// Lints the commits of a branch, the oldest first.
pub fn lint_branch(branch: &LintedBranch<'_>, severities: &Severities) -> Vec<LintFinding> {
    let mut findings = Findings::new(severities);
    branch::check(branch, &mut findings);
    findings.list
}

/// Lints a message that is in no commit yet.
pub fn lint_message(message: &[u8], severities: &Severities) -> Vec<LintFinding> {
    let mut findings = Findings::new(severities);
    message::check(&Message::new(message), &mut findings);
    findings.list
}

/// Lints the message that a squash merge would make. What the commits of the branch have, too, is left out.
pub fn lint_squash(branch: &LintedBranch<'_>, found: &[LintFinding], severities: &Severities) -> Vec<LintFinding> {
    let mut findings = lint_message(&squash_message(branch.history), severities);
    findings.retain(|squash| !found.iter().any(|other| other.rule == squash.rule && other.message == squash.message));
    for finding in &mut findings {
        finding.message.insert_str(0, "the message of a squash merge: ");
    }
    findings
}
