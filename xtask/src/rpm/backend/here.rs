//! Builds that run here: one program for each target, watched by us and ended with us.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::process::{Ending, Isolation, Job, Running};
use crate::project::config::RpmKeys;
use crate::rpm::backend::{Backend, Srpm, State, Submission, Target, Ticket, Workplace};

/// The folder in a scratch folder where a source RPM is given to a program that looks no further.
pub const INPUT: &str = "input";

/// What a program is called with.
pub struct Call {
    /// The program.
    pub program: &'static str,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// What it is shut into.
    pub isolation: Isolation,
}

/// What is particular to a program that builds here.
pub trait Builder {
    /// See [`Backend::settings`].
    fn settings(&self, part: &(Target, String)) -> String;
    /// See [`Backend::plan`]; the word for each target.
    fn name(&self, srpm: &Srpm, target: &Target) -> Result<String, Failure>;
    /// See [`Backend::notes`].
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
    /// How it is called to build `srpm` in the empty folder `scratch`.
    fn call(&self, srpm: &Srpm, part: &(Target, String), scratch: &Path) -> Result<Call>;
    /// Where below the scratch folder it leaves packages.
    fn results(&self) -> &'static str;
    /// What an exit code other than 0 means; `log` is what was said.
    fn judge(&self, code: i32, log: &str) -> Result<String, Failure>;
}

/// A backend whose builds run here.
pub struct Here<B> {
    builder: B,
    time_limit: Duration,
    running: HashMap<Target, Running>,
    ended: HashMap<Target, State>,
    logs: HashMap<Target, PathBuf>,
}

impl<B: Builder> Here<B> {
    /// Nothing runs yet.
    pub fn new(builder: B, keys: &RpmKeys) -> Here<B> {
        let time_limit = keys.timeout.0;
        Here { builder, time_limit, running: HashMap::new(), ended: HashMap::new(), logs: HashMap::new() }
    }

    fn state_of(&mut self, target: &Target) -> Result<State> {
        if let Some(state) = self.ended.get(target) {
            return Ok(state.clone());
        }
        let running = self.running.get_mut(target).with_context(|| format!("nothing is built for {target}"))?;
        let Some(outcome) = running.poll()? else { return Ok(State::Running) };
        self.running.remove(target);
        let state = match outcome.ending {
            Ending::Exited(0) => State::Built,
            Ending::Exited(code) => {
                let log = self.logs.get(target).map(fs::read).and_then(Result::ok).unwrap_or_default();
                State::Failed(self.builder.judge(code, &String::from_utf8_lossy(&log))?)
            }
            Ending::Signalled(signal) => State::Failed(format!("ended by signal {signal}")),
            Ending::TimedOut => State::Failed(format!("not done in {} s (`rpm.timeout`)", self.time_limit.as_secs())),
        };
        self.ended.insert(target.clone(), state.clone());
        Ok(state)
    }
}

impl<B: Builder> Backend for Here<B> {
    fn settings(&self, part: &(Target, String)) -> String {
        self.builder.settings(part)
    }

    fn plan(&self, srpm: &Srpm, targets: &[Target]) -> Result<Vec<Submission>, Failure> {
        let named = targets.iter().map(|target| Ok((target.clone(), self.builder.name(srpm, target)?)));
        named.collect::<Result<Vec<_>, Failure>>().map(Submission::each)
    }

    fn notes(&self) -> Vec<String> {
        self.builder.notes()
    }

    fn submit(&mut self, srpm: &Srpm, submission: &Submission, places: &[Workplace]) -> Result<Ticket> {
        for (part, place) in submission.parts.iter().zip(places) {
            let scratch = place.scratch.as_deref().context("a build that runs here needs a folder")?;
            let Call { program, args, environment, isolation } = self.builder.call(srpm, part, scratch)?;
            let (program, log) = (program.as_ref(), place.log.as_path());
            let job = Job { program, args, folder: scratch, environment, time_limit: self.time_limit, log, isolation };
            self.running.insert(part.0.clone(), job.start()?);
            self.ended.remove(&part.0);
            self.logs.insert(part.0.clone(), place.log.clone());
        }
        Ok(Ticket::default())
    }

    fn poll(&mut self, _ticket: &Ticket, submission: &Submission) -> Result<Vec<State>> {
        submission.parts.iter().map(|(target, _)| self.state_of(target)).collect()
    }

    fn collect(&mut self, _ticket: &Ticket, _part: &(Target, String), place: &Workplace, into: &Path) -> Result<()> {
        let scratch = place.scratch.as_deref().context("a build that runs here needs a folder")?;
        for path in packages_below(&scratch.join(self.builder.results()))? {
            files::copy_into(&path, into)?;
        }
        Ok(())
    }

    fn is_here(&self) -> bool {
        true
    }
}

/// The RPM files below a folder; none where it is not there.
pub fn packages_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("cannot list `{}`", folder.display());
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        entries => entries.with_context(failed)?,
    };
    for entry in entries {
        let entry = entry.with_context(failed)?;
        if entry.file_type().with_context(failed)?.is_dir() {
            found.extend(packages_below(&entry.path())?);
        } else if entry.path().extension().is_some_and(|extension| extension == "rpm") {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The variables of ours that a build keeps, which all have to do with where programs are.
pub fn inherited() -> Vec<(String, String)> {
    let kept = ["PATH", "TZ"].into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    kept.chain([("LC_ALL".to_owned(), "C.UTF-8".to_owned())]).collect()
}

/// Copies the source RPM to where the program looks for it.
pub fn give(srpm: &Srpm, scratch: &Path) -> Result<PathBuf> {
    let to = scratch.join(INPUT).join(srpm.path.file_name().unwrap_or_default());
    let given = fs::create_dir_all(scratch.join(INPUT)).and_then(|()| fs::copy(&srpm.path, &to));
    given.with_context(|| format!("cannot copy `{}` to `{}`", srpm.path.display(), to.display()))?;
    Ok(to)
}

/// What a failed rpmbuild says that it lacks: a line for each, `gcc is needed by lago-1.0.4-1.x86_64`.
pub fn missing_requirements(log: &str) -> Vec<&str> {
    let needed = log.lines().filter_map(|line| line.trim().split_once(" is needed by "));
    let mut names: Vec<&str> = needed.map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Why rpmbuild has failed, from its exit code and what it said; rpm 4.18 has a code of its own for what it lacks.
pub fn judge_rpmbuild(code: i32, log: &str) -> String {
    let missing = missing_requirements(log);
    match missing.is_empty() {
        true => format!("rpmbuild failed, exit {code}"),
        false => format!("these build requirements are not installed: {}", missing.join(", ")),
    }
}

/// A failure outside of the build, which trying again may cure.
pub fn outside(why: String) -> Failure {
    Failure::new(Exit::TryAgain, why).help("run this again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let log = "error: Failed build dependencies:\n\tpython3-devel >= 3.6 is needed by a-1-1.noarch\n\tgcc is needed by a-1-1\n";
        assert_eq!(missing_requirements(log), ["gcc", "python3-devel >= 3.6"]);
        let why = "these build requirements are not installed: gcc, python3-devel >= 3.6";
        assert_eq!(judge_rpmbuild(11, log), why);
        assert_eq!(judge_rpmbuild(1, "make: *** Error 2\n"), "rpmbuild failed, exit 1");
    }
}
