//! Requests and answers that others recorded at the real GitHub (npm `@octokit/fixtures`): the client sends the same, and reads the answers.

use releng::base::error::Exit;
use releng::forge::model::{CommitStatus, ForgeRelease, StatusState};
use releng::git::CommitId;
use releng::project::config::ForgeKind;
use serde_json::Value;

use super::failure;
use crate::support::forge::{Double, Fault, Reply, TOKEN};
use crate::support::text_of;

/// The recorded requests of a scenario.
fn recorded(scenario: &str) -> Vec<Value> {
    let path = format!("target/forge-schemas/package/scenarios/api.github.com/{scenario}/normalized-fixture.json");
    serde_json::from_str(&text_of(&path)).unwrap()
}

/// The recorded answer, with the double in place of GitHub's hosts.
fn reply(forge: &Double, entry: &Value) -> Fault {
    let text = entry["response"].to_string().replace("https://uploads.github.com", &forge.url());
    Fault::Instead(Reply::text(entry["status"].as_u64().unwrap().try_into().unwrap(), &text))
}

fn find<'e>(entries: &'e [Value], method: &str, part: &str) -> &'e Value {
    let fits = |entry: &&Value| entry["method"] == method && entry["path"].as_str().unwrap().contains(part);
    entries.iter().find(fits).unwrap_or_else(|| panic!("no {method} {part}"))
}

#[test]
fn a_status_is_sent_as_it_was_recorded() {
    let forge = Double::start(ForgeKind::Github);
    let client = forge.client_of("octokit-fixture-org/create-status", TOKEN);
    let commit = CommitId::parse_hex(b"0000000000000000000000000000000000000001").unwrap();
    let entries = recorded("create-status");
    let posts: Vec<&Value> = entries.iter().filter(|entry| entry["method"] == "post").collect();
    assert_eq!(posts.len(), 2);
    for entry in &posts {
        let text = |name: &str| entry["body"][name].as_str().unwrap().to_owned();
        let state = if text("state") == "failure" { StatusState::Failure } else { StatusState::Success };
        forge.fault("POST", 1, reply(&forge, entry));
        let url = Some(text("target_url"));
        client
            .set_status(
                commit,
                &CommitStatus { context: text("context"), state, description: text("description"), url },
            )
            .unwrap();
    }
    let exchanges = forge.exchanges();
    for (sent, entry) in exchanges.as_array().unwrap().iter().zip(posts) {
        assert_eq!((&sent["target"], &sent["method"]), (&entry["path"], &Value::from("POST")));
        let body: Value = serde_json::from_str(sent["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, entry["body"]);
        assert_eq!(sent["headers"]["content-type"], entry["reqheaders"]["content-type"]);
    }
}

/// The release of a scenario.
fn release_of(forge: &Double, entries: &[Value]) -> ForgeRelease {
    let project = entries[0]["path"].as_str().unwrap().split('/').skip(2).take(2).collect::<Vec<_>>().join("/");
    forge.fault("/releases/tags/v1.0.0", 1, reply(forge, find(entries, "get", "/releases/tags/v1.0.0")));
    forge.client_of(&project, TOKEN).release("v1.0.0").unwrap().unwrap()
}

#[test]
fn a_file_is_added_and_a_conflict_seen_as_they_were_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test-upload.txt");
    std::fs::write(&file, "Hello, world!\n").unwrap();
    for scenario in ["release-assets", "release-assets-conflict"] {
        let forge = Double::start(ForgeKind::Github);
        let entries = recorded(scenario);
        let client = forge.client_of(&format!("octokit-fixture-org/{scenario}"), TOKEN);
        let mut release = release_of(&forge, &entries);
        assert_eq!((release.id, release.is_draft), (1000, false));
        // Somebody is faster: the list is empty at the look, and the answer is 422 where it was recorded.
        release.assets.clear();
        let mut empty = find(&entries, "get", "/releases/tags/").clone();
        empty["response"]["assets"] = Value::Array(Vec::new());
        let mut full = empty.clone();
        full["response"]["assets"] = find(&entries, "get", "/releases/1000/assets")["response"].clone();
        forge.fault("GET", 1, reply(&forge, &empty));
        forge.fault("GET", 1, reply(&forge, &full));
        forge.fault("POST", 1, reply(&forge, find(&entries, "post", "/assets?name=")));
        let asset = client.upload(&release, "test-upload.txt", &file).unwrap();
        assert_eq!((asset.name.as_str(), asset.size, asset.is_uploaded), ("test-upload.txt", 14, true));
        let path = find(&entries, "post", "/assets?name=")["path"].as_str().unwrap();
        let sent = forge.asked().into_iter().find(|line| line.contains("POST")).unwrap();
        assert!(sent.ends_with(path.strip_suffix("&label=test").unwrap()), "{sent}");
    }
}

#[test]
fn labels_and_a_refusal_are_read_as_they_were_recorded() {
    let forge = Double::start(ForgeKind::Github);
    let client = forge.client_of("octokit-fixture-org/add-labels-to-issue", TOKEN);
    let entries = recorded("add-labels-to-issue");
    let entry = find(&entries, "post", "/labels");
    forge.fault("POST", 1, reply(&forge, entry));
    client.add_label(1, "Foo").unwrap();
    assert_eq!(forge.asked(), [format!("200 POST {}", entry["path"].as_str().unwrap())]);
    let entries = recorded("errors");
    let refusal = entries.iter().find(|entry| entry["status"] == 422).unwrap();
    forge.fault("POST", 1, reply(&forge, refusal));
    let refused = failure(client.add_label(1, "Foo").unwrap_err());
    assert_eq!(refused.exit, Exit::Failed);
    assert!(refused.message.contains("(422): Validation Failed"), "{refused}");
}
