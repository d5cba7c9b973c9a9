//! A merge that a comment asked for: the forge is asked again before the push, and hears of the end once.

use releng::project::config::ForgeKind;
use serde_json::Value;

use super::decision;
use super::place::{ADMIN, ForgePlace, MAINTAINER, MEMBER, READER, SOON};
use crate::support::forge::{FORK_ID, Fault, Happened, Reply, TOKEN, Vote};
use crate::support::merge::{RELEASE, snapshots_in};
use crate::support::program::Ran;

/// A place with a step that makes a release.
pub fn with_release(kind: ForgeKind) -> ForgePlace {
    ForgePlace::with_steps(kind, "", &format!("{RELEASE}[repository]\nurl = \"https://example.org/repos\"\n"))
}

impl ForgePlace {
    /// Lets an admin ask for a merge; the file with the decision.
    pub fn asks_for_merge(&self, id: u64, line: &str) -> String {
        let event = self.comment(id, ADMIN, line);
        let told = self.deliver(&event, "issue_comment").exits(0);
        assert_eq!(decision(&told)["action"], "merge", "{}", told.stderr);
        let path = self.place.join("decision.json");
        std::fs::write(&path, &told.stdout).unwrap();
        path.display().to_string()
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        let variables = [("RELENG_FORGE_TOKEN", TOKEN), ("BUILD_URL", "https://ci.example.org/7/"), SOON];
        self.place.releng_with(args, &variables)
    }

    pub fn merges(&self, decision: &str) -> Ran {
        self.run(&["ci", "merge", "--decision", decision])
    }

    /// The state and description of the newest status of merges.
    pub fn merge_status(&self) -> (String, String) {
        self.double.with(|state| {
            let newest = state.statuses.iter().rev().find(|status| status.context == "releng/merge").unwrap();
            (newest.state.clone(), newest.description.clone())
        })
    }

    /// The own comments that say how merges ended.
    pub fn ends(&self) -> Vec<String> {
        self.answers().into_iter().filter(|text| text.contains(":ended -->")).collect()
    }
}

#[test]
fn a_comment_lands_the_work_and_is_answered_with_how_to_install_it() {
    for kind in ForgeKind::ALL {
        let place = with_release(kind);
        place.double.with(|state| state.pulls[0].labels.push("needs review".to_owned()));
        let file = place.asks_for_merge(41, "ci merge please");
        let merge = place.merges(&file).exits(0).stdout.trim().to_owned();
        assert_eq!(place.place.tip("master"), merge);
        let format = ["show", "-s", "--format=%an %ae %ct%n%B", &merge];
        let shown = place.place.at("origin.git", &format);
        let email = match kind {
            ForgeKind::Github => "7+ada@users.noreply.127.0.0.1",
            ForgeKind::Gitlab => "7-ada@users.noreply.127.0.0.1",
            ForgeKind::Forgejo => "ada@noreply.127.0.0.1",
        };
        assert!(shown.starts_with(&format!("ada {email} 1767323045\nMerge pull request #5\n\n")), "{shown}");
        assert!(shown.contains(&format!("Tested-head: {}\nApproved-by: ada <{email}>", place.head)), "{shown}");
        assert_eq!(place.place.snapshots(), ["snapshot-demo_0.0_pipeline_1"]);
        assert_eq!(
            place.merge_status(),
            ("success".to_owned(), format!("merged as {}, snapshot-demo_0.0_pipeline_1", &merge[..8])),
            "{kind}"
        );
        let ends = place.ends();
        assert_eq!(ends.len(), 1, "{kind}: {ends:?}");
        let expected =
            format!("Merged into `master` as {merge}. Its release is in unstable as `snapshot-demo_0.0_pipeline_1`.");
        assert!(ends[0].starts_with(&expected), "{kind}: {}", ends[0]);
        assert!(!place.labels().contains(&"needs review".to_owned()), "{kind}");
        // The forge closes what was merged. The same decision again changes nothing.
        place.double.with(|state| state.pulls[0].state = "merged");
        place.merges(&file).exits(0);
        assert_eq!((place.ends().len(), place.place.tip("master")), (1, merge), "{kind}");
    }
}

/// What happens on the forge while the tests run, and the words of the answer.
type Change = (&'static str, fn(&ForgePlace), &'static str);

const CHANGES: [Change; 6] = [
    ("closed", |place| place.double.with(|state| state.pulls[0].state = "closed"), "not open any more"),
    ("a draft", |place| place.double.with(|state| state.pulls[0].draft = true), "is a draft"),
    ("a right withdrawn", |place| place.becomes(ADMIN, "write"), "may not do this"),
    ("a person gone", |place| place.becomes(ADMIN, "none"), "may not do this"),
    (
        "from a fork",
        |place| place.double.with(|state| state.pulls[0].head_repository = Some(FORK_ID)),
        "work from a fork needs its commit",
    ),
    ("pushed", |place| drop(place.pushes()), "somebody pushed"),
];

