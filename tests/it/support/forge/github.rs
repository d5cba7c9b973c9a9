//! GitHub's dialect of the double, with all the fields that its published schema requires.

use serde_json::{Map, Value, json};

use super::state::{DATE, Happened, Kept, Note, PROJECT, PROJECT_ID, Pull, Release, State, Status, Vote, Who};
use super::wire::{Asked, Reply};

/// The answer to a request.
pub fn answer(state: &mut State, asked: &Asked) -> Reply {
    let parts = asked.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) if state.is_application => message(403, "Resource not accessible by integration"),
        ("GET", ["user"]) => Reply::json(200, &profile(&state.who(state.own))),
        ("POST", ["graphql"]) => Reply::json(200, &json!({"data": {"viewer": {"login": state.who(state.own).login}}})),
        ("GET", ["users", login]) => state.who_is(login).map_or_else(not_found, |who| Reply::json(200, &profile(&who))),
        (_, ["repos", owner, name, rest @ ..]) if format!("{owner}/{name}") == PROJECT => {
            in_project(state, asked, rest)
        }
        ("POST", ["uploads", "releases", id, "assets"]) => upload(state, asked, id),
        _ => not_found(),
    }
}

fn in_project(state: &mut State, asked: &Asked, parts: &[&str]) -> Reply {
    match (asked.method.as_str(), parts) {
        ("GET", ["collaborators", login, "permission"]) => {
            state.who_is(login).map_or_else(not_found, |who| Reply::json(200, &permission(&who)))
        }
        ("GET", ["pulls", number]) => match state.pull(number).cloned() {
            Some(pull) => tagged(asked, &pull_json(state, &pull)),
            None => not_found(),
        },
        ("GET", ["pulls", _, "reviews"]) => {
            let all: Vec<Value> = state.votes.iter().map(|vote| review(state, vote)).collect();
            state.paged(asked, &all)
        }
        ("GET", ["issues", number, "comments"]) => {
            let all: Vec<Value> = state.notes_of(number).iter().map(|note| comment(state, note)).collect();
            state.paged(asked, &all)
        }
        ("GET", ["activity"]) => {
            let pull = &state.pulls[0];
            let (zeros, actor) = ("0".repeat(40), account(&state.who(pull.author)));
            let change = json!({
                "id": 1, "node_id": "N", "before": zeros, "after": pull.head, "ref": "refs/heads/fix", "timestamp": pull.pushed,
                "activity_type": "push", "actor": actor,
            });
            Reply::json(200, &json!([change]))
        }
        ("GET", ["issues", number, "events"]) => {
            let happened = state.pull(number).map(|pull| pull.happened.clone()).unwrap_or_default();
            let label = ("labeled", DATE.to_owned());
            let all: Vec<Value> = std::iter::once(label)
                .chain(happened.into_iter().map(|(what, at)| (word_of(what), at)))
                .map(|(kind, at)| issue_event(state, kind, &at))
                .collect();
            state.paged(asked, &all)
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
        ("GET", ["commits", commit, "statuses"]) => {
            let all = state.statuses.iter().rev().filter(|kept| kept.commit == *commit);
            let all: Vec<Value> = all.map(|kept| status(state, kept)).collect();
            state.paged(asked, &all)
        }
        ("POST", ["issues", number, "labels"]) => {
            let Some(pull) = state.pull(number) else { return not_found() };
            for label in asked.json()["labels"].as_array().unwrap() {
                let label = label.as_str().unwrap().to_owned();
                if !pull.labels.contains(&label) {
                    pull.labels.push(label);
                }
            }
            Reply::json(200, &pull.labels.iter().map(|name| label(name)).collect())
        }
        ("DELETE", ["issues", number, "labels", name]) => {
            let Some(pull) = state.pull(number).filter(|pull| pull.labels.iter().any(|label| label == name)) else {
                return message(404, "Label does not exist");
            };
            pull.labels.retain(|label| label != name);
            Reply::json(200, &pull.labels.iter().map(|name| label(name)).collect())
        }
        (_, ["releases", rest @ ..]) => releases(state, asked, rest),
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
            state.paged(asked, &all)
        }
        ("POST", []) => {
            let draft = asked.json()["draft"] == true;
            let tag = asked.text("tag_name");
            if !draft && state.releases.iter().any(|release| release.tag == tag) {
                return invalid("Release", "already_exists");
            }
            let new =
                state.add_release(tag, asked.text("target_commitish"), asked.text("name"), asked.text("body"), draft);
            Reply::json(201, &release(state, &new))
        }
        ("GET", [id]) => match state.release(id).cloned() {
            Some(found) => Reply::json(200, &release(state, &found)),
            None => not_found(),
        },
        ("PATCH", [id]) => {
            let Some(found) = state.release(id) else { return not_found() };
            found.change(asked);
            let found = found.clone();
            Reply::json(200, &release(state, &found))
        }
        ("DELETE", ["assets", id]) => {
            let before: usize = state.releases.iter().map(|release| release.files.len()).sum();
            for release in &mut state.releases {
                release.files.retain(|file| file.id.to_string() != *id);
            }
            let after: usize = state.releases.iter().map(|release| release.files.len()).sum();
            if after < before { Reply::empty(204) } else { not_found() }
        }
        _ => not_found(),
    }
}

