//! A forge with a remote, and the events about its pull request.

use jiff::Timestamp;
use releng::project::config::ForgeKind;
use serde_json::{Value, json};

use super::decision;
use crate::support::forge::{Double, Happened, Note, PROJECT, PROJECT_ID, TOKEN};
use crate::support::merge::{CONFIG, MergePlace};
use crate::support::program::Ran;

/// People of the double.
pub const ADMIN: (u64, &str) = (7, "ada");
pub const MAINTAINER: (u64, &str) = (8, "grace");
pub const MEMBER: (u64, &str) = (9, "linus");
pub const READER: (u64, &str) = (11, "reader");

/// The clock of the program: soon after all comments.
pub const SOON: (&str, &str) = ("RELENG_NOW", "2026-01-02T05:00:00Z");

/// A forge, and a remote with work for pull request 5.
pub struct ForgePlace {
    pub place: MergePlace,
    pub double: Double,
    kind: ForgeKind,
    /// The newest commit of the work.
    pub head: String,
}

impl ForgePlace {
    /// `keys` are lines of `[ci]` in the base.
    pub fn new(kind: ForgeKind, keys: &str) -> ForgePlace {
        ForgePlace::with_steps(kind, keys, "")
    }

    /// `rest` follows the other lines of the configuration.
    pub fn with_steps(kind: ForgeKind, keys: &str, rest: &str) -> ForgePlace {
        let double = Double::start(kind);
        let place = MergePlace::new(&format!("{}{rest}", config_of(kind, &double.url(), keys)));
        let head = place.propose("fix", "Say more", &[("file", "more\n")]);
        let this = ForgePlace { place, double, kind, head: head.clone() };
        this.moves_to(&head);
        this.double.with(|state| {
            state.pulls[0].head_repository = Some(PROJECT_ID);
            state.pulls[0].author = MEMBER.0;
            state.labels.push("needs review".to_owned());
        });
        this
    }

    /// The work has this commit on the remote and on the forge.
    pub fn moves_to(&self, head: &str) {
        let reference = if self.kind == ForgeKind::Gitlab { "refs/merge-requests/5/head" } else { "refs/pull/5/head" };
        self.place.at("origin.git", &["update-ref", reference, head]);
        self.double.with(|state| head.clone_into(&mut state.pulls[0].head));
    }

    /// Somebody pushes one more commit to the work.
    pub fn pushes(&self) -> String {
        self.place.at("work", &["checkout", "-q", "fix"]);
        let head = self.place.commit("Say even more", &[("file", "even more\n")]);
        self.place.at("work", &["push", "-q", "origin", "fix"]);
        self.place.at("work", &["checkout", "-q", "master"]);
        self.moves_to(&head);
        head
    }

    /// Somebody pushes work whose tests fail.
    pub fn pushes_bad(&self) {
        self.place.at("work", &["checkout", "-q", "fix"]);
        let head = self.place.commit("Break it", &[("file", "bad\n")]);
        self.place.at("work", &["push", "-q", "origin", "fix"]);
        self.place.at("work", &["checkout", "-q", "master"]);
        self.moves_to(&head);
    }

    /// Something happens to the pull request at a time.
    pub fn happens(&self, what: Happened, at: &str) {
        self.double.with(|state| state.pulls[0].happened.push((what, at.to_owned())));
    }

    pub fn becomes(&self, who: (u64, &str), role: &'static str) {
        self.double.with(|state| {
            let person = state.people.iter_mut().find(|person| person.id == who.0).unwrap();
            person.role = role;
        });
    }

    /// The event about a new comment, which is on the forge, too.
    pub fn comment(&self, id: u64, by: (u64, &str), text: &str) -> Value {
        self.comment_in(self.kind, id, by, text)
    }

    /// The same, in the form of another forge.
    pub fn comment_in(&self, form: ForgeKind, id: u64, by: (u64, &str), text: &str) -> Value {
        let at = time_of(id);
        self.double.with(|state| {
            state.notes.push(Note { id, pull: 5, author: by.0, text: text.to_owned(), is_system: false });
            at.clone_into(&mut state.now);
        });
        let person = person(form, by);
        match form {
            ForgeKind::Gitlab => json!({
                "object_kind": "note", "user": person, "merge_request": self.pull_in(form),
                "project": {"path_with_namespace": PROJECT},
                "object_attributes": {"id": id, "author_id": by.0, "note": text, "noteable_type": "MergeRequest", "action": "create",
                    "created_at": at.replace('T', " ").replace('Z', " UTC")},
            }),
            ForgeKind::Forgejo => json!({
                "action": "created", "is_pull": true, "sender": person, "pull_request": self.pull_in(form),
                "repository": {"full_name": PROJECT},
                "issue": {"number": 5, "state": "open", "user": {"id": 9}, "pull_request": {"merged": false}},
                "comment": {"id": id, "user": person, "body": text, "created_at": at},
            }),
            ForgeKind::Github => json!({
                "action": "created", "sender": person, "repository": {"full_name": PROJECT},
                "issue": {"number": 5, "state": "open", "user": {"id": 9}, "pull_request": {"merged": false}},
                "comment": {"id": id, "user": person, "body": text, "created_at": at},
            }),
        }
    }

