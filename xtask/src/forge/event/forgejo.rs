//! The events of Forgejo and Gitea. They look like GitHub's; where they differ:
//!
//! * a comment on a pull request says so in `is_pull`;
//! * new commits are `synchronized`, and the event of a review has several names: its action is `reviewed`;
//! * accounts have no `type`: those of the server itself have numbers below zero.

use serde_json::Value;

use crate::forge::event::field;
use crate::forge::event::kinds::{EventComment, EventKind, EventPull, ReadEvent};
use crate::forge::model::Account;

/// The names of events about pull requests. Depending on the version, comments have the name of the issue or of the pull request, and the
/// events of Forgejo Actions have GitHub's names.
const NAMES: [&str; 13] = [
    "issue_comment",
    "pull_request_comment",
    "pull_request",
    "pull_request_target",
    "pull_request_sync",
    "pull_request_review",
    "pull_request_approved",
    "pull_request_rejected",
    "pull_request_review_approved",
    "pull_request_review_rejected",
    "pull_request_review_comment",
    "pull_request_review_request",
    "pull_request_label",
];

/// Reads an event by its name.
pub fn read(event: &Value, name: &str) -> ReadEvent {
    let sender = account(event);
    if !NAMES.contains(&name) {
        return ReadEvent { kind: EventKind::Other, sender, pull: None };
    }
    let action = field::text(event, "action").unwrap_or_default();
    let has_comment = field::at(event, "comment").is_some() && field::at(event, "issue").is_some();
    let has_review = field::at(event, "review").is_some();
    let kind = match action {
        _ if has_comment => {
            return ReadEvent { kind: EventKind::Comment(comment(event, action)), sender, pull: commented_pull(event) };
        }
        "reviewed" if has_review => EventKind::Reviewed,
        "opened" | "reopened" | "synchronized" if !has_review => EventKind::NewWork,
        _ => return ReadEvent { kind: EventKind::Other, sender, pull: pull(event) },
    };
    ReadEvent { kind, sender, pull: pull(event) }
}

fn account(event: &Value) -> Option<Account> {
    let login = field::text(event, "sender/login").or_else(|| field::text(event, "sender/username"))?;
    Some(Account { id: field::number(event, "sender/id")?, login: login.to_owned(), is_person: true })
}

fn comment(event: &Value, action: &str) -> EventComment {
    EventComment {
        id: field::number(event, "comment/id"),
        author_id: field::number(event, "comment/user/id"),
        is_new: action == "created",
        // What was carried over from another forge has the author there.
        is_by_hand: field::text(event, "comment/original_author").is_none_or(str::is_empty),
        text: field::text(event, "comment/body").unwrap_or_default().to_owned(),
        at: field::time(event, "comment/created_at"),
    }
}

fn commented_pull(event: &Value) -> Option<EventPull> {
    let has_pull = field::at(event, "issue/pull_request").is_some_and(Value::is_object);
    // Both must say so, where both are there.
    if !has_pull || field::at(event, "is_pull").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    Some(EventPull {
        number: field::pull_number(event, "issue/number"),
        is_open: field::text(event, "issue/state") == Some("open")
            && !field::is_true(event, "issue/pull_request/merged"),
        is_locked: field::is_true(event, "issue/is_locked"),
        author_id: field::number(event, "issue/user/id"),
        // Newer versions add the pull request itself.
        head: field::commit(event, "pull_request/head/sha"),
        base: field::branch(event, "pull_request/base/ref"),
        is_from_fork: field::at(event, "pull_request").map(is_from_fork),
    })
}

fn pull(event: &Value) -> Option<EventPull> {
    let pull = field::at(event, "pull_request")?;
    Some(EventPull {
        number: field::pull_number(pull, "number"),
        is_open: field::text(pull, "state") == Some("open") && !field::is_true(pull, "merged"),
        is_locked: field::is_true(pull, "is_locked"),
        author_id: field::number(pull, "user/id"),
        head: field::commit(pull, "head/sha"),
        base: field::branch(pull, "base/ref"),
        is_from_fork: Some(is_from_fork(pull)),
    })
}

/// By the repositories, whose numbers are there twice. The head has none if its repository is gone. Work that was pushed by AGit, to `refs/for/…`,
/// has no branch: everybody with the right to read can make it.
fn is_from_fork(pull: &Value) -> bool {
    let id = |side: &str| field::number(pull, &format!("{side}/repo/id"));
    let is_agit = field::text(pull, "head/ref").is_some_and(|name| name.starts_with("refs/"))
        || field::text(pull, "head/label") == Some("");
    is_agit || field::differ(id("head"), id("base"))
}