/// Keeps a file. An upload of a file whose first bytes are `broken` breaks off, once.
fn upload(state: &mut State, asked: &Asked, id: &str) -> Reply {
    let name = asked.query("name").unwrap();
    let kept = Kept { id: state.next_id(), name, bytes: asked.body.clone(), is_whole: true, url: String::new() };
    let url = state.url.clone();
    let own = state.who(state.own);
    let Some(release) = state.release(id) else { return not_found() };
    if release.files.iter().any(|file| file.name == kept.name) {
        return invalid("ReleaseAsset", "already_exists");
    }
    release.files.push(kept.clone());
    Reply::json(201, &asset(&url, &own, &kept))
}

fn message(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"message": text, "documentation_url": "https://docs.github.com/rest"}))
}

fn not_found() -> Reply {
    message(404, "Not Found")
}

fn invalid(resource: &str, code: &str) -> Reply {
    let errors = [json!({"resource": resource, "code": code, "field": "name"})];
    Reply::json(
        422,
        &json!({"message": "Validation Failed", "errors": errors, "documentation_url": "https://docs.github.com/rest"}),
    )
}

/// A JSON answer with its `ETag`, or 304.
pub fn tagged(asked: &Asked, value: &Value) -> Reply {
    let tag = format!("W/\"{}\"", releng::base::digest::digest_of(value.to_string().as_bytes()));
    if asked.headers.get("if-none-match") == Some(&tag) {
        return Reply::empty(304).with("ETag", &tag);
    }
    Reply::json(200, value).with("ETag", &tag)
}

/// Adds addresses below `base` with these names; the schema wants them, and nobody reads them.
fn with_urls(mut value: Value, base: &str, names: &str) -> Value {
    let fields: &mut Map<String, Value> = value.as_object_mut().unwrap();
    for name in names.split_whitespace() {
        fields.insert((*name).to_owned(), json!(format!("https://api.github.com/{base}/{name}")));
    }
    value
}

fn account(who: &Who) -> Value {
    let kind = if who.is_bot { "Bot" } else { "User" };
    let value =
        json!({"id": who.id, "node_id": "N", "login": who.login, "type": kind, "site_admin": false, "gravatar_id": ""});
    let names = "avatar_url events_url followers_url following_url gists_url html_url organizations_url \
        received_events_url repos_url starred_url subscriptions_url url";
    with_urls(value, &format!("users/{}", who.login), names)
}

