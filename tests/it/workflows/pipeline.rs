//! A double of GitLab CI: runs the jobs of the pipeline, each on a machine of its own, with the variables, the files and the clone of that job.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::expression::as_text;
use super::files::programs_of;
use super::machine::{Installed, Machine};
use crate::support::forge::{Double, PROJECT, TOKEN};
use crate::support::program::run_in;

/// The token that GitLab puts into every job.
pub const JOB_TOKEN: &str = "job-token_0123456789";

/// Why a pipeline begins.
pub enum Start {
    /// A webhook has started it with an event.
    Trigger(Value),
    /// The commits of merge request 5.
    MergeRequest {
        head: String,
    },
    Schedule,
}

/// A pipeline.
pub struct PipelineRun<'a> {
    pub pipeline: &'a Value,
    /// The text of the file, whose head says what the runners must have.
    pub head: &'a str,
    pub double: &'a Double,
    /// A new folder for the machines.
    pub folder: PathBuf,
    pub repository: String,
    pub start: Start,
}

/// What has come of it.
#[derive(Default)]
pub struct PipelineEnd {
    /// `success` or `failed`, by job; other jobs were not run.
    pub results: BTreeMap<String, &'static str>,
    pub printed: String,
}

impl PipelineRun<'_> {
    /// Runs the jobs stage by stage.
    pub fn run(&self) -> PipelineEnd {
        let mut end = PipelineEnd::default();
        let stages: Vec<String> = self.pipeline["stages"].as_array().unwrap().iter().map(as_text).collect();
        let jobs = self.pipeline.as_object().unwrap();
        let is_job = |name: &str| !name.starts_with('.') && self.field(name, "script").is_array();
        for stage in &stages {
            for name in jobs.keys().filter(|name| is_job(name) && as_text(&self.field(name, "stage")) == *stage) {
                let has_failed = end.results.values().any(|result| *result == "failed");
                let needs: Vec<String> =
                    self.field(name, "needs").as_array().into_iter().flatten().map(as_text).collect();
                let is_needed = needs.iter().all(|need| end.results.get(need) == Some(&"success"));
                let is_due = match self.when(name).as_str() {
                    "" => is_needed && (!needs.is_empty() || !has_failed),
                    "on_success" => !has_failed,
                    "on_failure" => has_failed,
                    _ => false,
                };
                if is_due {
                    let ran = self.job(name, &mut end.printed);
                    end.results.insert(name.clone(), if ran { "success" } else { "failed" });
                }
            }
        }
        end
    }

    /// A field of a job, or of the job that it extends.
    fn field(&self, name: &str, field: &str) -> Value {
        let job = &self.pipeline[name];
        match (&job[field], job["extends"].as_str()) {
            (Value::Null, Some(base)) => self.pipeline[base][field].clone(),
            (own, _) => own.clone(),
        }
    }

    /// `when` of the rule that holds, empty where that says nothing; `never` if none does.
    fn when(&self, name: &str) -> String {
        let source = match self.start {
            Start::Trigger(_) => "trigger",
            Start::MergeRequest { .. } => "merge_request_event",
            Start::Schedule => "schedule",
        };
        for rule in self.pipeline[name]["rules"].as_array().unwrap() {
            let condition = as_text(&rule["if"]);
            let stated = condition.strip_prefix("$CI_PIPELINE_SOURCE == \"").and_then(|rest| rest.strip_suffix('"'));
            if stated.unwrap_or_else(|| panic!("`{condition}` is not known")) == source {
                return as_text(&rule["when"]);
            }
        }
        "never".to_owned()
    }

    fn job(&self, name: &str, printed: &mut String) -> bool {
        let tag = as_text(&self.field(name, "tags")[0]);
        let machine = Machine::new(&self.folder.join(name), &Installed::Only(programs_of(self.head, &tag)));
        let mut variables = self.variables(name, &machine);
        for stated in [&self.pipeline["variables"], &self.field(name, "variables")] {
            for (name, value) in stated.as_object().into_iter().flatten() {
                variables.insert(name.clone(), as_text(value));
            }
        }
        if variables.get("GIT_STRATEGY").map(String::as_str) != Some("none") {
            self.clone_with_token(&machine.work);
        }
        let artifacts = self.folder.join("artifacts");
        for need in self.field(name, "needs").as_array().into_iter().flatten().map(as_text).chain(self.all_before(name))
        {
            copy(&artifacts.join(need), &machine.work);
        }
        let lines: Vec<String> = self.field(name, "script").as_array().unwrap().iter().map(as_text).collect();
        let ran = machine.run(&lines.join("\n"), &machine.work.clone(), &variables);
        let is_well = ran.code == 0;
        if !is_well {
            printed.push_str(&format!("{name}: exit {}: {}{}\n", ran.code, ran.stdout, ran.stderr));
        }
        let kept = self.field(name, "artifacts");
        if is_well || kept["when"] == "always" {
            for path in kept["paths"].as_array().into_iter().flatten().map(as_text) {
                let path = path.trim_end_matches('/');
                let (from, to) = (machine.work.join(path), artifacts.join(name).join(path));
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                run_in(Path::new("/"), "cp", &["-rL", from.to_str().unwrap(), to.to_str().unwrap()], &[]);
            }
        }
        is_well
    }

    /// A job that does not say what it needs gets the artifacts of all jobs.
    fn all_before(&self, name: &str) -> Vec<String> {
        let all = self.pipeline.as_object().unwrap().keys();
        if self.field(name, "needs").is_null() { all.cloned().collect() } else { Vec::new() }
    }

    /// The variables that the runner sets, and those of the project: protected ones only in the environments that they are limited to.
    fn variables(&self, name: &str, machine: &Machine) -> BTreeMap<String, String> {
        let url = format!("{}/{PROJECT}", self.double.url());
        let mut all: BTreeMap<String, String> = [
            ("CI", "true"),
            ("GITLAB_CI", "true"),
            ("CI_DEFAULT_BRANCH", "master"),
            ("CI_JOB_NAME", name),
            ("CI_JOB_TOKEN", JOB_TOKEN),
            ("CI_PROJECT_URL", &url),
            ("CI_SERVER_URL", &self.double.url()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        match &self.start {
            Start::Trigger(event) => {
                let payload = machine.join("payload");
                std::fs::write(&payload, event.to_string()).unwrap();
                all.insert("TRIGGER_PAYLOAD".to_owned(), payload.display().to_string());
            }
            Start::MergeRequest { .. } => {
                all.insert("CI_MERGE_REQUEST_TARGET_BRANCH_NAME".to_owned(), "master".to_owned());
            }
            Start::Schedule => {}
        }
        if as_text(&self.field(name, "environment")["name"]).starts_with("releng/") {
            all.insert("RELENG_FORGE_TOKEN".to_owned(), TOKEN.to_owned());
            all.insert("RELENG_REPOSITORY".to_owned(), self.repository.clone());
        }
        all
    }

    /// The clone of the runner, whose remote contains the token of the job.
    fn clone_with_token(&self, work: &Path) {
        let plain = format!("{}/{PROJECT}.git", self.double.url());
        let with_token = plain.replace("http://", &format!("http://gitlab-ci-token:{JOB_TOKEN}@"));
        let head = match &self.start {
            Start::MergeRequest { head } => head.clone(),
            _ => "origin/master".to_owned(),
        };
        let all = "+refs/heads/*:refs/remotes/origin/*";
        let calls: [&[&str]; 4] = [
            &["init", "-q", "-b", "none"],
            &["remote", "add", "origin", &with_token],
            &["fetch", "-q", "origin", all, "+refs/merge-requests/*:refs/merge-requests/*", "+refs/tags/*:refs/tags/*"],
            &["checkout", "-q", "--detach", &head],
        ];
        for args in calls {
            run_in(work, "git", args, &[]).exits(0);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if from.exists() {
        let from = format!("{}/.", from.display());
        run_in(Path::new("/"), "cp", &["-r", &from, to.to_str().unwrap()], &[]).exits(0);
    }
}
