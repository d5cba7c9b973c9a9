//! Helps about crates that cannot be put into the vendor archive. Those of the project itself need no registry.

use super::run_shell;
use crate::support::program::{PROGRAM, Ran, Sandbox, run_in};

const PART: &str = "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
const LOCK: &str = "version = 3\n\n[[package]]\nname = \"demo\"\nversion = \"0.0.0\"\ndependencies = [\n \"part\",\n]\n\n\
    [[package]]\nname = \"part\"\nversion = \"0.1.0\"\n";

/// The manifest of a crate that depends on the crate `part` at a path.
fn manifest(path: &str) -> String {
    format!(
        "[package]\nname = \"demo\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[dependencies]\npart = {{ path = \"{path}\" }}\n"
    )
}

/// A project with a locked dependency at a path, which the commit does not have.
fn project(path: &str) -> Sandbox {
    let config = ("packaging/release.toml", "[source]\nvendor = \"cargo\"\n");
    let files = [
        ("Cargo.toml", &*manifest(path)),
        ("Cargo.lock", LOCK),
        ("src/lib.rs", ""),
        (".gitignore", "/target\n"),
        config,
    ];
    Sandbox::released(&files)
}

fn dist(project: &Sandbox) -> Ran {
    run_in(project.path(), PROGRAM, &["dist", "--no-stage"], &[])
}

/// The files of the crate, committed in the project.
fn commit_part(project: &Sandbox) {
    project
        .commit("Commit it", &[("part/Cargo.toml", PART), ("part/src/lib.rs", ""), ("Cargo.toml", &manifest("part"))]);
}

#[test]
fn a_crate_in_the_project_is_committed() {
    let project = project("part");
    dist(&project).exits(1).says(&["help: commit `part/Cargo.toml`"]);
    commit_part(&project);
    dist(&project).exits(0);
    project.commit("Leave it out", &[(".gitattributes", "/part export-ignore\n")]);
    dist(&project).exits(1).says(&["if it is committed, `.gitattributes` has `export-ignore` for it: remove that"]);
    project.commit("Remove that", &[(".gitattributes", "")]);
    dist(&project).exits(0);
}

#[test]
fn a_crate_outside_of_the_project_is_moved_into_it() {
    let project = project("../elsewhere");
    dist(&project)
        .exits(1)
        .says(&["help: a dependency has a `path` that leads out of the commit", "move the crate into this repository"]);
    commit_part(&project);
    dist(&project).exits(0);
}

#[test]
fn a_crate_of_a_submodule_is_moved_into_the_project() {
    let project = project("part");
    let id = project.git(&["rev-parse", "HEAD"]);
    project.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},part")]);
    project.git(&["commit", "-q", "-m", "Use a submodule"]);
    dist(&project).exits(1).says(&["help: `part` is a submodule", "move the crate into this repository"]);
    project.git(&["rm", "-q", "--cached", "part"]);
    commit_part(&project);
    dist(&project).exits(0);
}

#[test]
fn a_lock_file_is_brought_up_to_date() {
    let project = project("part");
    commit_part(&project);
    let old = "version = 3\n\n[[package]]\nname = \"demo\"\nversion = \"0.0.0\"\n";
    project.commit("An old one", &[("Cargo.lock", old)]);
    let refused = dist(&project).exits(1).says(&["help: bring the lock file up to date"]);
    let command = super::commands_of(&refused).into_iter().find(|command| command.starts_with("cargo update")).unwrap();
    run_in(project.path(), "sh", &["-c", &command], &[]).exits(0);
    project.commit("Lock it", &[]);
    dist(&project).exits(0);
}

#[test]
fn crates_that_cannot_be_had_are_left_out() {
    let manifest =
        "[package]\nname = \"demo\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[dependencies]\nitoa = \"=1.0.0\"\n";
    let lock = "version = 3\n\n[[package]]\nname = \"demo\"\nversion = \"0.0.0\"\ndependencies = [\n \"itoa\",\n]\n\n\
        [[package]]\nname = \"itoa\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
        checksum = \"1aab8fc367588b89dcee83ab0fd66b72b50b72fa1904d7095045ace2b0c81c35\"\n";
    let files =
        [("Cargo.toml", manifest), ("Cargo.lock", lock), ("src/lib.rs", ""), (".gitignore", "/target\n/empty\n")];
    let project = Sandbox::released(&files);
    project.write("empty/.keep", "");
    let home = project.join("empty").display().to_string();
    let variables = [("CARGO_HOME", home.as_str()), ("CARGO_NET_OFFLINE", "true")];
    let refused = run_in(project.path(), PROGRAM, &["dist", "--no-stage"], &variables).exits(1);
    let commands = super::commands_of(&refused.says(&["leave the vendor archive out"]));
    assert!(commands.contains(&"--no-vendor".to_owned()), "{commands:?}");
    run_shell(project.path(), "releng dist --no-stage --no-vendor").exits(0);
}
