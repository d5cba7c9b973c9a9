//! The rules about the commits of a branch.

use std::collections::HashMap;

use crate::base::text::{one_line, shell_word};
use crate::git::{BranchHistory, Commit, CommitId, Merges};
use crate::history::lint::finding::Findings;
use crate::history::lint::message::{self, Message, quoted};
use crate::history::lint::rewrites::Rewrite;
use crate::history::lint::rule::RuleId;

/// The branch that is linted.
pub struct LintedBranch<'a> {
    /// The newest commit.
    pub head: CommitId,
    /// The base branch as the person names it, such as `origin/main`.
    pub base_name: &'a str,
    /// The newest commit of the base.
    pub base: CommitId,
    pub history: &'a BranchHistory,
    /// The commits that rewrite earlier ones; empty where this was not looked for.
    pub rewrites: &'a [Rewrite],
}

impl LintedBranch<'_> {
    /// The base as a word of a command.
    pub(super) fn base_word(&self) -> String {
        // A name that begins with a dash would be read as a flag.
        if self.base_name.starts_with('-') { self.base.to_string() } else { shell_word(self.base_name) }
    }

    /// The command that edits the commits of the branch and leaves their beginning as it is.
    pub(super) fn edit_command(&self) -> String {
        format!("git rebase -i --autosquash {}", self.beginning())
    }

    /// As [`LintedBranch::edit_command`]; drops the commits without a change, and asks nothing.
    fn drop_command(&self) -> String {
        format!("git rebase --no-keep-empty --force-rebase {}", self.beginning())
    }

    fn beginning(&self) -> String {
        self.rebased_onto().map_or("--root".to_owned(), |commit| commit.short())
    }

    /// Where a rebase begins that leaves the files as they are: at the merge base. Of several, none has all that the branch has
    /// merged; only the base itself has. `None` for a branch that has nothing in common with its base.
    pub fn rebased_onto(&self) -> Option<CommitId> {
        match self.history.merge_bases[..] {
            [] => None,
            [only] => Some(only),
            _ => Some(self.base),
        }
    }
}

/// Applies the rules about each message and those about the branch, to the oldest commit first.
pub(super) fn check(branch: &LintedBranch<'_>, findings: &mut Findings<'_>) {
    let mut seen: HashMap<Vec<u8>, CommitId> = HashMap::new();
    for entry in branch.history.commits.iter().rev() {
        let commit = &entry.commit;
        message::check(&Message::of(commit), findings);
        if entry.merges == Merges::Base {
            let what = format!("the commit merges `{}` into the branch", one_line(branch.base_name));
            let help = format!("put the branch on top of it instead: `git rebase {}`", branch.base_word());
            findings.add(RuleId::MergeFromBase, Some(commit.id), None, what, help);
        }
        if entry.merges != Merges::Nothing {
            continue;
        }
        let subject = commit.subject();
        let is_unfinished = check_unfinished(branch, commit, findings);
        if !is_unfinished {
            check_rewrites(branch, commit, findings);
        }
        if !is_unfinished && !subject.is_empty() {
            match seen.get(subject) {
                Some(other) => {
                    let what = format!("commit {} of the branch has the same subject", other.short());
                    let help = "say what each of them does, or squash them";
                    findings.add(RuleId::SubjectTwice, Some(commit.id), None, what, help);
                }
                None => _ = seen.insert(subject.to_vec(), commit.id),
            }
        }
        if entry.is_empty() {
            let help = format!("drop the commit: `{}`", branch.drop_command());
            findings.add(RuleId::CommitEmpty, Some(commit.id), None, "the commit changes nothing", help);
        }
    }
    check_behind(branch, findings);
}

fn check_rewrites(branch: &LintedBranch<'_>, commit: &Commit, findings: &mut Findings<'_>) {
    let Some(rewrite) = branch.rewrites.iter().find(|rewrite| rewrite.commit == commit.id) else { return };
    let Rewrite { earlier, lines, removed, .. } = rewrite;
    let what = match (lines, removed) {
        (1, 1) => format!("the only line that the commit replaces is from commit {} of the branch", earlier.short()),
        _ => format!(
            "{lines} of {removed} lines that the commit replaces are from commit {} of the branch",
            earlier.short()
        ),
    };
    let help = format!("squash it into that commit, unless it is a step of its own: `{}`", branch.edit_command());
    findings.add(RuleId::RewritesOwnBranch, Some(commit.id), None, what, help);
}

