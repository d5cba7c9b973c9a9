//! GitLab's dialect of the double. A pull request is a merge request; a file of a release is a link into the packages.

use serde_json::{Value, json};

use super::state::{DATE, Happened, Kept, Note, PROJECT, PROJECT_ID, Pull, Release, State, Status, Who};
use super::wire::{Asked, Reply};

/// The answer to a request.
pub fn answer(state: &mut State, asked: &Asked) -> Reply {
    let parts = asked.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => Reply::json(200, &profile(&state.who(state.own))),
        ("GET", ["users", id]) => match state.people.iter().find(|who| who.id.to_string() == *id) {
            Some(who) => Reply::json(200, &profile(who)),
            None => message(404, "404 User Not Found"),
        },
        (_, ["projects", PROJECT, rest @ ..]) => in_project(state, asked, rest),
        _ => not_found(),
    }
}

fn in_project(state: &mut State, asked: &Asked, parts: &[&str]) -> Reply {
    match (asked.method.as_str(), parts) {
        ("GET", ["members", "all", id]) => match state.people.iter().find(|who| who.id.to_string() == *id) {
            Some(who) if who.role != "none" => Reply::json(200, &member(who)),
            _ => not_found(),
        },
        ("GET", ["merge_requests", number]) => match state.pull(number).cloned() {
            Some(pull) => super::github::tagged(asked, &merge(state, &pull)),
            None => not_found(),
        },
        ("PUT", ["merge_requests", number]) => {
            let Some(pull) = state.pull(number) else { return not_found() };
            let (added, removed) = (asked.text("add_labels"), asked.text("remove_labels"));
            pull.labels.retain(|label| *label != removed);
            if !added.is_empty() && !pull.labels.contains(&added) {
                pull.labels.push(added);
            }
            let pull = pull.clone();
            Reply::json(200, &merge(state, &pull))
        }
        ("GET", ["merge_requests", _, "approvals"]) => {
            let approvals = state.votes.iter().filter(|vote| vote.state == "approved");
            let users: Vec<Value> =
                approvals.map(|vote| json!({"user": account(&state.who(vote.author)), "approved_at": DATE})).collect();
            Reply::json(200, &json!({"id": 1, "iid": 5, "project_id": PROJECT_ID, "approved_by": users}))
        }
        ("GET", ["merge_requests", _, "reviewers"]) => {
            let reviewers = state.votes.iter().map(|vote| {
                let word = match vote.state {
                    "changes" => "requested_changes",
                    "comment" => "reviewed",
                    "approved" => "approved",
                    _ => "unreviewed",
                };
                json!({"user": account(&state.who(vote.author)), "state": word, "created_at": DATE})
            });
            Reply::json(200, &reviewers.collect())
        }
        ("GET", ["merge_requests", number, "notes"]) => {
            let mut all: Vec<Value> = state.notes_of(number).iter().map(|kept| note(state, kept)).collect();
            all.extend(system_notes(state, number));
            state.paged(asked, &all)
        }
        ("GET", ["merge_requests", number, "resource_state_events"]) => {
            let happened = state.pull(number).map(|pull| pull.happened.clone()).unwrap_or_default();
            let states = happened.into_iter().filter_map(|(what, at)| {
                let word = match what {
                    Happened::Closed => "closed",
                    Happened::Reopened => "reopened",
                    _ => return None,
                };
                Some(json!({"id": 1, "user": account(&state.who(state.own)), "created_at": at, "resource_type": "MergeRequest",
                    "resource_id": 905, "state": word}))
            });
            let all: Vec<Value> = states.collect();
            state.paged(asked, &all)
        }
        ("GET", ["merge_requests", number, "versions"]) => match state.pull(number).cloned() {
            Some(pull) => state.paged(asked, &versions(&pull)),
            None => not_found(),
        },
        ("POST", ["merge_requests", number, "notes"]) => {
            let kept = state.add_note(number, asked.text("body"));
            Reply::json(201, &note(state, &kept))
        }
        ("PUT", ["merge_requests", _, "notes", id]) => {
            let text = asked.text("body");
            match state.notes.iter_mut().find(|note| note.id.to_string() == *id) {
                Some(kept) => {
                    kept.text = text;
                    let kept = kept.clone();
                    Reply::json(200, &note(state, &kept))
                }
                None => not_found(),
            }
        }
        ("POST", ["statuses", commit]) => set_status(state, asked, commit),
        ("GET", ["repository", "commits", commit, "statuses"]) => {
            let name = asked.query("name").unwrap();
            let all = state.statuses.iter().rev().filter(|kept| kept.commit == *commit && kept.context == name);
            // Without this word, the newest one of each name.
            let shown = if asked.query("all").as_deref() == Some("true") { usize::MAX } else { 1 };
            let all: Vec<Value> = all.map(|kept| status(state, kept)).take(shown).collect();
            state.paged(asked, &all)
        }
        (_, ["releases", rest @ ..]) => releases(state, asked, rest),
        (_, ["packages", rest @ ..]) => packages(state, asked, rest),
        _ => not_found(),
    }
}

