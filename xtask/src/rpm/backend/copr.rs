//! Copr, by `copr-cli`: one build with a chroot for each target.
//!
//! `watch-build` blocks, and ends at the first failed request, so builds are polled. `monitor` prints the state of each
//! chroot, but only for the newest build of a package; `status` prints the state of an older build. `download-build` exits
//! with 0 even where files are missing or cut off: `builds/check.rs` finds that, and they are fetched again.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::base::error::{Exit, Failure, committed};
use crate::base::files;
use crate::project::config::{RpmKeys, Word};
use crate::rpm::backend::farm::{CLOCK_SKEW, Client, ClientOutput, ErrorWords, REQUEST_TIME, TRANSFER_TIME};
use crate::rpm::backend::model::{BuildEnvNames, transient};
use crate::rpm::backend::program::packages_below;
use crate::rpm::backend::{Backend, BuildPart, BuildState, BuildTarget, SourceRpm, Submission, Ticket, Workplace};

const NAMES: BuildEnvNames = BuildEnvNames {
    key: "copr",
    kind: "chroot of Copr",
    hint: "",
    fedora: "fedora-NUMBER-ARCH",
    enterprise_linux: "epel-NUMBER-ARCH",
};

const ERRORS: ErrorWords = ErrorWords {
    transient: &[
        "Unable to connect",
        "is not in JSON format",
        "Gateway Timeout",
        "Connection aborted",
        "Read timed out",
    ],
    denied: &["Login invalid"],
    denied_exit: Some(7),
    denied_help: "renew the token: your Copr's page /api shows the file that copr-cli reads",
    other_help: "correct `[rpm.copr]` or the project's settings, and run this again",
};

/// The backend `copr`.
pub struct Copr {
    client: Client,
    project: String,
    keys: RpmKeys,
    /// The folder of the configuration that limits the time of wget, which `download-build` runs.
    _wget: files::Scratch,
}

/// A chroot in the output of `monitor`.
#[derive(Deserialize)]
struct Monitored {
    build_id: Option<u64>,
    chroot: String,
    state: String,
}

/// A build in the output of `list-builds`.
#[derive(Deserialize)]
struct ListedBuild {
    name: Option<String>,
}

/// The output of `get-package`.
#[derive(Deserialize)]
struct CoprPackage {
    builds: Vec<CoprBuild>,
}

#[derive(Deserialize)]
struct CoprBuild {
    id: u64,
    state: String,
    chroots: Vec<String>,
    submitted_on: Option<i64>,
    source_package: Option<CoprSource>,
}

#[derive(Deserialize)]
struct CoprSource {
    version: Option<String>,
}

impl Copr {
    /// Errors: no project is configured.
    pub fn new(keys: &RpmKeys) -> Result<Copr> {
        let Some(project) = keys.copr.project.as_ref().map(Word::as_str).map(str::to_owned) else {
            let help = committed("set `project = \"owner/name\"` in `[rpm.copr]` of `packaging/release.toml`");
            return Err(Failure::new(Exit::Usage, "no project of Copr is configured").help(help).into());
        };
        let wget = files::remote_scratch()?;
        let wgetrc = wget.write("wgetrc", b"tries = 3\nwaitretry = 1\ntimeout = 30\n")?;
        let mut global_args = vec!["--no-color".to_owned()];
        if let Some(path) = &keys.copr.config {
            global_args.extend(["--config".to_owned(), files::from_home(path.as_str())]);
        }
        let client = Client {
            program: "copr-cli",
            global_args,
            variables: vec![("WGETRC".to_owned(), wgetrc.display().to_string())],
            errors: ERRORS,
        };
        Ok(Copr { client, project, keys: keys.clone(), _wget: wget })
    }

    /// The newest builds of the project. A build has no name until Copr has imported it.
    fn list(&self) -> Result<Vec<ListedBuild>> {
        parse(&self.client.run_successfully(&["list-builds", &self.project, "--output-format", "json"], REQUEST_TIME)?)
    }
}

/// Parses JSON. copr-cli prints nothing for an empty list.
fn parse<T: for<'de> Deserialize<'de>>(output: &ClientOutput) -> Result<T> {
    let text = if output.text.trim().is_empty() { "[]" } else { &output.text };
    let parsed = serde_json::from_str(text);
    parsed.map_err(|error| transient(format!("cannot parse the output of copr-cli: {error}")).into())
}

impl Backend for Copr {
    fn settings(&self, part: &BuildPart) -> String {
        format!("copr {} {}", self.project, part.build_env)
    }

    fn plan(&self, _srpm: &SourceRpm, targets: &[BuildTarget]) -> Result<Vec<Submission>, Failure> {
        let mut parts = Vec::new();
        for target in targets {
            let stated = self.keys.dist.get(&target.dist).and_then(|keys| keys.copr.as_ref());
            let build_env = NAMES.name_for(stated, &self.keys, target)?;
            parts.push(BuildPart { target: target.clone(), build_env });
        }
        Ok(vec![Submission { parts }])
    }

