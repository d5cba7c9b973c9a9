//! Real events of the forges, as packages ship them, and events in the form of Forgejo.
//!
//! `scripts/install-test-tools` installs the packages in `target/test-events`; nothing of them is in this repository. No package has
//! events of Forgejo: those here are written by hand, with the fields that its events have.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::root;

/// The forge of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Github,
    Gitlab,
    Forgejo,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Comment,
    NewWork,
    Review,
}

/// An event about an open pull request.
#[derive(Clone, Debug)]
pub struct Sample {
    pub form: Form,
    pub about: About,
    pub name: &'static str,
    pub value: Value,
}

fn installed(path: &str) -> PathBuf {
    root().join("target/test-events").join(path)
}

fn load(path: &str) -> Value {
    let path = installed(path);
    let text = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `scripts/install-test-tools` installs the events of the forges", path.display())
    });
    serde_json::from_slice(&text).unwrap()
}

/// All events of GitHub in the package `@octokit/webhooks-examples`, with their names.
pub fn github_events() -> Vec<(String, Value)> {
    let index = load("github/package/api.github.com/index.json");
    let events = index.as_array().unwrap().iter().flat_map(|event| {
        let name = event["name"].as_str().unwrap();
        event["examples"].as_array().unwrap().iter().map(move |example| (name.to_owned(), example.clone()))
    });
    events.collect()
}

/// All events of GitLab in Debian's package of go-gitlab.
pub fn gitlab_events() -> Vec<Value> {
    let folder = installed("gitlab/usr/share/gocode/src/github.com/xanzy/go-gitlab/testdata/webhooks");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}: see `scripts/install-test-tools`", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()).collect()
}

/// The events that can lead to something: comments, new work and reviews, each different one once.
pub fn samples() -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for (name, mut value) in github_events() {
        let action = value["action"].as_str().unwrap_or_default();
        let (about, name) = match (name.as_str(), action) {
            ("issue_comment", "created") => (About::Comment, "issue_comment"),
            ("pull_request", "opened" | "reopened" | "synchronize") => (About::NewWork, "pull_request"),
            ("pull_request_review", "submitted") => (About::Review, "pull_request_review"),
            _ => continue,
        };
        if about == About::Comment {
            // The examples are about issues. A comment on a pull request has these fields more.
            let url = "https://api.github.com/repos/Codertocat/Hello-World/pulls/1";
            value["issue"]["pull_request"] = json!({"url": url, "merged_at": null});
        }
        if !samples.iter().any(|sample| sample.value == value) {
            samples.push(Sample { form: Form::Github, about, name, value });
        }
    }
    for mut value in gitlab_events() {
        let of_object = |name: &str| value["object_attributes"][name].as_str().unwrap_or_default();
        let about = match (value["object_kind"].as_str(), of_object("noteable_type"), of_object("action")) {
            (Some("note"), "MergeRequest", _) => About::Comment,
            (Some("merge_request"), _, "open" | "update") => About::NewWork,
            _ => continue,
        };
        if about == About::Comment {
            // In the example, somebody else is the author than the sender.
            value["object_attributes"]["author_id"] = value["user"]["id"].clone();
        }
        samples.push(Sample { form: Form::Gitlab, about, name: "", value: value.clone() });
        if about == About::NewWork {
            value["object_attributes"]["action"] = json!("approved");
            samples.push(Sample { form: Form::Gitlab, about: About::Review, name: "", value });
        }
    }
    samples.extend(forgejo_samples());
    samples
}

fn forgejo_samples() -> Vec<Sample> {
    let account =
        |id: u64, login: &str| json!({"id": id, "login": login, "username": login, "full_name": "", "is_admin": false});
    let repository = json!({"id": 1, "name": "demo", "full_name": "grace/demo", "fork": false});
    let pull = json!({
        "id": 1, "number": 2, "user": account(2, "linus"), "title": "Say more", "body": "", "labels": [], "state": "open",
        "is_locked": false, "draft": false, "merged": false, "merged_at": null,
        "base": {"label": "main", "ref": "main", "sha": "67b56589a45103f891bdee7c0546e5d40bc02001", "repo_id": 1, "repo": repository},
        "head": {"label": "more", "ref": "more", "sha": "48e773f892a831faa47c0a160d1b7f0cd369ae2a", "repo_id": 1, "repo": repository}
    });
    let comment = json!({
        "action": "created", "is_pull": true, "sender": account(1, "grace"), "repository": repository,
        "issue": {"id": 2, "number": 2, "user": account(2, "linus"), "original_author": "", "original_author_id": 0, "title": "Say more",
            "labels": [], "state": "open", "is_locked": false, "pull_request": {"merged": false, "merged_at": null}},
        "comment": {"id": 6, "user": account(1, "grace"), "original_author": "", "original_author_id": 0, "body": "",
            "created_at": "2022-03-09T16:31:34+09:00", "updated_at": "2022-03-09T16:31:34+09:00"}
    });
    let work = |action: &str| json!({"action": action, "number": 2, "pull_request": pull, "repository": repository, "sender": account(1, "grace")});
    let mut review = work("reviewed");
    review["review"] = json!({"type": "pull_request_review_approved", "content": "fine"});
    let sample = |about, name, value| Sample { form: Form::Forgejo, about, name, value };
    let mut with_pull = comment.clone();
    with_pull["pull_request"] = pull.clone();
    vec![
        sample(About::Comment, "issue_comment", comment),
        sample(About::Comment, "pull_request_comment", with_pull),
        sample(About::NewWork, "pull_request", work("opened")),
        sample(About::NewWork, "pull_request_sync", work("synchronized")),
        sample(About::Review, "pull_request_approved", review),
    ]
}
