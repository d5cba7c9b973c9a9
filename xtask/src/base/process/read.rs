//! A program that is run for its output: git, gpg, rpmsign, rpmspec, cargo vendor, curl.
//!
//! The command is built with `xshell` and runs in a process group of its own. At its time limit, and at an interrupt, the whole
//! group is killed: the program and the children it started. A child that leaves the group (`setsid`) is not reached. Standard
//! error is kept for the message of a failure.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use xshell::Shell;

use crate::base::error::{Exit, Failure};
use crate::base::interrupt;
use crate::base::process::lookup::help_to_install;
use crate::base::text::last_lines;
use crate::base::threads;

/// The pause between two checks for an interrupt.
const INTERRUPT_PAUSE: Duration = Duration::from_millis(100);

/// The pause between two checks whether a program has ended that has closed its outputs.
const EXIT_PAUSE: Duration = Duration::from_millis(2);

/// The number of last lines of a failed program's errors in the message.
const LAST_LINES: usize = 20;

/// Adds the next step to the failure of a program, and to no other: an interrupt has none.
pub fn with_help(error: anyhow::Error, help: impl FnOnce(&str) -> String) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.exit == Exit::Failed && failure.help.is_none() => {
            let help = help(&failure.message);
            failure.help(help).into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}

/// A program with its arguments, folder, environment and input.
pub struct Program<'a> {
    /// A name that is looked up in PATH, or a path.
    pub program: &'a OsStr,
    pub args: Vec<OsString>,
    pub folder: &'a Path,
    /// Variables that are set (`Some`) or removed (`None`); the others are inherited.
    pub variables: Vec<(&'static str, Option<String>)>,
    /// Standard input; `/dev/null` where it is empty.
    pub input: Vec<u8>,
}

/// The number of bytes of an output that are kept, where the caller has no limit.
const NO_LIMIT: u64 = u64::MAX;

/// The variables that a program gets beside its own.
#[derive(Clone, Copy)]
enum Inherited {
    All,
    /// Only PATH.
    Path,
}

/// The result of a program that ended by itself.
pub struct Said {
    pub status: ExitStatus,
    /// Standard output.
    pub output: Vec<u8>,
    /// Standard error.
    pub errors: Vec<u8>,
}