fn check_behind(branch: &LintedBranch<'_>, findings: &mut Findings<'_>) {
    let behind = branch.history.behind;
    if behind > 0 && !branch.history.commits.is_empty() {
        let commits = if behind == 1 { "commit" } else { "commits" };
        let what = format!("`{}` has {behind} {commits} that the branch does not have", one_line(branch.base_name));
        let help = format!("put the branch on top of it: `git rebase {}`", branch.base_word());
        findings.add(RuleId::BehindBase, Some(branch.head), None, what, help);
    }
}

/// The rules about commits that are not meant to stay. Whether the commit is one.
fn check_unfinished(branch: &LintedBranch<'_>, commit: &Commit, findings: &mut Findings<'_>) -> bool {
    let subject = commit.decode(commit.subject());
    if let Some(mark) = fixup_mark(subject.as_bytes()) {
        let what = format!("a `{mark}` commit is left: {}", quoted(&subject));
        let help = format!("fold it into the commit that it changes: `{}`", branch.edit_command());
        findings.add(RuleId::FixupLeft, Some(commit.id), None, what, help);
        return true;
    }
    let is_unfinished = is_work_in_progress(&subject);
    if is_unfinished {
        let what = format!("the subject says that the work is not finished: {}", quoted(&subject));
        let help = format!("finish it, and give it a subject: `{}`", branch.edit_command());
        findings.add(RuleId::WorkInProgress, Some(commit.id), None, what, help);
    }
    is_unfinished
}

/// The mark with which git begins the subject of a commit that is to be folded into an earlier one.
pub(super) fn fixup_mark(subject: &[u8]) -> Option<&'static str> {
    ["fixup!", "squash!", "amend!"].into_iter().find(|mark| {
        subject.strip_prefix(mark.as_bytes()).is_some_and(|rest| rest.first().is_none_or(|byte| *byte == b' '))
    })
}

fn is_work_in_progress(subject: &str) -> bool {
    let original = subject;
    let subject = subject.to_lowercase();
    let bare = subject.trim_start_matches(['[', '(', '*', ' ']);
    let begins = |word: &str| {
        let after = bare.strip_prefix(word).and_then(|rest| rest.chars().next());
        bare == word || after.is_some_and(|letter| " :])!,*".contains(letter))
    };
    // "Do not merge caches twice" is a sentence.
    let is_marked =
        subject.starts_with(['[', '(']) || original.starts_with("DO NOT MERGE") || original.starts_with("DNM");
    let is_forbidden = ["do not merge", "don't merge", "do-not-merge", "dnm"].into_iter().any(begins);
    begins("wip")
        || (is_forbidden && (is_marked || bare.ends_with("merge") || bare.contains("merge:")))
        || ["tmp", "temp", "xxx"].contains(&subject.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_subjects() {
        for (subject, expected) in [
            ("WIP", true),
            ("wip: try it", true),
            ("[WIP] Add a parser", true),
            ("(wip) Add a parser", true),
            ("WIP Add a parser", true),
            ("DO NOT MERGE", true),
            ("[Do not merge] x", true),
            ("DNM: x", true),
            ("tmp", true),
            ("TMP.", true),
            ("Wipe the disk", false),
            ("Swipe", false),
            ("Remove tmp", false),
            ("tmp: use a folder", false),
            ("Do not merge caches twice", false),
            ("do not merge: x", true),
            ("Refuse to merge WIP", false),
        ] {
            assert_eq!(is_work_in_progress(subject), expected, "{subject}");
        }
    }

    #[test]
    fn marks_of_git() {
        assert_eq!(fixup_mark(b"fixup! Add a parser"), Some("fixup!"));
        assert_eq!(fixup_mark(b"amend!"), Some("amend!"));
        assert_eq!((fixup_mark(b"fixup the parser"), fixup_mark(b"Squash! x")), (None, None));
    }
}
