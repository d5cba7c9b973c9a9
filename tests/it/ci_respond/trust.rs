//! Where the keys of trust come from: from the default branch, and neither from a base that somebody may push to, nor from merged work.

use releng::forge::event::read_event;
use releng::project::config::ForgeKind;
use serde_json::json;

use super::place::{ADMIN, ForgePlace, MAINTAINER, MEMBER, outcome};
use crate::architecture::own_sources;
use crate::helps::follow;
use crate::support::forge::{Double, Fault, Happened, Reply, TOKEN, Vote};
use crate::support::merge::RELEASE;

impl ForgePlace {
    /// Changes the configuration of a branch, which begins at `master` if it is new.
    fn configures(&self, branch: &str, from: &str, to: &str) {
        let at = |args: &[&str]| drop(self.place.at("work", args));
        if self.place.tip(branch).is_empty() {
            at(&["checkout", "-q", "-b", branch]);
        } else {
            at(&["checkout", "-q", branch]);
        }
        let text = std::fs::read_to_string(self.place.join("work/packaging/release.toml")).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        self.place.commit("Configure more", &[("packaging/release.toml", &text.replace(from, to))]);
        at(&["push", "-q", "origin", branch]);
        at(&["checkout", "-q", "master"]);
    }
}

const NAME: &str = "name = \"demo\"\n";

#[test]
fn a_branch_does_not_declare_itself_a_base() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.configures("wip", NAME, "name = \"demo\"\nbranches = [\"wip\"]\n");
    place.double.with(|state| "wip".clone_into(&mut state.pulls[0].base));
    let event = place.comment(41, ADMIN, "ci merge please");
    let told = outcome(&place.deliver(&event, "issue_comment").exits(0));
    assert_eq!(told, ("none".to_owned(), "the base is none of `project.branches`".to_owned()));
    place.configures("master", NAME, "name = \"demo\"\nbranches = [\"master\", \"wip\"]\n");
    place.asks_for_merge(42, "ci merge please");
}

#[test]
fn a_base_says_neither_where_the_token_goes_nor_who_may_merge() {
    let place = ForgePlace::new(ForgeKind::Github, "admins = [\"ada\"]");
    let foreign = Double::start(ForgeKind::Github);
    place.configures("wip", &place.double.url(), &foreign.url());
    place.configures("wip", "admins = [\"ada\"]", "admins = [\"linus\"]\nuntrusted = true");
    place.configures("master", NAME, "name = \"demo\"\nbranches = [\"master\", \"wip\"]\n");
    place.double.with(|state| "wip".clone_into(&mut state.pulls[0].base));
    place.becomes(MEMBER, "admin");
    assert_eq!(place.says(40, MEMBER, "ci merge please").0, "none");
    let file = place.asks_for_merge(41, "ci merge please");
    let merge = place.merges(&file).exits(0).stdout.trim().to_owned();
    assert_eq!((place.place.tip("wip"), place.ends().len()), (merge, 1));
    assert_eq!(foreign.asked(), [""; 0]);
}

#[test]
fn merged_work_does_not_say_where_the_token_goes() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let foreign = Double::start(ForgeKind::Github);
    place.configures("fix", &place.double.url(), &foreign.url());
    place.moves_to(&place.place.tip("fix"));
    let file = place.asks_for_merge(41, "ci merge please");
    place.run(&["ci", "merge", "prepare", "--decision", &file, "--out", "../merge.json"]).exits(0);
    place.run(&["ci", "merge", "test", "../merge.json", "--out", "../tested-dir", "--no-isolation"]).exits(0);
    let finish = ["ci", "merge", "finish", "../merge.json", "--tested", "../tested-dir", "--decision", &file];
    let merge = place.run(&finish).exits(0).stdout.trim().to_owned();
    assert_eq!((place.place.tip("master"), place.ends().len()), (merge, 1));
    assert_eq!(foreign.asked(), [""; 0]);
}

#[test]
fn a_base_does_not_say_what_is_around_its_tests() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.configures("wip", NAME, "name = \"demo\"\nbranches = [\"wip\"]\n");
    place.configures("master", "isolation = \"none\"", "isolation = \"user:releng-nobody-here\"");
    let merge = ["ci", "merge", "--branch", "fix", "--base", "wip"];
    place.run(&merge).exits(1).says(&["releng-nobody-here"]);
    place.run(&[&merge[..], &["--dry-run"]].concat()).exits(1).says(&["releng-nobody-here"]);
    place.run(&["ci", "merge", "prepare", "--branch", "fix", "--base", "wip", "--out", "../merge.json"]).exits(0);
    place
        .run(&["ci", "merge", "test", "../merge.json", "--out", "../tested-dir"])
        .exits(1)
        .says(&["releng-nobody-here"]);
    assert!(!place.place.join("tested").exists(), "a test has run");
}

