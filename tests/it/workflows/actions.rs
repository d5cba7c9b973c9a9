//! A double of GitHub Actions and of Forgejo Actions: runs the jobs of a workflow, each on a machine of its own, with its own token,
//! environment and files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::expression::{Scope, Standing, as_text};
use super::files::programs_of;
use super::machine::{Installed, Machine};
use crate::support::forge::{Double, Grant, PROJECT};
use crate::support::program::run_in;

/// The account of the tokens of jobs, and that of an administrator whose token is a secret.
pub const JOB_ACCOUNT: u64 = 200;
pub const ADMIN_ACCOUNT: u64 = 201;

/// The secret on Forgejo.
pub const ADMIN_TOKEN: &str = "secret-of-an-administrator_0123";

/// An event, and where it happens.
pub struct Happening<'a> {
    pub name: &'a str,
    pub event: Value,
    pub double: &'a Double,
    pub is_forgejo: bool,
    /// The workflows by file name.
    pub workflows: &'a BTreeMap<String, Value>,
    /// The texts of those by file name whose heads say what the runners must have.
    pub heads: &'a BTreeMap<String, String>,
    /// A new folder for the machines.
    pub folder: PathBuf,
    /// The folder of the RPM repository on the machine that is kept; empty if there is none.
    pub repository: String,
    /// Further environment that a runner has, such as where Rust is.
    pub secrets: Value,
}

/// What has come of the jobs.
#[derive(Default)]
pub struct Outcome {
    /// `success`, `failure` or `skipped`, by job; a job of a called workflow is `merge/test`.
    pub results: BTreeMap<String, String>,
    /// What failed jobs have printed.
    pub printed: String,
    /// The rights that a job may use and did not, and those that it used.
    pub used: BTreeMap<String, BTreeSet<String>>,
    /// The environment of each step, by job.
    pub environments: Vec<(String, BTreeMap<String, String>)>,
}

/// Runs the jobs of a workflow for an event.
pub fn run_workflow(happening: &Happening<'_>, file: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let called = Called { file: file.to_owned(), prefix: String::new(), inputs: Value::Null, most: None };
    let run = WorkflowRun { happening, called };
    run.jobs(&happening.workflows[file], &mut outcome);
    outcome
}

/// How a workflow was called.
struct Called {
    file: String,
    prefix: String,
    inputs: Value,
    /// The rights of the job that called it; `None` if an event started it.
    most: Option<Value>,
}

struct WorkflowRun<'a> {
    happening: &'a Happening<'a>,
    called: Called,
}

/// A job while it is run.
struct RunningJob<'a> {
    name: String,
    job: &'a Value,
    machine: Machine,
    token: String,
    contexts: Value,
    standing: Standing,
}

