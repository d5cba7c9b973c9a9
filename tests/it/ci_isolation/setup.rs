//! A boundary that cannot be set up: an error before anything is recorded, and never a test without it.

use super::lab::{Lab, behind_user, user};
use crate::support::program::{path_without, run_in};

#[track_caller]
fn refused(lab: &Lab, code: i32, words: &[&str]) {
    lab.push_work(&[("attack.sh", "echo it ran\n")]);
    for more in [&[][..], &["--dry-run"]] {
        lab.releng(&[&["ci", "merge", "--branch", "work", "--base", "main"], more].concat()).exits(code).says(words);
    }
    assert!(!lab.log().contains("it ran"));
    lab.releng(&["ci", "recover"]).exits(0).says(&["no merge was interrupted"]);
}

#[test]
fn the_user_is_there_and_is_not_root() {
    user("releng-ci-test");
    let lab = |isolation: &str| Lab::new(&format!("isolation = \"{isolation}\""));
    let help = "help: make one for tests only: `useradd --system --no-create-home releng-ci-nobody`";
    refused(&lab("user:releng-ci-nobody"), 1, &["this system has no user `releng-ci-nobody`", help]);
    for root in ["user:root", "user:0"] {
        let words =
            if root == "user:root" { "the user `root` has the rights of root" } else { "this system has no user `0`" };
        refused(&lab(root), if root == "user:root" { 2 } else { 1 }, &[words]);
    }
    let mut without = lab("container:localhost/nothing");
    let path = path_without(&without.path("bin"), &["podman"]);
    without.variables.push(("PATH".to_owned(), path));
    refused(&without, 1, &["there is no program `podman`", "put `podman` on PATH; or set `ci.isolation"]);
}

#[test]
fn only_root_runs_tests_as_another_user() {
    let lab = behind_user("");
    lab.push_work(&[("attack.sh", "true\n")]);
    let open = ["-R", "a+rwX", &lab.path("").display().to_string()].map(str::to_owned);
    run_in(&lab.path(""), "chmod", &open.each_ref().map(String::as_str), &[]).exits(0);
    run_in(&lab.path(""), "chown", &["-R", "releng-ci-test", &lab.path("").display().to_string()], &[]).exits(0);
    let home = lab.path("home").display().to_string();
    let command = [
        "--reuid=releng-ci-test",
        "--regid=releng-ci-test",
        "--clear-groups",
        crate::support::program::PROGRAM,
        "ci",
        "merge",
        "--branch",
        "work",
        "--base",
        "main",
    ];
    let person = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
    let mut variables: Vec<(&str, &str)> = vec![("HOME", &home)];
    variables.extend(person.map(|name| (name, "ada@example.org")));
    let help =
        "help: run it as root; podman can do without root: set `ci.isolation = \"container:IMAGE\"`, and commit it";
    run_in(&lab.path("clone"), "setpriv", &command, &variables)
        .exits(1)
        .says(&["only root can run tests as the user `releng-ci-test`", help]);
}

#[test]
fn without_namespaces_nothing_is_run() {
    let lab = behind_user("");
    lab.push_work(&[("attack.sh", "echo it ran\n")]);
    // Root without the right to make namespaces, as in many containers.
    let home = lab.path("home").display().to_string();
    let command = [
        "--bounding-set=-sys_admin",
        "--inh-caps=-sys_admin",
        crate::support::program::PROGRAM,
        "ci",
        "merge",
        "--branch",
        "work",
        "--base",
        "main",
    ];
    let person = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
    let mut variables: Vec<(&str, &str)> = vec![("HOME", &home)];
    variables.extend(person.map(|name| (name, "ada@example.org")));
    run_in(&lab.path("clone"), "setpriv", &command, &variables).exits(1).says(&[
        "the boundary of the user `releng-ci-test` cannot be set up: unshare: unshare failed: Operation not permitted",
        "help: see whether root may use namespaces",
    ]);
    assert_eq!(lab.log(), "");
}

#[test]
fn the_script_of_the_first_process_is_sound() {
    let root = crate::support::root();
    run_in(&root, "shellcheck", &["-s", "bash", "xtask/src/base/process/boundary/user.bash"], &[]).exits(0).prints("");
}
