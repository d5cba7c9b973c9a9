//! Koji, by `koji`: a task for each dist, which builds all its architectures.
//!
//! Each task bears the digest of the source RPM and the build target as a mark, so that one whose answer was lost is found
//! again. `watch-task` blocks, so tasks are polled with plain calls of the hub. A Koji build is done or failed as a whole.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::base::error::{Exit, Failure};
use crate::base::files::{self, Scratch};
use crate::project::config::{RpmKeys, Word};
use crate::rpm::backend::farm::{Answer, Client, QUESTION, SKEW, TRANSFER};
use crate::rpm::backend::here::{outside, packages_below};
use crate::rpm::backend::model::named_for;
use crate::rpm::backend::{Backend, Srpm, State, Submission, Target, Ticket, Workplace};

/// What koji says where trying again may help.
const PASSING: [&str; 6] =
    ["ConnectionError", "HTTPError", "Unable to connect", "ReadTimeout", "ChunkedEncodingError", "RetryError"];

/// The key of our mark in the metadata of a task.
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

/// The results of a task, which come for all architectures at once.
struct Fetched {
    ticket: Ticket,
    folder: Scratch,
    /// Whoever asks twice was not content.
    given: Vec<Target>,
}

#[derive(Deserialize)]
struct Info {
    state: u8,
}

#[derive(Deserialize)]
struct Child {
    id: u64,
    method: String,
    arch: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "faultString")]
    text: String,
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    state: u8,
    /// The source, the target, and options as a table.
    request: Vec<serde_json::Value>,
}

impl Koji {
    /// With the profile that `keys` names.
    pub fn new(keys: &RpmKeys) -> Koji {
        let stated = |flag: &str, word: &Option<Word>| {
            word.as_ref().map(|word| [flag.to_owned(), files::from_home(word.as_str())])
        };
        let first = [stated("-c", &keys.koji.config), stated("-p", &keys.koji.profile)];
        let first = first.into_iter().flatten().flatten().collect();
        let install = "install it: `dnf install koji` or `pip install koji`";
        let client = Client { program: "koji", install, first, variables: Vec::new() };
        Koji { client, keys: keys.clone(), fetched: None }
    }

    /// The result of a method of the hub, which anybody may call.
    fn call<T: DeserializeOwned>(&self, args: &[&str]) -> Result<T> {
        let answer = self.client.ask(&[&["--noauth", "call", "--json-output"], args].concat(), QUESTION)?;
        if answer.code != 0 {
            return Err(refused(&answer).into());
        }
        let read = serde_json::from_str(&answer.text);
        read.map_err(|error| outside(format!("koji said what is not understood: {error}")).into())
    }

    fn children(&self, ticket: &Ticket) -> Result<Vec<Child>> {
        self.call(&["getTaskChildren", &ticket.0])
    }

    /// Fetches all results of a task, unless they are here and nobody was discontent with them.
    fn fetch(&mut self, ticket: &Ticket, target: &Target, into: &Path) -> Result<PathBuf> {
        let is_here = |fetched: &Fetched| fetched.ticket == *ticket && !fetched.given.contains(target);
        if let Some(fetched) = self.fetched.as_mut().filter(|fetched| is_here(fetched)) {
            fetched.given.push(target.clone());
            return Ok(fetched.folder.path().to_owned());
        }
        let folder = files::scratch_beside(into.parent().unwrap_or(into))?;
        let args = ["--noauth", "download-task", "--noprogress", "--dirpertask", "--logs", &ticket.0];
        let answer = self.client.ask_in(folder.path(), &args, TRANSFER)?;
        if answer.code != 0 {
            return Err(refused(&answer).into());
        }
        let path = folder.path().to_owned();
        self.fetched = Some(Fetched { ticket: ticket.clone(), folder, given: vec![target.clone()] });
        Ok(path)
    }
}

fn mark_of(srpm: &Srpm, target: &str) -> String {
    format!("{} {target}", srpm.digest)
}

fn refused(answer: &Answer) -> Failure {
    let why = format!("koji: {} (exit {})", answer.error_line(), answer.code);
    if answer.has(&PASSING) {
        return outside(why);
    }
    let help = match answer.has(&["AuthError", "ActionNotAllowed", "KeyError: 'user'", "GSSAPI"]) {
        true => "log in to the farm (`kinit`, or the profile's certificate), and ask its admins for the permission",
        false => "correct `[rpm.koji]`, `koji` of the dist, or the client's profile, and run this again",
    };
    Failure::new(Exit::Failed, why).help(help)
}

