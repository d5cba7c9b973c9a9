//! Rules about rights and secrets that each job of the workflows keeps.
//!
//! A job is of one of two kinds: it runs the code of others, or it may do something that they may not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::files::{changed, jobs, parse, parsed, paths, steps};
use crate::support::text_of;

/// The commands that run code of a pull request, or of what was pushed.
const RUN_CODE: [&str; 4] = ["ci check-patch", "ci check-merged", "ci build-artifacts", "ci merge test"];

/// What a job with a right may check out: the default branch, or the base of the pull request by its full name.
const TRUSTED_REFS: [&str; 4] = [
    "${{ github.event.repository.default_branch }}",
    "refs/heads/${{ needs.decide.outputs.base }}",
    "refs/heads/${{ inputs.base }}",
    "",
];

/// The actions that are used, with their commit. A version has one commit everywhere.
const ACTIONS: [(&str, &str); 5] = [
    ("actions/checkout", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
    ("actions/upload-artifact", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"),
    ("actions/download-artifact", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"),
    ("forgejo/upload-artifact", "16871d9e8cfcf27ff31822cac382bbb5450f1e1e"),
    ("forgejo/download-artifact", "d8d0a99033603453ad2255e58720b460a0555e1e"),
];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn runs_code(job: &Value) -> bool {
    steps(job).iter().any(|step| RUN_CODE.iter().any(|command| text(&step["run"]).contains(command)))
}

/// Whether a job can change something outside, or knows a secret.
fn has_right(job: &Value) -> bool {
    let written = job.to_string();
    let may_write = job["permissions"].as_object().into_iter().flatten().any(|(_, right)| right != "read");
    may_write || written.contains("github.token") || written.contains("secrets.")
}

/// Runs on a machine that people keep.
fn is_kept(job: &Value) -> bool {
    let labels = job["runs-on"].to_string();
    labels.contains("self-hosted") || labels == "\"releng\""
}

/// What is wrong with a job of the workflow `path`.
fn faults_of_job(path: &str, workflow: &Value, job: &Value) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let mut check = |holds: bool, fault: &'static str| {
        if !holds {
            faults.push(fault);
        }
    };
    let is_forgejo = path.contains("forgejo");
    if text(&job["uses"]).is_empty() {
        check(job["timeout-minutes"].is_u64(), "no time limit");
        check(is_forgejo || job["permissions"].is_object(), "the rights are not stated");
    } else {
        check(text(&job["uses"]) == "$/.github/workflows/merge.yml", "calls a workflow from outside");
        check(job["secrets"].is_null(), "hands secrets to another workflow");
    }
    check(!(runs_code(job) && has_right(job)), "runs code of others and has a right");
    check(!(runs_code(job) && is_kept(job)), "runs code of others on a machine that is kept");
    // Whoever pushes a branch with a workflow of their own gets each secret that is not limited to the default branch. Forgejo limits none.
    let is_limited = job["environment"] == "releng";
    check(is_forgejo || is_limited || !job.to_string().contains("secrets."), "a secret reaches every branch");
    check(!runs_code(job) || job["environment"].is_null(), "runs code of others and has an environment");
    if steps(job).iter().any(|step| text(&step["run"]).contains("ci merge finish")) {
        check(is_forgejo || is_limited, "pushes without the environment");
        let refs = steps(job).iter().map(|step| text(&step["with"]["ref"])).filter(|name| !name.is_empty());
        let is_default = refs.clone().count() == 1 && refs.clone().all(|name| name == TRUSTED_REFS[0]);
        check(is_default, "the job that pushes is that of the base");
    }
    // A step of Forgejo has a token without asking for it, except in the run of a pull request from a fork.
    let is_without_token = path.ends_with("/ci.yml") || !is_forgejo;
    let drops = |step: &Value| {
        let run = text(&step["run"]);
        let plain = run.split_whitespace().collect::<Vec<_>>().join(" ");
        plain.contains("--no-new-privs \\ env -i HOME=/home/releng-tests LANG=C.UTF-8 PATH=\"$PATH\" \\ releng ci ")
            && run.matches("releng ci").count() == 1
    };
    let with_code = |step: &&Value| RUN_CODE.iter().any(|command| text(&step["run"]).contains(command));
    check(is_without_token || steps(job).iter().filter(with_code).all(drops), "code of others sees the token");
    // The action that made a checkout runs git there after the last step, by what is in its `.git` then.
    let checkouts = steps(job).iter().filter(|step| text(&step["uses"]).contains("actions/checkout@"));
    let paths: Vec<&str> = checkouts.map(|step| text(&step["with"]["path"])).collect();
    let gives_away = |step: &Value| {
        let run = text(&step["run"]);
        let is_given = |path: &&str| {
            run.contains(&format!("chown -R releng-tests {path}\n")) || run.contains(&format!("cd {path}\n"))
        };
        paths.iter().any(|path| path.is_empty() || is_given(path))
    };
    check(is_without_token || !steps(job).iter().filter(with_code).any(gives_away), "code of others gets a checkout");
    for step in steps(job) {
        let (run, uses) = (text(&step["run"]), text(&step["uses"]));
        check(!run.contains("${{"), "an expression is part of a script");
        if uses.contains("actions/checkout@") {
            let with = &step["with"];
            check(with["persist-credentials"] == false, "the checkout keeps the token");
            let is_trusted = TRUSTED_REFS.contains(&text(&with["ref"]));
            check(is_trusted || runs_code(job), "a job with a right checks out what it must not run");
            let is_of_event = text(&with["ref"]).is_empty();
            let has_own = workflow["on"]["issue_comment"].is_null() && workflow["on"]["workflow_call"].is_null();
            check(!is_of_event || has_own, "the checkout does not say which commit");
        }
        let action = uses.trim_start_matches("https://data.forgejo.org/");
        let is_known = ACTIONS.iter().any(|(name, commit)| action == format!("{name}@{commit}"));
        check(uses.is_empty() || is_known, "an action or a commit of it that the list lacks");
    }
    faults
}

/// What is wrong with a workflow, by job.
fn faults(path: &str, workflow: &Value) -> BTreeSet<String> {
    let mut faults = BTreeSet::new();
    if workflow["permissions"] != serde_json::json!({}) {
        faults.insert("the rights of all jobs are not empty".to_owned());
    }
    let triggers: Vec<&String> = workflow["on"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
    for trigger in ["pull_request_target", "workflow_run"] {
        if triggers.iter().any(|name| *name == trigger) {
            faults.insert(format!("`{trigger}`"));
        }
    }
    let is_called = triggers.iter().any(|name| *name == "workflow_call");
    if !is_called && workflow["concurrency"]["group"].is_null() {
        faults.insert("no concurrency group".to_owned());
    }
    for (name, job) in jobs(workflow) {
        faults.extend(faults_of_job(path, workflow, job).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    faults
}

#[test]
fn no_job_runs_code_of_others_and_has_a_right() {
    let (mut with_code, mut with_right) = (0, 0);
    for path in paths() {
        let workflow = &parsed()[&path];
        assert_eq!(faults(&path, workflow), BTreeSet::new(), "{path}");
        with_code += jobs(workflow).filter(|(_, job)| runs_code(job)).count();
        with_right += jobs(workflow).filter(|(_, job)| has_right(job)).count();
    }
    // check-patch, check-merged, check-patch after a comment, test; decide, merge, finish, report, announce.
    assert_eq!((with_code, with_right), (3 * 4, 4 + 5 + 4), "the rules see the jobs");
}

#[test]
fn the_rules_find_what_is_planted() {
    let (comments, merge) = (".github/workflows/comments.yml", ".github/workflows/merge.yml");
    let forgejo = "packaging/ci/forgejo/comments.yml";
    for (path, from, to, fault) in [
        (comments, "  pull_request_review:", "  pull_request_target:", "`pull_request_target`"),
        (comments, "permissions: {}", "permissions:\n  contents: read", "the rights of all jobs are not empty"),
        (
            comments,
            "      contents: read # to fetch the commits\n    steps:",
            "      contents: write\n    steps:",
            "check-patch: runs code of others and has a right",
        ),
        (
            comments,
            "          BASE: ${{",
            "          GITHUB_TOKEN: ${{ github.token }}\n          BASE: ${{",
            "check-patch: runs code of others and has a right",
        ),
        (
            comments,
            "ref: ${{ github.event.repository.default_branch }}",
            "ref: ${{ needs.decide.outputs.head }}",
            "decide: a job with a right checks out what it must not run",
        ),
        (
            comments,
            "ref: ${{ github.event.repository.default_branch }}",
            "fetch-tags: true",
            "decide: the checkout does not say which commit",
        ),
        (
            comments,
            "--result \"$RESULT\"",
            "--result ${{ needs.merge.result }}",
            "report: an expression is part of a script",
        ),
        (comments, "persist-credentials: false", "lfs: true", "decide: the checkout keeps the token"),
        (comments, "uses: $/", "uses: eve/lago/", "merge: calls a workflow from outside"),
        (merge, "timeout-minutes: 240", "continue-on-error: false", "test: no time limit"),
        (merge, "    environment: releng\n", "", "finish: a secret reaches every branch"),
        (merge, "    environment: releng\n", "", "finish: pushes without the environment"),
        (
            merge,
            "    timeout-minutes: 240\n",
            "    timeout-minutes: 240\n    environment: releng\n",
            "test: runs code of others and has an environment",
        ),
        (
            merge,
            "${{ github.event.repository.default_branch }}",
            "refs/heads/${{ inputs.base }}",
            "finish: the job that pushes is that of the base",
        ),
        (
            merge,
            "    runs-on: ubuntu-latest\n    timeout-minutes: 240",
            "    runs-on: [self-hosted, releng]\n    timeout-minutes: 240",
            "test: runs code of others on a machine that is kept",
        ),
        (merge, "actions/upload-artifact@", "actions/cache@", "test: an action or a commit of it that the list lacks"),
        (forgejo, "env -i HOME", "env HOME", "check-patch: code of others sees the token"),
        (forgejo, "releng ci merge test", "true; releng ci merge test", "test: code of others sees the token"),
        (
            forgejo,
            "chown -R releng-tests copy",
            "chown -R releng-tests work",
            "check-patch: code of others gets a checkout",
        ),
        (forgejo, "cd copy", "cd work", "check-patch: code of others gets a checkout"),
    ] {
        let (folder, file) = changed(path, from, to);
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let found = faults(path, &parse(folder.path(), &[&name])[&name]);
        assert!(found.contains(fault), "{path}: {to}: {found:?}");
    }
}

/// The version stands behind each commit, the same one everywhere.
#[test]
fn each_pinned_commit_names_its_version() {
    let mut versions: BTreeMap<String, String> = BTreeMap::new();
    for path in paths() {
        for line in text_of(&path).lines() {
            let line = line.trim_start().trim_start_matches("- ");
            let Some(action) = line.strip_prefix("uses: ") else { continue };
            let Some((pinned, version)) = action.split_once(" # ") else {
                assert_eq!(action, "$/.github/workflows/merge.yml", "{path}");
                continue;
            };
            assert!(version.starts_with('v') && version[1..].starts_with(char::is_numeric), "{path}: {line}");
            let before = versions.insert(pinned.to_owned(), version.to_owned());
            assert!(before.is_none_or(|before| before == version), "{path}: {line}");
        }
    }
    assert_eq!(versions.len(), 6, "{versions:?}");
}

/// A template is our own workflow, with an installed program instead of `cargo xtask`.
#[test]
fn templates_do_what_our_own_workflows_do() {
    for name in ["ci.yml", "comments.yml", "merge.yml"] {
        let [own, template] = [".github/workflows", "packaging/ci/github"].map(|folder| {
            let workflow = &parsed()[&format!("{folder}/{name}")];
            jobs(workflow).map(|(name, job)| (name.clone(), shape(job))).collect::<BTreeMap<_, _>>()
        });
        assert_eq!(own, template, "{name}");
    }
}

/// What a job may do and calls, without the way in which the program gets there.
fn shape(job: &Value) -> (Value, Vec<String>) {
    let mut rest = job.clone();
    rest.as_object_mut().unwrap().remove("steps");
    let scripts = steps(job).iter().map(|step| text(&step["run"]).to_owned());
    let scripts = scripts.filter(|run| !run.is_empty() && !run.starts_with("cargo install"));
    let scripts =
        scripts.map(|run| run.replace("cargo xtask --project ../work", "releng").replace("cargo xtask", "releng"));
    (rest, scripts.collect())
}
