//! A command that is run for its outcome: an acceptance test, a step of CI.
//!
//! It inherits nothing from us: the environment is stated, standard input is empty, both outputs go to a log. It is a process
//! group of its own. The whole group is ended at the time limit, at an interrupt, and, where the job left processes running,
//! at its end. The outputs are a pipe and not the log itself, because `echo … > /dev/stderr` in a script would truncate a file.
//!
//! A process that left the group by `setsid` is reached only where the system allows a process namespace
//! ([`Isolation::Namespaces`]), and behind a [`Boundary`]. Else it continues, and its output after the end is lost. The whole job continues where this
//! process is killed by a signal that cannot be handled.

use std::ffi::{OsStr, OsString};
use std::io::PipeWriter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use duct::cmd;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid};

use crate::base::error::{Exit, Failure};
use crate::base::interrupt;
use crate::base::process::boundary::{Boundary, BoundaryGuard, GuardedCall, JobCall};
use crate::base::process::isolation::{self, EnclosedCommand, Enclosure, Isolation};
use crate::base::process::log::{JobLog, LogFile, PAUSE, PipeRead};
use crate::base::process::lookup;

/// The time between SIGTERM and SIGKILL.
const KILL_DELAY: Duration = Duration::from_secs(5);

/// How long a killed job is waited for: it ends at once, if the system is sound.
const END_WAIT: Duration = Duration::from_secs(2);

/// The number of reads from the pipe, of 64 KiB each, in one [`Running::poll`].
const READS_PER_POLL: usize = 64;

/// A command with its surroundings.
pub struct Job<'a> {
    /// A name that is looked up in the PATH of `environment`, or a path relative to `folder`.
    pub program: &'a OsStr,
    pub args: Vec<OsString>,
    pub folder: &'a Path,
    /// The whole environment; nothing is inherited.
    pub environment: Vec<(String, String)>,
    pub time_limit: Duration,
    /// The file for standard output and standard error, in the order in which they are written; it is replaced.
    pub log: LogFile<'a>,
    pub isolation: Isolation,
    /// Absolute paths of folders that the job cannot change, with [`Isolation::Namespaces`], and if the system allows it:
    /// [`JobOutcome::is_read_only`].
    pub read_only: &'a [PathBuf],
    /// The boundary that the job runs behind. `isolation` and `read_only` do not count then, and `folder` is the work of the boundary.
    pub boundary: Option<&'a Boundary>,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(i32),
    /// A signal ended it that we did not send.
    Signalled(i32),
    /// We ended it at its time limit.
    TimedOut,
}

/// The result of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobOutcome {
    pub ending: Ending,
    /// From its start to the end of its main process.
    pub duration: Duration,
    /// The namespaces that it got.
    pub enclosure: Enclosure,
    /// Whether the folders of [`Job::read_only`] were read-only.
    pub is_read_only: bool,
}