#[test]
fn what_is_not_wanted_any_more_after_the_tests_does_not_land() {
    for (what, change, words) in CHANGES {
        let place = ForgePlace::new(ForgeKind::Github, "");
        let file = place.asks_for_merge(41, "ci merge please");
        let base = place.place.tip("master");
        place.run(&["ci", "merge", "prepare", "--decision", &file, "--out", "../merge.json"]).exits(0);
        place.run(&["ci", "merge", "test", "../merge.json", "--out", "../tested-dir", "--no-isolation"]).exits(0);
        change(&place);
        let finish = ["ci", "merge", "finish", "../merge.json", "--tested", "../tested-dir", "--decision", &file];
        let ran = place.run(&finish);
        assert!([1, 5].contains(&ran.code), "{what}: {}", ran.stderr);
        assert_eq!(place.place.tip("master"), base, "{what}");
        let ends = place.ends();
        assert!(
            ends.len() == 1 && ends[0].contains(words) && ends[0].starts_with("Not merged: `"),
            "{what}: {ends:?}\n{}",
            ran.stderr
        );
        assert_eq!(place.merge_status().0, "error", "{what}");
        // The same files do not merge later what was refused and reported.
        if what == "closed" {
            place.double.with(|state| state.pulls[0].state = "open");
            place.run(&finish).exits(1).says(&["the forge shows already how this merge came out"]);
            assert_eq!((place.place.tip("master"), place.ends()), (base.clone(), ends));
            // Nor where somebody has deleted what was reported: the status and the journal know it.
            place.double.with(|state| state.notes.clear());
            place.run(&finish).exits(1).says(&["a status of the commit shows already how this merge came out"]);
            place.double.with(|state| {
                state.notes.clear();
                state.statuses.clear();
            });
            place.run(&finish).exits(1).says(&["merge 1, which the same comment asked for, has ended already"]);
            assert_eq!(place.place.tip("master"), base);
        }
        assert_eq!(place.place.snapshots(), [""; 0], "{what}");
    }
}

#[test]
fn what_is_not_wanted_any_more_before_the_tests_is_not_tested() {
    for (what, change, words) in CHANGES.into_iter().filter(|(what, ..)| *what != "pushed") {
        let place = ForgePlace::new(ForgeKind::Github, "");
        let file = place.asks_for_merge(41, "ci merge please");
        change(&place);
        let ran = place.merges(&file);
        assert_eq!(ran.code, 1, "{what}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{what}: {}", ran.stderr);
        assert_eq!(place.ends().len(), 1, "{what}");
        if what == "closed" {
            place.double.with(|state| state.pulls[0].state = "open");
            place.merges(&file).exits(1).says(&["the forge shows already how this merge came out"]);
        }
        assert!(!place.place.join("tested").exists(), "{what}");
    }
}

/// What ends a merge ends it also where it was taken back before anybody asked.
#[test]
fn what_was_taken_back_since_the_comment_is_not_merged() {
    let (before, after) = ("2026-01-02T03:04:04Z", "2026-01-02T03:04:05Z");
    for kind in ForgeKind::ALL {
        for (what, back, words) in [
            (Happened::Closed, Happened::Reopened, "was closed after the comment"),
            (Happened::Drafted, Happened::Drafted, "was a draft after the comment"),
            (Happened::Retargeted, Happened::Retargeted, "the base was changed after the comment"),
            (Happened::PushedBack, Happened::PushedBack, "the head was not there before the comment"),
        ] {
            let place = ForgePlace::new(kind, "");
            let base = place.place.tip("master");
            place.happens(what, before);
            place.happens(back, before);
            // Also where the comment states the commit.
            let line = format!("ci merge please {}", place.head);
            let (file, line) = (place.asks_for_merge(41, &line), line);
            place.happens(what, after);
            place.happens(back, after);
            place.merges(&file).exits(1).says(&[words]);
            assert_eq!((place.place.tip("master"), place.ends().len()), (base, 1), "{kind} {what:?}");
            // The next comment is newer.
            let file = place.asks_for_merge(42, &line);
            place.merges(&file).exits(0);
        }
    }
}

