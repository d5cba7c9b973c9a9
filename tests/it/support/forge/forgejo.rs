//! Forgejo's dialect of the double.

use serde_json::{Value, json};

use super::state::{DATE, Happened, Kept, Note, PROJECT, PROJECT_ID, Pull, Release, State, Status, Vote, Who};
use super::wire::{Asked, Reply};

/// The answer to a request.
pub fn answer(state: &mut State, asked: &Asked) -> Reply {
    let parts = asked.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => Reply::json(200, &account(&state.who(state.own))),
        (_, ["repos", owner, name, rest @ ..]) if format!("{owner}/{name}") == PROJECT => {
            in_project(state, asked, rest)
        }
        _ => not_found(),
    }
}

fn in_project(state: &mut State, asked: &Asked, parts: &[&str]) -> Reply {
    match (asked.method.as_str(), parts) {
        ("GET", ["collaborators", login, "permission"]) => match state.who_is(login) {
            Some(who) => {
                let word = match who.role {
                    "maintain" | "write" => "write",
                    "triage" | "read" => "read",
                    role => role,
                };
                let role = if word == "admin" { "owner" } else { word };
                Reply::json(200, &json!({"permission": role, "role_name": role, "user": account(&who)}))
            }
            None => not_found(),
        },
        ("GET", ["pulls", number]) => match state.pull(number).cloned() {
            Some(pull) => Reply::json(200, &pull_json(state, &pull)),
            None => not_found(),
        },
        ("GET", ["pulls", _, "reviews"]) => {
            let all: Vec<Value> = state.votes.iter().map(|vote| review(state, vote)).collect();
            state.page_of(asked, &all)
        }
        ("GET", ["issues", number, "comments"]) => {
            let all: Vec<Value> = state.notes_of(number).iter().map(|note| comment(state, note)).collect();
            Reply::json(200, &json!(all))
        }
        ("GET", ["issues", number, "timeline"]) => {
            let happened = state.pull(number).map(|pull| pull.happened.clone()).unwrap_or_default();
            let own = account(&state.who(state.own));
            let entry = |(kind, at): (&str, String)| {
                let (old, new) = if kind == "change_title" { ("A title", "WIP: A title") } else { ("", "") };
                json!({
                    "id": 1, "type": kind, "user": own, "created_at": at, "updated_at": at, "old_title": old, "new_title": new,
                })
            };
            let label = ("label", DATE.to_owned());
            let all = std::iter::once(label).chain(happened.into_iter().map(|(what, at)| (word_of(what), at)));
            let all: Vec<Value> = all.map(entry).collect();
            state.page_of(asked, &all)
        }
        ("POST", ["issues", number, "comments"]) => {
            let note = state.add_note(number, asked.text("body"));
            Reply::json(201, &comment(state, &note))
        }
        ("PATCH", ["issues", "comments", id]) => {
            let text = asked.text("body");
            match state.notes.iter_mut().find(|note| note.id.to_string() == *id) {
                Some(note) => {
                    note.text = text;
                    let note = note.clone();
                    Reply::json(200, &comment(state, &note))
                }
                None => not_found(),
            }
        }
        ("POST", ["statuses", commit]) => {
            let new = Status {
                commit: (*commit).to_owned(),
                context: asked.text("context"),
                state: asked.text("state"),
                description: asked.text("description"),
                url: asked.text("target_url"),
                at: state.now.clone(),
                by: Some(state.own),
            };
            state.statuses.push(new.clone());
            Reply::json(201, &status(state, &new))
        }
        ("GET", ["statuses", commit]) => {
            let all = state.statuses.iter().filter(|kept| kept.commit == *commit);
            let all: Vec<Value> = all.map(|kept| status(state, kept)).collect();
            state.page_of(asked, &all)
        }
        (_, ["labels"] | ["issues", _, "labels", ..]) => labels(state, asked, parts),
        (_, ["releases", rest @ ..]) => releases(state, asked, rest),
        _ => not_found(),
    }
}

