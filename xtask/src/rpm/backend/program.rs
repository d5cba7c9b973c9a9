//! Builds on this machine: one program for each target, which ends when this program ends.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::error::Failure;
use crate::base::files;
use crate::base::process::{Ending, Isolation, Job, LogFile, Running, require_program};
use crate::project::config::RpmKeys;
use crate::rpm::backend::{Backend, BuildPart, BuildState, BuildTarget, SourceRpm, Submission, Ticket, Workplace};

/// The folder for the source RPM, below the scratch folder; a container sees nothing else.
pub const INPUT: &str = "input";

/// The time limit of a program that removes what is left of a build.
const CLEANUP_TIME: Duration = Duration::from_secs(60);

/// A call of [`BuildProgram::program`].
pub struct ProgramCall {
    pub args: Vec<OsString>,
    /// All environment variables.
    pub environment: Vec<(String, String)>,
    pub isolation: Isolation,
}

/// A program that builds packages on this machine.
pub trait BuildProgram {
    /// The name of the program, which is looked up in PATH.
    fn program(&self) -> &'static str;
    /// See [`Backend::settings`].
    fn settings(&self, part: &BuildPart) -> String;
    /// The environment for `target`, see [`BuildPart`]. Errors: see [`Backend::plan`].
    fn build_env(&self, srpm: &SourceRpm, target: &BuildTarget) -> Result<String, Failure>;
    /// See [`Backend::notes`].
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
    /// The call that builds `srpm` in the empty folder `scratch`.
    fn call(&self, srpm: &SourceRpm, part: &BuildPart, scratch: &Path) -> Result<ProgramCall>;
    /// The call that ends the processes of the build in the folder `scratch` that outlive the program, if it can leave any.
    fn cleanup(&self, _scratch: &Path) -> Option<ProgramCall> {
        None
    }
    /// The folder of the built packages, below the scratch folder.
    fn results(&self) -> &'static str;
    /// The reason for an exit code other than 0; `log` is the output. Errors: a failure that trying again may cure, or one with
    /// help.
    fn explain_exit(&self, part: &BuildPart, code: i32, log: &str) -> Result<String, Failure>;
}

/// A backend that runs a program on this machine.
pub struct ProgramBackend<B> {
    builder: B,
    time_limit: Duration,
    running: HashMap<BuildTarget, RunningBuild>,
    ended: HashMap<BuildTarget, BuildState>,
}

/// A build that was started.
struct RunningBuild {
    part: BuildPart,
    process: Running,
    scratch: PathBuf,
    log: PathBuf,
}

impl<B: BuildProgram> ProgramBackend<B> {
    /// Starts nothing.
    pub fn new(builder: B, keys: &RpmKeys) -> ProgramBackend<B> {
        let time_limit = keys.timeout.0;
        ProgramBackend { builder, time_limit, running: HashMap::new(), ended: HashMap::new() }
    }

    fn state_of(&mut self, target: &BuildTarget) -> Result<BuildState> {
        if let Some(state) = self.ended.get(target) {
            return Ok(state.clone());
        }
        let running = self.running.get_mut(target).with_context(|| format!("no build runs for {target}"))?;
        let Some(outcome) = running.process.poll()? else { return Ok(BuildState::Running) };
        let Some(RunningBuild { part, scratch, log, .. }) = self.running.remove(target) else {
            return Ok(BuildState::Running);
        };
        if !matches!(outcome.ending, Ending::Exited(_)) {
            end_left(&self.builder, &scratch);
        }
        let state = match outcome.ending {
            Ending::Exited(0) => BuildState::Built,
            Ending::Exited(code) => {
                let log = fs::read(log).unwrap_or_default();
                BuildState::Failed(self.builder.explain_exit(&part, code, &String::from_utf8_lossy(&log))?)
            }
            Ending::Signalled(signal) => BuildState::Failed(format!("ended by signal {signal}")),
            Ending::TimedOut => {
                BuildState::Failed(format!("not done in {} s (`rpm.timeout`)", self.time_limit.as_secs()))
            }
        };
        self.ended.insert(target.clone(), state.clone());
        Ok(state)
    }
}

