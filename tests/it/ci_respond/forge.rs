//! `ci respond` with a forge: what is asked, what is changed, and that it happens once.

use releng::project::config::ForgeKind;
use serde_json::json;

use super::decision;
use super::place::{ADMIN, ForgePlace, MAINTAINER, MEMBER, READER, config_of, outcome};
use crate::support::forge::{Double, FORK_ID, Fault, Note, Reply, Vote};

fn refusal() -> Reply {
    Reply::json(403, &json!({"message": "Resource not accessible by integration"}))
}

#[test]
fn three_deliveries_act_once() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        for (id, line, action, status) in [
            (41, "ci test please", "check-patch", "releng/check-patch"),
            (42, "ci merge please", "merge", "releng/merge"),
        ] {
            let event = place.comment(id, ADMIN, line);
            let first = place.deliver(&event, "issue_comment").exits(0);
            let told = decision(&first);
            assert_eq!((&told["action"], &told["head"]), (&json!(action), &json!(place.head)), "{kind}");
            assert_eq!((&told["base"], &told["pull"], &told["fork"]), (&json!("master"), &json!(5), &json!(false)));
            let reply = told["reply"].as_str().unwrap();
            assert!(
                reply.contains(&format!("accepted at {}", place.head)) && reply.contains("the version 0.1.2"),
                "{reply}"
            );
            for _ in 0..2 {
                let again = place.deliver(&event, "issue_comment").exits(0);
                assert_eq!(outcome(&again), ("none".to_owned(), "the comment was answered before".to_owned()));
            }
            let answers = place.answers();
            let own: Vec<_> = answers.iter().filter(|text| text.contains(&format!("releng:{id}:done"))).collect();
            assert!(own.len() == 1 && own[0].starts_with(reply), "{kind}: {answers:?}");
            let expected = (place.head.clone(), status.to_owned(), "pending".to_owned());
            assert_eq!(place.statuses().iter().filter(|set| **set == expected).count(), 1, "{kind}");
        }
        assert_eq!(place.answers().len(), 2, "{kind}");
    }
}

/// A run dies before or after each of its changes. The next delivery does the rest.
#[test]
fn after_a_crash_between_two_effects_the_rest_is_done_once() {
    for (at, is_before) in
        [("POST /repos", true), ("POST /repos", false), ("/statuses/", true), ("/statuses/", false), ("PATCH", true)]
    {
        let place = ForgePlace::new(ForgeKind::Github, "");
        let event = place.comment(41, ADMIN, "ci merge please");
        place.double.fault(at, 1, if is_before { Fault::Instead(refusal()) } else { Fault::After(refusal()) });
        let died = place.deliver(&event, "issue_comment");
        assert_eq!(died.code, 3, "{at} {is_before}: {}", died.stderr);
        assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, "merge", "{at} {is_before}");
        assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, "none", "{at} {is_before}");
        assert_eq!(place.answers().len(), 1, "{at} {is_before}: {:?}", place.answers());
        assert!(place.answers()[0].contains("releng:41:done"), "{at} {is_before}");
    }
}

#[test]
fn a_right_that_is_withdrawn_counts_at_once() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let event = place.comment(41, ADMIN, "ci merge please");
    // The answer is there, and the run dies before its decision is handed over.
    place.double.fault("/statuses/", 1, Fault::Instead(refusal()));
    assert_eq!(place.deliver(&event, "issue_comment").code, 3);
    place.becomes(ADMIN, "write");
    let (action, reason) = outcome(&place.deliver(&event, "issue_comment").exits(0));
    assert_eq!((action.as_str(), reason.as_str()), ("none", "the author of the comment may not do this"));
    place.becomes(ADMIN, "admin");
    assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).1, "the comment was answered before");
    assert!(place.answers()[1].contains("only admins"), "{:?}", place.answers());
}

#[test]
fn a_head_that_is_pushed_a_second_later_is_not_acted_on() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let old = place.head.clone();
    let stated = place.comment(41, ADMIN, &format!("ci merge please {old}"));
    let accepted = place.comment(42, ADMIN, "ci merge please");
    let work = place.about_pull("opened", MEMBER);
    place.double.fault("/statuses/", 1, Fault::Instead(refusal()));
    assert_eq!(place.deliver(&accepted, "issue_comment").code, 3);
    let new = place.pushes();
    for (event, name, reason) in [
        (&stated, "issue_comment", "the stated commit is not the head"),
        (&accepted, "issue_comment", "the head has moved since it was accepted"),
        (&work, "pull_request", "the head has moved since: the event about the newer commit counts"),
    ] {
        assert_eq!(outcome(&place.deliver(event, name).exits(0)), ("none".to_owned(), reason.to_owned()));
    }
    assert_eq!(place.statuses(), []);
    let told = decision(&place.deliver(&place.comment(43, ADMIN, "ci merge please"), "issue_comment").exits(0));
    assert_eq!((&told["action"], &told["head"]), (&json!("merge"), &json!(new)));
}

