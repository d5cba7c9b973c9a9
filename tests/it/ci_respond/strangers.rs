//! The work of people who may not push: it is tested if that is configured, and else they get one answer.

use releng::project::config::ForgeKind;

use super::place::{ADMIN, ForgePlace, MAINTAINER, MEMBER, READER, outcome};
use crate::support::forge::{FORK_ID, Fault, Happened, Note, Vote};

#[test]
fn the_work_of_strangers_is_tested_only_if_that_is_configured() {
    for (keys, by_stranger) in [("", "none"), ("untrusted = true", "check-patch")] {
        let place = ForgePlace::new(ForgeKind::Github, keys);
        let event = place.about_pull("opened", MEMBER);
        assert_eq!(outcome(&place.deliver(&event, "pull_request").exits(0)).0, "check-patch");
        let by_reader = place.about_pull("opened", READER);
        assert_eq!(outcome(&place.deliver(&by_reader, "pull_request").exits(0)).0, by_stranger, "{keys}");
        place.double.with(|state| state.pulls[0].author = READER.0);
        assert_eq!(outcome(&place.deliver(&event, "pull_request").exits(0)).0, by_stranger, "{keys}");
        assert_eq!(place.answers().len(), usize::from(keys.is_empty()));
    }
}

/// What a stranger writes again and again is not answered again and again.
#[test]
fn commands_of_strangers_are_answered_once_for_each_pull_request() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        for id in 41..45 {
            assert_eq!(place.says(id, READER, "ci merge please").0, "none", "{kind}");
        }
        assert_eq!(place.answers().len(), 1, "{kind}: {:?}", place.answers());
        // Another command has another answer, and a member gets one each time.
        place.says(45, READER, "ci test please");
        place.says(46, MEMBER, "ci merge please");
        place.says(47, MEMBER, "ci merge please");
        assert_eq!(place.answers().len(), 4, "{kind}: {:?}", place.answers());
    }
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.place.at("origin.git", &["update-ref", "refs/heads/topic", "refs/heads/master"]);
    place.double.with(|state| "topic".clone_into(&mut state.pulls[0].base));
    for id in 41..45 {
        place.says(id, READER, "ci test please");
    }
    assert_eq!(place.answers().len(), 1, "{:?}", place.answers());
}

#[test]
fn a_stranger_gets_one_answer_for_each_pull_request() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        place.double.with(|state| {
            state.pulls[0].author = READER.0;
            // What others write stops no answer, and nobody else can make more of them.
            let text = "<!-- releng:untested -->".to_owned();
            state.notes.push(Note { id: 1, pull: 5, author: READER.0, text, is_system: false });
        });
        let action = if kind == ForgeKind::Gitlab { "open" } else { "opened" };
        place.double.fault("POST ", 1, Fault::DropAfter);
        for number in 0..4 {
            if number > 0 {
                place.pushes();
            }
            let event = place.about_pull(action, READER);
            assert_eq!(outcome(&place.deliver(&event, "pull_request").exits(0)).0, "none", "{kind}");
        }
        let answers = place.answers();
        assert_eq!(answers.len(), 1, "{kind}: {answers:?}");
        assert!(
            answers[0].starts_with("Thank you for this work. ") && answers[0].contains("`ci test please`"),
            "{kind}"
        );
        // A member does what it says.
        assert_eq!(place.says(41, MEMBER, "ci test please").0, "check-patch", "{kind}");
    }
}

/// Forgejo does not say that a list has another page, and an administrator can make the pages shorter.
#[test]
fn a_stranger_hides_no_refusal_behind_many_reviews() {
    for (kind, page) in [(ForgeKind::Github, 100), (ForgeKind::Forgejo, 50), (ForgeKind::Forgejo, 7)] {
        for is_late in [false, true] {
            let place = ForgePlace::new(kind, "");
            let vote = |author: (u64, &str), state, at: &str| Vote {
                state,
                at: at.to_owned(),
                ..Vote::approval(author.0, &place.head)
            };
            let refusal = vote(MEMBER, "changes", "2026-01-02T03:04:06Z");
            place.becomes(MEMBER, "write");
            place.double.with(|state| {
                state.page = page;
                state.pulls[0].head_repository = Some(FORK_ID);
                state.pulls[0].author = READER.0;
                state.votes.push(Vote::approval(MAINTAINER.0, &place.head));
                let comment = vote(READER, "comment", "2026-01-01T12:00:01Z");
                state.votes.extend(std::iter::repeat_n(comment, 120));
                if !is_late {
                    state.votes.push(refusal.clone());
                }
            });
            if is_late {
                let file = place.asks_for_merge(41, "ci merge please");
                place.double.with(|state| state.votes.push(refusal.clone()));
                place.merges(&file).exits(1).says(&["an approving review"]);
            } else {
                assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none", "{kind} {page}");
            }
        }
    }
}

/// The record since a comment is read to its end, or nothing is merged.
#[test]
fn a_stranger_hides_no_event_behind_many_others() {
    for kind in ForgeKind::ALL {
        for page in [50, 20] {
            let place = ForgePlace::new(kind, "");
            let file = place.asks_for_merge(41, &format!("ci merge please {}", place.head));
            place.double.with(|state| state.page = page);
            for _ in 0..1_100 {
                place.happens(Happened::Labelled, "2026-01-02T03:05:00Z");
            }
            place.happens(Happened::Closed, "2026-01-02T03:05:01Z");
            place.merges(&file).exits(1).says(&["was closed after the comment"]);
        }
    }
}

/// A comment on a line of the change does nothing on any forge, even if an administrator writes it. The reason names the place for commands.
#[test]
fn a_comment_on_a_line_of_the_change_is_no_command() {
    for (kind, name) in [(ForgeKind::Github, "pull_request_review_comment"), (ForgeKind::Gitlab, "")] {
        let place = ForgePlace::new(kind, "");
        let mut event = place.comment(41, ADMIN, "ci merge please");
        if kind == ForgeKind::Gitlab {
            event["object_attributes"]["type"] = "DiffNote".into();
        } else {
            // GitHub has another event for such a comment, without the issue.
            event.as_object_mut().unwrap().remove("issue");
        }
        let (action, reason) = outcome(&place.deliver(&event, name).exits(0));
        assert_eq!(action, "none", "{kind}");
        assert_eq!(
            reason, "the comment is on a line of the change: only one in the conversation can be a command",
            "{kind}"
        );
        assert_eq!(place.answers(), [""; 0], "{kind}");
    }
}
