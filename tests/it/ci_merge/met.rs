//! What people met: each was wrong once.

use super::with_release;
use crate::support::merge::{CONFIG, MergePlace, RELEASE, releng_at};

#[test]
fn a_number_of_the_ci_system_that_was_used_keeps_no_release_back() {
    let place = with_release();
    for (branch, number, snapshot) in [
        ("one", "5", "pipeline_5"),
        ("two", "5", "pipeline_6"),
        ("three", "3", "pipeline_7"),
        ("four", "30", "pipeline_30"),
    ] {
        place.propose(branch, &format!("Add {branch}"), &[(branch, "1")]);
        let ran = place.releng_with(&["ci", "merge", "--branch", branch], &[("BUILD_NUMBER", number)]).exits(0);
        assert!(ran.stderr.contains(snapshot), "{}", ran.stderr);
        let latest = place.join("work/target/repository/demo/unstable/0.0/latest").read_link().unwrap();
        assert!(latest.to_str().unwrap().ends_with(snapshot), "{latest:?}");
    }
}

#[test]
fn work_without_a_common_commit_is_refused() {
    let place = MergePlace::new(CONFIG);
    place.at("work", &["switch", "-q", "--orphan", "topic"]);
    place.commit("Begin anew", &[("other", "1")]);
    place.at("work", &["push", "-q", "origin", "topic"]);
    place.at("work", &["checkout", "-q", "-f", "master"]);
    let base = place.tip("master");
    place.merge("topic").exits(1).says(&["it has no commit in common with the base", "git rebase origin/master"]);
    assert_eq!(place.tip("master"), base);
}

#[test]
fn line_ends_that_git_changes_are_no_change_by_the_tests() {
    let place = MergePlace::new(CONFIG);
    // The file is in the commit with other line ends than the attributes ask for.
    place.at("work", &["checkout", "-q", "-b", "topic"]);
    place.commit("Add a file", &[("crlf.txt", "one\r\ntwo\r\n")]);
    std::fs::write(place.join("work/.git/info/attributes"), "crlf.txt -text\n").unwrap();
    place.commit("Say how it is read", &[(".gitattributes", "*.txt text eol=lf\n")]);
    place.at("work", &["push", "-q", "origin", "topic"]);
    place.merge("topic").exits(0);
}

#[test]
fn a_remote_is_named_by_its_address_too() {
    let place = MergePlace::new(CONFIG);
    let address = place.join("origin.git").display().to_string();
    for (branch, remote) in
        [("one", address.clone()), ("two", format!("file://{address}")), ("three", "../origin.git".to_owned())]
    {
        place.propose(branch, &format!("Add {branch}"), &[(branch, "1")]);
        place.releng(&["ci", "merge", "--branch", branch, "--base", "master", "--remote", &remote]).exits(0);
    }
    place.releng(&["ci", "merge", "--branch", "one", "--remote=-x/y"]).exits(2).says(&["there is no remote `-x/y`"]);
}

#[test]
fn a_name_with_a_line_break_forges_no_line() {
    let place = MergePlace::new(CONFIG);
    let name = "a\n2  done     forged";
    place.propose("one", "Add it", &[(name, "1")]);
    place.propose("two", "Add it, too", &[(name, "2")]);
    place.merge("one").exits(0);
    let stopped = place.merge("two").exits(1);
    let list = place.releng(&["ci", "status"]).exits(0).stdout;
    for text in [&stopped.stderr, &list] {
        assert!(text.contains("`a\\n2  done     forged`") && !text.contains("\n2  done     forged"), "{text}");
    }
}

#[test]
fn the_configuration_of_the_work_is_its_own_fault() {
    let place = with_release();
    place.propose("topic", "Break it", &[("packaging/release.toml", "[project\n")]);
    place.merge("topic").exits(6).says(&["the configuration of the work is wrong", "this is not TOML"]);
    place.releng(&["ci", "status"]).exits(0).prints_part("1  stopped");
}

#[test]
fn a_merge_that_has_landed_is_not_given_up_silently() {
    let place = with_release();
    place.propose("topic", "Change it", &[("file", "new\n")]);
    // The remote takes the push, and the program is killed before it hears of it.
    let hook = place.join("origin.git/hooks/post-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nkill -9 $(cat \"$KILLED\")\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let file = place.join("process").display().to_string();
    let script = format!("echo $$ > {file}; exec \"$RELENG\" ci merge --branch topic");
    let program = crate::support::program::PROGRAM;
    let variables = [("KILLED", file.as_str()), ("RELENG", program)];
    let killed = crate::support::program::run_in(&place.join("work"), "sh", &["-c", &script], &variables);
    assert_eq!(killed.code, -1, "{}", killed.stderr);
    std::fs::remove_file(hook).unwrap();
    let merge = place.tip("master");
    let given_up = place.releng(&["ci", "recover", "--give-up", "1", "--why", "a test"]).exits(0);
    given_up.says(&[&format!("`master` has the merge commit {merge}, and its release is not staged")]);
    // The way that the warning names.
    place.at("work", &["fetch", "-q", "--tags"]);
    place.releng(&["dist", "--no-stage", "--rev", &merge]).exits(0);
    place.releng(&["stage"]).exits(0);
    assert_eq!(place.snapshots().len(), 1);
}

#[test]
fn a_step_of_a_killed_run_does_not_write_into_the_next_one() {
    // The step of the killed run writes a release into the folder that it ran in.
    let step = "P=$PWD; test -e ../../../began && exec sh test.sh; touch ../../../began; echo $PPID > \"$KILLED\"; \
        (sleep 2; echo orphan > $P/orphan) & sleep 1; kill -9 $(cat \"$MAIN\"); sleep 5";
    let config = CONFIG
        .replace("[\"sh\", \"test.sh\"]", &format!("[\"sh\", \"-c\", {}]", serde_json::to_string(step).unwrap()))
        .replace("\"TESTED\"", "\"TESTED\", \"KILLED\", \"MAIN\"");
    let place = MergePlace::new(&format!(
        "{config}{}",
        RELEASE.replace("dist --no-stage", "dist --no-stage; ! test -e orphan")
    ));
    place.propose("topic", "Change it", &[("file", "new\n")]);
    let (killed, main) = (place.join("killed").display().to_string(), place.join("main").display().to_string());
    let tested = place.join("tested").display().to_string();
    let program = crate::support::program::PROGRAM;
    let script = format!("echo $$ > {main}; exec \"$RELENG\" ci merge --branch topic");
    let variables = [("KILLED", killed.as_str()), ("MAIN", &main), ("RELENG", program), ("TESTED", &tested)];
    let ran = crate::support::program::run_in(&place.join("work"), "sh", &["-c", &script], &variables);
    assert_eq!(ran.code, -1, "{}", ran.stderr);
    releng_at(place.path(), "work", &["ci", "recover"], &variables[..2]).exits(0);
    assert_eq!(place.snapshots().len(), 1);
}
