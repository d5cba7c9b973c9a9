//! The todo of `git rebase -i --autosquash` that cleans a branch.
//!
//! Merges from the base are left out, because the rebase puts the branch on top of the base. What git would fold by its own
//! rules is folded, and so are rewrites; both follow the commit that they change. No line is a comment: the mark of comments can
//! be configured.

use std::fmt::Write as _;

use crate::base::text::one_line;
use crate::git::{BranchCommit, Commit, CommitId, Merges};
use crate::history::lint::branch::{LintedBranch, fixup_mark};
use crate::history::lint::finding::LintFinding;
use crate::history::lint::rewrites::Rewrite;
use crate::history::lint::rule::{RuleId, Severity};

/// A commit in the todo, with those that are folded into it.
struct FoldGroup<'a> {
    commit: &'a Commit,
    action: &'static str,
    folded: Vec<(&'static str, &'a Commit)>,
}

/// The todo. It begins at the merge base. Lines with `reword` and `squash` open an editor for the message.
pub fn fix_plan(branch: &LintedBranch<'_>, findings: &[LintFinding], rewrites: &[Rewrite]) -> String {
    let mut groups: Vec<FoldGroup<'_>> = Vec::new();
    for entry in branch.history.commits.iter().rev().filter(|entry| entry.merges == Merges::Nothing) {
        let commit = &entry.commit;
        match find_target(commit, &groups, rewrites) {
            Some((target, action)) => groups[target].folded.push((action, commit)),
            None => groups.push(FoldGroup { commit, action: action(entry, findings), folded: Vec::new() }),
        }
    }
    let mut todo = String::new();
    for FoldGroup { commit, action, folded } in groups {
        // Git refuses to fold into a commit that is dropped.
        let action = if action == "drop" && !folded.is_empty() { "pick" } else { action };
        for (action, commit) in [(action, commit)].into_iter().chain(folded) {
            // Writing to a string cannot fail.
            _ = writeln!(todo, "{action} {} {}", commit.id, one_line(&commit.decode(commit.subject())));
        }
    }
    todo
}

/// What is done with a commit that is not folded into another one.
fn action(entry: &BranchCommit, findings: &[LintFinding]) -> &'static str {
    if entry.is_empty() {
        return "drop";
    }
    // A `fixup!` whose commit is not on the branch cannot be mended by another message.
    let is_about_message =
        |rule: RuleId| !matches!(rule, RuleId::FixupLeft | RuleId::RewritesOwnBranch | RuleId::BehindBase);
    let is_wrong = |finding: &LintFinding| {
        finding.commit == Some(entry.commit.id) && finding.severity == Severity::Error && is_about_message(finding.rule)
    };
    if findings.iter().any(is_wrong) { "reword" } else { "pick" }
}

/// The group into which a commit is folded, and how.
fn find_target(commit: &Commit, groups: &[FoldGroup<'_>], rewrites: &[Rewrite]) -> Option<(usize, &'static str)> {
    if let Some(mark) = fixup_mark(commit.subject()) {
        let action = match mark {
            "squash!" => "squash",
            "amend!" => "fixup -C",
            _ => "fixup",
        };
        return Some((find_marked(commit.subject(), groups)?, action));
    }
    let rewrite = rewrites.iter().find(|rewrite| rewrite.commit == commit.id && rewrite.can_fold)?;
    Some((position(groups, |other| other.id == rewrite.earlier)?, "squash"))
}

/// The group that a subject with marks such as `fixup!` names, by the rules of git: a subject, the beginning of an id, or the beginning
/// of a subject.
fn find_marked(subject: &[u8], groups: &[FoldGroup<'_>]) -> Option<usize> {
    let mut name = subject;
    while let Some(mark) = fixup_mark(name) {
        name = name[mark.len()..].trim_ascii();
    }
    if name.is_empty() {
        return None;
    }
    let is_id = name.len() >= 4 && name.iter().all(u8::is_ascii_hexdigit);
    let has_id = |id: CommitId| is_id && id.to_string().as_bytes().starts_with(&name.to_ascii_lowercase());
    position(groups, |other| other.subject() == name)
        .or_else(|| position(groups, |other| has_id(other.id)))
        .or_else(|| position(groups, |other| other.subject().starts_with(name)))
}

fn position(groups: &[FoldGroup<'_>], is_it: impl Fn(&Commit) -> bool) -> Option<usize> {
    let is_in = |group: &FoldGroup<'_>| is_it(group.commit) || group.folded.iter().any(|(_, folded)| is_it(folded));
    groups.iter().position(is_in)
}
