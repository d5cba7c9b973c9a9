//! The parts of a merge as three jobs, each on a machine of its own, with files between them.

use std::path::PathBuf;

use super::with_release;
use crate::support::merge::{CONFIG, Landed, MergePlace, RELEASE, git_in, releng_at, snapshots_in};
use crate::support::program::Ran;

/// A place with work, and clones for the three jobs.
struct Jobs {
    place: MergePlace,
    head: String,
}

impl Jobs {
    fn new(file: &str) -> Jobs {
        let place = with_release();
        let head = place.propose("topic", "Change it\n\nSem-Ver: feature", &[("file", file)]);
        for job in ["decides", "tests", "finishes"] {
            git_in(place.path(), &["clone", "-q", "origin.git", job]);
        }
        Jobs { place, head }
    }

    fn run(&self, job: &str, args: &[&str]) -> Ran {
        releng_at(self.place.path(), job, &[&["ci", "merge"], args].concat(), &[])
    }

    fn run_in(&self, job: &str, args: &[&str]) -> Ran {
        releng_at(self.place.path(), job, args, &[])
    }

    fn prepare(&self) -> Ran {
        self.run("decides", &["prepare", "--branch", "topic", "--head", &self.head, "--out", "../merge.json"])
    }

    fn test(&self) -> Ran {
        self.run("tests", &["test", "../merge.json", "--out", "../tested-dir"])
    }

    fn finish(&self) -> Ran {
        self.run("finishes", &["finish", "../merge.json", "--tested", "../tested-dir"])
    }

    fn file(&self, path: &str) -> PathBuf {
        self.place.join(path)
    }

    /// Changes a file as a job that is not trusted could.
    fn change(&self, path: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file(path)).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(self.file(path), text.replace(from, to)).unwrap();
    }
}

#[test]
fn the_machine_that_tests_needs_the_boundary_and_no_other() {
    let config = format!("{CONFIG}{RELEASE}").replace("\"none\"", "\"user:releng-nobody-here\"");
    let place = MergePlace::new(&config);
    let head = place.propose("topic", "Change it", &[("file", "new\n")]);
    for job in ["decides", "tests", "finishes"] {
        git_in(place.path(), &["clone", "-q", "origin.git", job]);
    }
    let jobs = Jobs { place, head };
    jobs.prepare().exits(0);
    jobs.test().exits(1).says(&["releng-nobody-here"]);
    jobs.run("tests", &["test", "../merge.json", "--out", "../tested-dir", "--no-isolation"]).exits(0);
    jobs.finish().exits(0);
}

#[test]
fn three_jobs_do_what_one_command_does() {
    let jobs = Jobs::new("new\n");
    let base = jobs.place.tip("master");
    let merge = jobs.prepare().exits(0).stdout;
    jobs.test().exits(0);
    assert_eq!(jobs.place.tip("master"), base, "only the last job pushes");
    assert!(
        jobs.file("tested-dir/release/SHA256SUMS").is_file()
            && jobs.file("tested-dir/junit-check-merged.xml").is_file()
    );
    jobs.finish().exits(0).prints(&merge);
    let landed = Landed { place: jobs.place.path(), pushed: &[], heads: std::slice::from_ref(&jobs.head) }.check();
    assert_eq!(landed, Ok(vec![merge.trim().to_owned()]));
    assert_eq!(snapshots_in(jobs.place.path(), "finishes"), ["snapshot-demo_0.0_pipeline_1"]);
    // A CI system may run the job again.
    jobs.finish().exits(0);
    assert_eq!(jobs.place.tip("master"), merge.trim());
    assert_eq!(snapshots_in(jobs.place.path(), "finishes").len(), 1);
}

#[test]
fn the_first_job_takes_what_the_whole_command_takes() {
    let jobs = Jobs::new("new\n");
    jobs.place.at("origin.git", &["update-ref", "refs/pull/7/head", &jobs.head]);
    let request = ["--pull", "7", "--base", "master", "--remote", "../origin.git", "--head", &jobs.head];
    jobs.run("decides", &[&["prepare", "--out", "../merge.json"], &request[..]].concat()).exits(0);
    let file: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(jobs.file("merge.json")).unwrap()).unwrap();
    assert_eq!((&file["request"]["work"]["pull"]["number"], &file["request"]["base"]), (&7.into(), &"master".into()));
    jobs.run("decides", &["prepare", "--out", "x", "--pull", "7", "--base", "other"]).exits(2);
}

