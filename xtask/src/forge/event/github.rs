//! The events of GitHub: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.

use serde_json::Value;

use crate::forge::event::field;
use crate::forge::event::kinds::{EventComment, EventKind, EventPull, ReadEvent};
use crate::forge::model::Account;

/// Reads an event by its name.
pub fn read(event: &Value, name: &str) -> ReadEvent {
    let sender = account(event, "sender");
    let action = field::text(event, "action").unwrap_or_default();
    let kind = match (name, action) {
        ("issue_comment", _) => {
            return ReadEvent { kind: EventKind::Comment(comment(event, action)), sender, pull: commented_pull(event) };
        }
        ("pull_request" | "pull_request_target", "opened" | "reopened" | "synchronize") => EventKind::NewWork,
        ("pull_request_review", "submitted") => EventKind::Reviewed,
        ("pull_request_review_comment", _) => EventKind::LineComment,
        _ => return ReadEvent { kind: EventKind::Other, sender, pull: pull(event) },
    };
    ReadEvent { kind, sender, pull: pull(event) }
}

fn account(event: &Value, path: &str) -> Option<Account> {
    let account = field::at(event, path)?;
    Some(Account {
        id: field::number(account, "id")?,
        login: field::text(account, "login")?.to_owned(),
        is_person: field::text(account, "type") == Some("User"),
    })
}

fn comment(event: &Value, action: &str) -> EventComment {
    EventComment {
        id: field::number(event, "comment/id"),
        author_id: field::number(event, "comment/user/id"),
        is_new: action == "created",
        is_by_hand: field::at(event, "comment/performed_via_github_app").is_none(),
        text: field::text(event, "comment/body").unwrap_or_default().to_owned(),
        at: field::time(event, "comment/created_at"),
    }
}

/// The pull request of a comment. The event has it as an issue, without its commits; an issue that is none has no `pull_request`.
fn commented_pull(event: &Value) -> Option<EventPull> {
    field::at(event, "issue/pull_request").filter(|pull| pull.is_object())?;
    Some(EventPull {
        number: field::pull_number(event, "issue/number"),
        is_open: field::text(event, "issue/state") == Some("open"),
        is_locked: field::is_true(event, "issue/locked"),
        author_id: field::number(event, "issue/user/id"),
        head: None,
        base: None,
        is_from_fork: None,
    })
}

fn pull(event: &Value) -> Option<EventPull> {
    let pull = field::at(event, "pull_request")?;
    Some(EventPull {
        number: field::pull_number(pull, "number"),
        is_open: field::text(pull, "state") == Some("open"),
        is_locked: field::is_true(pull, "locked"),
        author_id: field::number(pull, "user/id"),
        head: field::commit(pull, "head/sha"),
        base: field::branch(pull, "base/ref"),
        is_from_fork: Some(field::differ(field::number(pull, "head/repo/id"), field::number(pull, "base/repo/id"))),
    })
}
