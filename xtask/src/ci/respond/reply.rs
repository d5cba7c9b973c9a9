//! The comments that this program writes below those of people.
//!
//! They contain no text from outside: a title, a branch or a comment in them could have links, mentions and commands for this or another
//! program. No line of them is a command.

use crate::ci::respond::comment::SpokenCommand;
use crate::ci::respond::facts::MergeForecast;
use crate::forge::model::has_marker;
use crate::git::{BranchName, CommitId};

/// How far the answer to a comment is, by the own comments that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerProgress {
    /// No own comment is about it.
    Open,
    /// It was accepted for this commit; it is not known whether the next job got the decision.
    Accepted(CommitId),
    /// All was done.
    Done,
}

/// What a marker says was done about a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkedEffect {
    /// The decision was made. The marker of the commit is beside this one.
    Accepted,
    /// Nothing is left to do.
    Done,
    /// The merge that it asked for has ended.
    Ended,
    /// A job of the merge did not pass.
    Failed,
}

/// The invisible line by which an own comment is recognised. In a comment of somebody else it means nothing.
pub fn marker(comment: u64, effect: MarkedEffect) -> String {
    let effect = match effect {
        MarkedEffect::Accepted => "accepted",
        MarkedEffect::Done => "done",
        MarkedEffect::Ended => "ended",
        MarkedEffect::Failed => "failed",
    };
    format!("<!-- releng:{comment}:{effect} -->")
}

/// The marker that says for which commit a comment was accepted.
pub fn head_marker(comment: u64, head: CommitId) -> String {
    format!("<!-- releng:{comment}:head:{head} -->")
}

/// How far the answer to a comment is.
pub fn find_progress(own_comments: &[String], comment: u64) -> AnswerProgress {
    let has = |text: &String, effect| has_marker(text, &marker(comment, effect));
    if own_comments.iter().any(|text| has(text, MarkedEffect::Done)) {
        return AnswerProgress::Done;
    }
    let Some(accepted) = own_comments.iter().find(|text| has(text, MarkedEffect::Accepted)) else {
        return AnswerProgress::Open;
    };
    let before = format!("<!-- releng:{comment}:head:");
    // The marker is the last of the lines that begin so: what stands before may be quoted.
    let line = accepted.lines().rev().find_map(|line| line.strip_prefix(&before)?.strip_suffix(" -->"));
    let head = line.and_then(|head| head.parse().ok());
    // A marker without its commit was not written by this program: the answer is taken for complete.
    head.map_or(AnswerProgress::Done, AnswerProgress::Accepted)
}

/// Whether own comments say how the merge came out that a comment asked for.
pub fn has_outcome(mut own: impl Iterator<Item = String>, comment: u64) -> bool {
    let marks = [MarkedEffect::Ended, MarkedEffect::Failed].map(|effect| marker(comment, effect));
    own.any(|text| marks.iter().any(|mark| has_marker(&text, mark)))
}

/// The tests begin.
pub fn accept_tests(head: CommitId, base: &BranchName, forecast: &MergeForecast) -> String {
    let merge = match forecast {
        MergeForecast::Version(version) => format!("A merge into `{base}` would have the version {version} now."),
        MergeForecast::Unversioned => format!("It can be merged into `{base}` now."),
        MergeForecast::Stops(why) => format!("A merge into `{base}` would stop now: {why}."),
    };
    format!("The tests are accepted at {head}: no later commit is tested with them. {merge}")
}

/// The work of a stranger is not tested by itself.
pub const UNTESTED: &str = "Thank you for this work. Its tests do not start by themselves, because not everybody involved may push to this \
    project. A member of the project looks at the changes first, and then starts the tests with the comment `ci test please`.";

/// The invisible line of that answer: a pull request gets it once.
pub const UNTESTED_MARK: &str = "<!-- releng:untested -->";