#[test]
fn a_base_says_neither_where_a_release_is_published_nor_what_signs_it() {
    let keys = "[repository]\nroot = \"repos\"\n";
    let place = ForgePlace::with_steps(ForgeKind::Github, "", &format!("{RELEASE}{keys}"));
    let own = "[repository]\nroot = \"stolen\"\nstate = \"stolen-state\"\nsign = \"1234567890ABCDEF1234567890ABCDEF12345678\"\n";
    place.configures("v0", keys, own);
    place.run(&["ci", "merge", "--branch", "fix", "--base", "v0"]).exits(0);
    let there = |folder: &str| place.place.join("work").join(folder).exists();
    assert_eq!((there("repos/demo/unstable"), there("stolen"), there("stolen-state")), (true, false, false));
    // Nor does it rename the project, whose releases are in a folder with its name.
    place.place.at("work", &["fetch", "-q", "origin", "+v0:v0"]);
    place.configures("v0", NAME, "name = \"other\"\n");
    let head = place.place.propose("more", "Say more", &[("more", "more\n")]);
    let refused = place.run(&["ci", "merge", "--branch", "more", "--head", &head, "--base", "v0"]).exits(1);
    refused.says(&["it is a release of `other`, and the project is `demo`"]);
}

#[test]
fn without_a_default_branch_nothing_is_trusted() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    place.place.at("origin.git", &["symbolic-ref", "HEAD", "refs/heads/none"]);
    let stopped =
        place.run(&["ci", "merge", "--branch", "fix", "--base", "master"]).exits(2).says(&["has no default branch"]);
    let event = place.comment(41, ADMIN, "ci merge please");
    place.deliver(&event, "issue_comment").exits(2).says(&["has no default branch"]);
    follow(&place.place.join("origin.git"), &stopped, "git symbolic-ref", &[("main", "master")]).exits(0);
    place.run(&["ci", "merge", "--branch", "fix", "--base", "master"]).exits(0);
}

/// The keys of trust reach a forge by one function, whose argument only the default branch makes.
#[test]
fn a_forge_is_opened_in_one_place() {
    let found: Vec<String> =
        own_sources().into_iter().filter(|(_, text)| text.contains("forge::open(")).map(|(path, _)| path).collect();
    assert_eq!(found, ["cli/decided.rs"]);
}

/// A person with the right to push can have an event delivered again, after removing the own answer.
#[test]
fn an_old_comment_does_not_merge_what_was_pushed_since() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        let event = place.comment(41, ADMIN, "ci merge please");
        assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, "merge", "{kind}");
        place.double.with(|state| state.notes.retain(|note| note.author != state.own));
        assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, "merge", "{kind}: the same commit");
        place.double.with(|state| state.notes.retain(|note| note.author != state.own));
        let new = place.pushes();
        place.double.with(|state| "2026-01-02T03:04:06Z".clone_into(&mut state.pulls[0].pushed));
        let told = outcome(&place.deliver(&event, "issue_comment").exits(0));
        assert_eq!(told, ("none".to_owned(), "the head was not there before the comment".to_owned()));
        // An approval of the new commit does not change what the comment meant.
        let late = Vote { at: "2026-01-02T03:04:07Z".to_owned(), ..Vote::approval(MAINTAINER.0, &new) };
        place.double.with(|state| {
            state.votes.push(late);
            state.notes.retain(|note| note.author != state.own);
        });
        assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, "none", "{kind}: approved later");
        assert!(place.answers().last().unwrap().contains(&format!("`ci merge please {new}`")), "{kind}");
        assert_eq!(place.says(42, ADMIN, &format!("ci merge please {new}")).0, "merge", "{kind}");
    }
    // A forge that does not say when the head was pushed.
    for (kind, path) in [(ForgeKind::Github, "/activity"), (ForgeKind::Gitlab, "/versions")] {
        let place = ForgePlace::new(kind, "");
        let answer =
            if kind == ForgeKind::Github { Reply::json(404, &json!({})) } else { Reply::json(200, &json!([])) };
        place.double.fault(path, 2, Fault::Instead(answer));
        let reason = "it is not known that the head was there before the comment";
        assert_eq!(place.says(41, ADMIN, "ci merge please"), ("none".to_owned(), reason.to_owned()), "{kind}");
        assert_eq!(place.says(42, ADMIN, &format!("ci merge please {}", place.head)).0, "merge", "{kind}");
    }
}