/// GitLab refuses a status that is there.
fn set_status(state: &mut State, asked: &Asked, commit: &str) -> Reply {
    let new = Status {
        commit: commit.to_owned(),
        context: asked.text("name"),
        state: asked.text("state"),
        description: asked.text("description"),
        url: asked.text("target_url"),
        at: state.now.clone(),
        by: Some(state.own),
    };
    assert!(["pending", "success", "failed"].contains(&new.state.as_str()), "{}", new.state);
    let last = state.statuses.iter().rev().find(|kept| kept.commit == new.commit && kept.context == new.context);
    if last.is_some_and(|last| last.state == "pending" && new.state == "pending") {
        return message(400, "Cannot transition status via :enqueue from :pending");
    }
    state.statuses.push(new.clone());
    Reply::json(201, &status(state, &new))
}

fn releases(state: &mut State, asked: &Asked, parts: &[&str]) -> Reply {
    let at = parts.first().and_then(|tag| state.releases.iter().position(|release| release.tag == *tag));
    match (asked.method.as_str(), parts, at) {
        ("POST", [], _) => {
            let tag = asked.text("tag_name");
            if state.releases.iter().any(|release| release.tag == tag) {
                return message(409, "Release already exists");
            }
            state.add_release(tag.clone(), asked.text("ref"), asked.text("name"), asked.text("description"), false);
            for link in asked.json()["assets"]["links"].as_array().into_iter().flatten() {
                let text = |field: &str| link[field].as_str().unwrap().to_owned();
                let (id, name, url) = (state.next_id(), text("name"), text("url"));
                let files = &mut state.releases.last_mut().unwrap().files;
                files.push(Kept { id, name, bytes: Vec::new(), is_whole: true, url });
            }
            Reply::json(201, &release(state.releases.last().unwrap()))
        }
        (_, _, None) => not_found(),
        ("GET", [_], Some(at)) => Reply::json(200, &release(&state.releases[at])),
        ("POST", [_, "assets", "links"], Some(at)) => {
            let id = state.next_id();
            let files = &mut state.releases[at].files;
            let (name, url) = (asked.text("name"), asked.text("url"));
            if files.iter().any(|file| file.name == name || file.url == url) {
                return Reply::json(400, &json!({"message": {"name": ["has already been taken"]}}));
            }
            files.push(Kept { id, name, bytes: Vec::new(), is_whole: true, url });
            Reply::json(201, &link(files.last().unwrap()))
        }
        ("DELETE", [_, "assets", "links", id], Some(at)) => {
            let files = &mut state.releases[at].files;
            match files.iter().position(|file| file.id.to_string() == *id) {
                Some(index) => Reply::json(200, &link(&files.remove(index))),
                None => not_found(),
            }
        }
        _ => not_found(),
    }
}

/// The package `1` has the files of the first version, and so on.
fn packages(state: &mut State, asked: &Asked, parts: &[&str]) -> Reply {
    let mut versions: Vec<String> = state.packages.iter().map(|(version, _)| version.clone()).collect();
    versions.dedup();
    match (asked.method.as_str(), parts) {
        ("PUT", ["generic", "demo", version, name]) => {
            let id = state.next_id();
            let kept =
                Kept { id, name: (*name).to_owned(), bytes: asked.body.clone(), is_whole: true, url: String::new() };
            state.packages.push(((*version).to_owned(), kept));
            Reply::json(201, &json!({"message": "201 Created"}))
        }
        ("GET", []) => {
            let wanted = asked.query("package_version").unwrap();
            let found = versions.iter().enumerate().filter(|(_, version)| **version == wanted);
            let found = found.map(|(at, version)| {
                json!({"id": at + 1, "name": "demo", "version": version, "package_type": "generic", "status": "default"})
            });
            state.paged(asked, &found.collect::<Vec<_>>())
        }
        ("GET", [package, "package_files"]) => {
            let version = &versions[package.parse::<usize>().unwrap() - 1];
            let files = state.packages.iter().filter(|(of, _)| of == version).map(|(_, kept)| {
                json!({
                    "id": kept.id, "package_id": 1, "created_at": DATE, "file_name": kept.name, "size": kept.bytes.len(),
                    "file_md5": null, "file_sha1": null, "file_sha256": kept.digest(),
                })
            });
            state.paged(asked, &files.collect::<Vec<_>>())
        }
        ("DELETE", [_, "package_files", id]) => {
            let before = state.packages.len();
            state.packages.retain(|(_, kept)| kept.id.to_string() != *id);
            if state.packages.len() < before { Reply::empty(204) } else { not_found() }
        }
        _ => not_found(),
    }
}

