//! What becomes of a mail that was handed over.

use anyhow::Result;

use crate::base::error::{Exit, Failure};

/// The answer of a server or of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailAnswer {
    /// The mail was taken; the answer as one line.
    Taken(String),
    /// It was not taken, and may be later: a 4xx, or no connection.
    NotNow(String),
    /// It was not taken: a 5xx, no encryption, a wrong password.
    Refused(String),
    /// It may have been taken: there was no answer after its last line.
    Unknown(String),
}

impl MailAnswer {
    /// The answer in place of an error of the run of a program. A program that was killed, at its time limit or at an interrupt, may
    /// have handed over the mail. Any other error comes before the program runs.
    pub fn of_killed(error: anyhow::Error) -> Result<MailAnswer> {
        match error.downcast_ref::<Failure>() {
            Some(failure) if matches!(failure.exit, Exit::TryAgain | Exit::Interrupted) => {
                Ok(MailAnswer::Unknown(failure.message.clone()))
            }
            _ => Err(error),
        }
    }
}