impl Backend for Koji {
    fn settings(&self, part: &(Target, String)) -> String {
        let kind = if self.keys.koji.scratch { "scratch " } else { "" };
        let profile = self.keys.koji.profile.as_ref().map_or("koji", Word::as_str);
        format!("{kind}{profile} {}", part.1)
    }

    fn plan(&self, _srpm: &Srpm, targets: &[Target]) -> Result<Vec<Submission>, Failure> {
        let mut submissions: Vec<Submission> = Vec::new();
        for target in targets {
            let stated = self.keys.dist.get(&target.dist).and_then(|of| of.koji.as_ref()).map(Word::as_str);
            let name = match (stated, target.dist.parts()) {
                (Some(name), _) => named_for(name, &self.keys, target),
                (None, Some(("fc", number))) => format!("f{number}-candidate"),
                (None, Some(("el", number))) => format!("epel{number}-candidate"),
                _ => {
                    let message = format!("it is not known which target of Koji builds for {}", target.dist);
                    let help = format!("name it: `[rpm.dist.{}]` and `koji = \"…\"`", target.dist);
                    return Err(Failure::new(Exit::Usage, message).help(help));
                }
            };
            let part = (target.clone(), name);
            match submissions.iter_mut().find(|submission| submission.parts[0].1 == part.1) {
                Some(submission) => submission.parts.push(part),
                None => submissions.push(Submission { parts: vec![part] }),
            }
        }
        Ok(submissions)
    }

    fn submit(&mut self, srpm: &Srpm, submission: &Submission, places: &[Workplace]) -> Result<Ticket> {
        let path = srpm.path.to_str().context("the path of the source RPM is not UTF-8")?;
        let target = &submission.parts[0].1;
        let mark = json!({ MARK: mark_of(srpm, target) }).to_string();
        let mut args = vec!["build", "--nowait", "--custom-user-metadata", &mark];
        args.extend(self.keys.koji.scratch.then_some("--scratch"));
        args.extend([target.as_str(), path]);
        let answer = self.client.ask(&args, TRANSFER)?;
        answer.keep(places)?;
        let created = answer.text.lines().find_map(|line| line.strip_prefix("Created task: "));
        match created.and_then(|id| id.trim().parse::<u64>().ok()) {
            Some(id) => Ok(Ticket(id.to_string())),
            None => Err(refused(&answer).into()),
        }
    }

    fn find(&mut self, srpm: &Srpm, submission: &Submission, since: i64) -> Result<Option<Ticket>> {
        let options =
            json!({ "opts": { "method": "build", "decode": true, "createdAfter": since - SKEW } }).to_string();
        let listed: Vec<Listed> = self.call(&["--json-input", "--kwargs", &options, "listTasks"])?;
        let mark = mark_of(srpm, &submission.parts[0].1);
        let is_ours = |listed: &&Listed| {
            let options = listed.request.iter().filter_map(serde_json::Value::as_object);
            let mut marks = options.filter_map(|options| options.get("custom_user_metadata")?.get(MARK)?.as_str());
            marks.any(|found| found == mark) && ![task::CANCELED, task::FAILED].contains(&listed.state)
        };
        Ok(listed.iter().filter(is_ours).map(|listed| listed.id).max().map(|id| Ticket(id.to_string())))
    }

    fn poll(&mut self, ticket: &Ticket, submission: &Submission) -> Result<Vec<State>> {
        let info: Option<Info> = self.call(&["getTaskInfo", &ticket.0])?;
        let state = match info.map(|info| info.state) {
            None => State::Failed(format!("Koji does not know the task {}", ticket.0)),
            Some(task::CLOSED) => State::Built,
            Some(task::CANCELED) => State::Failed(format!("the task {} was cancelled on Koji", ticket.0)),
            Some(task::FAILED) => {
                let fault: Fault = self.call(&["getTaskResult", &ticket.0, "raise_fault=False"])?;
                State::Failed(format!("Koji: {}", fault.text.lines().next().unwrap_or_default()))
            }
            Some(task::FREE | task::ASSIGNED) => State::Waiting,
            Some(_) => State::Running,
        };
        Ok(vec![state; submission.parts.len()])
    }

    fn collect(&mut self, ticket: &Ticket, part: &(Target, String), place: &Workplace, into: &Path) -> Result<()> {
        let folder = self.fetch(ticket, &part.0, into)?;
        let is_ours = |child: &Child| {
            let arch = child.arch.as_deref().unwrap_or_default();
            child.method == "buildArch" && (arch == part.0.arch.as_str() || arch == "noarch")
        };
        for child in self.children(ticket)?.into_iter().filter(is_ours) {
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

    fn is_here(&self) -> bool {
        false
    }
}
