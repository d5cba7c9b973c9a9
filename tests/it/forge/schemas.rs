//! What the clients send, and what the double answers, fits the published descriptions of the APIs.

use std::fs;

use duct::cmd;
use releng::forge::model::{CommitStatus, PullRequest, StatusState};
use releng::project::config::ForgeKind;
use serde_json::{Value, json};

use super::{HEAD, account, wanted};
use crate::support::forge::{Double, Note, Vote};
use crate::support::root;

/// Calls everything that a forge can be asked, with things that are there and things that are not.
fn tour(forge: &Double) {
    let client = forge.client();
    forge.with(|state| {
        state.page = 2;
        for (id, vote) in ["approved", "changes", "comment", "dismissed"].into_iter().enumerate() {
            let text = "text".to_owned();
            state.notes.push(Note { id: id as u64 + 1, pull: 5, author: 12, text, is_system: false });
            state.votes.push(Vote { state: vote, ..Vote::approval(9, &"1".repeat(40)) });
        }
    });
    client.own_account().unwrap();
    for (id, login) in [(7, "ada"), (8, "grace"), (12, "eve"), (13, "nobody")] {
        client.permission(&account(id, login)).unwrap();
    }
    let pull = client.pull(5).unwrap().unwrap();
    client.record_since(&pull, "2026-01-02T00:00:00Z".parse().unwrap()).unwrap();
    let own = PullRequest { is_from_fork: false, ..pull };
    client.record_since(&own, "2026-01-02T00:00:00Z".parse().unwrap()).unwrap();
    client.pull(6).unwrap();
    client.reviews(5).unwrap();
    let comment = client.comment(5, "<!-- m -->", "one\n<!-- m -->").unwrap();
    client.replace_comment(5, comment.id, "m two").unwrap();
    for state in [StatusState::Pending, StatusState::Success, StatusState::Failure, StatusState::Error] {
        let (context, description) = ("releng/check-patch".to_owned(), "x".to_owned());
        let url = Some("https://ci.example.org/1".to_owned());
        client.set_status(HEAD, &CommitStatus { context, state, description, url }).unwrap();
    }
    client.statuses(HEAD, "releng/check-patch").unwrap();
    for _ in 0..2 {
        client.add_label(5, "needs review").unwrap();
    }
    for _ in 0..2 {
        client.remove_label(5, "needs review").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("demo-1.0.0.tar.gz");
    fs::write(&file, [7; 100]).unwrap();
    for _ in 0..2 {
        let release = client.draft_release(&wanted("1.0.0")).unwrap();
        let asset = client.upload(&release, "demo-1.0.0.tar.gz", &file).unwrap();
        client.show_release(&release, &wanted("1.0.0")).unwrap();
        client.remove_asset(&release, &asset).unwrap();
    }
}

/// The lines that the check prints, and whether it found nothing.
fn check(kind: ForgeKind, exchanges: &Value) -> (String, bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("exchanges.json");
    fs::write(&file, exchanges.to_string()).unwrap();
    let run = cmd!(root().join("scripts/forge-schemas"), kind.as_key(), &file).stderr_to_stdout().stdout_capture();
    let ran = run.unchecked().run().unwrap();
    (String::from_utf8_lossy(&ran.stdout).into_owned(), ran.status.success())
}

#[test]
fn requests_and_answers_fit_the_published_api() {
    for kind in [ForgeKind::Github, ForgeKind::Forgejo] {
        let forge = Double::start(kind);
        tour(&forge);
        let mut exchanges = forge.exchanges();
        let (said, is_right) = check(kind, &exchanges);
        assert!(is_right, "{kind}:\n{said}");
        let count = exchanges.as_array().unwrap().len();
        assert!(count > 30 && said.contains(&format!("{count} requests and answers checked")), "{said}");

        // Each of these is noticed.
        let status = exchanges
            .as_array()
            .unwrap()
            .iter()
            .position(|entry| entry["target"].as_str().unwrap().contains("/statuses/"));
        let at = status.unwrap();
        for (field, value, part) in [
            ("body", json!(r#"{"state": "wrong"}"#), "body"),
            ("body", json!(r#"{"state": "success", "nmae": "x"}"#), "the API has no `nmae`"),
            ("answer", json!(r#"{"context": 7}"#), "answer: "),
            ("status", json!(204), "the status 204 is not described"),
            ("target", json!("/repos/a/b/statusses/x"), "no such path"),
            ("target", json!("/repos/a/b/statuses/x?pge=2"), "the query has no `pge`"),
            ("method", json!("PUT"), "no such path and method"),
        ] {
            let right = std::mem::replace(&mut exchanges[at][field], value);
            let (said, is_right) = check(kind, &json!([exchanges[at]]));
            assert!(!is_right && said.contains(part), "{kind} {field}: {said}");
            exchanges[at][field] = right;
        }
    }
}
