//! Copr, by `copr-cli`: one build with a chroot for each target.
//!
//! `watch-build` blocks and gives up at the first lost request, so builds are polled: `monitor` has the state of each
//! chroot, `status` that of a build which a newer one hides there. `download-build` succeeds whatever it has brought: what
//! is missing or cut off is found by the checks of `build/check.rs`, and fetched again.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::project::config::{RpmKeys, Word};
use crate::rpm::backend::farm::{Answer, Client, QUESTION, SKEW, TRANSFER};
use crate::rpm::backend::here::{outside, packages_below};
use crate::rpm::backend::model::named_for;
use crate::rpm::backend::{Backend, Srpm, State, Submission, Target, Ticket, Workplace};

/// What copr-cli says where trying again may help.
const PASSING: [&str; 5] =
    ["Unable to connect", "is not in JSON format", "Gateway Timeout", "Connection aborted", "Read timed out"];

/// The backend `copr`.
pub struct Copr {
    client: Client,
    project: String,
    keys: RpmKeys,
    /// Bounds wget, which `download-build` runs.
    _wget: files::Scratch,
}

/// A chroot in what `monitor` prints.
#[derive(Deserialize)]
struct Monitored {
    build_id: Option<u64>,
    chroot: String,
    state: String,
}

/// A build in what `list-builds` prints.
#[derive(Deserialize)]
struct Listed {
    name: Option<String>,
}

/// What `get-package` prints.
#[derive(Deserialize)]
struct OfPackage {
    builds: Vec<OfBuild>,
}

#[derive(Deserialize)]
struct OfBuild {
    id: u64,
    state: String,
    chroots: Vec<String>,
    submitted_on: Option<i64>,
    source_package: Option<OfSource>,
}

#[derive(Deserialize)]
struct OfSource {
    version: Option<String>,
}

impl Copr {
    /// Errors: no project is configured.
    pub fn new(keys: &RpmKeys) -> Result<Copr> {
        let Some(project) = keys.copr.project.as_ref().map(Word::as_str).map(str::to_owned) else {
            let help = "name it in `packaging/release.toml`: `[rpm.copr]` and `project = \"owner/name\"`";
            return Err(Failure::new(Exit::Usage, "it is not known which Copr project builds").help(help).into());
        };
        let wget = files::remote_scratch()?;
        let bounds = wget.write("wgetrc", b"tries = 3\nwaitretry = 1\ntimeout = 30\n")?;
        let config = keys.copr.config.as_ref().map(|path| ["--config".to_owned(), files::from_home(path.as_str())]);
        let first = ["--no-color".to_owned()].into_iter().chain(config.into_iter().flatten()).collect();
        let variables = vec![("WGETRC".to_owned(), bounds.display().to_string())];
        let install = "install it: `dnf install copr-cli` or `pip install copr-cli`";
        let client = Client { program: "copr-cli", install, first, variables };
        Ok(Copr { client, project, keys: keys.clone(), _wget: wget })
    }

    /// Asks, and takes nothing but success for an answer.
    fn ask(&self, args: &[&str]) -> Result<Answer> {
        let answer = self.client.ask(args, QUESTION)?;
        match answer.code {
            0 => Ok(answer),
            _ => Err(refused(&answer).into()),
        }
    }

    /// The newest builds of the project: nameless ones are still being taken in.
    fn list(&self) -> Result<Vec<Listed>> {
        parse(&self.ask(&["list-builds", &self.project, "--output-format", "json"])?)
    }
}

/// JSON in an answer; a list that is empty is no text at all.
fn parse<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T> {
    let text = if answer.text.trim().is_empty() { "[]" } else { &answer.text };
    let read = serde_json::from_str(text);
    read.map_err(|error| outside(format!("copr-cli said what is not understood: {error}")).into())
}

fn refused(answer: &Answer) -> Failure {
    let why = format!("copr-cli: {} (exit {})", answer.error_line(), answer.code);
    if answer.has(&PASSING) {
        return outside(why);
    }
    let help = if answer.code == 7 || answer.has(&["Login invalid"]) {
        "renew the token: your Copr's page /api shows the file that copr-cli reads"
    } else {
        "correct `[rpm.copr]` or the project's settings, and run this again"
    };
    Failure::new(Exit::Failed, why).help(help)
}

impl Backend for Copr {
    fn settings(&self, part: &(Target, String)) -> String {
        format!("copr {} {}", self.project, part.1)
    }

    fn plan(&self, _srpm: &Srpm, targets: &[Target]) -> Result<Vec<Submission>, Failure> {
        let mut parts = Vec::new();
        for target in targets {
            let stated = self.keys.dist.get(&target.dist).and_then(|of| of.copr.as_ref()).map(Word::as_str);
            let chroot = match (stated, target.dist.parts()) {
                (Some(chroot), _) => named_for(chroot, &self.keys, target),
                (None, Some(("fc", number))) => format!("fedora-{number}-{}", target.arch),
                (None, Some(("el", number))) => format!("epel-{number}-{}", target.arch),
                _ => {
                    let message = format!("it is not known which chroot of Copr builds for {}", target.dist);
                    let help = format!("name it: `[rpm.dist.{}]` and `copr = \"…\"`", target.dist);
                    return Err(Failure::new(Exit::Usage, message).help(help));
                }
            };
            parts.push((target.clone(), chroot));
        }
        Ok(vec![Submission { parts }])
    }