/// Ends the processes of the build in the folder `scratch` that outlived the program. This is done also after an interrupt, and
/// its success is not required: a build has its own time limit.
pub fn end_left(builder: &impl BuildProgram, scratch: &Path) {
    let Some(ProgramCall { args, environment, isolation }) = builder.cleanup(scratch) else { return };
    let (program, folder, log) = (builder.program().as_ref(), Path::new("/"), Path::new("/dev/null"));
    let job = Job {
        program,
        args,
        folder,
        environment,
        time_limit: CLEANUP_TIME,
        log: LogFile::whole(log),
        isolation,
        read_only: &[],
        boundary: None,
    };
    let Ok(mut process) = job.start() else { return };
    while let Ok(None) = process.poll() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl<B: BuildProgram> Backend for ProgramBackend<B> {
    fn settings(&self, part: &BuildPart) -> String {
        self.builder.settings(part)
    }

    fn plan(&self, srpm: &SourceRpm, targets: &[BuildTarget]) -> Result<Vec<Submission>, Failure> {
        let mut parts = Vec::new();
        for target in targets {
            let build_env = self.builder.build_env(srpm, target)?;
            parts.push(BuildPart { target: target.clone(), build_env });
        }
        require_program(self.builder.program())?;
        Ok(Submission::each(parts))
    }

    fn notes(&self) -> Vec<String> {
        self.builder.notes()
    }

    fn submit(&mut self, srpm: &SourceRpm, submission: &Submission, places: &[Workplace]) -> Result<Ticket> {
        for (part, place) in submission.parts.iter().zip(places) {
            let scratch = place.scratch.as_deref().context("a build on this machine needs a scratch folder")?;
            let ProgramCall { args, environment, isolation } = self.builder.call(srpm, part, scratch)?;
            let (program, log) = (self.builder.program().as_ref(), LogFile::whole(&place.log));
            let (folder, time_limit, read_only, boundary) = (scratch, self.time_limit, &[][..], None);
            let job = Job { program, args, folder, environment, time_limit, log, isolation, read_only, boundary };
            let process = job.start()?;
            let (part, scratch, log) = (part.clone(), scratch.to_owned(), place.log.clone());
            self.ended.remove(&part.target);
            self.running.insert(part.target.clone(), RunningBuild { part, process, scratch, log });
        }
        Ok(Ticket::default())
    }

    fn poll(&mut self, _ticket: &Ticket, submission: &Submission) -> Result<Vec<BuildState>> {
        submission.parts.iter().map(|part| self.state_of(&part.target)).collect()
    }

    fn collect(&mut self, _ticket: &Ticket, _part: &BuildPart, place: &Workplace, into: &Path) -> Result<()> {
        let scratch = place.scratch.as_deref().context("a build on this machine needs a scratch folder")?;
        for path in packages_below(&scratch.join(self.builder.results()))? {
            files::copy_into(&path, into)?;
        }
        Ok(())
    }

    fn is_on_this_machine(&self) -> bool {
        true
    }

    fn end_builds(&mut self) {
        for (_, RunningBuild { process, scratch, .. }) in self.running.drain() {
            drop(process); // kills it
            end_left(&self.builder, &scratch);
        }
    }
}

/// The RPM files below a folder, sorted; none where the folder does not exist.
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

/// Copies the source RPM into [`INPUT`] below the scratch folder; the path of the copy.
pub fn copy_srpm(srpm: &SourceRpm, scratch: &Path) -> Result<PathBuf> {
    let to = scratch.join(INPUT).join(srpm.path.file_name().unwrap_or_default());
    let copied = fs::create_dir_all(scratch.join(INPUT)).and_then(|()| fs::copy(&srpm.path, &to));
    copied.with_context(|| format!("cannot copy `{}` to `{}`", srpm.path.display(), to.display()))?;
    Ok(to)
}

/// The build requirements that rpmbuild reports as missing, in lines such as `gcc is needed by lago-1.0.4-1.x86_64`.
pub fn missing_requirements(log: &str) -> Vec<&str> {
    let needed = log.lines().filter_map(|line| line.trim().split_once(" is needed by "));
    let mut names: Vec<&str> = needed.map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The reason why rpmbuild failed. rpm before 4.18 has no exit code for missing build requirements, so `log` is searched.
pub fn explain_rpmbuild(code: i32, log: &str) -> String {
    let missing = missing_requirements(log);
    if missing.is_empty() {
        format!("rpmbuild failed, exit {code}")
    } else {
        format!("these build requirements are not installed: {}", missing.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_requirements_are_named() {
        let log = "error: Failed build dependencies:\n\tpython3-devel >= 3.6 is needed by a-1-1.noarch\n\tgcc is needed by a-1-1\n";
        assert_eq!(missing_requirements(log), ["gcc", "python3-devel >= 3.6"]);
        let why = "these build requirements are not installed: gcc, python3-devel >= 3.6";
        assert_eq!(explain_rpmbuild(11, log), why);
        assert_eq!(explain_rpmbuild(1, "make: *** Error 2\n"), "rpmbuild failed, exit 1");
    }
}