/// An account as `GET /user` shows it.
fn profile(who: &Who) -> Value {
    let mut value = account(who);
    let more = json!({
        "bio": null, "blog": "", "company": null, "email": null, "followers": 0, "following": 0, "hireable": null, "location": null,
        "name": null, "public_gists": 0, "public_repos": 0, "created_at": DATE, "updated_at": DATE, "user_view_type": "public",
    });
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

fn permission(who: &Who) -> Value {
    let old = match who.role {
        "maintain" => "write",
        "triage" => "read",
        role => role,
    };
    let mut user = account(who);
    user["role_name"] = json!(who.role);
    json!({"permission": old, "role_name": who.role, "user": user})
}

fn repository(id: u64) -> Value {
    let names = "archive_url assignees_url blobs_url branches_url collaborators_url comments_url commits_url \
        compare_url contents_url contributors_url deployments_url downloads_url events_url forks_url \
        git_commits_url git_refs_url git_tags_url hooks_url html_url issue_comment_url issue_events_url \
        issues_url keys_url labels_url languages_url merges_url milestones_url notifications_url pulls_url \
        releases_url stargazers_url statuses_url subscribers_url subscription_url tags_url teams_url \
        trees_url url clone_url git_url ssh_url svn_url";
    let owner = Who { id: 50, login: "lago-project".to_owned(), is_bot: false, role: "admin" };
    let value = json!({
        "id": id, "node_id": "N", "name": "demo", "full_name": PROJECT, "owner": account(&owner), "private": false, "fork": id != PROJECT_ID,
        "description": null, "default_branch": "master", "forks": 0, "forks_count": 0, "has_downloads": true, "has_issues": true,
        "has_projects": true, "has_wiki": true, "has_pages": false, "homepage": null, "language": null, "archived": false,
        "disabled": false, "mirror_url": null, "open_issues": 0, "open_issues_count": 0, "license": null, "pushed_at": DATE,
        "size": 1, "stargazers_count": 0, "watchers": 0, "watchers_count": 0, "created_at": DATE, "updated_at": DATE,
    });
    with_urls(value, &format!("repos/{PROJECT}"), names)
}

fn pull_json(state: &State, pull: &Pull) -> Value {
    let author = account(&state.who(pull.author));
    let end = |name: &str, commit: &str, of: Option<u64>| json!({"label": format!("x:{name}"), "ref": name, "sha": commit, "repo": of.map(repository), "user": author});
    let link = json!({"href": "https://api.github.com/x"});
    let links: Map<String, Value> =
        ["comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self"]
            .map(|name| (name.to_owned(), link.clone()))
            .into_iter()
            .collect();
    let is_open = pull.state == "open";
    let value = json!({
        "id": 900 + u64::from(pull.number), "node_id": "N", "number": pull.number, "state": if is_open { "open" } else { "closed" },
        "locked": false, "title": pull.title, "user": author, "body": "", "labels": pull.labels.iter().map(|name| label(name)).collect::<Vec<_>>(),
        "milestone": null, "draft": pull.draft, "created_at": DATE, "updated_at": DATE, "closed_at": null, "merged_at": null,
        "merge_commit_sha": null, "assignee": null, "head": end("fix", &pull.head, pull.head_repository),
        "base": end(&pull.base, &"0123456789".repeat(4), Some(PROJECT_ID)), "_links": links, "author_association": "NONE",
        "auto_merge": null, "merged": pull.state == "merged", "mergeable": null, "mergeable_state": "unknown", "merged_by": null,
        "comments": 0, "review_comments": 0, "maintainer_can_modify": false, "commits": 1, "additions": 1, "deletions": 0,
        "changed_files": 1,
    });
    let names = "url html_url diff_url patch_url issue_url commits_url review_comments_url review_comment_url \
        comments_url statuses_url";
    with_urls(value, &format!("repos/{PROJECT}/pulls/{}", pull.number), names)
}

fn review(state: &State, vote: &Vote) -> Value {
    let word = match vote.state {
        "approved" => "APPROVED",
        "changes" => "CHANGES_REQUESTED",
        "dismissed" => "DISMISSED",
        "pending" => "PENDING",
        _ => "COMMENTED",
    };
    let link = json!({"href": "https://api.github.com/x"});
    let value = json!({
        "id": 1, "node_id": "N", "user": account(&state.who(vote.author)), "body": "", "state": word, "commit_id": vote.commit,
        "submitted_at": vote.at, "_links": {"html": link, "pull_request": link}, "author_association": "MEMBER",
    });
    with_urls(value, "x", "html_url pull_request_url")
}

fn word_of(what: Happened) -> &'static str {
    match what {
        Happened::Closed => "closed",
        Happened::Reopened => "reopened",
        Happened::Drafted => "convert_to_draft",
        Happened::Retargeted => "base_ref_changed",
        Happened::PushedBack => "head_ref_force_pushed",
        Happened::ReviewDismissed => "review_dismissed",
        Happened::Labelled => "labeled",
    }
}