    fn submit(&mut self, srpm: &Srpm, submission: &Submission, places: &[Workplace]) -> Result<Ticket> {
        let path = srpm.path.to_str().context("the path of the source RPM is not UTF-8")?;
        let mut args = vec!["build", "--nowait"];
        submission.parts.iter().for_each(|(_, chroot)| args.extend(["--chroot", chroot]));
        args.extend([self.project.as_str(), path]);
        let answer = self.client.ask(&args, TRANSFER)?;
        answer.keep(places)?;
        let created = answer.text.lines().find_map(|line| line.strip_prefix("Created builds: "));
        match created.and_then(|id| id.trim().parse::<u64>().ok()) {
            Some(id) => Ok(Ticket(id.to_string())),
            // After the upload, an answer that was lost says nothing about the build: it may be there.
            None if answer.has(&["Uploading package"])
                && answer.code != 7
                && !answer.has(&["Login invalid", "Bad request"]) =>
            {
                Err(outside(format!("copr-cli: {} (exit {})", answer.error_line(), answer.code)).into())
            }
            None => Err(refused(&answer).into()),
        }
    }

    fn find(&mut self, srpm: &Srpm, submission: &Submission, since: i64) -> Result<Option<Ticket>> {
        if self.list()?.iter().any(|listed| listed.name.is_none()) {
            return Err(outside("Copr is still taking in a build, perhaps ours".to_owned()).into());
        }
        let args = ["get-package", &self.project, "--name", &srpm.name, "--with-all-builds", "--output-format", "json"];
        let answer = self.client.ask(&args, QUESTION)?;
        if answer.has(&["No package with name"]) {
            return Ok(None);
        }
        if answer.code != 0 {
            return Err(refused(&answer).into());
        }
        let of_package: OfPackage = parse(&answer)?;
        let version = format!("{}-{}", srpm.version, srpm.release);
        let is_ours = |build: &OfBuild| {
            let same = build.source_package.as_ref().and_then(|source| source.version.as_ref()) == Some(&version);
            let holds = submission.parts.iter().all(|(_, chroot)| build.chroots.contains(chroot));
            let is_new = build.submitted_on.is_some_and(|at| at >= since - SKEW);
            same && holds && is_new && !["canceled", "failed"].contains(&build.state.as_str())
        };
        let newest = of_package.builds.iter().filter(|build| is_ours(build)).map(|build| build.id).max();
        Ok(newest.map(|id| Ticket(id.to_string())))
    }

    fn poll(&mut self, ticket: &Ticket, submission: &Submission) -> Result<Vec<State>> {
        let fields = "name,chroot,build_id,state,pkg_version";
        let answer = self.ask(&["monitor", &self.project, "--output-format", "json", "--fields", fields])?;
        let monitored: Vec<Monitored> = parse(&answer)?;
        let ours = |chroot: &str| {
            let mut of_chroot = monitored.iter().filter(|it| it.chroot == chroot);
            of_chroot.find(|it| it.build_id.is_some_and(|id| id.to_string() == ticket.0))
        };
        let states = submission.parts.iter().map(|(_, chroot)| Some(state_of(&ours(chroot)?.state, chroot)));
        let states: Vec<Option<State>> = states.collect();
        if states.iter().all(Option::is_some) {
            return Ok(states.into_iter().flatten().collect());
        }
        // It is being taken in, or a newer build of the same package hides it.
        let status = self.ask(&["status", &ticket.0])?;
        let whole = state_of(status.last_line(), "the build");
        Ok(states.into_iter().map(|state| state.unwrap_or_else(|| whole.clone())).collect())
    }

    fn collect(&mut self, ticket: &Ticket, part: &(Target, String), _place: &Workplace, into: &Path) -> Result<()> {
        let scratch = files::scratch_beside(into)?;
        let dest = scratch.path().to_str().context("the path of the results is not UTF-8")?;
        let args = ["download-build", &ticket.0, "--dest", dest, "--chroot", &part.1, "--rpms"];
        let answer = self.client.ask(&args, TRANSFER)?;
        if answer.code != 0 {
            return Err(refused(&answer).into());
        }
        packages_below(scratch.path())?.iter().try_for_each(|path| files::copy_into(path, into))
    }

    fn is_here(&self) -> bool {
        false
    }
}

fn state_of(word: &str, what: &str) -> State {
    match word {
        "succeeded" | "forked" => State::Built,
        "skipped" => State::Failed(format!("Copr skipped {what}: it excludes the architecture, or has this version")),
        "failed" => State::Failed(format!("Copr could not build {what}")),
        "canceled" => State::Failed(format!("{what} was cancelled on Copr")),
        "running" | "starting" => State::Running,
        _ => State::Waiting,
    }
}
