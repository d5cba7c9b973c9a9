//! The commands of each job, run as a CI system runs them: with the token, the environment and the files of that job, and nothing else.
//!
//! A right that a job lacks makes it fail here, because the double of the forge refuses; one that it has and never uses is found.

use std::collections::{BTreeMap, BTreeSet};

use releng::project::config::ForgeKind;
use serde_json::{Value, json};

use super::actions::{ADMIN_ACCOUNT, ADMIN_TOKEN, Happening, JOB_ACCOUNT, Outcome, run_workflow};
use super::files::{jobs, parsed};
use crate::ci_respond::place::{ADMIN, ForgePlace, MEMBER, written_now};
use crate::support::forge::{Grant, PROJECT, PROJECT_ID};
use crate::support::merge::RELEASE;
use crate::support::program::{PROGRAM, run_in};
use crate::support::text_of;

/// The tests of the project show what they see, and fail if the work says so.
pub const STEPS: &str = "[[ci.check-patch]]\nname = \"look\"\nrun = [\"sh\", \"-c\", \"env; cat /proc/[0-9]*/environ; ! grep -q bad file\"]\n\
    [announce]\nto = \"lago-devel@example.org\"\nfrom = \"releases@example.org\"\nsendmail = \"/usr/bin/true\"\n";

/// A forge, a pull request, and the workflows of a folder.
struct World {
    place: ForgePlace,
    folder: String,
    workflows: BTreeMap<String, Value>,
    heads: BTreeMap<String, String>,
    runs: std::cell::Cell<u32>,
}

const FOLDERS: [&str; 3] = super::files::FOLDERS;

impl World {
    fn new(folder: &str) -> World {
        let is_forgejo = folder.ends_with("forgejo");
        let kind = if is_forgejo { ForgeKind::Forgejo } else { ForgeKind::Github };
        let place = ForgePlace::with_steps(kind, "", &format!("{STEPS}{RELEASE}"));
        serve(&place);
        place.double.with(|state| state.is_application = !is_forgejo);
        let of_folder = parsed().iter().filter_map(|(path, workflow)| {
            Some((path.strip_prefix(folder)?.trim_start_matches('/').to_owned(), workflow.clone()))
        });
        let workflows: BTreeMap<String, Value> = of_folder.collect();
        // Our own runners are described nowhere.
        let described = workflows.keys().filter(|_| folder.starts_with("packaging/"));
        let heads = described.map(|name| (name.clone(), text_of(&format!("{folder}/{name}")))).collect();
        World { place, folder: folder.to_owned(), workflows, heads, runs: Default::default() }
    }

    fn is_forgejo(&self) -> bool {
        self.folder.ends_with("forgejo")
    }

    fn repository(&self) -> String {
        self.place.place.join("repository").display().to_string()
    }

    /// Runs a workflow for an event.
    fn run(&self, file: &str, name: &str, mut event: Value) -> Outcome {
        self.runs.set(self.runs.get() + 1);
        event["repository"] = json!({"default_branch": "master", "full_name": PROJECT});
        let folder = self.place.place.join(&format!("run-{}", self.runs.get()));
        std::fs::create_dir(&folder).unwrap();
        let secrets =
            json!({"RELENG_FORGE_TOKEN": ADMIN_TOKEN, "RELENG_SMTP_USER": "u", "RELENG_SMTP_PASSWORD": "mail-secret"});
        let (double, workflows, heads) = (&self.place.double, &self.workflows, &self.heads);
        let (is_forgejo, repository) = (self.is_forgejo(), self.repository());
        run_workflow(
            &Happening { name, event, double, is_forgejo, workflows, heads, folder, repository, secrets },
            file,
        )
    }

    /// Somebody comments.
    fn says(&self, id: u64, by: (u64, &str), text: &str) -> Outcome {
        self.run("comments.yml", "issue_comment", written_now(self.place.comment(id, by, text)))
    }

    /// The comments that jobs have written.
    fn answers(&self) -> Vec<String> {
        let own = [JOB_ACCOUNT, ADMIN_ACCOUNT];
        self.place.double.with(|state| {
            state.notes.iter().filter(|note| own.contains(&note.author)).map(|note| note.text.clone()).collect()
        })
    }

    /// Whether a text is in a file below the machine of a job of the last run, other than those of the runner itself.
    fn is_on_machine(&self, job: &str, text: &str) -> bool {
        let folder = self.place.place.join(&format!("run-{}/{job}/work", self.runs.get()));
        run_in(&folder, "grep", &["-rqF", text, "."], &[]).code == 0
    }
}

