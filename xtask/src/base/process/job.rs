//! A command that is run for its outcome: an acceptance test, a step of CI.
//!
//! It inherits nothing from us: the environment is stated, standard input is empty, both outputs go to a log. It is a process
//! group of its own. The whole group is ended at the time limit, at an interrupt, and, where the job left processes running,
//! at its end. The outputs are a pipe and not the log itself, because `echo … > /dev/stderr` in a script would truncate a file.
//!
//! A process that left the group by `setsid` is reached only where the system allows a process namespace
//! ([`Isolation::Namespaces`]). Else it continues, and its output after the end is lost. The whole job continues where this
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
use crate::base::process::isolation::{self, EnclosedCommand, Enclosure, Isolation};
use crate::base::process::log::{JobLog, LogFile, PAUSE, PipeRead};
use crate::base::process::lookup;

/// The time between SIGTERM and SIGKILL.
const KILL_DELAY: Duration = Duration::from_secs(5);

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
        let EnclosedCommand { enclosure, is_read_only, program, args } =
            isolation::enclose(self.isolation, self.folder, self.read_only, self.find_program()?, &self.args);
        let (log, writer) = JobLog::open(self.log)?;
        let start = Instant::now();
        let (group, time_limit) = (self.spawn(&program, &args, writer)?, self.time_limit);
        let (kill_at, is_late) = (None, false);
        Ok(Running { group, log, start, time_limit, kill_delay, enclosure, is_read_only, kill_at, is_late })
    }

    /// The path of the program. It is looked up here, so that a missing one gives the same error in any namespace.
    fn find_program(&self) -> Result<PathBuf, Failure> {
        let path = self.environment.iter().rfind(|(name, _)| name == "PATH").map(|(_, path)| path.as_str());
        lookup::find_program(&self.program.to_string_lossy(), self.folder, path)
    }

    fn spawn(&self, program: &Path, args: &[OsString], writer: PipeWriter) -> Result<ProcessGroup> {
        let run = cmd(program, args).dir(self.folder).full_env(self.environment.iter().cloned());
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
            self.log.finish()?;
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
mod tests {
    use super::*;

    const BOTH: [Isolation; 2] = [Isolation::None, Isolation::Namespaces];

    /// Runs a script as a job in a folder of its own, with a time limit of one second and a short delay before SIGKILL.
    fn run_while(
        script: &str,
        isolation: Isolation,
        go_on: fn() -> Result<(), Failure>,
    ) -> (Result<JobOutcome>, String) {
        let folder = tempfile::tempdir().unwrap();
        run_in(folder.path(), script, isolation, go_on)
    }

    fn run_in(
        folder: &Path,
        script: &str,
        isolation: Isolation,
        go_on: impl Fn() -> Result<(), Failure>,
    ) -> (Result<JobOutcome>, String) {
        let log = folder.join("log");
        let environment = vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
        let time_limit = Duration::from_secs(1);
        let args = ["-c", script].map(OsString::from).to_vec();
        let read_only = &[][..];
        let (program, file) = ("sh".as_ref(), LogFile::whole(&log));
        let job = Job { program, args, folder, environment, time_limit, log: file, isolation, read_only };
        let ended = job.run_while(go_on, Duration::from_millis(300));
        (ended, std::fs::read_to_string(log).unwrap_or_default())
    }

    fn run(script: &str, isolation: Isolation) -> (JobOutcome, String) {
        let (ended, log) = run_while(script, isolation, || Ok(()));
        (ended.unwrap(), log)
    }

    #[test]
    fn it_says_how_it_ended() {
        for isolation in BOTH {
            for (script, ending) in [
                ("exit 0", Ending::Exited(0)),
                ("exit 3", Ending::Exited(3)),
                ("exec kill -9 $$", Ending::Signalled(9)),
                ("kill -15 $$", Ending::Signalled(15)),
                ("exec >&- 2>&-; sleep 0.1; exit 4", Ending::Exited(4)),
            ] {
                assert_eq!(run(script, isolation).0.ending, ending, "{script} {isolation:?}");
            }
        }
    }

    #[test]
    fn nothing_is_inherited() {
        for isolation in BOTH {
            // A shell adds variables of its own: another program says what it was given.
            let folder = tempfile::tempdir().unwrap();
            let environment = vec![("ONLY".to_owned(), "this one".to_owned())];
            let (program, args, path) = ("env".as_ref(), vec![], &folder.path().join("log"));
            let (folder, time_limit, log) = (folder.path(), Duration::from_secs(9), LogFile::whole(path));
            let read_only = &[folder.join("kept")];
            std::fs::create_dir(&read_only[0]).unwrap();
            let job = Job { program, args, folder, environment, time_limit, log, isolation, read_only };
            assert_eq!(job.run().unwrap().ending, Ending::Exited(0));
            assert_eq!(std::fs::read_to_string(path).unwrap(), "ONLY=this one\n", "{isolation:?}");
        }
        assert_eq!(run("cat; pwd", Isolation::None).1.lines().count(), 1, "no input");
    }

    #[test]
    fn a_build_has_nothing_but_a_loopback_and_is_in_its_place() {
        let (outcome, log) = run("pwd; cat /proc/net/dev", Isolation::Build);
        assert_eq!(outcome.ending, Ending::Exited(0));
        assert!(log.starts_with(&format!("{}\n", isolation::BUILD_PLACE)), "this test needs `unshare -rmn`: {log}");
        let devices = log.lines().filter(|line| line.contains(':')).map(|line| line.split(':').next().unwrap().trim());
        assert_eq!(devices.collect::<Vec<_>>(), ["lo"], "this test needs `unshare -n`: {log}");
    }

    #[test]
    fn the_log_is_whole_and_in_order() {
        let (_, log) = run("seq 1 100000; echo one >/dev/stderr; echo two >&2; echo three", Isolation::None);
        assert_eq!((log.len(), log.lines().next()), (588_895 + 14, Some("1")));
        assert!(log.ends_with("\n99999\n100000\none\ntwo\nthree\n"));
    }

    #[test]
    fn a_job_at_its_time_limit_gets_sigterm_and_then_sigkill() {
        for isolation in BOTH {
            let polite = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done";
            let (outcome, log) = run(polite, isolation);
            assert_eq!(outcome.ending, Ending::TimedOut);
            assert!(log.ends_with("bye\n"), "{isolation:?}: {log}"); // its shell may say that `sleep` was ended, too
            for deaf in ["trap '' TERM; while :; do sleep 1; done", "yes"] {
                let (outcome, _) = run(deaf, isolation);
                assert_eq!(outcome.ending, Ending::TimedOut);
                assert!((1000..4000).contains(&outcome.duration.as_millis()), "{outcome:?}");
            }
        }
    }

    /// The outcome of a job, and whether a process that it left behind still created a file later.
    fn survives(script: &str, isolation: Isolation) -> (JobOutcome, bool) {
        let folder = tempfile::tempdir().unwrap();
        let (ended, _) = run_in(folder.path(), script, isolation, || Ok(()));
        std::thread::sleep(Duration::from_millis(1800));
        (ended.unwrap(), folder.path().join("alive").exists())
    }

    #[test]
    fn what_it_leaves_running_ends_with_it() {
        for isolation in BOTH {
            // It holds the output for longer than the time limit, and is not waited for.
            let (outcome, survived) = survives("(sleep 1.2; touch alive) & exit 5", isolation);
            assert_eq!((outcome.ending, survived), (Ending::Exited(5), false));
        }
    }

    #[test]
    fn what_leaves_the_group_is_reached_in_a_namespace_only() {
        // The shell waits, so that its child has left the group before the group is killed.
        let script = "setsid sh -c 'sleep 1.2; touch alive' & sleep 0.5; exit 5";
        for isolation in BOTH {
            let (outcome, survived) = survives(script, isolation);
            assert_eq!(outcome.ending, Ending::Exited(5));
            assert_eq!(survived, outcome.enclosure != Enclosure::MountsAndProcesses, "{outcome:?}");
        }
    }

    #[test]
    fn an_interrupt_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let interrupted = || {
            let failure = || Failure::new(Exit::Interrupted, "interrupted");
            if ready.exists() { Err(failure()) } else { Ok(()) }
        };
        let script = "trap 'echo bye; exit 0' TERM; touch ready; sleep 9 & wait";
        let (ended, log) = run_in(folder.path(), script, Isolation::None, interrupted);
        assert_eq!(ended.unwrap_err().downcast_ref::<Failure>().unwrap().exit, Exit::Interrupted);
        assert_eq!(log, "bye\n");
    }

    #[test]
    fn a_program_that_is_not_there() {
        let (folder, environment) = (Path::new("/"), vec![("PATH".to_owned(), "/nowhere".to_owned())]);
        for (program, words) in [("sh", "PATH is `/nowhere`"), ("./etc/passwd", "may be executed, from `/`")] {
            for isolation in BOTH {
                let (program, environment) = (program.as_ref(), environment.clone());
                let log = LogFile::whole(Path::new("/dev/null"));
                let (args, time_limit) = (vec![], KILL_DELAY);
                let job = Job { program, args, folder, environment, time_limit, log, isolation, read_only: &[] };
                let error = job.run().unwrap_err();
                let help = error.downcast_ref::<Failure>().unwrap().help.clone().unwrap();
                assert!(error.to_string().starts_with("there is no program `") && help.contains(words), "{help}");
            }
        }
    }
}