/// The number of a label is its place in the list of the repository.
fn labels(state: &mut State, asked: &Asked, parts: &[&str]) -> Reply {
    let all = state.labels.clone();
    let label = |name: &String| {
        let id = all.iter().position(|label| label == name).unwrap() + 1;
        json!({"id": id, "name": name, "color": "ededed", "description": "", "exclusive": false, "is_archived": false, "url": "https://x.example.org"})
    };
    let of = |pull: &Pull| Reply::json(200, &pull.labels.iter().map(label).collect());
    match (asked.method.as_str(), parts) {
        ("GET", ["labels"]) => state.page_of(asked, &all.iter().map(label).collect::<Vec<_>>()),
        ("POST", ["labels"]) => {
            let (name, id) = (asked.text("name"), all.len() + 1);
            assert!(asked.text("color").starts_with('#'), "a label has a colour");
            state.labels.push(name.clone());
            Reply::json(
                201,
                &json!({"id": id, "name": name, "color": "ededed", "description": "", "exclusive": false, "is_archived": false, "url": "https://x.example.org"}),
            )
        }
        ("GET", ["issues", number, "labels"]) => state.pull(number).map_or_else(not_found, |pull| of(pull)),
        ("POST", ["issues", number, "labels"]) => {
            let Some(pull) = state.pull(number) else { return not_found() };
            for id in asked.json()["labels"].as_array().unwrap() {
                let name = &all[usize::try_from(id.as_u64().unwrap()).unwrap() - 1];
                if !pull.labels.contains(name) {
                    pull.labels.push(name.clone());
                }
            }
            of(pull)
        }
        ("DELETE", ["issues", number, "labels", id]) => {
            let name = &all[id.parse::<usize>().unwrap() - 1];
            let Some(pull) = state.pull(number) else { return not_found() };
            pull.labels.retain(|label| label != name);
            Reply::empty(204)
        }
        _ => not_found(),
    }
}

fn releases(state: &mut State, asked: &Asked, parts: &[&str]) -> Reply {
    match (asked.method.as_str(), parts) {
        ("GET", ["tags", tag]) => {
            let found = state.releases.iter().find(|release| release.tag == *tag && !release.draft);
            found.map_or_else(not_found, |found| Reply::json(200, &release(state, found)))
        }
        ("GET", []) => {
            let all: Vec<Value> = state.releases.iter().rev().map(|found| release(state, found)).collect();
            state.page_of(asked, &all)
        }
        ("POST", []) => {
            let tag = asked.text("tag_name");
            if state.releases.iter().any(|release| release.tag == tag) {
                return Reply::json(409, &json!({"message": "Release already exists", "url": "https://x.example.org"}));
            }
            let draft = asked.json()["draft"] == true;
            let new =
                state.add_release(tag, asked.text("target_commitish"), asked.text("name"), asked.text("body"), draft);
            Reply::json(201, &release(state, &new))
        }
        ("PATCH", [id]) => {
            let Some(found) = state.release(id) else { return not_found() };
            found.change(asked);
            let found = found.clone();
            Reply::json(200, &release(state, &found))
        }
        ("GET", [id, "assets"]) => match state.release(id) {
            Some(release) => Reply::json(200, &release.files.iter().map(asset).collect()),
            None => not_found(),
        },
        // Two files can have one name.
        ("POST", [id, "assets"]) => {
            let (name, bytes) = (asked.query("name").unwrap(), form_file(asked, "attachment"));
            let kept = Kept { id: state.next_id(), name, bytes, is_whole: true, url: String::new() };
            let Some(release) = state.release(id) else { return not_found() };
            release.files.push(kept.clone());
            Reply::json(201, &asset(&kept))
        }
        ("DELETE", [id, "assets", file]) => {
            let Some(release) = state.release(id) else { return not_found() };
            let before = release.files.len();
            release.files.retain(|kept| kept.id.to_string() != *file);
            if release.files.len() < before { Reply::empty(204) } else { not_found() }
        }
        _ => not_found(),
    }
}

/// The file in the only part of a form.
fn form_file(asked: &Asked, field: &str) -> Vec<u8> {
    let kind = &asked.headers["content-type"];
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let find = |part: &[u8]| asked.body.windows(part.len()).position(|window| window == part);
    let begin = find(b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&asked.body[..begin]);
    assert!(head.contains(&format!("name=\"{field}\"; filename=\"")), "{head}");
    let end = find(format!("\r\n--{boundary}--").as_bytes()).unwrap();
    asked.body[begin..end].to_vec()
}

