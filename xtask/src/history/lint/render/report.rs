//! What is rendered.

use std::collections::HashMap;

use crate::git::CommitId;
use crate::history::lint::finding::LintFinding;

/// What is rendered.
pub struct LintReport<'a> {
    /// The merge base; `None` for a message that is in no commit yet, and for a branch without one.
    pub base: Option<CommitId>,
    /// The newest commit of the branch.
    pub head: Option<CommitId>,
    pub findings: &'a [LintFinding],
    /// The subjects of the commits, decoded, as one line of clean text.
    pub subjects: HashMap<CommitId, String>,
}