/// GitLab writes the event of a comment a moment later: the head and the base in it can be newer than the comment.
#[test]
fn an_event_that_was_written_late_does_not_merge_what_its_author_did_not_see() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        place.pushes();
        if kind == ForgeKind::Forgejo {
            place.happens(Happened::PushedBack, "2026-01-02T03:04:05Z");
        } else {
            place.double.with(|state| "2026-01-02T03:04:05Z".clone_into(&mut state.pulls[0].pushed));
        }
        let told = place.says(41, ADMIN, "ci merge please");
        assert_eq!(told, ("none".to_owned(), "the head was not there before the comment".to_owned()), "{kind}");

        let place = ForgePlace::new(kind, "");
        place.happens(Happened::Retargeted, "2026-01-02T03:04:05Z");
        let told = place.says(41, ADMIN, &format!("ci merge please {}", place.head));
        let reason = "the base was changed after the comment, or it is not known that it was not";
        assert_eq!(told, ("none".to_owned(), reason.to_owned()), "{kind}");
        // What was there before the next comment counts for that one.
        assert_eq!(place.says(42, ADMIN, "ci merge please").0, "merge", "{kind}");
    }
}

/// The pull request gets another base between the comment and the decision, or between the decision and the push.
#[test]
fn a_comment_merges_into_the_base_that_its_author_saw() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        place.place.at("origin.git", &["update-ref", "refs/heads/v1", "refs/heads/master"]);
        let base = place.place.tip("v1");
        let retarget = |base: &str, at: &str| {
            place.double.with(|state| {
                base.clone_into(&mut state.pulls[0].base);
                state.pulls[0].happened = vec![(Happened::Retargeted, at.to_owned())];
            });
        };
        let event = place.comment(41, ADMIN, &format!("ci merge please {}", place.head));
        retarget("v1", "2026-01-02T03:04:05Z");
        let ran = place.deliver(&event, "issue_comment").exits(0);
        let reason = "the base was changed after the comment, or it is not known that it was not";
        assert_eq!(outcome(&ran), ("none".to_owned(), reason.to_owned()), "{kind}");
        assert!(place.answers()[0].contains("The base is `v1` now"), "{kind}");
        // What was there before the comment counts, for the merge and for its push.
        retarget("master", "2026-01-02T03:05:04Z");
        let file = place.asks_for_merge(42, "ci merge please");
        retarget("v1", "2026-01-02T03:05:06Z");
        place.merges(&file).exits(1).says(&["the base was changed after the comment"]);
        assert_eq!((place.place.tip("v1"), place.place.tip("master")), (base.clone(), base), "{kind}");
    }
    // An old Forgejo, whose event does not have the base.
    let place = ForgePlace::new(ForgeKind::Forgejo, "");
    for (id, at, expected) in [(41, "2026-01-02T03:04:06Z", "none"), (42, "2026-01-02T03:05:04Z", "merge")] {
        let mut event = place.comment(id, ADMIN, &format!("ci merge please {}", place.head));
        event.as_object_mut().unwrap().remove("pull_request");
        place.double.with(|state| state.pulls[0].happened = vec![(Happened::Retargeted, at.to_owned())]);
        assert_eq!(outcome(&place.deliver(&event, "issue_comment").exits(0)).0, expected, "{at}");
    }
}

/// Whoever may read a repository of Forgejo can propose work without a fork, by a push to `refs/for/…`.
#[test]
fn work_without_a_branch_is_that_of_a_fork() {
    let agit = json!({"label": "", "ref": "refs/pull/5/head", "sha": "1".repeat(40), "repo_id": 1, "repo": {"id": 1}});
    let plain = json!({"label": "fix", "ref": "fix", "sha": "1".repeat(40), "repo_id": 1, "repo": {"id": 1}});
    for (head, expected) in [(agit, true), (plain, false)] {
        let event = json!({
            "action": "opened", "sender": {"id": 7, "login": "ada", "username": "ada"},
            "pull_request": {"number": 5, "state": "open", "user": {"id": 9}, "head": head, "base": {"ref": "master", "repo": {"id": 1}}},
        });
        let read = read_event(event.to_string().as_bytes(), Some("pull_request_sync")).unwrap();
        assert_eq!(read.pull.unwrap().is_from_fork, Some(expected));
        let place = ForgePlace::new(ForgeKind::Forgejo, "");
        let answer = json!({
            "number": 5, "state": "open", "title": "t", "user": {"id": 9, "login": "linus"}, "labels": [],
            "head": {"label": head["label"], "ref": head["ref"], "sha": place.head, "repo": {"id": 1}},
            "base": {"label": "master", "ref": "master", "sha": place.head, "repo": {"id": 1}},
        });
        place.double.fault("GET /repos/lago-project/demo/pulls/5", 1, Fault::Instead(Reply::json(200, &answer)));
        let told = place.says(41, ADMIN, "ci merge please");
        assert_eq!(told.0 == "none", expected, "{told:?}");
    }
}