#[test]
fn a_review_that_was_dismissed_since_the_comment_is_no_approval() {
    for kind in [ForgeKind::Github, ForgeKind::Forgejo] {
        let place = ForgePlace::new(kind, "");
        let vote = Vote::approval(MAINTAINER.0, &place.head);
        place.double.with(|state| {
            state.pulls[0].head_repository = Some(FORK_ID);
            state.pulls[0].author = READER.0;
            state.votes.push(vote);
        });
        let file = place.asks_for_merge(41, "ci merge please");
        // A member asked for changes, and somebody dismissed that.
        let asked =
            Vote { state: "dismissed", at: "2026-01-02T03:04:06Z".to_owned(), ..Vote::approval(MEMBER.0, &place.head) };
        place.double.with(|state| state.votes.push(asked));
        place.happens(Happened::ReviewDismissed, "2026-01-02T03:04:07Z");
        place.merges(&file).exits(1).says(&["an approving review that is older"]);
        let file = place.asks_for_merge(42, "ci merge please");
        place.merges(&file).exits(0);
    }
}

#[test]
fn an_approval_that_is_dismissed_counts_no_more() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let vote = Vote::approval(MAINTAINER.0, &place.head);
    place.double.with(|state| {
        state.pulls[0].head_repository = Some(FORK_ID);
        state.pulls[0].author = READER.0;
        state.votes.push(vote);
    });
    let file = place.asks_for_merge(41, "ci merge please");
    place.double.with(|state| state.votes[0].state = "dismissed");
    let ran = place.merges(&file);
    assert!(ran.code == 1 && ran.stderr.contains("an approving review"), "{}", ran.stderr);
    // A comment that states the commit needs no review.
    let stated = format!("ci merge please {}", place.head);
    let file = place.asks_for_merge(42, &stated);
    place.merges(&file).exits(0);
}

#[test]
fn the_last_job_takes_the_merge_of_the_decision_and_no_other() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let file = place.asks_for_merge(41, "ci merge please");
    place.run(&["ci", "merge", "prepare", "--decision", &file, "--out", "../merge.json"]).exits(0);
    place.run(&["ci", "merge", "test", "../merge.json", "--out", "../tested-dir", "--no-isolation"]).exits(0);
    let base = place.place.tip("master");
    let finish = ["ci", "merge", "finish", "../merge.json", "--tested", "../tested-dir"];
    let path = place.place.join("merge.json");
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let refused = "is not the one of the decision";
    // Without the decision, nobody knows who asked for this.
    place.run(&finish).exits(2).says(&[refused, "ci merge prepare --decision FILE"]);
    let with_decision = [&finish[..], &["--decision", &file]].concat();
    type Forge = fn(&mut Value);
    let forgeries: [Forge; 6] = [
        |file| file["request"]["comment"]["by"]["id"] = 8.into(),
        |file| file["request"]["comment"]["names-commit"] = true.into(),
        |file| file["request"]["comment"]["id"] = 40.into(),
        |file| file["request"]["by"]["name"] = "Eve".into(),
        |file| file["request"]["work"] = serde_json::json!({"branch": "fix"}),
        |file| drop(file["request"].as_object_mut().unwrap().remove("comment")),
    ];
    for forge in forgeries {
        let mut forged = whole.clone();
        forge(&mut forged);
        std::fs::write(&path, forged.to_string()).unwrap();
        place.run(&with_decision).exits(2).says(&[refused]);
        assert_eq!((place.place.tip("master"), place.ends().len()), (base.clone(), 0));
    }
    place.run(&["ci", "merge", "prepare", "--decision", &file, "--out", "../merge.json"]).exits(0);
    place.run(&with_decision).exits(0);
}

#[test]
fn a_decision_is_written_for_the_next_jobs() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let file = place.place.join("decision.json").display().to_string();
    std::fs::write(&file, "{}").unwrap();
    place.merges(&file).exits(2).says(&["is no decision: it has no field", "ci respond --out FILE"]);
    let event = place.place.join("event.json");
    for (id, line, code) in [(41, "ci test please", 2), (42, "ci merge please", 0)] {
        std::fs::write(&event, place.comment(id, ADMIN, line).to_string()).unwrap();
        let event = event.display().to_string();
        place.run(&["ci", "respond", "--event", &event, "--name", "issue_comment", "--out", &file]).exits(0);
        let ran = place.merges(&file).exits(code);
        assert_eq!(ran.stderr.contains("its action is `check-patch`, not `merge`"), code == 2, "{}", ran.stderr);
    }
    // The decision of an earlier run does not stay where there is none.
    std::fs::write(&event, "[]").unwrap();
    let event = event.display().to_string();
    place.run(&["ci", "respond", "--event", &event, "--name", "issue_comment", "--out", &file]).exits(2);
    place.merges(&file).exits(1).says(&["cannot read"]);
}

