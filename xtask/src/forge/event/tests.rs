//! Small events of each form. The tests of the program read whole ones.

use super::*;
use crate::forge::model::Account;

const HEAD: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";

fn read(text: &str, name: &str) -> ForgeEvent {
    read_event(text.replace("HEAD", HEAD).as_bytes(), Some(name)).unwrap()
}

fn person(id: u64, login: &str) -> Option<Account> {
    Some(Account { id, login: login.to_owned(), is_person: true })
}

fn comment_of(event: &ForgeEvent) -> &EventComment {
    match &event.kind {
        EventKind::Comment(comment) => comment,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_comment_on_github() {
    let event = read(
        r#"{"action": "created", "sender": {"id": 7, "login": "ada", "type": "User"},
            "issue": {"number": 5, "state": "open", "locked": false, "user": {"id": 8}, "pull_request": {"url": "…"}},
            "comment": {"id": 99, "user": {"id": 7}, "body": "ci test please", "created_at": "2019-05-15T15:20:21Z"}}"#,
        "issue_comment",
    );
    assert_eq!(event.sender, person(7, "ada"));
    let comment = comment_of(&event);
    assert_eq!((comment.id, comment.author_id, comment.is_new, comment.is_by_hand), (Some(99), Some(7), true, true));
    let pull = event.pull.unwrap();
    assert_eq!((pull.number, pull.is_open, pull.author_id, pull.head), (Some(5), true, Some(8), None));
}

#[test]
fn a_comment_on_an_issue_has_no_pull_request() {
    for issue in [r#"{"number": 5, "state": "open"}"#, r#"{"number": 5, "state": "open", "pull_request": null}"#] {
        let event = format!(r#"{{"action": "created", "issue": {issue}, "comment": {{"id": 1, "body": "x"}}}}"#);
        assert_eq!(read(&event, "issue_comment").pull, None);
    }
}

#[test]
fn the_repository_of_a_head_can_be_gone() {
    for (repository, is_from_fork) in [(r#"{"id": 3}"#, false), (r#"{"id": 4}"#, true), ("null", true)] {
        let event = read(
            &format!(
                r#"{{"action": "synchronize", "sender": {{"id": 7, "login": "renovate[bot]", "type": "Bot"}},
                     "pull_request": {{"number": 5, "state": "open", "user": {{"id": 8}},
                       "head": {{"sha": "HEAD", "repo": {repository}}}, "base": {{"ref": "main", "repo": {{"id": 3}}}}}}}}"#
            ),
            "pull_request",
        );
        assert_eq!(event.kind, EventKind::NewWork);
        assert_eq!(event.sender.map(|sender| sender.is_person), Some(false));
        let pull = event.pull.unwrap();
        assert_eq!(pull.is_from_fork, Some(is_from_fork), "{repository}");
        assert_eq!((pull.head, pull.base), (Some(HEAD.parse().unwrap()), Some("main".parse().unwrap())));
    }
}

#[test]
fn a_comment_on_forgejo() {
    let event = |is_pull: &str| {
        read(
            &format!(
                r#"{{"action": "created", "is_pull": {is_pull}, "sender": {{"id": 7, "login": "ada", "username": "ada"}},
                     "issue": {{"number": 5, "state": "open", "is_locked": true, "user": {{"id": 8}},
                       "pull_request": {{"merged": false, "merged_at": null}}}},
                     "comment": {{"id": 99, "user": {{"id": 7}}, "body": "ci test please", "original_author": ""}}}}"#
            ),
            "issue_comment",
        )
    };
    assert_eq!(event("false").pull, None);
    let event = event("true");
    assert_eq!(event.sender, person(7, "ada"));
    assert!(comment_of(&event).is_new && comment_of(&event).is_by_hand);
    assert!(event.pull.unwrap().is_locked);
}

