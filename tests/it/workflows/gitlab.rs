//! Rules about rights and secrets that each job of the pipeline of GitLab keeps.

use serde_json::Value;

use super::files::{GITLAB, changed, parse, workflow};

const COMMENT: &str = "$CI_PIPELINE_SOURCE == \"trigger\"";

/// The commands of a job, in one line.
fn script(job: &Value) -> String {
    let lines = job["script"].as_array().into_iter().flatten();
    lines.map(|line| line.as_str().unwrap().trim()).collect::<Vec<_>>().join("; ")
}

fn is_started_by_comment(job: &Value) -> bool {
    job["rules"][0]["if"] == COMMENT
}

fn runs_code(job: &Value) -> bool {
    ["releng ci check-patch", "releng ci merge test"].iter().any(|command| script(job).contains(command))
}

/// What is wrong with the jobs.
fn faults(pipeline: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, job) in pipeline.as_object().unwrap().iter().filter(|(_, job)| job["script"].is_array()) {
        let mut check = |holds: bool, fault: &str| {
            if !holds {
                faults.push(format!("{name}: {fault}"));
            }
        };
        let script = script(job);
        check(job["timeout"].is_string(), "no time limit");
        check(job["cache"].is_null(), "a cache");
        let tests_place = serde_json::json!(["releng-tests"]);
        check((job["tags"] == tests_place) == runs_code(job), "code of others and other jobs share machines");
        // The variables with secrets are limited to these environments.
        check(!runs_code(job) || job["environment"].is_null(), "runs code of others and has a secret");
        if runs_code(job) && is_started_by_comment(job) {
            check(job["variables"]["GIT_STRATEGY"] == "none", "the clone contains the token");
            let dropped = "--no-new-privs env -i HOME=/home/releng-tests LANG=C.UTF-8 PATH=\"$PATH\" releng ci ";
            check(
                script.contains(dropped) && script.matches("releng ci").count() == 1,
                "code of others sees the token",
            );
            let paths = job["artifacts"]["paths"].clone();
            check(paths.is_null() || paths == serde_json::json!(["tested/"]), "leaves more than the tests");
        }
        if script.contains("git config") {
            check(!job["environment"].is_null(), "pushes without the environment");
        }
    }
    faults
}

#[test]
fn no_job_of_gitlab_runs_code_of_others_and_has_a_secret() {
    let pipeline = workflow(GITLAB);
    assert_eq!(faults(pipeline), [] as [String; 0]);
    let jobs: Vec<&Value> = pipeline.as_object().unwrap().values().filter(|job| job["script"].is_array()).collect();
    let with_code = jobs.iter().filter(|job| runs_code(job)).count();
    let with_secret = jobs.iter().filter(|job| !job["environment"].is_null()).count();
    assert_eq!((jobs.len(), with_code, with_secret), (8, 3, 4), "the rules see the jobs");
}

#[test]
fn the_rules_about_gitlab_find_what_is_planted() {
    for (from, to, fault) in [
        ("  timeout: 4h\n  variables:", "  variables:", "test: no time limit"),
        ("GIT_STRATEGY: none", "GIT_STRATEGY: clone", "check-patch-again: the clone contains the token"),
        ("env -i HOME", "env HOME", "check-patch-again: code of others sees the token"),
        ("[releng-tests]", "[releng]", "check-patch: code of others and other jobs share machines"),
        (
            "  timeout: 4h\n  variables:",
            "  timeout: 4h\n  environment: {name: releng/test}\n  variables:",
            "test: runs code of others and has a secret",
        ),
        ("paths: [tested/]", "paths: [tested/, decision.json]", "test: leaves more than the tests"),
    ] {
        let (folder, _file) = changed(GITLAB, from, to);
        let found = faults(&parse(folder.path(), &["gitlab.yml"])["gitlab.yml"]);
        assert!(found.iter().any(|one| one == fault), "{to}: {found:?}");
    }
}
