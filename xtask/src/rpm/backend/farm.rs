//! Running the client of a build farm: once for each request, each time with a time limit.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::process::{Ending, Isolation, Job, LogFile};
use crate::base::text;
use crate::rpm::backend::model::transient;
use crate::rpm::backend::{Ticket, Workplace};

/// The time limit of a request. Clients have no time limit, and wait for ever where a farm does not answer.
pub const REQUEST_TIME: Duration = Duration::from_secs(180);
/// The time limit of an upload or a download.
pub const TRANSFER_TIME: Duration = Duration::from_secs(3600);

/// By how many seconds the clock of a farm may be behind the clock of this machine.
pub const CLOCK_SKEW: i64 = 600;

/// The client of a farm.
pub struct Client {
    pub program: &'static str,
    /// The arguments before the subcommand, which select the configuration.
    pub global_args: Vec<String>,
    /// Environment variables in addition to the inherited ones.
    pub variables: Vec<(String, String)>,
    pub errors: ErrorWords,
}

/// Words in the output of a client by which its errors are told apart.
pub struct ErrorWords {
    /// Trying again may help.
    pub transient: &'static [&'static str],
    /// The farm does not accept the credentials.
    pub denied: &'static [&'static str],
    /// The exit code for credentials that the farm does not accept, where the client has one.
    pub denied_exit: Option<i32>,
    /// The help for an error of `denied`.
    pub denied_help: &'static str,
    /// The help for all other errors.
    pub other_help: &'static str,
}

/// How a client ended, and what it printed on both outputs, in order.
pub struct ClientOutput {
    pub exit: i32,
    pub text: String,
}

impl Client {
    /// Runs a subcommand with its arguments.
    ///
    /// Errors: the client is not installed (exit 1) or does not end in time (exit 5); an interrupt.
    pub fn run(&self, args: &[&str], time_limit: Duration) -> Result<ClientOutput> {
        self.run_in(Path::new("/"), args, time_limit)
    }

    /// Like [`Client::run`], in the folder into which the client writes what it fetches.
    pub fn run_in(&self, folder: &Path, args: &[&str], time_limit: Duration) -> Result<ClientOutput> {
        let scratch = files::remote_scratch()?;
        let log = scratch.path().join("output");
        let mut environment = Vec::new();
        for (name, value) in std::env::vars_os() {
            // FORCE_COLOR would add escape sequences to the output, which is parsed.
            if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string())
                && name != "FORCE_COLOR"
            {
                environment.push((name, value));
            }
        }
        environment.extend(self.variables.iter().cloned());
        let args: Vec<OsString> = self.global_args.iter().map(Into::into).chain(args.iter().map(Into::into)).collect();
        let job = Job {
            program: self.program.as_ref(),
            args,
            folder,
            environment,
            time_limit,
            log: LogFile::whole(&log),
            isolation: Isolation::None,
            read_only: &[],
            boundary: None,
        };
        let outcome = job.run()?;
        let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
        match outcome.ending {
            Ending::Exited(code) => Ok(ClientOutput { exit: code, text }),
            Ending::Signalled(signal) => {
                Err(transient(format!("`{}` was ended by signal {signal}", self.program)).into())
            }
            Ending::TimedOut => {
                Err(transient(format!("`{}` did not end within {} s", self.program, time_limit.as_secs())).into())
            }
        }
    }

    /// Like [`Client::run`], with [`Client::failure`] for an exit code other than 0.
    pub fn run_successfully(&self, args: &[&str], time_limit: Duration) -> Result<ClientOutput> {
        let output = self.run(args, time_limit)?;
        if output.exit == 0 { Ok(output) } else { Err(self.failure(&output).into()) }
    }

    /// The failure that an output reports.
    pub fn failure(&self, output: &ClientOutput) -> Failure {
        let message = self.message(output);
        if output.has(self.errors.transient) {
            return transient(message);
        }
        let help = if self.is_denied(output) { self.errors.denied_help } else { self.errors.other_help };
        Failure::new(Exit::Failed, message).help(help)
    }

    /// The message of a failure: the line with the error, and the exit code.
    pub fn message(&self, output: &ClientOutput) -> String {
        format!("{}: {} (exit {})", self.program, output.error_line(), output.exit)
    }

    /// Whether the farm did not accept the credentials.
    pub fn is_denied(&self, output: &ClientOutput) -> bool {
        self.errors.denied_exit == Some(output.exit) || output.has(self.errors.denied)
    }
}

impl ClientOutput {
    /// The last line that is not blank.
    pub fn last_line(&self) -> &str {
        text::last_line(&self.text).unwrap_or("it printed nothing")
    }

    /// The line with the error: the first with `Error: `, or else the last.
    pub fn error_line(&self) -> &str {
        let is_error = |line: &&str| line.contains("Error: ") || line.contains("error: ");
        self.text.lines().map(str::trim).find(is_error).unwrap_or_else(|| self.last_line())
    }

    /// Writes the output of a submission to the logs of its builds. It contains the address where the farm shows the build.
    pub fn write_logs(&self, places: &[Workplace]) -> Result<()> {
        for place in places {
            files::write(&place.log, self.text.as_bytes())?;
        }
        Ok(())
    }

    /// The id in the first line that begins with `label`.
    pub fn ticket(&self, label: &str) -> Option<Ticket> {
        let id = self.text.lines().find_map(|line| line.strip_prefix(label))?;
        Some(Ticket(id.trim().parse::<u64>().ok()?.to_string()))
    }

    /// Whether the output contains one of `words`.
    pub fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }
}
