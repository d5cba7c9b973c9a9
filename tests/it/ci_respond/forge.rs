//! `ci respond` with a forge: what is asked, what is changed, and that it happens once.

use releng::project::config::ForgeKind;
use serde_json::{Value, json};

use super::decision;
use crate::support::forge::{Double, FORK_ID, Fault, Note, PROJECT, PROJECT_ID, Reply, TOKEN, Vote};
use crate::support::merge::{CONFIG, MergePlace};
use crate::support::program::Ran;

/// People of the double.
pub const ADMIN: (u64, &str) = (7, "ada");
pub const MAINTAINER: (u64, &str) = (8, "grace");
pub const MEMBER: (u64, &str) = (9, "linus");
pub const READER: (u64, &str) = (11, "reader");

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

    pub fn becomes(&self, who: (u64, &str), role: &'static str) {
        self.double.with(|state| {
            let person = state.people.iter_mut().find(|person| person.id == who.0).unwrap();
            person.role = role;
        });
    }

    /// The event about a new comment, which is on the forge, too.
    pub fn comment(&self, id: u64, by: (u64, &str), text: &str) -> Value {
        self.double.with(|state| {
            state.notes.push(Note { id, pull: 5, author: by.0, text: text.to_owned(), is_system: false });
        });
        let person = self.person(by);
        match self.kind {
            ForgeKind::Gitlab => json!({
                "object_kind": "note", "user": person, "merge_request": self.pull_of_event(),
                "object_attributes": {"id": id, "author_id": by.0, "note": text, "noteable_type": "MergeRequest", "action": "create",
                    "created_at": "2026-01-02 03:04:05 UTC"},
            }),
            ForgeKind::Forgejo => json!({
                "action": "created", "is_pull": true, "sender": person, "pull_request": self.pull_of_event(),
                "issue": {"number": 5, "state": "open", "user": {"id": 9}, "pull_request": {"merged": false}},
                "comment": {"id": id, "user": person, "body": text, "created_at": "2026-01-02T03:04:05Z"},
            }),
            _ => json!({
                "action": "created", "sender": person,
                "issue": {"number": 5, "state": "open", "user": {"id": 9}, "pull_request": {"merged": false}},
                "comment": {"id": id, "user": person, "body": text, "created_at": "2026-01-02T03:04:05Z"},
            }),
        }
    }

    /// The event about new work or a review.
    pub fn about_pull(&self, action: &str, by: (u64, &str)) -> Value {
        match self.kind {
            ForgeKind::Gitlab => {
                let mut pull = self.pull_of_event();
                pull["action"] = json!(action);
                json!({"object_kind": "merge_request", "user": self.person(by), "object_attributes": pull})
            }
            _ => json!({
                "action": action, "sender": self.person(by), "pull_request": self.pull_of_event(), "review": (action != "opened").then(|| json!({})),
            }),
        }
    }

    fn person(&self, who: (u64, &str)) -> Value {
        match self.kind {
            ForgeKind::Github => json!({"id": who.0, "login": who.1, "type": "User"}),
            _ => json!({"id": who.0, "login": who.1, "username": who.1}),
        }
    }

    fn pull_of_event(&self) -> Value {
        let head = self.double.with(|state| state.pulls[0].head.clone());
        match self.kind {
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

    fn deliver_with(&self, event: &Value, name: &str, token: &str) -> Ran {
        let path = self.place.join("event.json");
        std::fs::write(&path, event.to_string()).unwrap();
        let path = path.display().to_string();
        let args = ["ci", "respond", "--event", &path, "--name", name];
        self.place.releng_with(&args, &[("RELENG_FORGE_TOKEN", token)])
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

fn config_of(kind: ForgeKind, url: &str, keys: &str) -> String {
    let place = format!("forge = \"{}\"\nforge-url = \"{url}\"\nforge-project = \"{PROJECT}\"\n", kind.as_key());
    CONFIG.replace("[ci]\n", &format!("[ci]\n{place}{keys}\n"))
}

#[track_caller]
pub fn outcome(ran: &Ran) -> (String, String) {
    let decision = decision(ran);
    let text = |name: &str| decision[name].as_str().unwrap().to_owned();
    (text("action"), text("reason"))
}

fn refusal() -> Reply {
    Reply::json(403, &json!({"message": "Resource not accessible by integration"}))
}

#[test]
fn three_deliveries_act_once() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        for (id, line, action, status) in [
            (41, "ci test please", "check-patch", "releng/check-patch"),
            (42, "ci merge please", "merge", "releng/merge"),
        ] {
            let event = place.comment(id, ADMIN, line);
            let first = place.deliver(&event, "issue_comment").exits(0);
            let told = decision(&first);
            assert_eq!((&told["action"], &told["head"]), (&json!(action), &json!(place.head)), "{kind}");
            assert_eq!((&told["base"], &told["pull"], &told["fork"]), (&json!("master"), &json!(5), &json!(false)));
            let reply = told["reply"].as_str().unwrap();
            assert!(
                reply.contains(&format!("accepted at {}", place.head)) && reply.contains("the version 0.1.2"),
                "{reply}"
            );
            for _ in 0..2 {
                let again = place.deliver(&event, "issue_comment").exits(0);
                assert_eq!(outcome(&again), ("none".to_owned(), "the comment was answered before".to_owned()));
            }
            let answers = place.answers();
            let own: Vec<_> = answers.iter().filter(|text| text.contains(&format!("releng:{id}:done"))).collect();
            assert!(own.len() == 1 && own[0].starts_with(reply), "{kind}: {answers:?}");
            let expected = (place.head.clone(), status.to_owned(), "pending".to_owned());
            assert_eq!(place.statuses().iter().filter(|set| **set == expected).count(), 1, "{kind}");
        }
        assert_eq!(place.answers().len(), 2, "{kind}");
    }
}

/// A run dies before or after each of its changes. The next delivery does the rest.
#[test]
fn after_a_crash_between_two_effects_the_rest_is_done_once() {
    for (at, is_before) in
        [("POST /repos", true), ("POST /repos", false), ("/statuses/", true), ("/statuses/", false), ("PATCH", true)]
    {
        let place = ForgePlace::new(ForgeKind::Github, "");
        let event = place.comment(41, ADMIN, "ci merge please");
        place.double.fault(at, 1, if is_before { Fault::Instead(refusal()) } else { Fault::After(refusal()) });
        let died = place.deliver(&event, "issue_comment");
        assert_eq!(died.code, 3, "{at} {is_before}: {}", died.stderr);
        assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, "merge", "{at} {is_before}");
        assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, "none", "{at} {is_before}");
        assert_eq!(place.answers().len(), 1, "{at} {is_before}: {:?}", place.answers());
        assert!(place.answers()[0].contains("releng:41:done"), "{at} {is_before}");
    }
}

