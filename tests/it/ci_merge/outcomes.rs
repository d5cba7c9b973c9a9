//! The ends of a merge at which nothing lands, each with its exit code and its next step.

use std::os::unix::fs::PermissionsExt;

use super::with_release;
use crate::support::merge::{CONFIG, MergePlace, RELEASE};
use crate::support::program::Ran;

/// Fails unless the base is where it was and nothing is staged; the run.
#[track_caller]
fn lands_nothing(place: &MergePlace, args: &[&str]) -> Ran {
    let base = place.tip("master");
    let ran = place.releng(&[&["ci", "merge"], args].concat());
    assert_eq!((place.tip("master"), place.snapshots().len()), (base, 0), "{}", ran.stderr);
    ran
}

#[test]
fn a_failing_test_stops_it_and_shows_the_end_of_its_output() {
    let place = with_release();
    place.propose("topic", "Change it", &[("file", "bad\n"), ("test.sh", "seq 1 100; echo the reason; exit 3\n")]);
    let ran = lands_nothing(&place, &["--branch", "topic"]).exits(1);
    ran.says(&[
        "merge 1: branch `topic` into `master` was stopped: `unit` did not pass",
        "the end of the output of `unit`:",
        "  the reason",
        "the whole output of `unit`: `",
        "ci merge --branch topic --base master`",
    ]);
}

#[test]
fn a_conflict_names_the_files() {
    let place = MergePlace::new(CONFIG);
    place.propose("topic", "Change it", &[("file", "one\n")]);
    place.propose("other", "Change it, too", &[("file", "two\n")]);
    place.merge("other").exits(0);
    place.at("work", &["fetch", "-q"]);
    let ran = lands_nothing(&place, &["--branch", "topic"]).exits(1);
    ran.says(&["was stopped: conflict in `file`", "help: rebase the work: `git fetch && git rebase origin/master`"]);
}

#[test]
fn lint_refuses_what_would_stay_in_the_history() {
    let place = MergePlace::new(CONFIG);
    place.propose("topic", "fixup! Start", &[("file", "one\n")]);
    let ran = lands_nothing(&place, &["--branch", "topic"]).exits(1);
    ran.says(&["`lint` finds an error in the branch", "fixup-left: ", "lint --base origin/master --fix-plan`"]);
}

#[test]
fn a_commit_that_is_not_the_stated_one_is_not_merged() {
    let place = MergePlace::new(CONFIG);
    let old = place.propose("topic", "Change it", &[("file", "one\n")]);
    place.at("work", &["checkout", "-q", "topic"]);
    let new = place.commit("Change more", &[("file", "two\n")]);
    place.at("work", &["push", "-q", "origin", "topic"]);
    let ran = lands_nothing(&place, &["--branch", "topic", "--head", &old]).exits(5);
    ran.says(&[&format!("branch `topic` is at {new} now")]);
    place.releng(&["ci", "merge", "--branch", "topic", "--head", &new]).exits(0);
}

#[test]
fn a_test_that_changes_tracked_files_did_not_test_what_would_land() {
    let place = MergePlace::new(CONFIG);
    place.propose(
        "topic",
        "Change it",
        &[("test.sh", "git rev-parse HEAD^{tree} >> \"$TESTED\"; echo more >> file; rm .gitignore\n")],
    );
    let ran = lands_nothing(&place, &["--branch", "topic"]).exits(1);
    ran.says(&["the tests changed tracked files: `.gitignore`, `file`"]);
}

#[test]
fn a_release_of_another_commit_is_not_staged_and_nothing_lands() {
    let missing = RELEASE.replace("dist --no-stage", "version");
    let other = RELEASE.replace("dist --no-stage", "dist --no-stage --rev HEAD^");
    for (step, why) in [(missing, "`target/dist` has no `SHA256SUMS`"), (other, "not that of the merge commit")] {
        let place = MergePlace::new(&format!("{CONFIG}{step}"));
        place.propose("topic", "Change it", &[("file", "one\n")]);
        lands_nothing(&place, &["--branch", "topic"]).exits(1).says(&["left no release of the merge commit", why]);
    }
}