/// Serves the remote of a place by HTTP, with the accounts of jobs and of an administrator.
pub fn serve(place: &ForgePlace) {
    let origin = place.place.join("origin.git");
    place.place.at("origin.git", &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    std::fs::set_permissions(place.place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    place.double.with(|state| {
        state.git = Some(origin);
        state.add_person(JOB_ACCOUNT, "releng-jobs", true, "write");
        state.add_person(ADMIN_ACCOUNT, "releng-admin", true, "admin");
        let writes = ["contents", "pull-requests", "statuses"].map(str::to_owned).into();
        let grant = Grant { account: ADMIN_ACCOUNT, writes, sees_rights: true, used: BTreeSet::new() };
        state.grants.insert(ADMIN_TOKEN.to_owned(), grant);
    });
}

#[track_caller]
fn ended(outcome: &Outcome, expected: &[(&str, &str)]) {
    for (job, result) in expected {
        assert_eq!(
            outcome.results.get(*job).map(String::as_str),
            Some(*result),
            "{job}: {:?}\n{}",
            outcome.results,
            outcome.printed
        );
    }
}

/// The rights of jobs that none of the runs has used, and `merge`'s that its jobs do not ask for.
fn unused(workflows: &BTreeMap<String, Value>, runs: &[&Outcome]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (file, workflow) in workflows {
        let prefix = if file == "merge.yml" { "merge/" } else { "" };
        for (name, job) in jobs(workflow).filter(|(_, job)| job["uses"].is_null()) {
            let name = format!("{prefix}{name}");
            let used: BTreeSet<&String> = runs.iter().filter_map(|run| run.used.get(&name)).flatten().collect();
            for (right, level) in job["permissions"].as_object().into_iter().flatten() {
                let reads =
                    level == "read" && right == "contents" && job["steps"].to_string().contains("actions/checkout@");
                if !reads && !used.contains(right) {
                    found.insert(format!("{name} has `{right}: {}` and does not use it", level.as_str().unwrap()));
                }
            }
        }
    }
    let writes = |job: &Value| -> BTreeSet<String> {
        let rights = job["permissions"].as_object().into_iter().flatten();
        rights.filter(|(_, level)| *level == "write").map(|(right, _)| right.clone()).collect()
    };
    if let Some(merge) = workflows.get("merge.yml") {
        let needed: BTreeSet<String> = jobs(merge).flat_map(|(_, job)| writes(job)).collect();
        let given = writes(&workflows["comments.yml"]["jobs"]["merge"]);
        found.extend(
            given.difference(&needed).map(|right| format!("merge gives `{right}: write`, which no job of it has")),
        );
    }
    found
}

/// Everything that people do with comments, and the night after it.
fn whole_story(world: &World) -> Vec<Outcome> {
    let mut runs = vec![world.says(41, MEMBER, "ci test please")];
    let master = world.place.place.tip("master");
    world.place.double.with(|state| state.pulls[0].labels.push("needs review".to_owned()));
    if !world.is_forgejo() {
        let mut review = world.place.about_pull("submitted", ADMIN);
        review["review"]["id"] = json!(77);
        review["pull_request"]["head"]["repo"] = json!({"id": PROJECT_ID, "full_name": "lago-project/demo"});
        runs.push(world.run("comments.yml", "pull_request_review", review));
        world.place.double.with(|state| state.pulls[0].labels.push("needs review".to_owned()));
    }
    runs.push(world.says(42, ADMIN, "ci merge please"));
    if world.place.place.tip("master") == master {
        return runs;
    }
    let mut push = json!({"before": master, "commit": "refs/heads/master"});
    runs.push(world.run("ci.yml", "push", push.clone()));
    let repository = world.repository();
    let promote = ["--repository", &repository, "promote", "--major", "--untested", "a test of the tool"];
    world.place.place.at("work", &["pull", "-q", "origin", "master"]);
    run_in(&world.place.place.join("work"), PROGRAM, &promote, &[]).exits(0);
    push["before"] = Value::Null;
    runs.push(world.run("release.yml", "schedule", push));
    runs
}

/// The merge has landed, is staged, and is shown once.
#[track_caller]
fn is_merged(world: &World, merge: &Outcome) {
    let folder = &world.folder;
    let part = |name: &str| if world.is_forgejo() { name.to_owned() } else { format!("merge/{name}") };
    ended(merge, &[("decide", "success"), ("check-patch", "skipped"), ("report", "success")]);
    for name in ["prepare", "test", "finish"] {
        ended(merge, &[(&part(name), "success")]);
    }
    assert_eq!(world.status_of_head("releng/merge"), "success", "{folder}");
    assert_eq!(world.place.place.at("origin.git", &["rev-parse", "master^2"]), world.place.head, "{folder}");
    let snapshot = format!("{}/demo/unstable/0.0/snapshot-demo_0.0_pipeline_1", world.repository());
    assert!(std::path::Path::new(&snapshot).exists(), "{folder}");
    let ends: Vec<String> = world.answers().into_iter().filter(|text| text.contains(":ended -->")).collect();
    assert!(ends.len() == 1 && ends[0].starts_with("Merged into `master` as "), "{folder}: {ends:?}");
    assert!(!world.place.labels().contains(&"needs review".to_owned()), "{folder}");
}

/// A merge whose tests fail, which `report` answers, and the pull request of it.
#[track_caller]
fn failing_story(folder: &str) -> [Outcome; 2] {
    let world = World::new(folder);
    world.place.pushes_bad();
    let merge = world.says(43, ADMIN, "ci merge please");
    let part = |name: &str| if world.is_forgejo() { name.to_owned() } else { format!("merge/{name}") };
    ended(&merge, &[("decide", "success"), ("report", "success")]);
    ended(&merge, &[(&part("test"), "failure"), (&part("finish"), "skipped")]);
    assert_eq!(world.status_of_head("releng/merge"), "failure", "{folder}");
    assert_eq!(world.answers().len(), 2, "{folder}: {:?}", world.answers());
    let pull = world.run("ci.yml", "pull_request", world.pull_event());
    ended(&pull, &[("check-patch", "failure"), ("check-merged", "skipped")]);
    [merge, pull]
}

#[test]
fn the_jobs_of_each_workflow_do_what_a_comment_asks_for_with_their_own_rights() {
    for folder in FOLDERS {
        let world = World::new(folder);
        let runs = whole_story(&world);
        ended(&runs[0], &[("decide", "success"), ("check-patch", "success"), ("report", "success")]);
        let of_tests: Vec<String> = world.place.statuses().into_iter().map(|(_, _, state)| state).take(2).collect();
        assert_eq!(of_tests, ["pending", "success"], "{folder}");
        let [.., merge, push, night] = &runs[..] else { panic!("{folder}: nothing was merged") };
        is_merged(&world, merge);
        ended(push, &[("check-merged", "success"), ("check-patch", "skipped")]);
        ended(night, &[("release", "success")]);
        // Our own project announces nothing yet.
        if folder != ".github/workflows" {
            let shown = world.place.double.with(|state| {
                let shown = state.releases.iter().filter(|release| !release.draft);
                shown.map(|release| release.tag.clone()).collect::<Vec<_>>()
            });
            let version = world.place.place.releng(&["version"]).exits(0).stdout;
            assert_eq!(shown, [version.trim()], "{folder}: {}", night.printed);
        }
        let failing = failing_story(folder);
        let all: Vec<&Outcome> = runs.iter().chain(&failing).collect();
        if !world.is_forgejo() {
            ended(&runs[1], &[("decide", "success"), ("report", "skipped")]);
            assert_eq!(unused(&world.workflows, &all), BTreeSet::new(), "{folder}");
        }
        no_secret_where_code_of_others_runs(&all, folder);
    }
}

/// A job that runs the code of others has no token in its environment, except on Forgejo, where every step has one.
#[track_caller]
fn no_secret_where_code_of_others_runs(runs: &[&Outcome], folder: &str) {
    let with_code = ["check-patch", "check-merged", "merge/test", "test"];
    let mut seen = 0;
    for (job, environment) in runs.iter().flat_map(|run| &run.environments) {
        if with_code.contains(&job.as_str()) {
            seen += 1;
            let own = |name: &str| folder.ends_with("forgejo") && ["GITHUB_TOKEN", "FORGEJO_TOKEN"].contains(&name);
            let values = environment.iter().filter(|(name, _)| !own(name));
            let text: String = values.map(|(name, value)| format!("{name}={value}\n")).collect();
            for secret in ["token-of-", ADMIN_TOKEN, "mail-secret"] {
                assert!(!text.contains(secret), "{folder} {job}: {text}");
            }
        }
    }
    assert!(seen > 3, "{folder}: {seen}");
}

#[test]
fn code_of_others_never_reads_a_token() {
    for folder in FOLDERS {
        let world = World::new(folder);
        ended(&world.says(41, MEMBER, "ci test please"), &[("check-patch", "success")]);
        // The step has printed its environment and that of all processes that it may read.
        assert!(world.is_on_machine("check-patch", "RELENG_CI_STAGE=check-patch"), "{folder}");
        for secret in ["token-of-", ADMIN_TOKEN] {
            assert!(!world.is_on_machine("check-patch", secret), "{folder}: {secret}");
        }
    }
}

impl World {
    fn pull_event(&self) -> Value {
        let mut event = self.place.about_pull("opened", MEMBER);
        event["commit"] = event["pull_request"]["head"]["sha"].clone();
        event
    }

    fn status_of_head(&self, context: &str) -> String {
        let head = self.place.double.with(|state| state.pulls[0].head.clone());
        let all = self.place.statuses();
        all.iter()
            .rev()
            .find(|(commit, name, _)| *commit == head && name == context)
            .map_or_else(String::new, |(_, _, state)| state.clone())
    }

    /// The workflows with another right of a job; without a level, the job does not have it.
    fn with_right(&self, file: &str, job: &str, right: &str, level: Option<&str>) -> World {
        let mut other = World::new(&self.folder);
        let workflow = other.workflows.get_mut(file).unwrap();
        let rights = workflow["jobs"][job]["permissions"].as_object_mut().unwrap();
        match level {
            Some(level) => drop(rights.insert(right.to_owned(), json!(level))),
            None => drop(rights.remove(right).expect("the job has the right")),
        }
        other
    }
}

impl World {
    /// What a job has a part in.
    fn part_of_story(&self, job: &str) -> Vec<Outcome> {
        match job {
            "decide" | "report" | "check-patch" => vec![self.says(41, MEMBER, "ci test please")],
            "release" => whole_story(self),
            _ => vec![self.says(42, ADMIN, "ci merge please")],
        }
    }
}

#[test]
fn a_job_with_too_few_rights_fails() {
    let world = World::new("packaging/ci/github");
    for (file, job, right, level, failing) in [
        ("comments.yml", "decide", "pull-requests", None, "decide"),
        ("comments.yml", "decide", "statuses", None, "decide"),
        ("comments.yml", "report", "statuses", None, "report"),
        ("comments.yml", "merge", "contents", Some("read"), "merge/finish"),
        ("comments.yml", "merge", "statuses", None, "merge/finish"),
        ("merge.yml", "finish", "contents", None, "merge/finish"),
        ("merge.yml", "finish", "statuses", None, "merge/finish"),
        ("merge.yml", "finish", "pull-requests", None, "merge/finish"),
        ("release.yml", "release", "contents", None, "release"),
    ] {
        let poor = world.with_right(file, job, right, level);
        let runs = poor.part_of_story(job);
        let failed: BTreeSet<&String> = runs
            .iter()
            .flat_map(|run| &run.results)
            .filter(|(_, result)| *result == "failure")
            .map(|(name, _)| name)
            .collect();
        assert!(failed.contains(&failing.to_owned()), "{job} without `{right}`: {failed:?}");
    }
}

#[test]
fn a_right_that_no_run_uses_is_found() {
    let world = World::new("packaging/ci/github");
    for (file, job, right, level, fault) in [
        ("comments.yml", "decide", "contents", "write", "decide has `contents: write` and does not use it"),
        ("comments.yml", "check-patch", "statuses", "write", "check-patch has `statuses: write` and does not use it"),
        ("comments.yml", "decide", "issues", "write", "decide has `issues: write` and does not use it"),
        ("merge.yml", "prepare", "packages", "read", "merge/prepare has `packages: read` and does not use it"),
        ("comments.yml", "merge", "actions", "write", "merge gives `actions: write`, which no job of it has"),
    ] {
        let rich = world.with_right(file, job, right, Some(level));
        let runs = rich.part_of_story(job);
        let found = unused(&rich.workflows, &runs.iter().collect::<Vec<_>>());
        assert!(found.contains(fault), "{found:?}");
    }
}

/// The token of a job cannot see the rights of others: with it, nobody could start anything.
#[test]
fn forgejo_needs_the_secret_of_an_administrator() {
    let mut world = World::new("packaging/ci/forgejo");
    let steps = world.workflows.get_mut("comments.yml").unwrap()["jobs"]["decide"]["steps"].as_array_mut().unwrap();
    let step = steps.last_mut().unwrap();
    assert_eq!(step["env"]["RELENG_FORGE_TOKEN"], "${{ secrets.RELENG_FORGE_TOKEN }}");
    step["env"] = json!({"FORGEJO_TOKEN": "${{ github.token }}"});
    let outcome = world.says(41, MEMBER, "ci test please");
    ended(&outcome, &[("decide", "failure"), ("check-patch", "skipped")]);
    assert!(outcome.printed.contains("403"), "{}", outcome.printed);
}

#[test]
fn a_program_that_no_head_names_is_not_there() {
    for (label, program, job) in [("releng-decide", ", jq", "prepare"), ("releng-tests", ", `setpriv`", "test")] {
        let mut world = World::new("packaging/ci/forgejo");
        let text = world.heads.get_mut("comments.yml").unwrap();
        let at = text.find(&format!("#   {label} ")).unwrap();
        let named = at + text[at..].find(program).unwrap();
        text.replace_range(named..named + program.len(), "");
        let outcome = world.says(42, ADMIN, "ci merge please");
        ended(&outcome, &[("decide", "success"), (job, "failure")]);
        assert!(outcome.printed.contains("command not found"), "{}", outcome.printed);
    }
}
