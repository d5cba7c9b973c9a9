//! Helps about the clone, the places of results, and what is rendered.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::template::{DIST, TEMPLATE, demo};
use super::{commands_of, follow, run_shell};
use crate::support::program::{PROGRAM, Sandbox, run_in};

#[test]
fn a_spec_is_rendered_again() {
    let project = demo();
    project.releng(&["spec"]).exits(0);
    fs::write(project.join("demo.spec"), fs::read_to_string(project.join("demo.spec")).unwrap().replace("MIT", "GPL"))
        .unwrap();
    let stale = project.releng(&["spec", "--check"]).exits(4).says(&["help: render it again"]);
    follow(project.path(), &stale, "spec", &[]).exits(0);
    project.releng(&["spec", "--check"]).exits(0);
    for text in ["Name: demo\n", "Name: demo\nVersion: x\nRelease: 1\n", "Name: demo\nVersion: 9.9.9\nRelease: 1\n"] {
        project.write("demo.spec", text);
        let stale = project.releng(&["spec", "--check"]).exits(4);
        follow(project.path(), &stale, "spec", &[]).exits(0);
        project.releng(&["spec", "--check"]).exits(0);
    }
    project.releng(&["spec", "--out", "demo.spec.in"]).exits(2).says(&["name another file with `--out FILE`"]);
    project.releng(&["spec", "--out", "another.spec"]).exits(0);
    // With the flags of the whole run.
    let (outside, flag) = (tempfile::tempdir().unwrap(), project.path().to_str().unwrap());
    let check = ["--project", flag, "spec", "--check"];
    fs::remove_file(project.join("demo.spec")).unwrap();
    let stale = run_in(outside.path(), PROGRAM, &check, &[]).exits(4);
    follow(outside.path(), &stale, "spec", &[]).exits(0);
    run_in(outside.path(), PROGRAM, &check, &[]).exits(0);
}

#[test]
fn a_bare_repository_gets_a_place_for_results() {
    let project = demo();
    let bare = tempfile::tempdir().unwrap();
    let to = bare.path().join("demo.git");
    project.git(&["clone", "-q", "--bare", project.path().to_str().unwrap(), to.to_str().unwrap()]);
    run_in(&to, PROGRAM, &["spec"], &[]).exits(2).says(&["name one: `--out FILE`, or `--out -`"]);
    run_in(&to, PROGRAM, &["spec", "--out", "-"], &[]).exits(0);
    let refused = run_in(&to, PROGRAM, DIST, &[]).exits(2).says(&["name one: `--out DIR`"]);
    let flag = commands_of(&refused).into_iter().find(|flag| flag.starts_with("--out")).unwrap();
    run_shell(&to, &format!("releng dist --no-stage {}", flag.replace("DIR", "../results"))).exits(0);
}

#[test]
fn a_place_for_results_is_chosen() {
    let project = demo();
    project.write("target/dist", "a file");
    project.releng(DIST).exits(1).says(&["move it away, or choose with `--out DIR`"]);
    project.releng(&["dist", "--no-stage", "--out", "target/other"]).exits(0);
    fs::rename(project.join("target/dist"), project.join("target/away")).unwrap();
    project.releng(DIST).exits(0);
    run_shell(project.path(), "releng dist --no-stage --out \"$(printf 'a\\377')\"")
        .exits(2)
        .says(&["name a folder with `--out DIR`"]);
    project.write("target/dist/notes", "n");
    let refused = project.releng(DIST).exits(2).says(&["move it away"]);
    let place = commands_of(&refused).into_iter().find(|path| path.ends_with("/notes")).unwrap();
    fs::rename(place, project.join("target/notes")).unwrap();
    project.releng(DIST).exits(0);
    let inside = project.join("target/dist/sources");
    run_in(&inside, PROGRAM, DIST, &[]).exits(2).says(&["run this from elsewhere"]);
}

#[test]
fn a_folder_without_a_project_is_left_for_one_with() {
    let project = demo();
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = run_in(elsewhere.path(), PROGRAM, &["version"], &[]).exits(2).says(&["no project here"]);
    let flag = commands_of(&refused).into_iter().find(|flag| flag.starts_with("--project")).unwrap();
    let flag = flag.replace("DIR", project.path().to_str().unwrap());
    run_shell(elsewhere.path(), &format!("releng version {flag}")).exits(0).prints("1.0.0\n");
    run_in(elsewhere.path(), PROGRAM, &["--project", "nosuch", "version"], &[])
        .exits(2)
        .says(&["give `--project` the folder"]);
    run_in(project.path(), PROGRAM, &["version"], &[]).exits(0);
}