#[test]
fn failed_tests_leave_no_result() {
    let jobs = Jobs::new("bad\n");
    jobs.prepare().exits(0);
    std::fs::create_dir(jobs.file("tested-dir")).unwrap();
    std::fs::write(jobs.file("tested-dir/tested.json"), "of an earlier run").unwrap();
    jobs.test().exits(1).says(&["the merge of branch `topic` into `master` was stopped: `unit` did not pass"]);
    jobs.finish().exits(2).says(&["there is no `", "tested.json`", "ci merge test` leaves this file"]);
    assert_eq!(jobs.place.snapshots().len(), 0);
}

#[test]
fn what_the_last_job_is_handed_is_not_believed() {
    let base_of = |jobs: &Jobs| jobs.place.tip("master");
    let other_tree = "0123456789012345678901234567890123456789";
    for (path, from, to, code, part) in [
        ("merge.json", "Ada", "Eve", 1, "the request does not make the merge commit"),
        ("merge.json", "\"topic\"", "\"--x\"", 2, "is no prepared merge"),
        ("merge.json", "releng.merge/1", "releng.merge/2", 2, "is no prepared merge: its schema is"),
        ("tested-dir/tested.json", "\"merge\": \"", "\"merge\": \"0000\", \"x\": \"", 2, "is no result of tests"),
        ("tested-dir/release/SHA256SUMS", "  ", " *", 1, "the steps left no release of the merge commit"),
        ("tested-dir/tested.json", "\"release\": \"", "\"other\": \"", 1, "the result of the tests has none"),
    ] {
        let jobs = Jobs::new("new\n");
        jobs.prepare().exits(0);
        jobs.test().exits(0);
        jobs.change(path, from, to);
        let base = base_of(&jobs);
        jobs.finish().exits(code).says(&[part]);
        assert_eq!(base_of(&jobs), base, "{path}: {from}");
    }
    let jobs = Jobs::new("new\n");
    jobs.prepare().exits(0);
    jobs.test().exits(0);
    let tested = std::fs::read_to_string(jobs.file("tested-dir/tested.json")).unwrap();
    let tree = tested.split("\"tree\": \"").nth(2).unwrap()[..40].to_owned();
    let (before, after) = tested.rsplit_once(&tree).unwrap();
    std::fs::write(jobs.file("tested-dir/tested.json"), format!("{before}{other_tree}{after}")).unwrap();
    jobs.finish().exits(1).says(&["`tested` cannot follow prepared"]);
}

#[test]
fn a_lost_race_is_for_the_ci_system_to_repeat() {
    let jobs = Jobs::new("new\n");
    jobs.prepare().exits(0);
    jobs.test().exits(0);
    git_in(&jobs.file("decides"), &["commit", "-q", "--allow-empty", "-m", "Meanwhile"]);
    git_in(&jobs.file("decides"), &["push", "-q", "origin", "HEAD:master"]);
    let base = jobs.place.tip("master");
    jobs.finish().exits(5).says(&["somebody else pushed first"]);
    assert_eq!(jobs.place.tip("master"), base);
    jobs.prepare().exits(0);
    jobs.test().exits(0);
    jobs.finish().exits(0);
    let landed = Landed { place: jobs.place.path(), pushed: &[base], heads: std::slice::from_ref(&jobs.head) }.check();
    assert_eq!(landed.map(|landed| landed.len()), Ok(1));
    // The work moved before the last job.
    let jobs = Jobs::new("new\n");
    jobs.prepare().exits(0);
    jobs.test().exits(0);
    git_in(&jobs.file("decides"), &["checkout", "-q", "topic"]);
    git_in(&jobs.file("decides"), &["commit", "-q", "--allow-empty", "-m", "More"]);
    git_in(&jobs.file("decides"), &["push", "-q", "origin", "topic"]);
    jobs.finish().exits(5).says(&["somebody pushed "]);
}

