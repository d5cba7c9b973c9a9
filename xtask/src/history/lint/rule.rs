//! The rules of the history lint. [`RULES`] is the one list: the configuration, the documents, SARIF and the tests read it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::as_text::serde_as_text;

/// The id of a rule, shown in kebab case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleId {
    MergeFromBase,
    FixupLeft,
    WorkInProgress,
    SubjectEmpty,
    BodyNotSeparated,
    PseudoHeaderMisread,
    PseudoHeadersDisagree,
    ConflictMarkers,
    ControlCharacters,
    NotUtf8,
    CommitEmpty,
    SubjectTwice,
    SubjectLong,
    SubjectDot,
    BehindBase,
    RewritesOwnBranch,
}

/// One rule.
pub struct LintRule {
    pub id: RuleId,
    pub name: &'static str,
    /// Where the configuration does not name the rule.
    pub severity: Severity,
    /// The rule finds this; as in the documents.
    pub finds: &'static str,
}

const fn error(id: RuleId, name: &'static str, finds: &'static str) -> LintRule {
    LintRule { id, name, severity: Severity::Error, finds }
}

const fn warning(id: RuleId, name: &'static str, finds: &'static str) -> LintRule {
    LintRule { id, name, severity: Severity::Warning, finds }
}

/// All rules, in the order of [`RuleId`].
pub const RULES: [LintRule; 16] = [
    error(RuleId::MergeFromBase, "merge-from-base", "a merge that brings the base branch into the branch"),
    error(RuleId::FixupLeft, "fixup-left", "a subject that begins with `fixup!`, `squash!` or `amend!`"),
    error(
        RuleId::WorkInProgress,
        "work-in-progress",
        "a subject such as `WIP`, `wip: …`, `[WIP] …`, `DO NOT MERGE` or `tmp`",
    ),
    error(RuleId::SubjectEmpty, "subject-empty", "a message without a subject"),
    error(RuleId::BodyNotSeparated, "body-not-separated", "a second line that is not blank"),
    error(
        RuleId::PseudoHeaderMisread,
        "pseudo-header-misread",
        "a `Sem-Ver` or `Bug-Url` line that does not count as it is meant: misspelled, indented, quoted, in the subject",
    ),
    error(
        RuleId::PseudoHeadersDisagree,
        "pseudo-headers-disagree",
        "two `Sem-Ver` lines of one message with different effects",
    ),
    error(RuleId::ConflictMarkers, "conflict-markers", "conflict markers of git in the message"),
    error(
        RuleId::ControlCharacters,
        "control-characters",
        "control characters, or those that change the direction of writing",
    ),
    error(RuleId::NotUtf8, "not-utf-8", "a message that is neither UTF-8 nor in the encoding that the commit declares"),
    error(RuleId::CommitEmpty, "commit-empty", "a commit that changes nothing"),
    error(RuleId::SubjectTwice, "subject-twice", "two commits of the branch with the same subject"),
    warning(RuleId::SubjectLong, "subject-long", "a subject of more than 72 characters"),
    warning(RuleId::SubjectDot, "subject-dot", "a subject that ends with a full stop"),
    warning(RuleId::BehindBase, "behind-base", "a base branch that has gone on since the branch began"),
    warning(
        RuleId::RewritesOwnBranch,
        "rewrites-own-branch",
        "a commit that mostly rewrites lines of an earlier commit of the branch",
    ),
];

impl RuleId {
    /// The rule with this id.
    pub fn rule(self) -> &'static LintRule {
        &RULES[self as usize]
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule().name)
    }
}

/// Error: a text that is no [`RuleId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARule;

impl fmt::Display for NotARule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such rule")
    }
}

impl std::str::FromStr for RuleId {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<RuleId, NotARule> {
        RULES.iter().find(|rule| rule.name == text).map(|rule| rule.id).ok_or(NotARule)
    }
}

serde_as_text!(RuleId);

/// What a finding of a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The lint fails.
    Error,
    /// The finding is printed.
    Warning,
    /// The rule is not applied.
    Off,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Off => "off",
        })
    }
}

/// The table `[lint]`: the severity of each rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<RuleId, Severity>", into = "BTreeMap<RuleId, Severity>")]
pub struct Severities(BTreeMap<RuleId, Severity>);

impl Severities {
    /// The severity of a rule.
    pub fn of(&self, rule: RuleId) -> Severity {
        self.0.get(&rule).copied().unwrap_or(rule.rule().severity)
    }

    /// The same severities, but a finding of `rule` is no error.
    #[must_use]
    pub fn without_error(mut self, rule: RuleId) -> Severities {
        let severity = self.of(rule).max(Severity::Warning);
        self.0.insert(rule, severity);
        self
    }
}

impl Default for Severities {
    fn default() -> Severities {
        Severities(RULES.iter().map(|rule| (rule.id, rule.severity)).collect())
    }
}

impl From<BTreeMap<RuleId, Severity>> for Severities {
    fn from(stated: BTreeMap<RuleId, Severity>) -> Severities {
        let mut severities = Severities::default();
        severities.0.extend(stated);
        severities
    }
}

impl From<Severities> for BTreeMap<RuleId, Severity> {
    fn from(severities: Severities) -> BTreeMap<RuleId, Severity> {
        severities.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_ids() {
        for (at, rule) in RULES.iter().enumerate() {
            assert_eq!((rule.id as usize, rule.name.parse()), (at, Ok(rule.id)), "{}", rule.name);
        }
    }
}