impl Job<'_> {
    /// Runs to completion; a non-zero exit is not an error.
    ///
    /// Errors: the program is missing or cannot be run (a [`Failure`] with [`Exit::Failed`], and no other error is one); the log
    /// cannot be written; an interrupt (the job was ended first).
    pub fn run(&self) -> Result<JobOutcome> {
        self.run_while(interrupt::check, KILL_DELAY)
    }

    fn run_while(&self, go_on: impl Fn() -> Result<(), Failure>, kill_delay: Duration) -> Result<JobOutcome> {
        let mut running = self.start_with(kill_delay)?;
        let mut interrupted = None;
        loop {
            if let Some(outcome) = running.poll()? {
                return interrupted.map_or(Ok(outcome), |failure: Failure| Err(failure.into()));
            }
            if interrupted.is_none()
                && let Err(failure) = go_on()
            {
                running.terminate();
                interrupted = Some(failure);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Starts it. The caller must [`Running::poll`] it often: the pipe holds a limited amount of output.
    ///
    /// Errors: as those of [`Job::run`], without the interrupt.
    pub fn start(&self) -> Result<Running> {
        self.start_with(KILL_DELAY)
    }

    fn start_with(&self, kill_delay: Duration) -> Result<Running> {
        let guarded = self.boundary.map(|boundary| self.run_behind(boundary)).transpose()?;
        let (command, environment, guard) = match guarded {
            Some(call) => (call.command, call.environment, Some(call.guard)),
            None => {
                let program = self.find_program()?;
                let command = isolation::enclose(self.isolation, self.folder, self.read_only, program, &self.args);
                (command, self.environment.clone(), None)
            }
        };
        let EnclosedCommand { enclosure, is_read_only, program, args } = command;
        let (log, writer) = JobLog::open(self.log)?;
        let start = Instant::now();
        let (group, time_limit) = (self.spawn(&program, &args, environment, writer)?, self.time_limit);
        let (kill_at, is_late) = (None, false);
        Ok(Running { group, guard, log, start, time_limit, kill_delay, enclosure, is_read_only, kill_at, is_late })
    }

    fn run_behind(&self, boundary: &Boundary) -> Result<GuardedCall> {
        if boundary.shows_programs_of_this_machine() {
            self.find_program()?;
        }
        Ok(boundary.enclose(&JobCall {
            program: self.program,
            args: &self.args,
            environment: &self.environment,
            time_limit: self.time_limit,
        }))
    }

    /// The path of the program. It is looked up here, so that a missing one gives the same error in any namespace.
    fn find_program(&self) -> Result<PathBuf, Failure> {
        let path = self.environment.iter().rfind(|(name, _)| name == "PATH").map(|(_, path)| path.as_str());
        lookup::find_program(&self.program.to_string_lossy(), self.folder, path)
    }

    fn spawn(
        &self,
        program: &Path,
        args: &[OsString],
        environment: Vec<(String, String)>,
        writer: PipeWriter,
    ) -> Result<ProcessGroup> {
        let run = cmd(program, args).dir(self.folder).full_env(environment);
        // duct applies the last call first: standard output becomes the pipe, then standard error becomes standard output.
        let run = run.stdin_null().stderr_to_stdout().stdout_file(writer).unchecked().before_spawn(|command| {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
            Ok(())
        });
        let shown = self.program.to_string_lossy();
        let running = run.start().map_err(|error| {
            let message = format!("cannot run `{shown}` in `{}`: {error}", self.folder.display());
            Failure::new(Exit::Failed, message)
                .help("it must be a program, or a script with a `#!` line that names one")
        })?;
        let leader = running.pids().first().and_then(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
        Ok(ProcessGroup { leader: leader.with_context(|| format!("`{shown}` has no process"))?, running })
    }
}

/// A job that was started. When it is dropped, the whole group is killed.
pub struct Running {
    group: ProcessGroup,
    /// What ends the job where that is not enough to kill the group. It is dropped after the group.
    guard: Option<BoundaryGuard>,
    log: JobLog,
    start: Instant,
    time_limit: Duration,
    kill_delay: Duration,
    enclosure: Enclosure,
    is_read_only: bool,
    /// The time of SIGKILL, after SIGTERM was sent.
    kill_at: Option<Instant>,
    /// Whether SIGTERM was sent because of the time limit.
    is_late: bool,
}

impl Running {
    /// Copies the new output into the log. Returns the outcome once the job has ended; it must not be called after that.
    pub fn poll(&mut self) -> Result<Option<JobOutcome>> {
        // A limited number of reads, because a program may write without a pause and other jobs are polled by this thread.
        for _ in 0..READS_PER_POLL {
            if !matches!(self.log.copy()?, PipeRead::Bytes(_)) {
                break;
            }
        }
        if let Some(status) = self.group.ended()? {
            let duration = self.start.elapsed();
            self.group.signal(Signal::KILL);
            let guard = self.guard.take();
            if let Some(guard) = &guard {
                guard.end();
            }
            self.log.finish()?;
            if let (Some(guard), Some(code), None) = (guard, status.exit_status(), self.kill_at) {
                guard.check_exit(code, self.log.last_line())?;
            }
            let ending = if self.is_late { Ending::TimedOut } else { ending_of(&status, self.enclosure) };
            let (enclosure, is_read_only) = (self.enclosure, self.is_read_only);
            return Ok(Some(JobOutcome { ending, duration, enclosure, is_read_only }));
        }
        if self.kill_at.is_none() && self.start.elapsed() >= self.time_limit {
            self.is_late = true;
            self.terminate();
        }
        if self.kill_at.is_some_and(|kill_at| Instant::now() >= kill_at) {
            self.group.signal(Signal::KILL);
        }
        Ok(None)
    }

    /// The last line of the output so far.
    pub fn last_line(&self) -> Option<String> {
        self.log.last_line()
    }

    /// Sends SIGKILL and waits for the end: the job has no time to end by itself.
    pub fn kill(&mut self) {
        self.group.signal(Signal::KILL);
        if let Some(guard) = &self.guard {
            guard.end();
        }
        self.kill_at = Some(Instant::now());
        while self.log.has_writer() && self.kill_at.is_some_and(|killed| killed.elapsed() < END_WAIT) {
            std::thread::sleep(PAUSE);
        }
    }

    /// Sends SIGTERM; [`Running::poll`] sends SIGKILL a little later.
    pub fn terminate(&mut self) {
        self.group.signal(Signal::TERM);
        self.kill_at = Some(Instant::now() + self.kill_delay);
    }
}

/// The ending of the main process. The shell in a process namespace reports a signal as 128 plus its number.
fn ending_of(status: &WaitIdStatus, enclosure: Enclosure) -> Ending {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code @ 129..=192), _) if enclosure == Enclosure::MountsAndProcesses => Ending::Signalled(code - 128),
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled(signal.unwrap_or_default()),
    }
}

/// A running process group. When it is dropped, it is killed and its leader reaped.
struct ProcessGroup {
    leader: Pid,
    running: duct::Handle,
}

impl ProcessGroup {
    /// The status of the leader, if it has ended. The leader is not reaped here: so no other process gets its number, and a signal
    /// to the group reaches this group only.
    fn ended(&self) -> Result<Option<WaitIdStatus>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.leader), options).context("cannot wait for a running program")
    }

    /// Sends a signal. It is no error if the last process of the group has just ended.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.leader, signal);
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        drop(self.running.wait());
    }
}

#[cfg(test)]
mod tests;