impl Program<'_> {
    /// Runs the program to its end, for at most `limit`; returns its standard output as text.
    ///
    /// Errors: those of [`Program::run_within`]; another exit code than 0 (with the last lines of standard error).
    pub fn read_within(&self, limit: Duration) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.read_bytes_within(limit)?).into_owned())
    }

    /// Like [`Program::read_within`], for output that is not text.
    pub fn read_bytes_within(&self, limit: Duration) -> Result<Vec<u8>> {
        let said = self.run_within(limit)?;
        if said.status.success() {
            return Ok(said.output);
        }
        Err(self.failure(&said).into())
    }

    /// Runs the program to its end, for at most `limit`; any exit code is a result.
    ///
    /// Errors: there is no such program; it still runs at `limit` (exit 5); an interrupt. In the last two cases the program
    /// and its children were killed.
    pub fn run_within(&self, limit: Duration) -> Result<Said> {
        self.run_while(limit, NO_LIMIT, interrupt::check, Inherited::All)
    }

    /// Like [`Program::run_within`], for a program whose output others decide on: an output is read up to `most` bytes and then closed.
    /// An output of `most` bytes may have been longer. The program gets PATH and its own variables only.
    pub fn run_bounded_within(&self, limit: Duration, most: u64) -> Result<Said> {
        self.run_while(limit, most, interrupt::check, Inherited::Path)
    }

    /// Like [`Program::run_within`], for a program whose output others decide on, and that is set up by variables: an output is read up
    /// to `most` bytes and then closed.
    pub fn run_short_within(&self, limit: Duration, most: u64) -> Result<Said> {
        self.run_while(limit, most, interrupt::check, Inherited::All)
    }

    /// Like [`Program::run_within`]. The program gets PATH and its own variables only.
    pub fn run_alone_within(&self, limit: Duration) -> Result<Said> {
        self.run_while(limit, NO_LIMIT, interrupt::check, Inherited::Path)
    }

    /// The failure of a program that ended with another exit code than 0, with the last lines of standard error.
    pub fn failure(&self, said: &Said) -> Failure {
        let errors = String::from_utf8_lossy(&said.errors);
        let last = last_lines(&errors, LAST_LINES).join("\n");
        let ending = said.status.code().map_or("ended by a signal".to_owned(), |code| format!("exit {code}"));
        Failure::new(Exit::Failed, format!("`{}` failed, {ending}:\n{last}", self.shown()))
    }

    fn run_while(
        &self,
        limit: Duration,
        most: u64,
        go_on: impl Fn() -> Result<(), Failure>,
        inherited: Inherited,
    ) -> Result<Said> {
        let deadline = Instant::now() + limit;
        let check = || {
            go_on()?;
            if Instant::now() < deadline { Ok(()) } else { Err(self.too_late(limit)) }
        };
        // An error of `check` drops `started`, which kills the group.
        let mut started = self.start(inherited, most)?;
        let (mut output, mut errors) = (None, None);
        while output.is_none() || errors.is_none() {
            match started.streams.recv_timeout(INTERRUPT_PAUSE) {
                Ok(Stream::Output(bytes)) => output = Some(bytes),
                Ok(Stream::Errors(bytes)) => errors = Some(bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("cannot read the output of `{}`", self.shown()),
            }
            check()?;
        }
        let status = loop {
            if let Some(status) = started.try_wait().with_context(|| format!("cannot wait for `{}`", self.shown()))? {
                break status;
            }
            check()?;
            std::thread::sleep(EXIT_PAUSE);
        };
        Ok(Said { status, output: output.unwrap_or_default(), errors: errors.unwrap_or_default() })
    }

    fn start(&self, inherited: Inherited, most: u64) -> Result<Started> {
        let shown = self.program.to_string_lossy();
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Failed, format!("cannot run `{shown}`: {error}")).help(help_to_install(&shown))
        };
        let mut command = self.command(inherited).map_err(|error| failed(&error))?;
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if self.input.is_empty() { Stdio::null() } else { Stdio::piped() });
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let (sender, streams) = channel();
        let (output, errors, input) = (child.stdout.take(), child.stderr.take(), child.stdin.take());
        // An error below drops `started`, which kills the group.
        let started = Started { child, streams, is_reaped: false };
        if let Some(pipe) = output {
            send_whole(pipe.take(most), sender.clone(), Stream::Output)?;
        }
        if let Some(pipe) = errors {
            send_whole(pipe.take(most), sender, Stream::Errors)?;
        }
        if let Some(mut pipe) = input {
            let input = self.input.clone();
            // A program may end without reading all of its input.
            threads::spawn(move || drop(pipe.write_all(&input)))?;
        }
        Ok(started)
    }

    fn command(&self, inherited: Inherited) -> xshell::Result<Command> {
        let shell = Shell::new()?;
        shell.change_dir(self.folder);
        let mut command = shell.cmd(self.program).args(&self.args);
        if let Inherited::Path = inherited {
            command = command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        }
        for (name, value) in &self.variables {
            command = match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Ok(command.into())
    }

    fn too_late(&self, limit: Duration) -> Failure {
        let message = format!("`{}` did not end within {} s, and was killed", self.shown(), limit.as_secs_f64());
        Failure::new(Exit::TryAgain, message).help("run that command by hand to see what it waits for; then try again")
    }

    /// The command line as messages show it.
    fn shown(&self) -> String {
        let words = [self.program].into_iter().chain(self.args.iter().map(OsString::as_os_str));
        words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
    }
}

/// All bytes of one output of a program.
enum Stream {
    Output(Vec<u8>),
    Errors(Vec<u8>),
}

/// Reads `pipe` to its end on a thread of its own, and sends its bytes. After a read error nothing is sent.
fn send_whole(
    mut pipe: impl Read + Send + 'static,
    to: Sender<Stream>,
    kind: fn(Vec<u8>) -> Stream,
) -> Result<(), Failure> {
    let read = move || {
        let mut bytes = Vec::new();
        if pipe.read_to_end(&mut bytes).is_ok() {
            drop(to.send(kind(bytes)));
        }
    };
    threads::spawn(read).map(drop)
}

/// A started program, the leader of its process group. Dropped before it has ended, the whole group is killed.
struct Started {
    child: Child,
    streams: Receiver<Stream>,
    /// After that, its number may belong to another process.
    is_reaped: bool,
}