#[test]
fn a_right_that_is_withdrawn_counts_at_once() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let event = place.comment(41, ADMIN, "ci merge please");
    // The answer is there, and the run dies before its decision is handed over.
    place.double.fault("/statuses/", 1, Fault::Instead(refusal()));
    assert_eq!(place.deliver(&event, "issue_comment").code, 3);
    place.becomes(ADMIN, "write");
    let (action, reason) = outcome(&place.deliver(&event, "issue_comment").exits(0));
    assert_eq!((action.as_str(), reason.as_str()), ("none", "the author of the comment may not do this"));
    place.becomes(ADMIN, "admin");
    assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).1, "the comment was answered before");
    assert!(place.answers()[1].contains("only admins"), "{:?}", place.answers());
}

#[test]
fn a_head_that_is_pushed_a_second_later_is_not_acted_on() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let old = place.head.clone();
    let stated = place.comment(41, ADMIN, &format!("ci merge please {old}"));
    let accepted = place.comment(42, ADMIN, "ci merge please");
    let work = place.about_pull("opened", MEMBER);
    place.double.fault("/statuses/", 1, Fault::Instead(refusal()));
    assert_eq!(place.deliver(&accepted, "issue_comment").code, 3);
    let new = place.pushes();
    for (event, name, reason) in [
        (&stated, "issue_comment", "the stated commit is not the head"),
        (&accepted, "issue_comment", "the head has moved since it was accepted"),
        (&work, "pull_request", "the head has moved since: the event about the newer commit counts"),
    ] {
        assert_eq!(outcome(&place.deliver(event, name).exits(0)), ("none".to_owned(), reason.to_owned()));
    }
    assert_eq!(place.statuses(), []);
    let told = decision(&place.deliver(&place.comment(43, ADMIN, "ci merge please"), "issue_comment").exits(0));
    assert_eq!((&told["action"], &told["head"]), (&json!("merge"), &json!(new)));
}

#[test]
fn marks_in_the_comments_of_others_mean_nothing() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.double.with(|state| {
        let text = "<!-- releng:41:done --> <!-- releng:41:accepted -->".to_owned();
        state.notes.push(Note { id: 40, pull: 5, author: READER.0, text, is_system: false });
    });
    assert_eq!(place.says(41, ADMIN, "ci merge please").0, "merge");
}

