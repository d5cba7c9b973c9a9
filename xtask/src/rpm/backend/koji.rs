//! Koji, by `koji`: a task for each dist, which builds all its architectures.
//!
//! The metadata of each task contains a mark: the digest of the source RPM and the build target. A task whose id was
//! lost is found by it. `watch-task` blocks, so tasks are polled with calls of the hub. A build of Koji succeeds or
//! fails for all architectures together.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::base::error::Failure;
use crate::base::files::{self, Scratch};
use crate::project::config::{RpmKeys, Word};
use crate::rpm::backend::farm::{CLOCK_SKEW, Client, ErrorWords, REQUEST_TIME, TRANSFER_TIME};
use crate::rpm::backend::model::{BuildEnvNames, transient};
use crate::rpm::backend::program::packages_below;
use crate::rpm::backend::{Backend, BuildPart, BuildState, BuildTarget, SourceRpm, Submission, Ticket, Workplace};

const NAMES: BuildEnvNames = BuildEnvNames {
    key: "koji",
    kind: "build target of Koji",
    hint: "",
    fedora: "fNUMBER-candidate",
    enterprise_linux: "epelNUMBER-candidate",
};

const ERRORS: ErrorWords = ErrorWords {
    transient: &[
        "ConnectionError",
        "HTTPError",
        "Unable to connect",
        "ReadTimeout",
        "ChunkedEncodingError",
        "RetryError",
    ],
    denied: &["AuthError", "ActionNotAllowed", "KeyError: 'user'", "GSSAPI"],
    denied_exit: None,
    denied_help: "log in to the farm (`kinit`, or the profile's certificate), and ask its admins for the permission",
    other_help: "correct `[rpm.koji]`, `koji` of the dist, or the client's profile, and run this again",
};

/// The key of the mark in the metadata of a task.
const MARK: &str = "releng";

/// The states of a task.
mod task {
    pub const FREE: u8 = 0;
    pub const CLOSED: u8 = 2;
    pub const CANCELED: u8 = 3;
    pub const ASSIGNED: u8 = 4;
    pub const FAILED: u8 = 5;
}

/// The backend `koji`.
pub struct Koji {
    client: Client,
    keys: RpmKeys,
    fetched: Option<Fetched>,
}

/// The downloaded results of a task, for all architectures.
struct Fetched {
    ticket: Ticket,
    folder: Scratch,
    /// The targets that have got their packages. Where one of them is requested again, its packages were rejected.
    given: Vec<BuildTarget>,
}

#[derive(Deserialize)]
struct TaskInfo {
    state: u8,
}

#[derive(Deserialize)]
struct ChildTask {
    id: u64,
    method: String,
    arch: Option<String>,
}

#[derive(Deserialize)]
struct TaskFault {
    #[serde(rename = "faultString")]
    text: String,
}

#[derive(Deserialize)]
struct ListedTask {
    id: u64,
    state: u8,
    /// The source, the build target, and a table of options.
    request: Vec<serde_json::Value>,
}

impl Koji {
    /// Uses the profile that `keys` names.
    pub fn new(keys: &RpmKeys) -> Koji {
        let mut global_args = Vec::new();
        for (flag, value) in [("-c", &keys.koji.config), ("-p", &keys.koji.profile)] {
            if let Some(value) = value {
                global_args.extend([flag.to_owned(), files::from_home(value.as_str())]);
            }
        }
        let client = Client { program: "koji", global_args, variables: Vec::new(), errors: ERRORS };
        Koji { client, keys: keys.clone(), fetched: None }
    }

    /// The result of a method of the hub that needs no login.
    fn call<T: DeserializeOwned>(&self, args: &[&str]) -> Result<T> {
        let args = [&["--noauth", "call", "--json-output"], args].concat();
        let output = self.client.run_successfully(&args, REQUEST_TIME)?;
        let parsed = serde_json::from_str(&output.text);
        parsed.map_err(|error| transient(format!("cannot parse the output of koji: {error}")).into())
    }

    fn children(&self, ticket: &Ticket) -> Result<Vec<ChildTask>> {
        self.call(&["getTaskChildren", &ticket.0])
    }

    /// Downloads all results of a task, unless they are already downloaded and not rejected.
    fn fetch(&mut self, ticket: &Ticket, target: &BuildTarget, into: &Path) -> Result<PathBuf> {
        if let Some(fetched) = &mut self.fetched
            && fetched.ticket == *ticket
            && !fetched.given.contains(target)
        {
            fetched.given.push(target.clone());
            return Ok(fetched.folder.path().to_owned());
        }
        let folder = files::scratch_beside(into.parent().unwrap_or(into))?;
        let args = ["--noauth", "download-task", "--noprogress", "--dirpertask", "--logs", &ticket.0];
        let output = self.client.run_in(folder.path(), &args, TRANSFER_TIME)?;
        if output.exit != 0 {
            return Err(self.client.failure(&output).into());
        }
        let path = folder.path().to_owned();
        self.fetched = Some(Fetched { ticket: ticket.clone(), folder, given: vec![target.clone()] });
        Ok(path)
    }
}

