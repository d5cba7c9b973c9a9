//! The events of GitLab: <https://docs.gitlab.com/user/project/integrations/webhook_events/>.

use serde_json::Value;

use crate::forge::event::field;
use crate::forge::event::kinds::{EventComment, EventKind, EventPull, ReadEvent};
use crate::forge::model::Account;

/// Reads an event, whose kind is in `object_kind`.
pub fn read(event: &Value) -> ReadEvent {
    let sender = account(event);
    match field::text(event, "object_kind") {
        Some("note") => {
            let is_on_merge_request = field::text(event, "object_attributes/noteable_type") == Some("MergeRequest");
            let merge_request = field::at(event, "merge_request").filter(|_| is_on_merge_request);
            let is_on_line =
                field::text(event, "object_attributes/type").is_some_and(|kind| kind.ends_with("DiffNote"));
            let kind = if is_on_line { EventKind::LineComment } else { EventKind::Comment(comment(event)) };
            ReadEvent { kind, sender, pull: merge_request.map(pull) }
        }
        Some("merge_request") => {
            let merge_request = field::at(event, "object_attributes").map(pull);
            match kind_of_change(event) {
                Some(kind) => ReadEvent { kind, sender, pull: merge_request },
                None => ReadEvent { kind: EventKind::Other, sender, pull: merge_request },
            }
        }
        _ => ReadEvent { kind: EventKind::Other, sender, pull: None },
    }
}

/// What changed in a merge request. An update has `oldrev` only if there are new commits.
fn kind_of_change(event: &Value) -> Option<EventKind> {
    match field::text(event, "object_attributes/action")? {
        "open" | "reopen" => Some(EventKind::NewWork),
        "update" if field::at(event, "object_attributes/oldrev").is_some() => Some(EventKind::NewWork),
        "approved" | "approval" => Some(EventKind::Reviewed),
        _ => None,
    }
}

fn account(event: &Value) -> Option<Account> {
    let login = field::text(event, "user/username")?;
    Some(Account { id: field::number(event, "user/id")?, login: login.to_owned(), is_person: !is_token(login) })
}

/// Whether a name is that of the token of a project or group: `project_7_bot_4f…`. The event has nothing else that says so.
fn is_token(login: &str) -> bool {
    let rest = login.strip_prefix("project_").or_else(|| login.strip_prefix("group_"));
    let after_number = rest.map(|rest| rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    after_number.is_some_and(|rest| rest.starts_with("_bot"))
}

fn comment(event: &Value) -> EventComment {
    let text = |name: &str| field::text(event, &format!("object_attributes/{name}"));
    // Old versions have no action: there, a comment that was edited has another time of its last change.
    let is_new = match text("action") {
        Some(action) => action == "create",
        None => text("created_at").is_some() && text("created_at") == text("updated_at"),
    };
    let is_in_conversation = text("type").is_none_or(|kind| ["DiscussionNote", "Note"].contains(&kind));
    EventComment {
        id: field::number(event, "object_attributes/id"),
        author_id: field::number(event, "object_attributes/author_id"),
        is_new,
        is_by_hand: !field::is_true(event, "object_attributes/system") && is_in_conversation,
        text: text("note").unwrap_or_default().to_owned(),
        at: field::time(event, "object_attributes/created_at"),
    }
}

fn pull(merge_request: &Value) -> EventPull {
    EventPull {
        number: field::pull_number(merge_request, "iid"),
        is_open: field::text(merge_request, "state") == Some("opened"),
        is_locked: field::is_true(merge_request, "discussion_locked"),
        author_id: field::number(merge_request, "author_id"),
        head: field::commit(merge_request, "last_commit/id"),
        base: field::branch(merge_request, "target_branch"),
        is_from_fork: Some(field::differ(
            field::number(merge_request, "source_project_id"),
            field::number(merge_request, "target_project_id"),
        )),
    }
}
