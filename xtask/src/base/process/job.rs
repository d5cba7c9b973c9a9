//! A command that is run for its outcome: an acceptance test, a step of CI.
//!
//! It gets nothing of ours: the environment is what it is given, standard input is empty, both outputs go to a log. It
//! is a process group of its own, so that all of it can be ended: at its time limit, at an interrupt, and, where it left
//! something running, at its end. The outputs are a pipe and not the log itself, because a script that says
//! `echo … > /dev/stderr` would cut a file to nothing.
//!
//! A process that left the group by `setsid` is reached only where the system gives us a process namespace
//! ([`Isolation::Namespaces`]); else it goes on, and what it says after the end is lost. So does the whole job where we are
//! killed by a signal that cannot be handled.

use std::ffi::{OsStr, OsString};
use std::io::PipeWriter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use duct::cmd;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid};

use crate::base::error::{Exit, Failure};
use crate::base::interrupt;
use crate::base::process::isolation::{self, Isolation, Walls};
use crate::base::process::log::{Log, PAUSE, Taken};

/// How long a job that was asked to end (SIGTERM) may take before it is made to (SIGKILL).
const GRACE: Duration = Duration::from_secs(5);

/// How many times 64 KiB of what a program pours out are taken at once.
const MOST_TAKES: usize = 64;

/// Where programs are looked for in an environment without PATH, as the C library does.
const PLAIN_PATH: &str = "/bin:/usr/bin";

/// A command and all that surrounds it.
pub struct Job<'a> {
    /// What is run: a name that the PATH of `environment` knows, or a path, relative to `folder`.
    pub program: &'a OsStr,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The folder it runs in.
    pub folder: &'a Path,
    /// The whole environment; nothing is inherited.
    pub environment: Vec<(String, String)>,
    /// When it is ended.
    pub time_limit: Duration,
    /// Where standard output and standard error go, in the order in which they are said; what was there is replaced.
    pub log: &'a Path,
    /// What it is shut into.
    pub isolation: Isolation,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// By us, at its time limit.
    TimedOut,
}

/// What is known of a job that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// From its start to the end of its main process.
    pub duration: Duration,
    /// What it was really shut into.
    pub walls: Walls,
}

impl Job<'_> {
    /// Runs it to its end, which is an outcome whatever it is.
    ///
    /// Errors: the program is not there or cannot be run, the log cannot be written, we were interrupted (then the job
    /// was ended first).
    pub fn run(&self) -> Result<Outcome> {
        self.run_while(interrupt::check, GRACE)
    }

    fn run_while(&self, go_on: impl Fn() -> Result<(), Failure>, grace: Duration) -> Result<Outcome> {
        let mut running = self.start_with(grace)?;
        let mut interrupted = None;
        loop {
            if let Some(outcome) = running.poll()? {
                return interrupted.map_or(Ok(outcome), |failure: Failure| Err(failure.into()));
            }
            if interrupted.is_none()
                && let Err(failure) = go_on()
            {
                running.ask_to_end();
                interrupted = Some(failure);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Starts it. Whoever has it must [`Running::poll`] it often: a pipe holds 64 KiB of what it says.
    ///
    /// Errors: as those of [`Job::run`], without the interrupt.
    pub fn start(&self) -> Result<Running> {
        self.start_with(GRACE)
    }

    fn start_with(&self, grace: Duration) -> Result<Running> {
        let (walls, program, args) = isolation::enclose(self.isolation, self.folder, self.find_program()?, &self.args);
        let (log, writer) = Log::open(self.log)?;
        let start = Instant::now();
        let group = self.spawn(&program, &args, writer)?;
        let time_limit = self.time_limit;
        Ok(Running { group, log, start, time_limit, grace, walls, kill_at: None, is_late: false })
    }

    /// Where the program is; looked for here, so that a missing one is the same error inside any walls.
    fn find_program(&self) -> Result<PathBuf> {
        let shown = self.program.to_string_lossy();
        let path = self.environment.iter().rfind(|(name, _)| name == "PATH").map_or(PLAIN_PATH, |(_, path)| path);
        let (found, help) = if shown.contains('/') {
            let file = self.folder.join(self.program);
            let help = format!("it must be a file that may be executed, from `{}`", self.folder.display());
            (isolation::is_executable(&file).then_some(file), help)
        } else {
            (isolation::find_in_path(self.program, path.as_ref()), format!("PATH is `{path}`: install `{shown}` there"))
        };
        Ok(found.ok_or_else(|| Failure::new(Exit::Failed, format!("there is no program `{shown}`")).help(help))?)
    }

    fn spawn(&self, program: &Path, args: &[OsString], writer: PipeWriter) -> Result<Group> {
        let run = cmd(program, args).dir(self.folder).full_env(self.environment.iter().cloned());
        // Read from the end: standard output is the pipe, and standard error is what standard output is then.
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
        Ok(Group { leader: leader.with_context(|| format!("`{shown}` has no process"))?, running })
    }
}

/// A job that was started. Dropped, all of it is killed.
pub struct Running {
    group: Group,
    log: Log,
    start: Instant,
    time_limit: Duration,
    grace: Duration,
    walls: Walls,
    /// When patience ends with a job that was asked to end.
    kill_at: Option<Instant>,
    /// Whether its time limit was why.
    is_late: bool,
}

impl Running {
    /// Takes what it has said since, and how it ended, where it has: once, and then never again.
    pub fn poll(&mut self) -> Result<Option<Outcome>> {
        // Not all that a program may pour out, so that others get their turn.
        for _ in 0..MOST_TAKES {
            if !matches!(self.log.take()?, Taken::Bytes(_)) {
                break;
            }
        }
        if let Some(status) = self.group.ended()? {
            let duration = self.start.elapsed();
            self.group.signal(Signal::KILL);
            self.log.finish()?;
            let ending = if self.is_late { Ending::TimedOut } else { ending_of(&status, self.walls) };
            return Ok(Some(Outcome { ending, duration, walls: self.walls }));
        }
        if self.kill_at.is_none() && self.start.elapsed() >= self.time_limit {
            self.is_late = true;
            self.ask_to_end();
        }
        if self.kill_at.is_some_and(|kill_at| Instant::now() >= kill_at) {
            self.group.signal(Signal::KILL);
        }
        Ok(None)
    }

    /// Asks it to end (SIGTERM); it is made to a little later, by [`Running::poll`].
    pub fn ask_to_end(&mut self) {
        self.group.signal(Signal::TERM);
        self.kill_at = Some(Instant::now() + self.grace);
    }
}

/// What the main process left. The shell inside the walls can only say a signal as shells do: 128 and its number.
fn ending_of(status: &WaitIdStatus, walls: Walls) -> Ending {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code @ 129..=192), _) if walls == Walls::MountsAndProcesses => Ending::Signalled(code - 128),
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled(signal.unwrap_or_default()),
    }
}