#[test]
fn an_unpacked_archive_gives_way_to_a_clone() {
    let project = demo();
    project.releng(DIST).exits(0);
    let unpacked = tempfile::tempdir().unwrap();
    let tarball = project.join("target/dist/sources/demo-1.0.0.tar.gz");
    run_in(unpacked.path(), "tar", &["-xf", tarball.to_str().unwrap()], &[]).exits(0);
    let inside = unpacked.path().join("demo-1.0.0");
    run_in(&inside, PROGRAM, DIST, &[])
        .exits(6)
        .says(&["run this in a clone of the project; in one, remove the `.release.json`"]);
    fs::write(inside.join(".release.json"), "{").unwrap();
    let broken = run_in(&inside, PROGRAM, &["version"], &[]);
    assert_ne!(broken.code, 0);
    broken.says(&["unpack the source archive again"]);
    run_in(unpacked.path(), "tar", &["-xf", tarball.to_str().unwrap()], &[]).exits(0);
    run_in(&inside, PROGRAM, &["version"], &[]).exits(0).prints("1.0.0\n");
    fs::remove_file(inside.join(".release.json")).unwrap();
    let none = run_in(&inside, PROGRAM, &["version"], &[]);
    let flag = commands_of(&none).into_iter().find(|flag| flag.starts_with("--assume-version"));
    assert!(
        flag.is_none_or(|flag| run_shell(&inside, &format!("releng version {}", flag.replace("X.Y.Z", "1.2.3")))
            .stdout
            == "1.2.3\n")
    );
    run_in(project.path(), PROGRAM, DIST, &[]).exits(0);
}

#[test]
fn a_clone_is_completed() {
    let empty = Sandbox::bare();
    empty.git(&["init", "-q"]);
    empty.releng(&["version"]).exits(6).says(&["help: commit something first"]);
    empty.commit("First", &[]);
    empty.releng(&["version"]).exits(0);

    let whole = demo();
    whole.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", whole.path().display());
    let clone = Sandbox::bare();
    clone.git(&["clone", "-q", "--no-checkout", "--filter=blob:none", &url, "."]);
    let refused = clone.releng(DIST).exits(1).says(&["fetch what is missing"]);
    follow(clone.path(), &refused, "git fetch", &[]).exits(0);
    clone.git(&["checkout", "-q", "HEAD"]);
    clone.releng(DIST).exits(0);

    let untagged = Sandbox::bare();
    untagged.git(&["clone", "-q", "--no-tags", &url, "."]);
    let refused = untagged.releng(DIST).exits(6).says(&["if the tags are only missing here"]);
    follow(untagged.path(), &refused, "git fetch --tags", &[]).exits(0);
    untagged.releng(DIST).exits(0);

    let unknown = whole.releng(&["dist", "--rev", "nosuch"]).exits(2).says(&["lists the commits"]);
    let listed = follow(whole.path(), &unknown, "git log", &[]).exits(0).stdout;
    whole.releng(&["dist", "--no-stage", "--rev", listed.split(' ').next().unwrap()]).exits(0);
}

#[test]
fn a_version_is_released_from_the_branch_of_its_series() {
    let project = demo();
    project.git(&["branch", "v1"]);
    project.commit("Break\n\nSem-Ver: api-breaking", &[]);
    project.git(&["tag", "2.0"]);
    project.git(&["checkout", "-q", "-B", "v1"]);
    project.releng(DIST).exits(1).says(&["release it from the branch of its own series"]);
    project.git(&["checkout", "-q", "main"]);
    project.releng(DIST).exits(0);
}

#[test]
fn a_version_of_the_past_is_explained() {
    let project = demo();
    let absent = project.releng(&["version", "--at", "7.7.7"]);
    assert_ne!(absent.code, 0);
    follow(project.path(), &absent, "version --explain", &[]).exits(0).prints_part("1.0");
    let absent = project.releng(&["changelog", "--since", "0.7"]);
    assert_ne!(absent.code, 0);
    absent.says(&["the milestones are 1.0"]);
    project.releng(&["changelog", "--since", "1.0"]).exits(0);
    let untagged = Sandbox::unreleased(&[("demo.spec.in", TEMPLATE)]);
    let none = untagged.releng(&["changelog", "--since", "0.7"]);
    assert_ne!(none.code, 0);
    none.says(&["without `--since` the changelog has all entries"]);
    untagged.releng(&["changelog"]).exits(0);
}

#[test]
fn a_variable_is_corrected() {
    let project = demo();
    let status = |name: &str, value: &str| run_in(project.path(), PROGRAM, &["status"], &[(name, value)]);
    let wrong = status("RELENG_NOW", "yesterday");
    assert_ne!(wrong.code, 0);
    let time = commands_of(&wrong).into_iter().find(|time| time.starts_with("2026-")).unwrap();
    status("RELENG_NOW", &time).exits(0);
    status("RELENG_THREADS", "many").exits(2).says(&["set the number of threads, or unset the variable"]);
    status("RELENG_THREADS", "1").exits(0);
}

#[test]
fn a_clone_of_another_user_is_trusted() {
    let project = demo();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join(".gitconfig").display().to_string();
    let variables = [("HOME", home.path().to_str().unwrap()), ("GIT_CONFIG_GLOBAL", config.as_str())];
    let chown = ["-n", "chown", "-R", "12345", "."];
    let is_root = fs::metadata(project.path()).unwrap().uid() == 0;
    let (program, args) = if is_root { ("chown", &chown[2..]) } else { ("sudo", &chown[..]) };
    run_in(project.path(), program, args, &[]).exits(0);
    let refused = run_in(project.path(), PROGRAM, &["version"], &variables).exits(1);
    let command = commands_of(&refused).into_iter().find(|command| command.starts_with("git config")).unwrap();
    run_in(project.path(), "sh", &["-c", &command], &variables).exits(0);
    run_in(project.path(), PROGRAM, &["version"], &variables).exits(0).prints("1.0.0\n");
}
