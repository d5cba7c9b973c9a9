//! Follows the helps of `ci merge` and `ci recover`.

use std::os::unix::fs::PermissionsExt;

use super::{follow, run_shell};
use crate::support::merge::{CONFIG, MergePlace, RELEASE};
use crate::support::program::Ran;

const MERGE: &str = "releng ci merge --branch topic";

/// A place with work on the branch `topic`.
fn proposed(config: &str, message: &str, files: &[(&str, &str)]) -> MergePlace {
    let place = MergePlace::new(config);
    place.propose("topic", message, files);
    place
}

fn merge(place: &MergePlace) -> Ran {
    run_shell(&place.join("work"), MERGE)
}

/// Commits to the branch `topic` and pushes it.
fn push_more(place: &MergePlace, message: &str, files: &[(&str, &str)]) -> String {
    place.at("work", &["checkout", "-q", "topic"]);
    let commit = place.commit(message, files);
    place.at("work", &["push", "-q", "-f", "origin", "topic"]);
    place.at("work", &["checkout", "-q", "master"]);
    commit
}

/// Runs the command of the help that merges again.
#[track_caller]
fn again(place: &MergePlace, ran: &Ran) -> Ran {
    follow(&place.join("work"), ran, "ci merge --branch topic --base master", &[])
}

#[test]
fn work_with_a_conflict_is_rebased() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    place.propose("other", "Change it, too", &[("file", "two\n")]);
    run_shell(&place.join("work"), "releng ci merge --branch other").exits(0);
    let stopped = merge(&place).exits(1);
    place.at("work", &["checkout", "-q", "topic"]);
    // The person solves the conflict in the rebase that the help names.
    let rebase = follow(&place.join("work"), &stopped, "git rebase", &[]);
    assert_ne!(rebase.code, 0, "there is a conflict: {}", rebase.stdout);
    run_shell(&place.join("work"), "echo both > file && git add file && GIT_EDITOR=true git rebase --continue")
        .exits(0);
    place.at("work", &["push", "-q", "-f", "origin", "topic"]);
    again(&place, &stopped).exits(0);
}

#[test]
fn a_plan_cleans_the_branch() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    push_more(&place, "fixup! Change it", &[("file", "two\n")]);
    let stopped = merge(&place).exits(1);
    place.at("work", &["checkout", "-q", "topic"]);
    place.at("work", &["fetch", "-q"]);
    let plan = follow(&place.join("work"), &stopped, "lint --base", &[]).exits(0).stdout;
    std::fs::write(place.join("plan"), plan).unwrap();
    run_shell(&place.join("work"), "git -c sequence.editor='cp ../plan' rebase -q -i origin/master").exits(0);
    place.at("work", &["push", "-q", "-f", "origin", "topic"]);
    again(&place, &stopped).exits(0);
}

#[test]
fn corrected_work_is_merged() {
    let place = proposed(CONFIG, "Change it", &[("file", "bad\n")]);
    let stopped = merge(&place).exits(1);
    push_more(&place, "Correct it", &[("file", "good again\n")]);
    again(&place, &stopped).exits(0);
}

#[test]
fn a_new_commit_is_merged_after_a_look() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    let old = place.at("work", &["rev-parse", "topic"]);
    let new = push_more(&place, "Change more", &[("file", "two\n")]);
    let refused = place.releng(&["ci", "merge", "--branch", "topic", "--head", &old]).exits(5);
    refused.says(&[&new, "state that one: `--head COMMIT`"]);
    // Somebody pushes while the tests run.
    let push =
        "cd \"$PWD\"/$(git rev-parse --show-cdup)../../../../../../../../.. && git -C work push -q origin more:topic\n";
    let place = proposed(CONFIG, "Change it", &[("test.sh", push)]);
    place.at("work", &["checkout", "-q", "-b", "more", "topic"]);
    place.commit("More", &[("test.sh", "true\n")]);
    place.at("work", &["checkout", "-q", "master"]);
    let stopped = merge(&place).exits(5).says(&["somebody pushed ", " to the work"]);
    again(&place, &stopped).exits(0);
}

