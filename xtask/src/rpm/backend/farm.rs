//! What the backends that drive a build farm share: its client is run for each question, and never for ever.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::process::{Ending, Isolation, Job};
use crate::rpm::backend::Workplace;
use crate::rpm::backend::here::outside;

/// How long a client may take for a question: clients have no limit of their own, and a farm may fall silent.
pub const QUESTION: Duration = Duration::from_secs(180);
/// How long it may take to bring a file there or back.
pub const TRANSFER: Duration = Duration::from_secs(3600);

/// How far before its submission a build may have been taken in, by the clock of the farm, in seconds.
pub const SKEW: i64 = 600;

/// The client of a farm.
pub struct Client {
    /// What it is called.
    pub program: &'static str,
    /// How to come by it.
    pub install: &'static str,
    /// Arguments before the verb: which configuration.
    pub first: Vec<String>,
    /// Variables beside ours.
    pub variables: Vec<(String, String)>,
}

/// What the client said, on both outputs, in order.
pub struct Answer {
    /// Its exit code.
    pub code: i32,
    /// What it said.
    pub text: String,
}

impl Client {
    /// Asks the farm with a verb and its arguments, within a time.
    ///
    /// Errors: there is no client (exit 1); no answer in time (exit 5); an interrupt.
    pub fn ask(&self, args: &[&str], time_limit: Duration) -> Result<Answer> {
        self.ask_in(Path::new("/"), args, time_limit)
    }

    /// The same, in a folder where the client leaves what it fetches.
    pub fn ask_in(&self, folder: &Path, args: &[&str], time_limit: Duration) -> Result<Answer> {
        let scratch = files::remote_scratch()?;
        let log = scratch.path().join("answer");
        // What colours the output of a client would be in the way of reading it.
        let ours = std::env::vars_os().filter(|(name, _)| name != "FORCE_COLOR");
        let ours = ours.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let environment = ours.chain(self.variables.iter().cloned()).collect();
        let args: Vec<OsString> = self.first.iter().map(Into::into).chain(args.iter().map(Into::into)).collect();
        let job = Job {
            program: self.program.as_ref(),
            args,
            folder,
            environment,
            time_limit,
            log: &log,
            isolation: Isolation::None,
        };
        let outcome = job.run().map_err(|error| match error.downcast::<Failure>() {
            Ok(failure) if failure.exit == Exit::Failed => failure.help(self.install).into(),
            Ok(failure) => failure.into(),
            Err(error) => error,
        })?;
        let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
        match outcome.ending {
            Ending::Exited(code) => Ok(Answer { code, text }),
            Ending::Signalled(signal) => {
                Err(outside(format!("`{}` was ended by signal {signal}", self.program)).into())
            }
            Ending::TimedOut => {
                Err(outside(format!("`{}` had no answer in {} s", self.program, time_limit.as_secs())).into())
            }
        }
    }
}

impl Answer {
    /// The last line that says something.
    pub fn last_line(&self) -> &str {
        self.text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing")
    }

    /// The line that tells what went wrong: the first with `Error`, else the last.
    pub fn error_line(&self) -> &str {
        let told = self.text.lines().map(str::trim).find(|line| line.contains("Error: ") || line.contains("error: "));
        told.unwrap_or_else(|| self.last_line())
    }

    /// Keeps what was said at a submission as the log: it has the address where the farm shows the build.
    pub fn keep(&self, places: &[Workplace]) -> Result<()> {
        places.iter().try_for_each(|place| files::write(&place.log, self.text.as_bytes()))
    }

    /// Whether it has one of these words.
    pub fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }
}