#[test]
fn forgejo_has_names_of_its_own() {
    let event = |action: &str, more: &str, name: &str| {
        let text = format!(
            r#"{{"action": "{action}", {more} "sender": {{"id": 7, "username": "ada"}}, "pull_request": {{"number": 5,
                 "state": "open", "head": {{"sha": "HEAD", "repo": null}}, "base": {{"ref": "main", "repo": {{"id": 3}}}}}}}}"#
        );
        read(&text, name).kind
    };
    assert_eq!(event("synchronized", "", "pull_request"), EventKind::NewWork);
    let review = r#""review": {"type": "pull_request_review_approved", "content": ""},"#;
    assert_eq!(event("reviewed", review, "pull_request_approved"), EventKind::Reviewed);
    assert_eq!(event("reviewed", review, "pull_request_review"), EventKind::Reviewed);
    assert_eq!(event("label_updated", "", "pull_request"), EventKind::Other);
    assert_eq!(event("opened", "", "push"), EventKind::Other);
}

#[test]
fn a_note_on_gitlab() {
    let event = |attributes: &str| {
        read(
            &format!(
                r#"{{"object_kind": "note", "user": {{"id": 7, "username": "ada"}},
                     "object_attributes": {{"id": 99, "author_id": 7, "note": "ci test please",
                       "noteable_type": "MergeRequest", "created_at": "2015-05-17 18:21:36 UTC", {attributes}}},
                     "merge_request": {{"iid": 5, "state": "opened", "author_id": 8, "target_branch": "main",
                       "source_project_id": null, "target_project_id": 3, "last_commit": {{"id": "HEAD"}}}}}}"#
            ),
            "Note Hook",
        )
    };
    for (attributes, is_new, is_by_hand) in [
        (r#""action": "create""#, true, true),
        (r#""action": "update""#, false, true),
        (r#""updated_at": "2015-05-17 18:21:36 UTC""#, true, true),
        (r#""updated_at": "2015-05-17 18:21:37 UTC""#, false, true),
        (r#""action": "create", "system": true"#, true, false),
        (r#""action": "create", "type": "DiscussionNote""#, true, true),
        (r#""action": "create", "type": "SyntheticNote""#, true, false),
    ] {
        let event = event(attributes);
        assert_eq!((comment_of(&event).is_new, comment_of(&event).is_by_hand), (is_new, is_by_hand), "{attributes}");
        let pull = event.pull.unwrap();
        assert_eq!((pull.number, pull.is_open, pull.is_from_fork), (Some(5), true, Some(true)));
    }
    for kind in ["DiffNote", "LegacyDiffNote"] {
        assert_eq!(event(&format!(r#""action": "create", "type": "{kind}""#)).kind, EventKind::LineComment);
    }
}

#[test]
fn a_comment_on_a_line_on_github() {
    let event = r#"{"action": "created", "sender": {"id": 7, "login": "ada", "type": "User"},
        "comment": {"id": 99, "user": {"id": 7}, "body": "ci merge please"}, "pull_request": {"number": 5, "state": "open"}}"#;
    assert_eq!(read(event, "pull_request_review_comment").kind, EventKind::LineComment);
}

#[test]
fn tokens_of_gitlab_are_no_persons() {
    for (login, is_person) in
        [("project_7_bot", false), ("group_12_bot_4f8a", false), ("ada", true), ("project_x", true)]
    {
        let event = format!(r#"{{"object_kind": "push", "user": {{"id": 7, "username": "{login}"}}}}"#);
        assert_eq!(read(&event, "").sender.map(|sender| sender.is_person), Some(is_person), "{login}");
    }
}

#[test]
fn a_text_that_is_no_event() {
    let fault = |text: &str| read_event(text.as_bytes(), Some("issue_comment")).unwrap_err();
    assert_eq!(fault("[]"), NotAnEvent::Malformed("it is no JSON object".to_owned()));
    assert!(matches!(fault("{"), NotAnEvent::Malformed(_)));
    assert!(matches!(fault(&"[".repeat(100_000)), NotAnEvent::Malformed(_)));
    assert_eq!(read_event(b"{}", None), Err(NotAnEvent::Unnamed));
}
