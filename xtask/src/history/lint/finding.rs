//! What the lint has found.

use serde::Serialize;

use crate::git::CommitId;
use crate::history::lint::rule::{RuleId, Severities, Severity};

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LintFinding {
    pub rule: RuleId,
    /// Never [`Severity::Off`].
    pub severity: Severity,
    /// `None` for a message that is in no commit yet.
    pub commit: Option<CommitId>,
    /// The line of the message, from 1; `None` where the finding is about no line.
    pub line: Option<usize>,
    /// One line of clean text.
    pub message: String,
    /// The next step: one line of clean text.
    pub help: String,
}

/// Collects findings. Those of rules that are off are left out.
pub(super) struct Findings<'a> {
    severities: &'a Severities,
    pub(super) list: Vec<LintFinding>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(severities: &'a Severities) -> Findings<'a> {
        Findings { severities, list: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        rule: RuleId,
        commit: Option<CommitId>,
        line: Option<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let severity = self.severities.of(rule);
        if severity != Severity::Off {
            self.list.push(LintFinding { rule, severity, commit, line, message: message.into(), help: help.into() });
        }
    }
}