fn not_found() -> Reply {
    Reply::json(404, &json!({"message": "The target couldn't be found.", "url": "https://x.example.org", "errors": []}))
}

fn account(who: &Who) -> Value {
    json!({
        "id": who.id, "login": who.login, "login_name": "", "full_name": "", "email": "x@example.org", "avatar_url": "https://x.example.org",
        "language": "", "is_admin": false, "created": DATE, "restricted": false, "active": true, "prohibit_login": false,
        "visibility": "public", "html_url": format!("https://x.example.org/{}", who.login),
    })
}

fn repository(id: u64) -> Value {
    json!({"id": id, "name": "demo", "full_name": PROJECT, "fork": id != PROJECT_ID, "default_branch": "master"})
}

fn pull_json(state: &State, pull: &Pull) -> Value {
    let end = |name: &str, commit: &str, of: Option<u64>| json!({"label": name, "ref": name, "sha": commit, "repo_id": of.unwrap_or(0), "repo": of.map(repository)});
    let labels: Vec<Value> = pull.labels.iter().map(|name| json!({"id": 1, "name": name, "color": "ededed"})).collect();
    let is_open = pull.state == "open";
    json!({
        "id": 900 + pull.number, "number": pull.number, "state": if is_open { "open" } else { "closed" }, "is_locked": false,
        "draft": pull.draft, "title": pull.title, "body": "", "user": account(&state.who(pull.author)), "labels": labels,
        "head": end("fix", &pull.head, pull.head_repository), "base": end(&pull.base, &"0123456789".repeat(4), Some(PROJECT_ID)),
        "merged": pull.state == "merged", "mergeable": true, "created_at": DATE, "updated_at": DATE,
    })
}

fn review(state: &State, vote: &Vote) -> Value {
    let word = match vote.state {
        "approved" | "dismissed" => "APPROVED",
        "changes" => "REQUEST_CHANGES",
        "pending" => "PENDING",
        _ => "COMMENT",
    };
    json!({
        "id": 1, "user": account(&state.who(vote.author)), "body": "", "state": word, "commit_id": vote.commit, "stale": false,
        "official": vote.is_official, "dismissed": vote.state == "dismissed", "comments_count": 0, "submitted_at": vote.at,
    })
}

fn comment(state: &State, note: &Note) -> Value {
    json!({
        "id": note.id, "user": account(&state.who(note.author)), "body": note.text, "created_at": DATE, "updated_at": DATE,
        "assets": [], "html_url": "https://x.example.org",
    })
}

fn word_of(what: Happened) -> &'static str {
    match what {
        Happened::Closed => "close",
        Happened::Reopened => "reopen",
        Happened::Drafted => "change_title",
        Happened::Retargeted => "change_target_branch",
        Happened::PushedBack => "pull_push",
        Happened::ReviewDismissed => "dismiss_review",
        Happened::Labelled => "label",
    }
}

fn status(state: &State, status: &Status) -> Value {
    json!({
        "id": 1, "status": status.state, "context": status.context, "description": status.description, "target_url": status.url,
        "creator": status.by.map(|by| account(&state.who(by))), "created_at": status.at, "updated_at": status.at, "url": "https://x.example.org",
    })
}

fn release(state: &State, release: &Release) -> Value {
    let assets: Vec<Value> = release.files.iter().map(asset).collect();
    json!({
        "id": release.id, "tag_name": release.tag, "target_commitish": release.commit, "name": release.name, "body": release.notes,
        "draft": release.draft, "prerelease": false, "created_at": DATE, "published_at": DATE,
        "author": account(&state.who(state.own)), "assets": assets, "html_url": "https://x.example.org/releases",
    })
}

fn asset(kept: &Kept) -> Value {
    json!({
        "id": kept.id, "name": kept.name, "size": kept.bytes.len(), "download_count": 0, "created_at": DATE, "uuid": "u",
        "type": "attachment", "browser_download_url": "https://x.example.org/file",
    })
}