#[test]
fn marks_in_the_comments_of_others_mean_nothing() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.double.with(|state| {
        let text = "<!-- releng:41:done --> <!-- releng:41:accepted -->".to_owned();
        state.notes.push(Note { id: 40, pull: 5, author: READER.0, text, is_system: false });
    });
    assert_eq!(place.says(41, ADMIN, "ci merge please").0, "merge");
}

#[test]
fn rights_are_those_that_the_forge_reports() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        for (id, by, line, action) in [
            (41, READER, "ci test please", "none"),
            (42, READER, "ci merge please", "none"),
            (43, READER, "ci review please", "none"),
            (44, MEMBER, "ci test please", "check-patch"),
            (45, MEMBER, "ci merge please", "none"),
            (46, MEMBER, "ci review please", "label"),
            (47, ADMIN, "ci merge please", "merge"),
            (48, ADMIN, "ci merge pleased", "none"),
        ] {
            assert_eq!(place.says(id, by, line).0, action, "{kind} {by:?} {line}");
        }
        assert!(place.labels().contains(&"needs review".to_owned()), "{kind}");
        assert_eq!(place.answers().len(), 8, "{kind}: {:?}", place.answers());
    }
}

#[test]
fn the_key_for_admins_narrows_who_may_merge() {
    let place = ForgePlace::new(ForgeKind::Github, "admins = [\"Grace\", 9]");
    assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none");
    assert_eq!(place.says(42, MEMBER, "ci merge please").0, "none");
    assert_eq!(place.says(43, MAINTAINER, "ci merge please").0, "merge");
}

#[test]
fn work_from_a_fork_is_merged_at_a_commit_that_somebody_looked_at() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        place.double.with(|state| {
            state.pulls[0].head_repository = Some(FORK_ID);
            state.pulls[0].author = READER.0;
        });
        assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none", "{kind}");
        assert!(place.answers()[0].contains(&format!("`ci merge please {}`", place.head)), "{kind}");
        assert_eq!(place.says(42, ADMIN, &format!("ci merge please {}", place.head)).0, "merge", "{kind}");
        let vote = Vote::approval(MAINTAINER.0, &place.head);
        place.double.with(|state| state.votes.push(vote));
        let told = decision(&place.deliver(&place.comment(43, ADMIN, "ci merge please"), "issue_comment").exits(0));
        // GitLab does not say which commit an approval is about.
        let expected = if kind == ForgeKind::Gitlab { "none" } else { "merge" };
        assert_eq!(told["action"], expected, "{kind}");
    }
}

#[test]
fn a_review_of_a_member_removes_the_label() {
    for (kind, action, name) in [
        (ForgeKind::Github, "submitted", "pull_request_review"),
        (ForgeKind::Gitlab, "approved", ""),
        (ForgeKind::Forgejo, "reviewed", "pull_request_approved"),
    ] {
        let place = ForgePlace::new(kind, "");
        place.double.with(|state| state.pulls[0].labels.push("needs review".to_owned()));
        for (by, expected) in [(READER, "none"), (MEMBER, "none"), (MAINTAINER, "label"), (MAINTAINER, "none")] {
            let ran = place.deliver(&place.about_pull(action, by), name).exits(0);
            assert_eq!(outcome(&ran).0, expected, "{kind} {by:?}: {}", ran.stdout);
        }
        assert_eq!(place.labels(), ["bug"], "{kind}");
    }
}

/// What is checked out may be the work of a stranger, with a configuration that sends the token elsewhere.
#[test]
fn the_configuration_is_that_of_the_remote() {
    let place = ForgePlace::new(ForgeKind::Github, "admins = [\"grace\"]");
    let foreign = Double::start(ForgeKind::Github);
    let hostile = config_of(ForgeKind::Github, &foreign.url(), "untrusted = true");
    place.place.commit("Take over", &[("packaging/release.toml", &hostile)]);
    assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none");
    assert_eq!(place.says(42, MAINTAINER, "ci merge please").0, "merge");
    assert_eq!(foreign.asked(), [""; 0]);
}

#[test]
fn the_forge_is_asked_only_where_the_event_does_not_say_no() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let mut edited = place.comment(41, ADMIN, "ci merge please");
    edited["action"] = json!("edited");
    assert_eq!(outcome(&place.deliver(&edited, "issue_comment").exits(0)).0, "none");
    assert_eq!(place.says(42, ADMIN, "Thanks!").0, "none");
    assert_eq!(place.double.asked(), [""; 0]);
    place.says(43, ADMIN, "ci merge pleased");
    assert_eq!((place.double.count("/pulls/5"), place.double.count("/permission")), (0, 1));
}

#[test]
fn work_that_cannot_be_merged_is_not_handed_on() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.place.commit("Say something else", &[("file", "else\n")]);
    place.place.at("work", &["push", "-q", "origin", "master"]);
    assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none");
    assert!(place.answers()[0].contains("conflicts with the base"), "{:?}", place.answers());
    assert_eq!(place.says(42, ADMIN, "ci test please").0, "check-patch");
}

#[test]
fn a_token_that_is_refused_is_an_error() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let event = place.comment(41, ADMIN, "ci test please");
    place.deliver_with(&event, "issue_comment", "another").exits(3).prints("");
    assert_eq!(place.answers(), [""; 0]);
}