impl WorkflowRun<'_> {
    /// Runs the jobs in the order of their needs; the outputs and results for `needs`.
    fn jobs(&self, workflow: &Value, outcome: &mut Outcome) -> Map<String, Value> {
        let all = workflow["jobs"].as_object().unwrap();
        let mut ended: Map<String, Value> = Map::new();
        while ended.len() < all.len() {
            let is_ready = |name: &&String| {
                !ended.contains_key(*name) && needs(&all[*name]).iter().all(|need| ended.contains_key(need))
            };
            let name = all.keys().find(is_ready).expect("jobs wait for each other").clone();
            let job = &all[&name];
            let needed: Map<String, Value> =
                needs(job).into_iter().map(|need| (need.clone(), ended[&need].clone())).collect();
            let is_well = needed.values().all(|need| need["result"] == "success");
            let standing = if is_well { Standing::Succeeded } else { Standing::Failed };
            let token = format!("token-of-{}{name}", self.called.prefix);
            let contexts = self.contexts(&Value::Object(needed), &token);
            let scope = Scope { contexts: &contexts, standing };
            let done = if !scope.is_run(job["if"].as_str()) {
                json!({"result": "skipped", "outputs": {}})
            } else if job["uses"].is_string() {
                self.call(&name, job, &scope, outcome)
            } else {
                self.job(&name, job, contexts.clone(), token, outcome)
            };
            outcome
                .results
                .insert(format!("{}{name}", self.called.prefix), done["result"].as_str().unwrap().to_owned());
            ended.insert(name, done);
        }
        ended
    }

    fn contexts(&self, needs: &Value, token: &str) -> Value {
        let happening = self.happening;
        json!({
            "github": {"event": happening.event, "event_name": happening.name, "repository": PROJECT, "token": token, "run_id": 7},
            "needs": needs, "inputs": self.called.inputs, "steps": {}, "secrets": happening.secrets,
            "vars": {"RELENG_REPOSITORY": happening.repository, "RELENG_SOURCE": "x", "RELENG_COMMIT": "y"},
        })
    }

    /// Runs the workflow that a job calls.
    fn call(&self, name: &str, job: &Value, scope: &Scope<'_>, outcome: &mut Outcome) -> Value {
        let file = job["uses"].as_str().unwrap().rsplit('/').next().unwrap();
        let inputs: Map<String, Value> = job["with"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), json!(scope.text(value.as_str().unwrap()))))
            .collect();
        let called = Called {
            file: file.to_owned(),
            prefix: format!("{}{name}/", self.called.prefix),
            inputs: Value::Object(inputs),
            most: Some(job["permissions"].clone()),
        };
        let run = WorkflowRun { happening: self.happening, called };
        let ended = run.jobs(&self.happening.workflows[file], outcome);
        let is_bad = |job: &Value| job["result"] == "failure";
        let result = match () {
            () if ended.values().any(is_bad) => "failure",
            () => "success",
        };
        json!({"result": result, "outputs": {}})
    }

    /// Runs the steps of a job on a new machine.
    fn job(&self, name: &str, job: &Value, contexts: Value, token: String, outcome: &mut Outcome) -> Value {
        let name = format!("{}{name}", self.called.prefix);
        let machine = Machine::new(&self.happening.folder.join(name.replace('/', "-")), &self.installed(job));
        if let Some(more) = self.more_than_caller(job) {
            outcome.printed += &format!("{name}: asks for `{more}`, which its caller does not have\n");
            return json!({"result": "failure", "outputs": {}});
        }
        self.grant(job, &token);
        let mut running = RunningJob {
            name: name.clone(),
            job,
            machine,
            token: token.clone(),
            contexts,
            standing: Standing::Succeeded,
        };
        for step in super::files::steps(job) {
            running.step(self.happening, step, outcome);
        }
        let used = self.happening.double.with(|state| state.grants[&token].used.clone());
        outcome.used.entry(name).or_default().extend(used);
        let scope = Scope { contexts: &running.contexts, standing: running.standing };
        let outputs: Map<String, Value> = job["outputs"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), json!(scope.text(value.as_str().unwrap()))))
            .collect();
        let result = if running.standing == Standing::Succeeded { "success" } else { "failure" };
        json!({"result": result, "outputs": outputs})
    }

    /// What is on the machine of a job: on one of GitHub's, everything.
    fn installed(&self, job: &Value) -> Installed {
        let label = match &job["runs-on"] {
            Value::Array(labels) => as_text(labels.last().unwrap()),
            one => as_text(one),
        };
        match self.happening.heads.get(&self.called.file) {
            Some(text) if !label.starts_with("ubuntu-") => Installed::Only(programs_of(text, &label)),
            _ => Installed::Everything,
        }
    }

    /// A right that the caller of the workflow does not have: GitHub does not start such a job.
    fn more_than_caller(&self, job: &Value) -> Option<String> {
        let most = self.called.most.as_ref()?;
        let asked = job["permissions"].as_object()?;
        let is_less = |(name, level): &(&String, &Value)| {
            **level == "write" && most[name.as_str()] != "write" || most[name.as_str()].is_null()
        };
        asked.iter().find(is_less).map(|(name, level)| format!("{name}: {}", as_text(level)))
    }

    /// The token of a job: on GitHub, its rights are those that the job states; on Forgejo, it may write everything.
    fn grant(&self, job: &Value, token: &str) {
        let writes: BTreeSet<String> = match self.happening.is_forgejo {
            true => ["contents", "pull-requests", "statuses"].map(str::to_owned).into(),
            false => job["permissions"]
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, level)| **level == "write")
                .map(|(name, _)| name.clone())
                .collect(),
        };
        let grant =
            Grant { account: JOB_ACCOUNT, writes, sees_rights: !self.happening.is_forgejo, used: BTreeSet::new() };
        self.happening.double.with(|state| drop(state.grants.insert(token.to_owned(), grant)));
    }
}

/// The jobs that a job needs.
fn needs(job: &Value) -> Vec<String> {
    match &job["needs"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().map(as_text).collect(),
        _ => Vec::new(),
    }
}

