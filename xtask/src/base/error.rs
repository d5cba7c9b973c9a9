//! The one type of an expected failure: what happened, what to do next, and the exit code.
//!
//! Rules return small enums of their own; edges and tasks use `anyhow`. A [`Failure`] may stand anywhere in an `anyhow`
//! chain: `lib.rs` looks for it there, so context can be added above it without losing the exit code or the help.

use std::fmt;
use std::sync::OnceLock;

/// Exit codes, as the documentation of the commands lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command failed, or its answer is no.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The remote does not allow it.
    NotAllowed = 3,
    /// A file is out of date (`spec --check`).
    OutOfDate = 4,
    /// A fault of another program or the network, or another run was faster: trying again may help.
    TryAgain = 5,
    /// The history is too short for an answer: a shallow clone, no tags, no commit.
    NotEnoughHistory = 6,
    /// Another run holds the lock.
    Busy = 75,
    /// Interrupted by a signal.
    Interrupted = 130,
}

/// An expected failure: a message in the form of the style guide, the next step, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub exit: Exit,
    /// A lower-case fragment that names the thing in backticks.
    pub message: String,
    /// The end of a log or the like, printed below the message. It is part of the error: `--quiet` does not leave it out.
    pub details: Option<String>,
    /// The next step; each line of the text becomes a `help:` line.
    pub help: Option<String>,
}

impl Failure {
    /// A failure without a next step; see [`Failure::help`].
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), details: None, help: None }
    }

    /// Adds text to print below the message.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Failure {
        self.details = Some(details.into());
        self
    }

    /// Adds the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What programs print where a file system is full, and where a user has used up a quota.
pub const FULL_DISK: [&str; 2] = ["No space left on device", "Disk quota exceeded"];

static NAME: OnceLock<String> = OnceLock::new();
static CALL: OnceLock<Call> = OnceLock::new();

/// The command line of this run, for messages that name a command. The parts are as a shell reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The name of the program with the global flags that say which project and repository is meant.
    pub program: String,
    /// Everything.
    pub whole: String,
}

/// Sets, once, the name by which the program was called: `cargo xtask`, or the name of its file.
pub fn set_name(name: &str) {
    NAME.get_or_init(|| name.to_owned());
}

/// Sets, once, the command line, after it was parsed.
pub fn set_call(call: Call) {
    CALL.get_or_init(|| call);
}

/// The name by which the program was called.
pub fn name() -> &'static str {
    NAME.get().map_or("releng", String::as_str)
}

/// The beginning of a command in a message: the name by which the program was called, and the global flags that were given. The command is
/// then about the same project and repository.
pub fn program() -> &'static str {
    CALL.get().map_or(name(), |call| &call.program)
}

/// The whole command line of this run, for messages that ask for it with one more flag.
pub fn this_call() -> &'static str {
    CALL.get().map_or(name(), |call| &call.whole)
}

/// A help that asks for a change of the configuration, such as "set `rpm.timeout`". The commands that make a release read the
/// configuration of the commit.
pub fn committed(change: &str) -> String {
    format!("{change}, and commit it")
}
