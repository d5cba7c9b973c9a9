//! `ci respond`: decisions about events of forges.

mod case;
mod decisions;
mod forge;
mod merging;
mod mutations;
pub mod place;
mod records;
mod samples;
mod strangers;
mod trust;
mod twists;
mod world;

use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

/// A comment on a pull request of GitHub, in the parts that are read.
fn comment_event(body: &str) -> String {
    let person = r#"{"id": 7, "login": "ada", "type": "User"}"#;
    format!(
        r#"{{"action": "created", "sender": {person},
             "issue": {{"number": 5, "state": "open", "locked": false, "user": {{"id": 8}}, "pull_request": {{"url": "…"}}}},
             "comment": {{"id": 99, "user": {person}, "body": {}, "created_at": "2026-05-15T15:20:21Z"}}}}"#,
        serde_json::Value::from(body)
    )
}

/// Runs `ci respond` with an event in a file.
fn respond(folder: &Sandbox, event: &str, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    std::fs::write(folder.path().join("event.json"), event).unwrap();
    let args: Vec<&str> = ["ci", "respond"].into_iter().chain(args.iter().copied()).collect();
    run_in(folder.path(), PROGRAM, &args, variables)
}

const DRY: [&str; 5] = ["--event", "event.json", "--name", "issue_comment", "--dry-run"];

#[track_caller]
fn decision(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

#[test]
fn a_dry_run_prints_what_the_event_alone_leads_to() {
    let folder = Sandbox::bare();
    for (body, action, status) in [
        ("ci test please", "check-patch", "releng/check-patch"),
        ("ci :shipit:", "merge", "releng/merge"),
        ("ci review please", "label", ""),
        ("ci merge pleased", "none", ""),
        ("Thanks!", "none", ""),
    ] {
        let ran = respond(&folder, &comment_event(body), &DRY, &[]).exits(0).says_nothing();
        let decision = decision(&ran);
        assert_eq!(decision["schema"], "releng.decision/1");
        assert_eq!(decision["action"], action, "{body}");
        assert_eq!(decision["status"].as_str().unwrap_or_default(), status, "{body}");
        if action != "none" {
            assert_eq!(
                (&decision["pull"], &decision["comment"], &decision["by"]["id"]),
                (&5.into(), &99.into(), &7.into())
            );
            assert!(decision["reason"].as_str().unwrap().starts_with("assumed, because nothing was asked"));
        }
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = Sandbox::bare();
    let output = folder.path().join("output").display().to_string();
    let args: Vec<&str> = DRY.into_iter().chain(["--out", "decision.json"]).collect();
    respond(&folder, &comment_event("ci test please"), &args, &[("GITHUB_OUTPUT", &output)]).exits(0);
    assert_eq!(folder.files("."), ["event.json"]);
}

#[test]
fn the_decision_is_handed_to_the_next_jobs() {
    let folder = Sandbox::bare();
    let output = folder.path().join("output");
    std::fs::write(&output, "earlier=1\n").unwrap();
    let path = output.display().to_string();
    let variables =
        [("GITHUB_OUTPUT", path.as_str()), ("GITHUB_EVENT_PATH", "event.json"), ("GITHUB_EVENT_NAME", "issue_comment")];
    // Nothing is asked for such a comment, and no forge is needed.
    let ran = respond(&folder, &comment_event("Thanks!"), &["--out", "decision.json"], &variables).exits(0);
    assert_eq!(decision(&ran)["reason"], "no line of the comment is a command");
    assert_eq!(std::fs::read_to_string(folder.path().join("decision.json")).unwrap(), ran.stdout);
    let expected = format!("earlier=1\naction=none\npull=\nhead=\nbase=\ndecision={}", ran.stdout);
    assert_eq!(std::fs::read_to_string(output).unwrap(), expected);
}

#[test]
fn what_is_no_event_is_refused() {
    let folder = Sandbox::bare();
    respond(&folder, "{", &DRY, &[]).exits(2).says(&["`event.json` is no event: its JSON is not complete"]);
    respond(&folder, "{}", &["--event", "event.json", "--dry-run"], &[])
        .exits(2)
        .says(&["does not say which event it is"]);
    respond(&folder, "{}", &["--dry-run"], &[]).exits(2).says(&["there is no event"]);
    respond(&folder, "", &["--event", "missing", "--name", "x"], &[]).exits(1).says(&["cannot read `missing`"]);
    let huge = std::fs::File::create(folder.path().join("huge")).unwrap();
    huge.set_len(33 << 20).unwrap();
    respond(&folder, "", &["--event", "huge", "--name", "x"], &[]).exits(2).says(&["it has more than 32 MiB"]);
}