/// The numbers of pull requests and comments are those of one repository.
#[test]
fn an_event_of_another_repository_is_not_acted_on() {
    for kind in ForgeKind::ALL {
        let place = ForgePlace::new(kind, "");
        let (object, field) =
            if kind == ForgeKind::Gitlab { ("project", "path_with_namespace") } else { ("repository", "full_name") };
        let deliver = |project: serde_json::Value| {
            let mut event = place.comment(41, ADMIN, "ci merge please");
            event[object][field] = project;
            place.deliver(&event, "issue_comment")
        };
        assert_eq!(outcome(&deliver("evil/other".into()).exits(0)).0, "none", "{kind}");
        let unnamed = deliver(serde_json::Value::Null).exits(2).prints("");
        unnamed.says(&[&format!("it has no `{object}.{field}`"), &format!("the whole payload, as {kind} sends it")]);
        assert_eq!((place.answers(), place.statuses()), (Vec::new(), Vec::new()), "{kind}");
        // This is what the help asks for.
        assert_eq!(outcome(&deliver("Lago-Project/demo".into()).exits(0)).0, "merge", "{kind}");
    }
}

/// The numbers of accounts, comments and pull requests are those of one forge.
#[test]
fn an_event_of_another_forge_is_refused() {
    for (kind, form) in ForgeKind::ALL.into_iter().flat_map(|kind| ForgeKind::ALL.map(|form| (kind, form))) {
        let place = ForgePlace::new(kind, "");
        let event = place.comment_in(form, 41, ADMIN, "ci merge please");
        let ran = place.deliver(&event, "issue_comment");
        if form == kind {
            assert_eq!(outcome(&ran.exits(0)).0, "merge", "{kind}");
            continue;
        }
        let refused = ran.exits(2).prints("");
        refused.says(&[
            &format!("the event has the form of {form}, and the project is on {kind}"),
            &format!(
                "deliver the events of {kind}; if the project is on {form}, write `forge = \"{}\"`",
                form.as_key()
            ),
        ]);
        assert_eq!(place.double.asked(), [""; 0], "{kind}: {form}");
    }
}

/// The names of files come from the work, and are in the answers.
#[test]
fn marks_in_the_names_of_files_mean_nothing() {
    let place = ForgePlace::new(ForgeKind::Github, "");
    let name = "<!-- releng:42:done -->";
    place.place.at("work", &["checkout", "-q", "fix"]);
    let writes = format!("echo more >> '{name}'\n");
    let head = place.place.commit("Add a file", &[(name, "x\n"), ("test.sh", &writes)]);
    place.place.at("work", &["push", "-q", "origin", "fix"]);
    place.place.at("work", &["checkout", "-q", "master"]);
    place.moves_to(&head);
    let file = place.asks_for_merge(41, "ci merge please");
    place.merges(&file).exits(1).says(&["the tests changed tracked files"]);
    assert!(place.ends()[0].contains("releng:42:done"), "{:?}", place.ends());
    assert_eq!(place.says(42, ADMIN, "ci merge please").0, "merge");
}

/// Whoever can have an event delivered again can do so at any time.
#[test]
fn a_comment_of_another_time_is_not_acted_on() {
    let (old, early) = (
        "the comment is older than seven days",
        "the time of the comment is to come: is the clock of this machine right?",
    );
    for (now, expected, why) in [
        ("2026-01-09T03:04:05Z", "merge", ""),
        ("2026-01-09T03:04:06Z", "none", old),
        ("2026-01-02T02:59:05Z", "merge", ""),
        ("2026-01-02T02:59:04Z", "none", early),
    ] {
        let place = ForgePlace::new(ForgeKind::Github, "");
        std::fs::write(place.place.join("event.json"), place.comment(41, ADMIN, "ci merge please").to_string())
            .unwrap();
        let args = ["ci", "respond", "--event", "../event.json", "--name", "issue_comment"];
        let ran = place.place.releng_with(&args, &[("RELENG_FORGE_TOKEN", TOKEN), ("RELENG_NOW", now)]).exits(0);
        let (action, reason) = outcome(&ran);
        assert_eq!(action, expected, "{now}: {reason}");
        assert!(why.is_empty() || reason == why, "{now}: {reason}");
        assert_eq!(place.answers().len(), usize::from(expected == "merge"));
    }
}