fn message(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"message": text}))
}

fn not_found() -> Reply {
    message(404, "404 Not found")
}

fn account(who: &Who) -> Value {
    json!({
        "id": who.id, "username": who.login, "name": who.login, "state": "active", "locked": false, "avatar_url": null,
        "web_url": format!("https://gitlab.example.org/{}", who.login),
    })
}

/// An account as `GET /users/{id}` shows it.
fn profile(who: &Who) -> Value {
    let mut value = account(who);
    value["bot"] = json!(who.is_bot);
    value
}

fn member(who: &Who) -> Value {
    let level = match who.role {
        "admin" => 50,
        "maintain" => 40,
        "write" => 30,
        "triage" => 20,
        _ => 10,
    };
    let mut value = account(who);
    value["access_level"] = json!(level);
    value["expires_at"] = Value::Null;
    value["membership_state"] = json!("active");
    value
}

fn merge(state: &State, pull: &Pull) -> Value {
    let word = if pull.state == "open" { "opened" } else { pull.state };
    json!({
        "id": 900 + pull.number, "iid": pull.number, "project_id": PROJECT_ID, "title": pull.title, "description": "", "state": word,
        "draft": pull.draft, "author": account(&state.who(pull.author)), "sha": pull.head, "source_branch": "fix",
        "source_project_id": pull.head_repository, "target_project_id": PROJECT_ID, "target_branch": pull.base,
        "labels": pull.labels, "created_at": DATE, "updated_at": DATE, "web_url": "https://gitlab.example.org/x",
    })
}

fn note(state: &State, note: &Note) -> Value {
    json!({
        "id": note.id, "type": null, "body": note.text, "author": account(&state.who(note.author)), "created_at": DATE,
        "updated_at": DATE, "system": note.is_system, "noteable_type": "MergeRequest", "internal": false,
    })
}

/// What GitLab itself notes.
fn system_notes(state: &mut State, number: &str) -> Vec<Value> {
    let happened = state.pull(number).map(|pull| pull.happened.clone()).unwrap_or_default();
    let notes = happened.into_iter().filter_map(|(what, at)| {
        let text = match what {
            Happened::Drafted => "marked this merge request as **draft**",
            Happened::Retargeted => "changed target branch from `master` to `v1`",
            _ => return None,
        };
        let kept = Note { id: 1, pull: 5, author: state.own, text: text.to_owned(), is_system: true };
        let mut value = note(state, &kept);
        value["created_at"] = json!(at);
        Some(value)
    });
    notes.collect()
}

/// The versions of a merge request, newest first: its first head, its head, and what was pushed away and back.
fn versions(pull: &Pull) -> Vec<Value> {
    let mut pushes =
        vec![("f".repeat(40), "2025-12-31T00:00:00Z".to_owned()), (pull.head.clone(), pull.pushed.clone())];
    for (_, at) in pull.happened.iter().filter(|(what, _)| *what == Happened::PushedBack) {
        pushes.extend([("e".repeat(40), at.clone()), (pull.head.clone(), at.clone())]);
    }
    let version = |(id, (head, at)): (usize, (String, String))| {
        json!({"id": id, "head_commit_sha": head, "base_commit_sha": "b".repeat(40), "start_commit_sha": "b".repeat(40),
            "created_at": at, "merge_request_id": 905, "state": "collected", "real_size": "1"})
    };
    pushes.into_iter().enumerate().map(version).rev().collect()
}

fn status(state: &State, status: &Status) -> Value {
    // What was pending keeps the time at which it was made.
    let is_pending = status.state == "pending";
    let (created, finished) =
        if is_pending { (status.at.as_str(), None) } else { ("2026-01-01T00:00:00Z", Some(&status.at)) };
    json!({
        "id": 1, "sha": status.commit, "ref": "fix", "status": status.state, "name": status.context, "target_url": status.url,
        "description": status.description, "created_at": created, "finished_at": finished, "allow_failure": false,
        "author": status.by.map(|by| account(&state.who(by))),
    })
}

fn release(release: &Release) -> Value {
    let links: Vec<Value> = release.files.iter().map(link).collect();
    json!({
        "tag_name": release.tag, "name": release.name, "description": release.notes, "created_at": DATE, "released_at": DATE,
        "commit": {"id": release.commit}, "upcoming_release": false,
        "_links": {"self": format!("https://gitlab.example.org/{PROJECT}/-/releases/{}", release.tag)},
        "assets": {"count": links.len(), "sources": [], "links": links},
    })
}

fn link(kept: &Kept) -> Value {
    json!({"id": kept.id, "name": kept.name, "url": kept.url, "direct_asset_url": kept.url, "link_type": "package"})
}