fn mark_of(srpm: &SourceRpm, target: &str) -> String {
    format!("{} {target}", srpm.digest)
}

impl Backend for Koji {
    fn settings(&self, part: &BuildPart) -> String {
        let kind = if self.keys.koji.scratch { "scratch " } else { "" };
        let profile = self.keys.koji.profile.as_ref().map_or("koji", Word::as_str);
        format!("{kind}{profile} {}", part.build_env)
    }

    fn plan(&self, _srpm: &SourceRpm, targets: &[BuildTarget]) -> Result<Vec<Submission>, Failure> {
        let mut submissions: Vec<Submission> = Vec::new();
        for target in targets {
            let stated = self.keys.dist.get(&target.dist).and_then(|keys| keys.koji.as_ref());
            let build_env = NAMES.name_for(stated, &self.keys, target)?;
            let part = BuildPart { target: target.clone(), build_env };
            match submissions.iter_mut().find(|submission| submission.parts[0].build_env == part.build_env) {
                Some(submission) => submission.parts.push(part),
                None => submissions.push(Submission { parts: vec![part] }),
            }
        }
        Ok(submissions)
    }

    fn submit(&mut self, srpm: &SourceRpm, submission: &Submission, places: &[Workplace]) -> Result<Ticket> {
        let path = srpm.path.to_str().context("the path of the source RPM is not UTF-8")?;
        let target = &submission.parts[0].build_env;
        let mark = json!({ MARK: mark_of(srpm, target) }).to_string();
        let mut args = vec!["build", "--nowait", "--custom-user-metadata", &mark];
        args.extend(self.keys.koji.scratch.then_some("--scratch"));
        args.extend([target.as_str(), path]);
        let output = self.client.run(&args, TRANSFER_TIME)?;
        output.write_logs(places)?;
        output.ticket("Created task: ").ok_or_else(|| self.client.failure(&output).into())
    }

    fn find(&mut self, srpm: &SourceRpm, submission: &Submission, since: i64) -> Result<Option<Ticket>> {
        let options =
            json!({ "opts": { "method": "build", "decode": true, "createdAfter": since - CLOCK_SKEW } }).to_string();
        let listed: Vec<ListedTask> = self.call(&["--json-input", "--kwargs", &options, "listTasks"])?;
        let mark = mark_of(srpm, &submission.parts[0].build_env);
        let is_wanted = |listed: &&ListedTask| {
            let options = listed.request.iter().filter_map(serde_json::Value::as_object);
            let mut marks = options.filter_map(|options| options.get("custom_user_metadata")?.get(MARK)?.as_str());
            marks.any(|found| found == mark) && ![task::CANCELED, task::FAILED].contains(&listed.state)
        };
        let newest = listed.iter().filter(is_wanted).map(|listed| listed.id).max();
        Ok(newest.map(|id| Ticket(id.to_string())))
    }

    fn poll(&mut self, ticket: &Ticket, submission: &Submission) -> Result<Vec<BuildState>> {
        let info: Option<TaskInfo> = self.call(&["getTaskInfo", &ticket.0])?;
        let state = match info.map(|info| info.state) {
            None => BuildState::Failed(format!("Koji has no task {}", ticket.0)),
            Some(task::CLOSED) => BuildState::Built,
            Some(task::CANCELED) => BuildState::Failed(format!("the task {} was cancelled on Koji", ticket.0)),
            Some(task::FAILED) => {
                let fault: TaskFault = self.call(&["getTaskResult", &ticket.0, "raise_fault=False"])?;
                BuildState::Failed(format!("Koji: {}", fault.text.lines().next().unwrap_or_default()))
            }
            Some(task::FREE | task::ASSIGNED) => BuildState::Waiting,
            Some(_) => BuildState::Running,
        };
        Ok(vec![state; submission.parts.len()])
    }

    fn collect(&mut self, ticket: &Ticket, part: &BuildPart, place: &Workplace, into: &Path) -> Result<()> {
        let folder = self.fetch(ticket, &part.target, into)?;
        let is_wanted = |child: &ChildTask| {
            let arch = child.arch.as_deref().unwrap_or_default();
            child.method == "buildArch" && (arch == part.target.arch.as_str() || arch == "noarch")
        };
        for child in self.children(ticket)?.into_iter().filter(is_wanted) {
            let of_child = folder.join(child.id.to_string());
            for path in packages_below(&of_child)? {
                files::copy_into(&path, into)?;
            }
            let log = of_child.join("build.log");
            if log.is_file() {
                files::write(&place.log, &std::fs::read(&log)?)?;
            }
        }
        Ok(())
    }

    fn is_on_this_machine(&self) -> bool {
        false
    }
}