/// The merge begins.
pub fn accept_merge(head: CommitId, base: &BranchName, forecast: &MergeForecast) -> String {
    let version = match forecast {
        MergeForecast::Version(version) => format!(" It has the version {version}, unless other work is merged first."),
        MergeForecast::Unversioned | MergeForecast::Stops(_) => String::new(),
    };
    format!("The merge into `{base}` is accepted at {head}: if somebody pushes meanwhile, nothing is merged.{version}")
}

/// The end of an answer where the forge refuses the status of this name. Its reason is in the log: it is a text from outside.
pub fn refused_status(name: &str) -> String {
    format!(
        "\n\nThe forge refuses the status `{name}` of this commit: the log of the job says why. Nothing else depends on it."
    )
}

/// A review is asked for.
pub const ACCEPT_REVIEW: &str = "The label `needs review` is set. It is removed when a review arrives.";

/// A line is nearly a command, or it is one that does not stand at the top.
pub fn hint(meant: &str) -> String {
    format!(
        "Nothing was done: a line of this comment is nearly the command `{meant}`, or it is that command below other text. Commands stand at \
         the top of a comment, each alone on its line; the other ones are `ci test please`, `ci review please` and `ci merge please`, the last \
         one with or without the 40 digits of the commit."
    )
}

/// A comment has several commands.
pub const SEVERAL: &str = "Nothing was done: this comment has more than one command at its top, or one and a line that is nearly another. \
    Write a comment for each.";

/// The author of a comment may not do it.
pub fn not_allowed(command: SpokenCommand) -> &'static str {
    match command {
        SpokenCommand::Test => {
            "Nothing was done: only members of the project, who may push, can start the tests. A member can write `ci test please`."
        }
        SpokenCommand::Merge { .. } => {
            "Nothing was done: only admins of the project can start a merge. An admin can write `ci merge please`."
        }
        SpokenCommand::Review => {
            "Nothing was done: the author of the pull request or a member of the project can ask for a review."
        }
    }
}

/// The base is no branch that work is merged into.
pub const WRONG_BASE: &str = "Nothing was done: the base of this pull request is no branch that the project releases from, \
    by `project.branches` in its configuration.";

/// The stated commit is not the newest one.
pub fn other_head(now: CommitId) -> String {
    format!("Nothing was merged: the newest commit is {now}, not the stated one. Look at it, and state that one.")
}

/// A merge from a fork needs a commit that somebody has looked at.
pub fn unseen_fork(head: CommitId) -> String {
    format!(
        "Nothing was merged: this work is in a fork, whose owner can push at any time. Look at the newest commit, {head}, and write \
         `ci merge please {head}`; or let a member approve this commit, and write the command after that."
    )
}

/// A merge needs a commit that was there when somebody asked for it.
pub fn unseen_head(head: CommitId) -> String {
    format!(
        "Nothing was merged: somebody pushed after this comment, or the forge does not say when. Look at the newest commit, {head}, and write \
         `ci merge please {head}`."
    )
}

/// A merge goes into the base that was there when somebody asked for it.
pub fn other_base(base: &BranchName) -> String {
    format!(
        "Nothing was merged: the pull request got another base after this comment, or the forge does not say whether it did. The base is \
         `{base}` now: if that is right, write the command again."
    )
}

/// A pull request that was closed is not merged by a comment that is older, also if it was opened again.
pub const CLOSED_SINCE: &str = "Nothing was merged: the pull request was closed after this comment. If it is to be merged now, write the command again.";

/// The same for a draft.
pub const DRAFT_SINCE: &str = "Nothing was merged: the pull request was a draft after this comment. If it is to be merged now, write the command again.";

/// A draft is not merged.
pub const DRAFT: &str = "Nothing was merged: the pull request is a draft.";

/// The merge would stop at once.
pub fn would_stop(why: &str) -> String {
    format!("Nothing was merged: {why}.")
}

/// The work changed after the answer, before the next job began.
pub fn moved_on(accepted: CommitId, now: CommitId) -> String {
    format!(
        "Nothing was done: this was accepted for {accepted}, and the newest commit is {now} now. Write the command again."
    )
}