impl RunningJob<'_> {
    fn step(&mut self, happening: &Happening<'_>, step: &Value, outcome: &mut Outcome) {
        let scope = Scope { contexts: &self.contexts, standing: self.standing };
        if !scope.is_run(step["if"].as_str()) {
            return;
        }
        let with = |name: &str| {
            step["with"][name].as_str().map(|text| scope.text(text)).unwrap_or_else(|| as_text(&step["with"][name]))
        };
        let uses = step["uses"].as_str().unwrap_or_default();
        let done: Result<(), String> = match () {
            () if uses.contains("actions/checkout@") => {
                assert_eq!(step["with"]["persist-credentials"], false);
                self.check_out(happening, &with("ref"), &with("path"), step["with"]["fetch-depth"] == 0)
            }
            () if uses.contains("/upload-artifact@") => {
                copy(&self.machine.work.join(with("path")), &happening.folder.join("artifacts").join(with("name")))
            }
            () if uses.contains("/download-artifact@") => {
                copy(&happening.folder.join("artifacts").join(with("name")), &self.machine.work.join(with("path")))
            }
            () => {
                let environment = self.environment(happening, step, &scope);
                outcome.environments.push((self.name.clone(), environment.clone()));
                let at = self.machine.work.join(step["working-directory"].as_str().unwrap_or_default());
                let ran = self.machine.run(step["run"].as_str().unwrap(), &at, &environment);
                if ran.code == 0 { Ok(()) } else { Err(format!("exit {}: {}{}", ran.code, ran.stdout, ran.stderr)) }
            }
        };
        if let Err(why) = done {
            outcome.printed += &format!("{}: {why}\n", self.name);
            self.standing = Standing::Failed;
        }
        if let Some(id) = step["id"].as_str() {
            let outputs = read_outputs(&self.machine.join("output"));
            self.contexts["steps"][id] = json!({"outputs": outputs});
        }
    }

    /// The variables that a runner sets, and those of the job and the step.
    fn environment(&self, happening: &Happening<'_>, step: &Value, scope: &Scope<'_>) -> BTreeMap<String, String> {
        let event = self.machine.join("event.json");
        std::fs::write(&event, happening.event.to_string()).unwrap();
        let base = as_text(&happening.event["pull_request"]["base"]["ref"]);
        let text = |path: &Path| path.display().to_string();
        let mut all: BTreeMap<String, String> = [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_BASE_REF", base),
            ("GITHUB_EVENT_NAME", happening.name.to_owned()),
            ("GITHUB_EVENT_PATH", text(&event)),
            ("GITHUB_OUTPUT", text(&self.machine.join("output"))),
            ("GITHUB_REPOSITORY", PROJECT.to_owned()),
            ("GITHUB_RUN_ID", "7".to_owned()),
            ("GITHUB_SERVER_URL", happening.double.url()),
            ("GITHUB_STEP_SUMMARY", text(&self.machine.join("summary"))),
            ("GITHUB_WORKSPACE", text(&self.machine.work)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if happening.is_forgejo {
            for name in ["GITHUB_TOKEN", "FORGEJO_TOKEN"] {
                all.insert(name.to_owned(), self.token.clone());
            }
        }
        for stated in [&self.job["env"], &step["env"]] {
            for (name, value) in stated.as_object().into_iter().flatten() {
                all.insert(name.clone(), scope.text(&as_text(value)));
            }
        }
        all
    }

    /// What `actions/checkout` does: without `fetch-depth: 0`, one commit alone.
    fn check_out(&self, happening: &Happening<'_>, reference: &str, path: &str, is_whole: bool) -> Result<(), String> {
        let folder = self.machine.work.join(path);
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("{}/{PROJECT}.git", happening.double.url());
        let wanted = match reference {
            "" => as_text(&happening.event["commit"]),
            other => other.to_owned(),
        };
        let mut depth = vec!["fetch", "-q", "--no-tags"];
        if !is_whole {
            depth.push("--depth=1");
        }
        let is_branch = wanted.starts_with("refs/heads/") || (wanted.len() != 40 && !wanted.is_empty());
        let name = wanted.trim_start_matches("refs/heads/").to_owned();
        let of_branch = format!("+refs/heads/{name}:refs/remotes/origin/{name}");
        let what: Vec<&str> = match (is_whole, is_branch) {
            (true, true) => vec!["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"],
            (true, false) => vec!["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*", &wanted],
            (false, true) => vec![&of_branch],
            (false, false) => vec![&wanted],
        };
        let fetch = [&depth[..], &["origin"], &what].concat();
        let remote = format!("refs/remotes/origin/{name}");
        let check_out = if is_branch {
            vec!["checkout", "-q", "-B", &name, &remote]
        } else {
            vec!["checkout", "-q", "--detach", &wanted]
        };
        let calls: [&[&str]; 4] =
            [&["init", "-q", "-b", "none"], &["remote", "add", "origin", &url], &fetch, &check_out];
        for args in calls {
            let ran = run_in(&folder, "git", args, &[]);
            if ran.code != 0 {
                return Err(format!("git {args:?}: {}", ran.stderr));
            }
        }
        Ok(())
    }
}

/// Copies an artifact: files and folders, and what links lead to.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::create_dir_all(to).unwrap();
    let (from, to) = (format!("{}/.", from.display()), to.display().to_string());
    let ran = run_in(Path::new("/"), "cp", &["-rL", &from, &to], &[]);
    if ran.code == 0 { Ok(()) } else { Err(ran.stderr) }
}

/// The file of `GITHUB_OUTPUT`: `name=value` in each line.
fn read_outputs(path: &Path) -> Map<String, Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect()
}