#[test]
fn a_remote_that_refuses_the_push_is_quoted() {
    let place = with_release();
    place.propose("topic", "Change it", &[("file", "one\n")]);
    let hook = place.join("origin.git/hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho only on weekdays\nprintf '\\033[2J'\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = lands_nothing(&place, &["--branch", "topic"]).exits(3);
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    ran.says(&["the remote refuses the push: ", "pre-receive hook declined", "only on weekdays"]);
    std::fs::remove_file(&hook).unwrap();
    place.merge("topic").exits(0);
    assert_eq!(place.snapshots().len(), 1);
}

#[test]
fn what_is_in_the_base_already_is_no_failure() {
    let place = MergePlace::new(CONFIG);
    place.propose("topic", "Change it", &[("file", "one\n")]);
    place.merge("topic").exits(0);
    let base = place.tip("master");
    place.merge("topic").exits(0).prints("").says(&["branch `topic` is in `master` already"]);
    assert_eq!(place.tip("master"), base);
}

#[test]
fn what_is_not_there_is_named() {
    let place = MergePlace::new(CONFIG);
    place.propose("topic", "Change it", &[("file", "one\n")]);
    for (args, code, parts) in [
        (&["--branch", "nothing"][..], 2, &["`origin` has no branch `nothing`", "git ls-remote origin"][..]),
        (&["--branch", "topic", "--base", "v9"], 2, &["`origin` has no branch `v9`", "--base NAME"]),
        (&["--branch", "topic", "--remote", "upstream"], 2, &["there is no remote `upstream`", "git remote -v"]),
        (&["--branch=--upload-pack=x"], 2, &["`--upload-pack=x` cannot name a branch"]),
        (&["--branch", "a..b"], 2, &["cannot name a branch"]),
        (&[], 2, &["--branch <NAME>"]),
    ] {
        lands_nothing(&place, args).exits(code).says(parts);
    }
    std::fs::rename(place.join("origin.git"), place.join("away")).unwrap();
    place.merge("topic").exits(5).says(&["cannot list the branches of `", "git ls-remote"]);
}

#[test]
fn without_a_boundary_or_a_test_nothing_is_merged() {
    let unset = CONFIG.replace("isolation = \"none\"\n", "");
    let untested = CONFIG.split("[[ci.check-merged]]").next().unwrap();
    for (config, parts) in [
        (unset.as_str(), &["`ci.isolation` is not set", "`\"user:NAME\"`", "and commit it"][..]),
        (
            untested,
            &["no tests are configured for a merge commit", "`[[ci.check-merged]]`", "automation/check-merged.sh"],
        ),
    ] {
        let place = MergePlace::new(config);
        // The work cannot give itself what the base lacks.
        place.propose("topic", "Change it", &[("packaging/release.toml", CONFIG)]);
        lands_nothing(&place, &["--branch", "topic"]).exits(2).says(parts);
        place.releng(&["ci", "status"]).exits(0).prints("");
    }
}

#[test]
fn the_steps_are_those_of_the_base() {
    let place = MergePlace::new(CONFIG);
    let own = CONFIG
        .replace("\"sh\", \"test.sh\"", "\"true\"")
        .replace("isolation = \"none\"", "isolation = \"user:nobody\"");
    place.propose("topic", "Change the steps", &[("packaging/release.toml", &own), ("file", "bad\n")]);
    lands_nothing(&place, &["--branch", "topic"]).exits(1).says(&["`unit` did not pass"]);
}

#[test]
fn a_merge_is_given_up_with_a_reason() {
    let place = MergePlace::new(CONFIG);
    place.propose("topic", "Change it", &[("file", "one\n")]);
    // The remote is gone in the middle.
    let lose = "git rev-parse HEAD^{tree} >> \"$TESTED\"; mv ../../../../../../../../../origin.git ../../../../../../../../../away || true\n";
    place.propose("lost", "Lose the remote", &[("test.sh", lose)]);
    place.merge("lost").exits(5).says(&["merge 1 goes on where it stopped: `", "ci recover --give-up 1 --why TEXT`"]);
    place.releng(&["ci", "status"]).exits(0).prints_part("1  tested").says(&["interrupted merges go on by"]);
    place.releng(&["ci", "recover"]).exits(5);
    place.releng(&["ci", "recover", "--give-up", "1", "--why", "the remote is gone"]).exits(0);
    place.releng(&["ci", "status"]).exits(0).prints_part("given up").prints_part("the remote is gone");
    place.releng(&["ci", "recover", "--give-up", "1", "--why", "again"]).exits(2).says(&["has ended already"]);
    place.releng(&["ci", "recover", "--give-up", "9", "--why", "none"]).exits(2).says(&["there is no merge 9"]);
    place.releng(&["ci", "recover"]).exits(0).says(&["no merge was interrupted"]);
    std::fs::rename(place.join("away"), place.join("origin.git")).unwrap();
    place.merge("topic").exits(0);
}
