//! A program that is run for what it prints.
//!
//! What it says on standard error is kept for the message that is shown where it fails.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Result;
use duct::cmd;

use crate::base::error::{Exit, Failure};
use crate::base::interrupt;

/// How often a running program is looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// How many of the last lines a failed program said stand in the message.
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

/// A program and everything that is said about its surroundings.
pub struct Program<'a> {
    /// What is run: a name that PATH knows, or a path.
    pub program: &'a OsStr,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The folder it runs in.
    pub folder: &'a Path,
    /// Variables that are set (`Some`) or taken away (`None`); the rest of the environment is ours.
    pub variables: Vec<(&'static str, Option<String>)>,
    /// What it finds on standard input; nothing where it is empty.
    pub input: Vec<u8>,
}

/// What a program said on its two outputs before it ended.
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: Vec<u8>,
    /// Its standard error.
    pub errors: Vec<u8>,
}

impl Program<'_> {
    /// Runs it to its end; its standard output as a text.
    ///
    /// Errors: it is not there, it fails (with the last lines it said), it was interrupted.
    pub fn read(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.read_bytes()?).into_owned())
    }

    /// Like [`Program::read`], for what is no text.
    pub fn read_bytes(&self) -> Result<Vec<u8>> {
        let said = self.run()?;
        if said.status.success() {
            return Ok(said.output);
        }
        let shown = self.program.to_string_lossy();
        let errors = String::from_utf8_lossy(&said.errors);
        let lines: Vec<&str> = errors.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
        let ending = said.status.code().map_or("ended by a signal".to_owned(), |code| format!("exit {code}"));
        let args = self.args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ");
        Err(Failure::new(Exit::Failed, format!("`{shown} {args}` failed, {ending}:\n{last}")).into())
    }

    /// Runs it to its end, and takes any end for an answer.
    ///
    /// Errors: it is not there, it was interrupted.
    pub fn run(&self) -> Result<Said> {
        let mut run = cmd(self.program, &self.args).dir(self.folder);
        run = if self.input.is_empty() { run.stdin_null() } else { run.stdin_bytes(self.input.clone()) };
        for (name, value) in &self.variables {
            run = match value {
                Some(value) => run.env(name, value),
                None => run.env_remove(name),
            };
        }
        let shown = self.program.to_string_lossy();
        let running = run.stdout_capture().stderr_capture().unchecked().start().map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot run `{shown}`: {error}"))
                .help(format!("install `{shown}`, or put it on PATH"))
        })?;
        while running.wait_timeout(GLANCE)?.is_none() {
            if let Err(interrupted) = interrupt::check() {
                running.kill()?;
                running.wait()?;
                return Err(interrupted.into());
            }
        }
        interrupt::check()?;
        let ended = running.into_output()?;
        Ok(Said { status: ended.status, output: ended.stdout, errors: ended.stderr })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> Result<String> {
        let variables = vec![("GREETING", Some("hello".to_owned())), ("HOME", None)];
        let args = ["-c", script].map(OsString::from).to_vec();
        Program { program: "sh".as_ref(), args, folder: Path::new("/"), variables, input: Vec::new() }.read()
    }

    #[test]
    fn output_variables_and_folder() {
        assert_eq!(run("echo $GREETING $HOME; pwd").unwrap(), "hello\n/\n");
    }

    #[test]
    fn input_is_passed_whole_and_may_be_left_unread() {
        let input = vec![0xff; 1 << 20];
        let run = |name: &'static str, input: Vec<u8>| Program {
            program: name.as_ref(),
            args: vec![],
            folder: Path::new("/"),
            variables: vec![],
            input,
        };
        assert_eq!(run("cat", input.clone()).read_bytes().unwrap(), input);
        assert_eq!(run("true", input).read_bytes().unwrap(), b"");
    }

    #[test]
    fn a_failure_shows_how_it_ended_and_the_last_words() {
        let message = run("seq 1 50 >&2; exit 3").unwrap_err().to_string();
        assert!(message.contains("failed, exit 3:\n31\n32\n") && message.ends_with("\n50"), "{message}");
        assert!(run("kill $$").unwrap_err().to_string().contains("ended by a signal"));
    }

    #[test]
    fn a_program_that_is_not_there() {
        let (program, folder) = ("no-such-program".as_ref(), Path::new("/"));
        let absent = Program { program, args: vec![], folder, variables: vec![], input: vec![] };
        let error = absent.read().unwrap_err();
        let help = error.downcast_ref::<Failure>().unwrap().help.clone();
        assert_eq!(help.as_deref(), Some("install `no-such-program`, or put it on PATH"));
    }
}