#[test]
fn the_right_to_push_is_given() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    let hook = place.join("origin.git/hooks/update");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let stopped = merge(&place).exits(3);
    std::fs::remove_file(hook).unwrap();
    again(&place, &stopped).exits(0);
}

#[test]
fn the_history_of_the_remote_is_looked_at() {
    let config = format!("{}{RELEASE}", CONFIG.replace("initial = \"0.1\"\n", ""));
    let place = proposed(&config, "Change it", &[("file", "one\n")]);
    let stopped = merge(&place).exits(6);
    place.at("work", &["fetch", "-q"]);
    follow(&place.join("work"), &stopped, "version --rev", &[]).says(&["no milestone tag"]);
    place.at("work", &["tag", "0.3", "master"]);
    place.at("work", &["push", "-q", "origin", "0.3"]);
    again(&place, &stopped).exits(0);
}

#[test]
fn a_step_that_writes_elsewhere_lets_the_work_land() {
    let place = proposed(CONFIG, "Change it", &[("test.sh", "echo more >> file\n")]);
    let stopped = merge(&place).exits(1);
    push_more(&place, "Write elsewhere", &[("test.sh", "echo more >> target-file\n")]);
    again(&place, &stopped).exits(0);
}

#[test]
fn a_step_makes_the_release() {
    let config = format!("{CONFIG}{}", RELEASE.replace("dist --no-stage", "version"));
    let place = proposed(&config, "Change it", &[("file", "one\n")]);
    let stopped = merge(&place).exits(1);
    let logs = stopped.stderr.split("its output is in `").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    assert!(std::path::Path::new(logs).join("1/logs/build-artifacts/release.log").is_file(), "{logs}");
    place.commit("Make the release", &[("packaging/release.toml", &format!("{CONFIG}{RELEASE}"))]);
    place.at("work", &["push", "-q", "origin", "master"]);
    again(&place, &stopped).exits(0);
    assert_eq!(place.snapshots().len(), 1);
}

#[test]
fn work_that_is_gone_is_looked_for() {
    let delete = "git -C \"$PWD\"/$(git rev-parse --show-cdup)../../../../../../../../../origin.git update-ref -d refs/heads/topic\n";
    let place = proposed(CONFIG, "Change it", &[("test.sh", delete)]);
    let stopped = merge(&place).exits(1).says(&["the work is not there any more"]);
    let list = follow(&place.join("work"), &stopped, "git ls-remote", &[]).exits(0).stdout;
    assert!(list.contains("refs/heads/master") && !list.contains("refs/heads/topic"), "{list}");
}

#[test]
fn what_is_not_on_the_remote_is_listed() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    let work = place.join("work");
    let run = |args: &str| run_shell(&work, &format!("releng ci merge {args}"));
    let list = follow(&work, &run("--branch nothing").exits(2), "git ls-remote origin", &[]).exits(0).stdout;
    assert!(list.contains("refs/heads/topic"), "{list}");
    let list = follow(&work, &run("--branch topic --remote other").exits(2), "git remote -v", &[]).exits(0).stdout;
    assert!(list.starts_with("origin\t"), "{list}");
    run("--pull 3").exits(2).says(&["help: a server without pull requests has branches: `--branch NAME`"]);
    run("--branch topic --base v9").exits(2).says(&["help: name the branch to merge into: `--base NAME`"]);
    std::fs::rename(place.join("origin.git"), place.join("away")).unwrap();
    let gone = run("--branch topic").exits(5);
    follow(&work, &gone, "git ls-remote /", &[]).exits(128);
    std::fs::rename(place.join("away"), place.join("origin.git")).unwrap();
    run("--branch topic").exits(0);
}

#[test]
fn a_boundary_and_a_test_are_configured() {
    let bare = "[project]\nname = \"demo\"\n[version]\ninitial = \"0.1\"\n";
    let place = proposed(bare, "Change it", &[("file", "one\n")]);
    let set = |config: &str| {
        place.commit("Configure it", &[("packaging/release.toml", config)]);
        place.at("work", &["push", "-q", "origin", "master"]);
    };
    merge(&place).exits(2).says(&["set `ci.isolation` to ", "to `\"none\"`, and commit it"]);
    let isolation = format!("{bare}[ci]\nisolation = \"none\"\n");
    set(&isolation);
    merge(&place).exits(2).says(&["`[[ci.check-merged]]`, `name = \"unit\"`, `run = [\"make\", \"check\"]`"]);
    set(&format!("{isolation}[[ci.check-merged]]\nname = \"unit\"\nrun = [\"true\"]\n"));
    merge(&place).exits(0);
}