/// A running process group. Dropped, it is killed and its leader reaped, on every way out.
struct Group {
    leader: Pid,
    running: duct::Handle,
}

impl Group {
    /// How the leader ended, where it did. It is left to be reaped: until then nobody else can get its number, so no
    /// signal can reach strangers.
    fn ended(&self) -> Result<Option<WaitIdStatus>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.leader), options).context("cannot wait for a running program")
    }

    /// A group whose last process has just ended is no error.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.leader, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        drop(self.running.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Isolation; 2] = [Isolation::None, Isolation::Namespaces];

    /// A job that is a script, run in a folder of its own, with a second to live and little patience.
    fn run_while(script: &str, isolation: Isolation, go_on: fn() -> Result<(), Failure>) -> (Result<Outcome>, String) {
        let folder = tempfile::tempdir().unwrap();
        run_in(folder.path(), script, isolation, go_on)
    }

    fn run_in(
        folder: &Path,
        script: &str,
        isolation: Isolation,
        go_on: fn() -> Result<(), Failure>,
    ) -> (Result<Outcome>, String) {
        let log = folder.join("log");
        let environment = vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
        let time_limit = Duration::from_secs(1);
        let args = ["-c", script].map(OsString::from).to_vec();
        let job = Job { program: "sh".as_ref(), args, folder, environment, time_limit, log: &log, isolation };
        let ended = job.run_while(go_on, Duration::from_millis(300));
        (ended, std::fs::read_to_string(log).unwrap_or_default())
    }

    fn run(script: &str, isolation: Isolation) -> (Outcome, String) {
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
            let (program, log) = ("env".as_ref(), folder.path().join("log"));
            let (folder, time_limit) = (folder.path(), Duration::from_secs(9));
            let job = Job { program, args: vec![], folder, environment, time_limit, log: &log, isolation };
            assert_eq!(job.run().unwrap().ending, Ending::Exited(0));
            assert_eq!(std::fs::read_to_string(&log).unwrap(), "ONLY=this one\n", "{isolation:?}");
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
    fn at_its_time_limit_it_is_asked_and_then_made_to_end() {
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

    /// Whether what a job leaves behind still does something later.
    fn survives(script: &str, isolation: Isolation) -> (Outcome, bool) {
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
            assert_eq!(survived, outcome.walls != Walls::MountsAndProcesses, "{outcome:?}");
        }
    }

    #[test]
    fn an_interrupt_ends_it() {
        let interrupted = || Err(Failure::new(Exit::Interrupted, "interrupted"));
        let start = Instant::now();
        let (ended, log) = run_while("trap 'echo bye; exit 0' TERM; sleep 9 & wait", Isolation::None, interrupted);
        assert_eq!(ended.unwrap_err().downcast_ref::<Failure>().unwrap().exit, Exit::Interrupted);
        assert!(start.elapsed() < Duration::from_secs(2) && "bye\n".starts_with(&log));
    }

    #[test]
    fn a_program_that_is_not_there() {
        let (folder, environment) = (Path::new("/"), vec![("PATH".to_owned(), "/nowhere".to_owned())]);
        for (program, words) in [("sh", "PATH is `/nowhere`"), ("./etc/passwd", "may be executed, from `/`")] {
            for isolation in BOTH {
                let (program, environment, log) = (program.as_ref(), environment.clone(), Path::new("/dev/null"));
                let (args, time_limit) = (vec![], GRACE);
                let job = Job { program, args, folder, environment, time_limit, log, isolation };
                let error = job.run().unwrap_err();
                let help = error.downcast_ref::<Failure>().unwrap().help.clone().unwrap();
                assert!(error.to_string().starts_with("there is no program `") && help.contains(words), "{help}");
            }
        }
    }
}