    /// The event about new work or a review.
    pub fn about_pull(&self, action: &str, by: (u64, &str)) -> Value {
        let person = person(self.kind, by);
        match self.kind {
            ForgeKind::Gitlab => {
                let mut pull = self.pull_in(self.kind);
                pull["action"] = json!(action);
                json!({
                    "object_kind": "merge_request", "user": person, "object_attributes": pull,
                    "project": {"path_with_namespace": PROJECT},
                })
            }
            _ => json!({
                "action": action, "sender": person, "pull_request": self.pull_in(self.kind), "repository": {"full_name": PROJECT},
                "review": (action != "opened").then(|| json!({})),
            }),
        }
    }

    fn pull_in(&self, form: ForgeKind) -> Value {
        let head = self.double.with(|state| state.pulls[0].head.clone());
        match form {
            ForgeKind::Gitlab => json!({
                "iid": 5, "state": "opened", "author_id": 9, "target_branch": "master", "source_project_id": 1, "target_project_id": 1,
                "last_commit": {"id": head},
            }),
            _ => json!({
                "number": 5, "state": "open", "user": {"id": 9}, "head": {"sha": head, "repo": {"id": 1}},
                "base": {"ref": "master", "repo": {"id": 1}},
            }),
        }
    }

    /// Delivers an event.
    pub fn deliver(&self, event: &Value, name: &str) -> Ran {
        self.deliver_with(event, name, TOKEN)
    }

    pub fn deliver_with(&self, event: &Value, name: &str, token: &str) -> Ran {
        let path = self.place.join("event.json");
        std::fs::write(&path, event.to_string()).unwrap();
        let path = path.display().to_string();
        let args = ["ci", "respond", "--event", &path, "--name", name];
        self.place.releng_with(&args, &[("RELENG_FORGE_TOKEN", token), SOON])
    }

    /// Delivers a comment; the action and the reason of the decision.
    #[track_caller]
    pub fn says(&self, id: u64, by: (u64, &str), text: &str) -> (String, String) {
        let event = self.comment(id, by, text);
        outcome(&self.deliver(&event, "issue_comment").exits(0))
    }

    /// The own comments.
    pub fn answers(&self) -> Vec<String> {
        self.double.with(|state| {
            state.notes.iter().filter(|note| note.author == state.own).map(|note| note.text.clone()).collect()
        })
    }

    /// The statuses: commit, name, state.
    pub fn statuses(&self) -> Vec<(String, String, String)> {
        self.double.with(|state| {
            let parts = state.statuses.iter();
            parts.map(|status| (status.commit.clone(), status.context.clone(), status.state.clone())).collect()
        })
    }

    pub fn labels(&self) -> Vec<String> {
        self.double.with(|state| state.pulls[0].labels.clone())
    }
}

/// When a comment with this number was written. Number 41 is the first one of most tests; the others follow, a minute after the other.
fn time_of(id: u64) -> String {
    format!("2026-01-02T03:{:02}:05Z", 4 + id.saturating_sub(41))
}

/// The event of a comment that is written now, for jobs whose clock is that of the machine.
pub fn written_now(mut event: Value) -> Value {
    for object in ["comment", "object_attributes"] {
        if let Some(comment) = event.get_mut(object) {
            comment["created_at"] = json!(Timestamp::now().to_string());
        }
    }
    event
}

fn person(form: ForgeKind, who: (u64, &str)) -> Value {
    match form {
        ForgeKind::Github => json!({"id": who.0, "login": who.1, "type": "User"}),
        _ => json!({"id": who.0, "login": who.1, "username": who.1}),
    }
}

pub fn config_of(kind: ForgeKind, url: &str, keys: &str) -> String {
    let place = format!("forge = \"{}\"\nforge-url = \"{url}\"\nforge-project = \"{PROJECT}\"\n", kind.as_key());
    CONFIG.replace("[ci]\n", &format!("[ci]\n{place}{keys}\n"))
}

#[track_caller]
pub fn outcome(ran: &Ran) -> (String, String) {
    let decision = decision(ran);
    let text = |name: &str| decision[name].as_str().unwrap().to_owned();
    (text("action"), text("reason"))
}