    fn submit(&mut self, srpm: &SourceRpm, submission: &Submission, places: &[Workplace]) -> Result<Ticket> {
        let path = srpm.path.to_str().context("the path of the source RPM is not UTF-8")?;
        let mut args = vec!["build", "--nowait"];
        for part in &submission.parts {
            args.extend(["--chroot", &part.build_env]);
        }
        args.extend([self.project.as_str(), path]);
        let output = self.client.run(&args, TRANSFER_TIME)?;
        output.write_logs(places)?;
        if let Some(ticket) = output.ticket("Created builds: ") {
            return Ok(ticket);
        }
        // Where the upload has begun and the answer was lost, the build may exist.
        if output.has(&["Uploading package"]) && !self.client.is_denied(&output) && !output.has(&["Bad request"]) {
            return Err(transient(self.client.message(&output)).into());
        }
        Err(self.client.failure(&output).into())
    }

    fn find(&mut self, srpm: &SourceRpm, submission: &Submission, since: i64) -> Result<Option<Ticket>> {
        if self.list()?.iter().any(|listed| listed.name.is_none()) {
            return Err(transient("Copr is still importing a build, which may be this one".to_owned()).into());
        }
        let args = ["get-package", &self.project, "--name", &srpm.name, "--with-all-builds", "--output-format", "json"];
        let output = self.client.run(&args, REQUEST_TIME)?;
        if output.has(&["No package with name"]) {
            return Ok(None);
        }
        if output.exit != 0 {
            return Err(self.client.failure(&output).into());
        }
        let package: CoprPackage = parse(&output)?;
        let version = format!("{}-{}", srpm.version, srpm.release);
        let is_wanted = |build: &&CoprBuild| {
            let built_version = build.source_package.as_ref().and_then(|source| source.version.as_ref());
            built_version == Some(&version)
                && submission.parts.iter().all(|part| build.chroots.contains(&part.build_env))
                && build.submitted_on.is_some_and(|at| at >= since - CLOCK_SKEW)
                && !["canceled", "failed"].contains(&build.state.as_str())
        };
        let newest = package.builds.iter().filter(is_wanted).map(|build| build.id).max();
        Ok(newest.map(|id| Ticket(id.to_string())))
    }

    fn poll(&mut self, ticket: &Ticket, submission: &Submission) -> Result<Vec<BuildState>> {
        let fields = "name,chroot,build_id,state,pkg_version";
        let args = ["monitor", &self.project, "--output-format", "json", "--fields", fields];
        let monitored: Vec<Monitored> = parse(&self.client.run_successfully(&args, REQUEST_TIME)?)?;
        let mut state_of_build = None;
        let mut states = Vec::new();
        for BuildPart { build_env: chroot, .. } in &submission.parts {
            let is_this_build = |id: u64| id.to_string() == ticket.0;
            let found = monitored.iter().find(|it| it.chroot == *chroot && it.build_id.is_some_and(is_this_build));
            let state = match (found, &state_of_build) {
                (Some(found), _) => state_of(&found.state, chroot),
                (None, Some(state)) => BuildState::clone(state),
                // Copr is still importing the build, or a newer build of the same package hides it.
                (None, None) => {
                    let status = self.client.run_successfully(&["status", &ticket.0], REQUEST_TIME)?;
                    state_of_build.insert(state_of(status.last_line(), "the build")).clone()
                }
            };
            states.push(state);
        }
        Ok(states)
    }

    fn collect(&mut self, ticket: &Ticket, part: &BuildPart, _place: &Workplace, into: &Path) -> Result<()> {
        let scratch = files::scratch_beside(into)?;
        let dest = scratch.path().to_str().context("the path of the results is not UTF-8")?;
        let args = ["download-build", &ticket.0, "--dest", dest, "--chroot", &part.build_env, "--rpms"];
        self.client.run_successfully(&args, TRANSFER_TIME)?;
        for path in packages_below(scratch.path())? {
            files::copy_into(&path, into)?;
        }
        Ok(())
    }

    fn is_on_this_machine(&self) -> bool {
        false
    }
}

/// The state for Copr's name of it; `what` is the chroot or the build, for messages.
fn state_of(name: &str, what: &str) -> BuildState {
    match name {
        "succeeded" | "forked" => BuildState::Built,
        "skipped" => {
            BuildState::Failed(format!("Copr skipped {what}: it excludes the architecture, or has this version"))
        }
        "failed" => BuildState::Failed(format!("Copr could not build {what}")),
        "canceled" => BuildState::Failed(format!("{what} was cancelled on Copr")),
        "running" | "starting" => BuildState::Running,
        _ => BuildState::Waiting,
    }
}