#[test]
fn git_is_told_who_merges() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    place.at("work", &["config", "--remove-section", "user"]);
    place.at("work", &["config", "user.useConfigOnly", "true"]);
    let unknown = merge(&place).exits(2);
    let person = [("NAME", "Ada"), ("ADDRESS", "ada@example.org")];
    follow(&place.join("work"), &unknown, "git config user.name", &person).exits(0);
    merge(&place).exits(0);
}

#[test]
fn a_merge_that_ended_is_shown() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    merge(&place).exits(0);
    let work = place.join("work");
    for number in ["1", "2"] {
        let refused = run_shell(&work, &format!("releng ci recover --give-up {number} --why no")).exits(2);
        assert!(follow(&work, &refused, "ci status", &[]).exits(0).stdout.starts_with("1  done"));
    }
}

#[test]
fn a_changed_journal_is_moved_away() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    merge(&place).exits(0);
    let journal = place.join("work/target/repository-state/demo/ci/merges/000001/journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replace("prepare", "PREPARE")).unwrap();
    let refused = run_shell(&place.join("work"), "releng ci status").exits(1).says(&["journal.jsonl` line 2: "]);
    refused.says(&["restore it from a backup, or move its folder away"]);
    std::fs::rename(journal.parent().unwrap(), place.join("away")).unwrap();
    run_shell(&place.join("work"), "releng ci status").exits(0);
}

#[test]
fn a_lost_release_is_made_again() {
    let place = proposed(&format!("{CONFIG}{RELEASE}"), "Change it", &[("file", "one\n")]);
    // The repository cannot be written when the release is to be staged.
    std::fs::create_dir_all(place.join("work/target")).unwrap();
    std::fs::write(place.join("work/target/repository"), "in the way").unwrap();
    let stuck = place.releng(&["--repository", "target/repository", "ci", "merge", "--branch", "topic"]);
    assert_ne!(stuck.code, 0);
    std::fs::remove_file(place.join("work/target/repository")).unwrap();
    place.merge("topic").exits(0);
    assert_eq!(place.snapshots().len(), 1);
}

#[test]
fn a_prepared_merge_whose_work_is_gone_is_prepared_again() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    let work = place.join("work");
    let prepare = "releng ci merge prepare --branch topic --out ../merge.json";
    run_shell(&work, prepare).exits(0);
    place.at("work", &["checkout", "-q", "topic"]);
    place.at("work", &["commit", "-q", "--amend", "-m", "Change it otherwise"]);
    place.at("work", &["push", "-q", "-f", "origin", "topic"]);
    let gone = run_shell(&work, "releng ci merge test ../merge.json --out ../tested-dir").exits(5);
    gone.says(&["somebody pushed meanwhile: prepare the merge again"]);
    run_shell(&work, prepare).exits(0);
    run_shell(&work, "releng ci merge test ../merge.json --out ../tested-dir").exits(0);
}

#[test]
fn tests_of_another_merge_are_run_again() {
    let place = proposed(CONFIG, "Change it", &[("file", "one\n")]);
    place.propose("other", "Add one", &[("other", "one\n")]);
    let work = place.join("work");
    run_shell(&work, "releng ci merge prepare --branch other --out ../other.json").exits(0);
    run_shell(&work, "releng ci merge test ../other.json --out ../tested-dir").exits(0);
    run_shell(&work, "releng ci merge prepare --branch topic --out ../merge.json").exits(0);
    let finish = "releng ci merge finish ../merge.json --tested ../tested-dir";
    let refused = run_shell(&work, finish).exits(2);
    follow(&work, &refused, "ci merge test ../merge.json", &[("DIR", "../tested-dir")]).exits(0);
    run_shell(&work, finish).exits(0);
}
