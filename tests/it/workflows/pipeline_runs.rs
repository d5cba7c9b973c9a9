//! The commands of each job of the pipeline of GitLab, run as GitLab runs them.

use std::collections::BTreeMap;

use releng::project::config::ForgeKind;
use serde_json::Value;

use super::files::{GITLAB, workflow};
use super::pipeline::{JOB_TOKEN, PipelineEnd, PipelineRun, Start};
use super::runs::{STEPS, serve};
use crate::ci_respond::place::{ADMIN, ForgePlace, MEMBER, written_now};
use crate::support::forge::TOKEN;
use crate::support::merge::RELEASE;
use crate::support::program::{PROGRAM, run_in};
use crate::support::text_of;

struct Gitlab {
    place: ForgePlace,
    pipeline: Value,
    head: String,
    runs: u32,
}

impl Gitlab {
    fn new() -> Gitlab {
        let place = ForgePlace::with_steps(ForgeKind::Gitlab, "", &format!("{STEPS}{RELEASE}"));
        serve(&place);
        Gitlab { place, pipeline: workflow(GITLAB).clone(), head: text_of(GITLAB), runs: 0 }
    }

    fn run(&mut self, start: Start) -> PipelineEnd {
        self.runs += 1;
        let folder = self.place.place.join(&format!("run-{}", self.runs));
        std::fs::create_dir(&folder).unwrap();
        let repository = self.place.place.join("repository").display().to_string();
        let (pipeline, head, double) = (&self.pipeline, self.head.as_str(), &self.place.double);
        PipelineRun { pipeline, head, double, folder, repository, start }.run()
    }

    fn says(&mut self, id: u64, by: (u64, &str), text: &str) -> PipelineEnd {
        let event = written_now(self.place.comment(id, by, text));
        self.run(Start::Trigger(event))
    }

    fn status(&self, context: &str) -> String {
        let all = self.place.statuses();
        all.iter().rev().find(|(_, name, _)| name == context).map_or_else(String::new, |(_, _, state)| state.clone())
    }
}

#[track_caller]
fn ended(end: &PipelineEnd, expected: &[(&str, &str)]) {
    let expected: BTreeMap<String, &str> = expected.iter().map(|(job, result)| ((*job).to_owned(), *result)).collect();
    let found: BTreeMap<String, &str> = end.results.iter().map(|(job, result)| (job.clone(), *result)).collect();
    assert_eq!(found, expected, "{}", end.printed);
}

const WELL: [(&str, &str); 6] = [
    ("decide", "success"),
    ("check-patch-again", "success"),
    ("prepare", "success"),
    ("test", "success"),
    ("finish", "success"),
    ("report-success", "success"),
];

#[test]
fn the_jobs_of_gitlab_do_what_a_comment_asks_for() {
    let mut gitlab = Gitlab::new();
    let head = gitlab.place.head.clone();
    ended(&gitlab.says(41, MEMBER, "ci test please"), &WELL);
    assert_eq!(gitlab.status("releng/check-patch"), "success");
    ended(&gitlab.says(42, ADMIN, "ci merge please"), &WELL);
    assert_eq!(gitlab.status("releng/merge"), "success");
    assert_eq!(gitlab.place.place.at("origin.git", &["rev-parse", "master^2"]), head);
    let repository = gitlab.place.place.join("repository");
    assert!(repository.join("demo/unstable/0.0/snapshot-demo_0.0_pipeline_1").exists());
    ended(&gitlab.run(Start::MergeRequest { head }), &[("check-patch", "success")]);
    // The night after a person has promoted it.
    gitlab.place.place.at("work", &["pull", "-q", "origin", "master"]);
    let repository = repository.display().to_string();
    let promote = ["--repository", &repository, "promote", "--major", "--untested", "a test of the tool"];
    run_in(&gitlab.place.place.join("work"), PROGRAM, &promote, &[]).exits(0);
    ended(&gitlab.run(Start::Schedule), &[("release", "success")]);
    let shown = gitlab.place.double.with(|state| state.releases.len());
    assert_eq!(shown, 1);
}

#[test]
fn a_merge_on_gitlab_whose_tests_fail_is_answered() {
    let mut gitlab = Gitlab::new();
    gitlab.place.pushes_bad();
    let end = gitlab.says(41, ADMIN, "ci merge please");
    let expected = [
        ("decide", "success"),
        ("check-patch-again", "success"),
        ("prepare", "success"),
        ("test", "failed"),
        ("report-failure", "success"),
    ];
    ended(&end, &expected);
    assert_eq!(gitlab.status("releng/merge"), "failed");
    assert_eq!(gitlab.place.answers().len(), 2);
}

#[test]
fn code_of_others_never_reads_a_token_on_gitlab() {
    let mut gitlab = Gitlab::new();
    ended(&gitlab.says(41, MEMBER, "ci test please"), &WELL);
    let folder = gitlab.place.place.join("run-1/check-patch-again/work");
    let is_there = |text: &str| run_in(&folder, "grep", &["-rqF", text, "."], &[]).code == 0;
    assert!(is_there("RELENG_CI_STAGE=check-patch"), "the step has printed what it may read");
    assert!(!is_there(JOB_TOKEN) && !is_there(TOKEN));
    // With GitLab's own clone, it would be in a file there.
    let mut careless = Gitlab::new();
    careless.pipeline["check-patch-again"]["variables"]["GIT_STRATEGY"] = "clone".into();
    careless.says(41, MEMBER, "ci test please");
    let folder = careless.place.place.join("run-1/check-patch-again/work");
    assert_eq!(run_in(&folder, "grep", &["-rqF", JOB_TOKEN, "."], &[]).code, 0, "the double clones with the token");
}

#[test]
fn a_job_of_gitlab_without_its_environment_has_no_token_and_fails() {
    for (job, failed) in [("decide", "decide"), ("finish", "finish"), (".report", "report-success")] {
        let mut gitlab = Gitlab::new();
        gitlab.pipeline[job].as_object_mut().unwrap().remove("environment").unwrap();
        // A merge shows its end itself; tests are shown by the report.
        let (by, line) = if job == ".report" { (MEMBER, "ci test please") } else { (ADMIN, "ci merge please") };
        let end = gitlab.says(41, by, line);
        assert_eq!(end.results.get(failed), Some(&"failed"), "{job}: {:?}\n{}", end.results, end.printed);
    }
}

#[test]
fn a_program_that_the_head_does_not_name_is_not_there() {
    let mut gitlab = Gitlab::new();
    assert!(gitlab.head.contains("#   releng-decide  protected; with git, curl, jq and `releng`"), "{}", gitlab.head);
    gitlab.head = gitlab.head.replacen(", jq", "", 1);
    let end = gitlab.says(42, ADMIN, "ci merge please");
    assert_eq!(end.results.get("prepare"), Some(&"failed"), "{}", end.printed);
    assert!(end.printed.contains("jq: command not found"), "{}", end.printed);
}