fn issue_event(state: &State, kind: &str, at: &str) -> Value {
    json!({
        "id": 1, "node_id": "N", "url": "https://api.github.com/x", "actor": account(&state.who(state.own)), "event": kind,
        "commit_id": null, "commit_url": null, "created_at": at, "performed_via_github_app": null,
        "label": {"name": "bug", "color": "ededed"},
    })
}

fn comment(state: &State, note: &Note) -> Value {
    let value = json!({
        "id": note.id, "node_id": "N", "user": account(&state.who(note.author)), "body": note.text, "created_at": DATE,
        "updated_at": DATE, "author_association": "NONE",
    });
    with_urls(value, &format!("comments/{}", note.id), "html_url issue_url url")
}

fn status(state: &State, status: &Status) -> Value {
    json!({
        "url": format!("https://api.github.com/repos/{PROJECT}/statuses/{}", status.commit), "avatar_url": null, "id": 1, "node_id": "N",
        "state": status.state, "description": status.description, "target_url": status.url, "context": status.context,
        "created_at": status.at, "updated_at": status.at, "creator": status.by.map(|by| account(&state.who(by))),
    })
}

fn label(name: &str) -> Value {
    json!({"id": 1, "node_id": "N", "url": "https://api.github.com/x", "name": name, "description": null, "color": "ededed", "default": false})
}

fn release(state: &State, release: &Release) -> Value {
    let own = state.who(state.own);
    let assets: Vec<Value> = release.files.iter().map(|kept| asset(&state.url, &own, kept)).collect();
    let value = json!({
        "id": release.id, "node_id": "N", "tag_name": release.tag, "target_commitish": release.commit, "name": release.name,
        "body": release.notes, "draft": release.draft, "prerelease": false, "created_at": DATE,
        "published_at": (!release.draft).then_some(DATE), "author": account(&own), "assets": assets,
        "upload_url": format!("{}/uploads/releases/{}/assets{{?name,label}}", state.url, release.id),
    });
    with_urls(
        value,
        &format!("repos/{PROJECT}/releases/{}", release.id),
        "assets_url html_url tarball_url url zipball_url",
    )
}

fn asset(url: &str, own: &Who, kept: &Kept) -> Value {
    let (state, size) = if kept.is_whole { ("uploaded", kept.bytes.len()) } else { ("starter", 0) };
    json!({
        "id": kept.id, "node_id": "N", "name": kept.name, "label": null, "state": state, "content_type": "application/octet-stream",
        "size": size, "digest": kept.is_whole.then(|| format!("sha256:{}", kept.digest())), "download_count": 0,
        "created_at": DATE, "updated_at": DATE, "uploader": account(own), "url": format!("{url}/assets/{}", kept.id),
        "browser_download_url": format!("{url}/download/{}", kept.name),
    })
}