impl Started {
    fn try_wait(&mut self) -> std::io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.is_reaped = status.is_some();
        Ok(status)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.is_reaped {
            return;
        }
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // The group may have ended by itself in the meantime.
            let _ = kill_process_group(group, Signal::KILL);
        }
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn program<'a>(args: &[&'a str], input: Vec<u8>) -> Program<'a> {
        let variables = vec![("GREETING", Some("hello".to_owned())), ("HOME", None)];
        let rest = args[1..].iter().map(OsString::from).collect();
        Program { program: args[0].as_ref(), args: rest, folder: Path::new("/"), variables, input }
    }

    fn run(script: &str) -> Result<String> {
        program(&["sh", "-c", script], vec![]).read_within(LONG)
    }

    #[test]
    fn output_variables_and_folder() {
        assert_eq!(run("echo $GREETING $HOME; pwd").unwrap(), "hello\n/\n");
    }

    #[test]
    fn alone_it_gets_its_own_variables_and_the_path() {
        let said = program(&["env"], vec![]).run_alone_within(LONG).unwrap();
        let output = String::from_utf8(said.output).unwrap();
        let names: Vec<&str> = output.lines().filter_map(|line| line.split('=').next()).collect();
        assert_eq!(names, ["GREETING", "PATH"], "{output}");
    }

    #[test]
    fn input_is_passed_whole_and_may_be_left_unread() {
        let input = vec![0xff; 1 << 20];
        assert_eq!(program(&["cat"], input.clone()).read_bytes_within(LONG).unwrap(), input);
        assert_eq!(program(&["true"], input).read_bytes_within(LONG).unwrap(), b"");
    }

    #[test]
    fn both_outputs_are_whole_and_apart() {
        let said = program(&["sh", "-c", "seq 1 100000; seq 1 90000 >&2; exit 7"], vec![]).run_within(LONG).unwrap();
        let lengths = (said.output.len(), said.errors.len());
        assert_eq!((lengths, said.status.code()), ((588_895, 528894), Some(7)));
        assert!(said.output.ends_with(b"\n100000\n") && said.errors.ends_with(b"\n90000\n"));
    }

    #[test]
    fn an_output_without_end_is_read_up_to_its_limit() {
        let said = program(&["yes"], vec![]).run_bounded_within(LONG, 1000).unwrap();
        assert_eq!((said.output.len(), said.status.success()), (1000, false));
        let said = program(&["sh", "-c", "printf abc"], vec![]).run_bounded_within(LONG, 1000).unwrap();
        assert_eq!((said.output, said.status.code()), (b"abc".to_vec(), Some(0)));
    }

    #[test]
    fn a_failure_shows_how_it_ended_and_the_last_lines() {
        let message = run("seq 1 50 >&2; exit 3").unwrap_err().to_string();
        assert!(message.contains("failed, exit 3:\n31\n32\n") && message.ends_with("\n50"), "{message}");
        assert!(run("kill $$").unwrap_err().to_string().contains("ended by a signal"));
    }

    #[test]
    fn a_program_that_is_not_there() {
        let error = program(&["no-such-program"], vec![]).read_within(LONG).unwrap_err();
        let help = error.downcast_ref::<Failure>().unwrap().help.clone();
        assert_eq!(help.as_deref(), Some("install `no-such-program`, or put it on PATH"));
    }

    /// Runs a script whose child would create a file after a second; returns the failure, and whether the file was created.
    fn survives(script: &str, limit: Duration, go_on: fn() -> Result<(), Failure>) -> (Failure, bool) {
        let folder = tempfile::tempdir().unwrap();
        let args = ["-c", script].map(OsString::from).to_vec();
        let run = Program { program: "sh".as_ref(), args, folder: folder.path(), variables: vec![], input: vec![] };
        let start = Instant::now();
        let error = run.run_while(limit, NO_LIMIT, go_on, Inherited::All).map(drop).unwrap_err();
        assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
        std::thread::sleep(Duration::from_millis(1500));
        (error.downcast().unwrap(), folder.path().join("alive").exists())
    }

    #[test]
    fn at_its_time_limit_it_is_killed_with_its_children() {
        // The second script closes its outputs, the third ends and leaves a child that holds them.
        for script in [
            "(sleep 1; touch alive) & wait",
            "exec >&- 2>&-; (sleep 1; touch alive) & wait",
            "(sleep 1; touch alive) & exit 0",
        ] {
            let (failure, survived) = survives(script, Duration::from_millis(300), || Ok(()));
            assert!(!survived, "{script}");
            let wanted = format!("`sh -c {script}` did not end within 0.3 s, and was killed");
            assert_eq!((failure.exit, failure.message), (Exit::TryAgain, wanted));
        }
    }

    #[test]
    fn an_interrupt_kills_it_with_its_children() {
        let interrupted = || Err(Failure::new(Exit::Interrupted, "interrupted"));
        let (failure, survived) = survives("(sleep 1; touch alive) & wait", LONG, interrupted);
        assert_eq!((failure.exit, survived), (Exit::Interrupted, false));
    }
}