/// The file came through a job that runs foreign code. Its credentials go to the own remote.
#[test]
fn the_last_job_pushes_where_it_knows_itself() {
    let jobs = Jobs::new("new\n");
    let merge = jobs.prepare().exits(0).stdout;
    jobs.test().exits(0);
    let origin = jobs.place.join("origin.git").display().to_string();
    jobs.change("merge.json", &origin, "http://127.0.0.1:1/evil");
    jobs.change("merge.json", "\"tries\"", "\"pipeline\": 999999999, \"tries\"");
    let elsewhere = ["finish", "../merge.json", "--tested", "../tested-dir", "--remote", "../gone.git"];
    assert_ne!(jobs.run("finishes", &elsewhere).code, 0);
    jobs.finish().exits(0).prints(&merge);
    assert_eq!(snapshots_in(jobs.place.path(), "finishes"), ["snapshot-demo_0.0_pipeline_1"]);
    // Numbers that no flag takes.
    for (from, to) in [("\"pipeline\": 999999999", "\"pipeline\": 4294967295"), ("4294967295", "0")] {
        jobs.change("merge.json", from, to);
        jobs.finish().exits(2).says(&["is no prepared merge", "write a number from 1 to 999999999"]);
    }
}

#[test]
fn no_test_runs_in_the_last_job() {
    // Somebody is faster, and the file says that there are tries left.
    let jobs = Jobs::new("new\n");
    jobs.prepare().exits(0);
    jobs.test().exits(0);
    jobs.change("merge.json", "\"tries\": 1", "\"tries\": 3");
    git_in(&jobs.file("decides"), &["commit", "-q", "--allow-empty", "-m", "Meanwhile"]);
    git_in(&jobs.file("decides"), &["push", "-q", "origin", "HEAD:master"]);
    std::fs::remove_file(jobs.file("tested")).unwrap();
    jobs.finish().exits(5).says(&["somebody else pushed first"]);
    assert!(!jobs.file("tested").exists(), "a test has run");
    // A run that was killed before it wrote down that the tests have passed.
    let jobs = Jobs::new("new\n");
    let merge = jobs.prepare().exits(0).stdout;
    jobs.test().exits(0);
    std::fs::remove_file(jobs.file("tested")).unwrap();
    jobs.finish().exits(0);
    let journal = jobs.file("finishes/target/repository-state/demo/ci/merges/000001/journal.jsonl");
    let whole = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let base = git_in(&jobs.file("origin.git"), &["rev-parse", &format!("{}^1", merge.trim())]);
    git_in(&jobs.file("origin.git"), &["update-ref", "refs/heads/master", &base]);
    for kept in [1, 3] {
        std::fs::write(&journal, lines[..kept].join("\n") + "\n").unwrap();
        let stopped = jobs.run_in("finishes", &["ci", "recover"]);
        assert!(stopped.code == 1 && stopped.stderr.contains("run in another job"), "{}", stopped.stderr);
        assert!(!jobs.file("tested").exists(), "a test has run");
    }
    jobs.finish().exits(0).prints(&merge);
}

/// The tags of the remote are those that count: one that is gone does not count, and gives way to others.
#[test]
fn tags_that_are_gone_do_not_count() {
    let jobs = Jobs::new("new\n");
    let origin = jobs.file("origin.git");
    let version = || {
        let file = std::fs::read_to_string(jobs.file("merge.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&file).unwrap()["prepared"]["version"].as_str().unwrap().to_owned()
    };
    jobs.prepare().exits(0);
    let right = version();
    git_in(&origin, &["tag", "99.0", "master"]);
    git_in(&origin, &["tag", "a", "master"]);
    jobs.prepare().exits(0);
    assert!(version().starts_with("99."), "{}", version());
    jobs.test().exits(0);
    // The machine of the last job sees the tag, and keeps its repository.
    std::fs::write(origin.join("hooks/update"), "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(origin.join("hooks/update"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    jobs.finish().exits(3);
    std::fs::remove_file(origin.join("hooks/update")).unwrap();
    git_in(&origin, &["tag", "-d", "99.0", "a"]);
    git_in(&origin, &["tag", "a/b", "master"]);
    let merge = jobs.prepare().exits(0).stdout;
    assert_eq!(version(), right);
    jobs.test().exits(0);
    jobs.finish().exits(0).prints(&merge);
    assert_eq!(snapshots_in(jobs.place.path(), "finishes"), ["snapshot-demo_0.0_pipeline_1"]);
}

/// A repository can have folders of several projects. Work does not choose the folder.
#[test]
fn work_does_not_rename_the_project() {
    let place = with_release();
    let base = place.tip("master");
    let config = format!("{CONFIG}{RELEASE}").replace("name = \"demo\"", "name = \"other\"");
    place.propose("topic", "Rename it", &[("packaging/release.toml", &config)]);
    place.merge("topic").exits(1).says(&["it is a release of `other`, and the project is `demo`"]);
    assert_eq!(place.tip("master"), base);
}