/// The answer on the forge is a step of the merge: it is done once, however often the forge or the program fails.
#[test]
fn a_merge_that_landed_is_answered_once_after_any_fault() {
    let broken = || Reply::json(403, &serde_json::json!({"message": "Resource not accessible by integration"}));
    for (at, fault) in [
        ("POST /repos/lago-project/demo/issues/5/comments", Fault::Instead(broken())),
        ("POST /repos/lago-project/demo/issues/5/comments", Fault::After(broken())),
        ("/statuses/", Fault::Instead(broken())),
        ("/statuses/", Fault::After(broken())),
    ] {
        let place = with_release(ForgeKind::Github);
        let file = place.asks_for_merge(41, "ci merge please");
        place.double.fault(at, 1, fault);
        let ran = place.merges(&file);
        assert!(ran.code == 3 && ran.stderr.contains("ci recover"), "{at}: {}", ran.stderr);
        assert_ne!(place.place.tip("master"), place.head);
        place.run(&["ci", "status"]).exits(0).prints_part("done");
        place.run(&["ci", "recover"]).exits(0);
        assert_eq!((place.ends().len(), place.merge_status().0.as_str()), (1, "success"), "{at}");
        assert_eq!(snapshots_in(place.place.path(), "work").len(), 1, "{at}");
        place.run(&["ci", "recover"]).exits(0).says(&["no merge was interrupted"]);
    }
}

#[test]
fn a_merge_without_a_token_waits_and_lands_nothing() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let base = place.place.tip("master");
    let file = place.asks_for_merge(41, "ci merge please");
    let ran = place.place.releng(&["ci", "merge", "--decision", &file]);
    assert!(ran.code == 3 && ran.stderr.contains("ci recover"), "{}", ran.stderr);
    assert_eq!(place.place.tip("master"), base);
    place.run(&["ci", "recover"]).exits(0);
    assert_eq!(place.ends().len(), 1);
    // A forge that is gone for good does not keep a merge open for ever.
    place.pushes();
    let file = place.asks_for_merge(42, "ci merge please");
    assert_eq!(place.place.releng(&["ci", "merge", "--decision", &file]).code, 3);
    place
        .place
        .releng(&["ci", "recover", "--give-up", "2", "--why", "the forge is gone"])
        .exits(0)
        .says(&["the forge does not show it: ", "merge 2 was given up"]);
    place.place.releng(&["ci", "recover", "--give-up", "2", "--why", "the forge is gone"]).exits(2);
}

#[test]
fn jobs_that_did_not_pass_are_shown() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let file = place.asks_for_merge(41, "ci merge please");
    let report = |result: &str| place.run(&["ci", "report", "--decision", &file, "--result", result]);
    report("maybe").exits(2);
    for _ in 0..2 {
        report("failure").exits(0);
    }
    assert_eq!(place.merge_status(), ("failure".to_owned(), "a job of the merge failed".to_owned()));
    let url = place.double.with(|state| state.statuses.last().unwrap().url.clone());
    assert_eq!(url, "https://ci.example.org/7/");
    let failed: Vec<String> = place.answers().into_iter().filter(|text| text.contains("releng:41:failed")).collect();
    assert!(failed.len() == 1 && failed[0].starts_with("The merge did not come to its end: a job failed."));
    // Run again, the last job refuses the merge that failed by what was said. A new comment starts another one.
    let base = place.place.tip("master");
    place.merges(&file).exits(1).says(&["the forge shows already how this merge came out"]);
    assert_eq!(place.place.tip("master"), base);
    let file = place.asks_for_merge(43, "ci merge please");
    place.merges(&file).exits(0);
    let report = |result: &str| place.run(&["ci", "report", "--decision", &file, "--result", result]);
    report("failure").exits(0).says(&["the last job of the merge has shown its end"]);
    report("success").exits(0).says(&["there is nothing to show"]);
    assert_eq!(place.merge_status().0, "success");
    let event = place.comment(42, MEMBER, "ci test please");
    let told = place.deliver(&event, "issue_comment").exits(0).stdout;
    std::fs::write(&file, told).unwrap();
    for (result, state) in
        [("success", "success"), ("failure", "failure"), ("cancelled", "error"), ("skipped", "error")]
    {
        report(result).exits(0);
        let last = place.statuses().pop().unwrap();
        assert_eq!(last, (place.head.clone(), "releng/check-patch".to_owned(), state.to_owned()), "{result}");
    }
    std::fs::write(&file, "{}").unwrap();
    report("success").exits(2).says(&["is no decision: it has no field"]);
}