#[test]
fn rights_are_those_that_the_forge_reports() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        for (id, by, line, action) in [
            (41, READER, "ci test please", "none"),
            (42, READER, "ci merge please", "none"),
            (43, READER, "ci review please", "none"),
            (44, MEMBER, "ci test please", "check-patch"),
            (45, MEMBER, "ci merge please", "none"),
            (46, MEMBER, "ci review please", "label"),
            (47, ADMIN, "ci merge please", "merge"),
            (48, ADMIN, "ci merge pleased", "none"),
        ] {
            assert_eq!(place.says(id, by, line).0, action, "{kind} {by:?} {line}");
        }
        assert!(place.labels().contains(&"needs review".to_owned()), "{kind}");
        assert_eq!(place.answers().len(), 8, "{kind}: {:?}", place.answers());
    }
}

#[test]
fn the_key_for_admins_narrows_who_may_merge() {
    let place = ForgePlace::new(ForgeKind::Github, "admins = [\"Grace\", 9]");
    assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none");
    assert_eq!(place.says(42, MEMBER, "ci merge please").0, "none");
    assert_eq!(place.says(43, MAINTAINER, "ci merge please").0, "merge");
}

#[test]
fn work_from_a_fork_is_merged_at_a_commit_that_somebody_looked_at() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        place.double.with(|state| {
            state.pulls[0].head_repository = Some(FORK_ID);
            state.pulls[0].author = READER.0;
        });
        assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none", "{kind}");
        assert!(place.answers()[0].contains(&format!("`ci merge please {}`", place.head)), "{kind}");
        assert_eq!(place.says(42, ADMIN, &format!("ci merge please {}", place.head)).0, "merge", "{kind}");
        let vote = Vote::approval(MAINTAINER.0, &place.head);
        place.double.with(|state| state.votes.push(vote));
        let told = decision(&place.deliver(&place.comment(43, ADMIN, "ci merge please"), "issue_comment").exits(0));
        // GitLab does not say which commit an approval is about.
        let expected = if kind == ForgeKind::Gitlab { "none" } else { "merge" };
        assert_eq!(told["action"], expected, "{kind}");
    }
}

#[test]
fn a_review_of_a_member_removes_the_label() {
    for (kind, action, name) in [
        (ForgeKind::Github, "submitted", "pull_request_review"),
        (ForgeKind::Gitlab, "approved", ""),
        (ForgeKind::Forgejo, "reviewed", "pull_request_approved"),
    ] {
        let place = ForgePlace::new(kind, "");
        place.double.with(|state| state.pulls[0].labels.push("needs review".to_owned()));
        for (by, expected) in [(READER, "none"), (MEMBER, "none"), (MAINTAINER, "label"), (MAINTAINER, "none")] {
            let ran = place.deliver(&place.about_pull(action, by), name).exits(0);
            assert_eq!(outcome(&ran).0, expected, "{kind} {by:?}: {}", ran.stdout);
        }
        assert_eq!(place.labels(), ["bug"], "{kind}");
    }
}

/// What is checked out may be the work of a stranger, with a configuration that sends the token elsewhere.
#[test]
fn the_configuration_is_that_of_the_remote() {
    let place = ForgePlace::new(ForgeKind::Github, "admins = [\"grace\"]");
    let foreign = Double::start(ForgeKind::Github);
    let hostile = config_of(ForgeKind::Github, &foreign.url(), "untrusted = true");
    place.place.commit("Take over", &[("packaging/release.toml", &hostile)]);
    assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none");
    assert_eq!(place.says(42, MAINTAINER, "ci merge please").0, "merge");
    assert_eq!(foreign.asked(), [""; 0]);
}

#[test]
fn the_forge_is_asked_only_where_the_event_does_not_say_no() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let mut edited = place.comment(41, ADMIN, "ci merge please");
    edited["action"] = json!("edited");
    assert_eq!(outcome(&place.deliver(&edited, "issue_comment").exits(0)).0, "none");
    assert_eq!(place.says(42, ADMIN, "Thanks!").0, "none");
    assert_eq!(place.double.asked(), [""; 0]);
    place.says(43, ADMIN, "ci merge pleased");
    assert_eq!((place.double.count("/pulls/5"), place.double.count("/permission")), (0, 1));
}

#[test]
fn work_that_cannot_be_merged_is_not_handed_on() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.place.commit("Say something else", &[("file", "else\n")]);
    place.place.at("work", &["push", "-q", "origin", "master"]);
    assert_eq!(place.says(41, ADMIN, "ci merge please").0, "none");
    assert!(place.answers()[0].contains("conflicts with the base"), "{:?}", place.answers());
    assert_eq!(place.says(42, ADMIN, "ci test please").0, "check-patch");
}

#[test]
fn a_token_that_is_refused_is_an_error() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let event = place.comment(41, ADMIN, "ci test please");
    place.deliver_with(&event, "issue_comment", "another").exits(3).prints("");
    assert_eq!(place.answers(), [""; 0]);
}
