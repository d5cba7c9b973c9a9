//! What the forge keeps about a comment: the answers, and the status of the commit, which is one record of several.

use releng::project::config::ForgeKind;
use serde_json::json;

use super::decision;
use super::merging::with_release;
use super::place::{ADMIN, ForgePlace, MEMBER, outcome};
use crate::support::forge::{Fault, Reply, Status};

/// GitHub takes a limited number of statuses for each commit, and GitLab none for a commit that is on no branch.
#[test]
fn a_status_that_is_refused_keeps_nothing_else_back() {
    let refusals = [
        (ForgeKind::Github, 422, "This SHA and context has reached the maximum number of statuses."),
        (ForgeKind::Gitlab, 404, "404 References for commit Not Found"),
        (ForgeKind::Gitlab, 400, "Cannot transition status"),
        (ForgeKind::Forgejo, 413, "Request Entity Too Large"),
    ];
    for (kind, status, why) in refusals {
        for (id, line, action) in [(41, "ci test please", "check-patch"), (42, "ci merge please", "merge")] {
            let place = ForgePlace::new(kind, "");
            let event = place.comment(id, ADMIN, line);
            place.double.fault("/statuses/", 1, Fault::Instead(Reply::json(status, &json!({"message": why}))));
            let told = place.deliver(&event, "issue_comment").exits(0);
            assert_eq!(decision(&told)["action"], action, "{kind}");
            let words = "warning: the commit does not show its status: ";
            assert!(told.stderr.contains(words) && told.stderr.contains(why), "{kind}: {}", told.stderr);
            let answers = place.answers();
            assert!(answers.len() == 1 && answers[0].contains(&format!("releng:{id}:done")), "{kind}: {answers:?}");
            assert!(
                answers[0].contains("The forge refuses the status `releng/") && !answers[0].contains(why),
                "{answers:?}"
            );
            assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, "none", "{kind}");
            assert_eq!(place.answers(), answers, "{kind}");
        }
    }
}

fn limit() -> Fault {
    let why = "This SHA and context has reached the maximum number of statuses.";
    Fault::Instead(Reply::json(422, &json!({"message": why})))
}

/// The status is one of the records of a merge. The others are written without it, and use the comment up.
#[test]
fn a_merge_whose_status_is_refused_is_answered() {
    let words = "warning: the commit does not show its status: GitHub refuses `POST";
    let place = with_release(ForgeKind::Github);
    place.double.with(|state| state.pulls[0].labels.push("needs review".to_owned()));
    let file = place.asks_for_merge(41, "ci merge please");
    place.double.fault("/statuses/", 9, limit());
    let merge = place.merges(&file).exits(0).says(&[words]).stdout.trim().to_owned();
    assert_eq!(place.place.tip("master"), merge);
    let ends = place.ends();
    assert!(ends.len() == 1 && ends[0].starts_with("Merged into `master`"), "{ends:?}");
    assert!(ends[0].contains("The forge refuses the status `releng/merge` of this commit"), "{ends:?}");
    assert!(!place.labels().contains(&"needs review".to_owned()));
    place.run(&["ci", "recover"]).exits(0).says(&["no merge was interrupted"]);
    assert_eq!(place.ends(), ends);
    // The same where nothing is merged.
    let place = ForgePlace::new(ForgeKind::Github, "");
    let file = place.asks_for_merge(41, "ci merge please");
    place.double.fault("/statuses/", 9, limit());
    place.double.with(|state| state.pulls[0].state = "closed");
    place.merges(&file).exits(1).says(&[words]);
    assert_eq!(place.ends().len(), 1);
    place.double.with(|state| state.pulls[0].state = "open");
    place.merges(&file).exits(1).says(&["the forge shows already how this merge came out"]);
}

#[test]
fn a_merge_of_which_the_forge_takes_no_record_is_not_over() {
    for (status, code) in [(422, 1), (403, 3)] {
        let place = ForgePlace::new(ForgeKind::Github, "");
        let file = place.asks_for_merge(41, "ci merge please");
        place.double.fault("/statuses/", 1, limit());
        let locked = Reply::json(status, &json!({"message": "Unable to create comment because issue is locked."}));
        place.double.fault("POST /repos/lago-project/demo/issues/5/comments", 1, Fault::Instead(locked));
        place.merges(&file).exits(code).says(&["issue is locked", "ci recover"]);
        assert_eq!(place.ends(), [""; 0]);
        place.run(&["ci", "recover"]).exits(0);
        assert_eq!((place.ends().len(), place.merge_status().0.as_str()), (1, "success"));
    }
}

/// A forge that takes no status gets the answer all the same. What it may still take is tried again.
#[test]
fn a_merge_is_answered_where_the_token_may_set_no_status() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let file = place.asks_for_merge(41, "ci merge please");
    let weak = Reply::json(403, &json!({"message": "Resource not accessible by integration"}));
    place.double.fault("/statuses/", 1, Fault::Instead(weak));
    place.merges(&file).exits(3).says(&["ci recover"]);
    let ends = place.ends();
    assert!(ends.len() == 1 && !ends[0].contains("refuses the status"), "{ends:?}");
    place.run(&["ci", "recover"]).exits(0);
    assert_eq!((place.ends(), place.merge_status().0.as_str()), (ends, "success"));
}

#[test]
fn a_failed_job_is_answered_where_its_status_is_refused() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let file = place.asks_for_merge(41, "ci merge please");
    place.double.fault("/statuses/", 2, limit());
    for _ in 0..2 {
        let report = ["ci", "report", "--decision", &file, "--result", "failure"];
        place.run(&report).exits(1).says(&["maximum number of statuses"]);
        let failed = place.answers().into_iter().filter(|text| text.contains("releng:41:failed"));
        assert_eq!(failed.count(), 1);
    }
    place.merges(&file).exits(1).says(&["the forge shows already how this merge came out"]);
}

/// Whoever may push may set a status, too. It does not end the merge that an admin asked for.
#[test]
fn the_status_of_somebody_else_is_no_outcome() {
    for kind in ForgeKind::ALL {
        for (by, is_outcome) in [(Some(MEMBER.0), false), (Some(100), true), (None, true)] {
            let place = ForgePlace::new(kind, "");
            let file = place.asks_for_merge(41, "ci merge please");
            place.double.with(|state| {
                let (context, at) = ("releng/merge".to_owned(), "2026-01-02T03:04:06Z".to_owned());
                let word = if kind == ForgeKind::Gitlab { "failed" } else { "failure" };
                let (description, url) = ("x".to_owned(), String::new());
                let commit = place.head.clone();
                state.statuses.push(Status { commit, context, state: word.to_owned(), description, url, at, by });
            });
            let ran = place.merges(&file);
            assert_eq!(ran.code, i32::from(is_outcome), "{kind} {by:?}: {}", ran.stderr);
            let words = "a status of the commit shows already how this merge came out";
            assert_eq!(ran.stderr.contains(words), is_outcome, "{kind} {by:?}: {}", ran.stderr);
        }
    }
}
