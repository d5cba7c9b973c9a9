//! Hands a mail to a server or to a program, once.
//!
//! [`ready_mail`] is what is handed over, and [`answer`] what can come of it. [`dialogue`] reads the answer of a server out of what curl reports; [`smtp`] runs curl, and
//! [`sendmail`] a program with the arguments of sendmail. [`password`] finds user and password.

mod answer;
mod dialogue;
mod password;
mod ready_mail;
mod sendmail;
mod smtp;

use std::path::Path;

use anyhow::Result;

pub use answer::MailAnswer;
pub use password::load_login;
pub use ready_mail::ReadyMail;

use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{AnnounceKeys, MailServer, PATH, SendmailPath};
use password::MailLogin;

/// Who takes a mail.
pub enum MailCarrier {
    Server(MailServer, Option<MailLogin>),
    Program(SendmailPath),
}

impl MailCarrier {
    /// By the configuration and the environment; `root` is the folder of the project.
    ///
    /// Errors (exit 2): none is configured; the password is incomplete, or others may read its file.
    pub fn load(keys: &AnnounceKeys, root: &Path) -> Result<MailCarrier> {
        match (&keys.smtp, &keys.sendmail) {
            (Some(server), _) => {
                let login = password::load_login(keys.password_file.as_ref(), root)?;
                Ok(MailCarrier::Server(server.clone(), login))
            }
            (None, Some(program)) => Ok(MailCarrier::Program(program.clone())),
            (None, None) => {
                let message =
                    format!("`{PATH}` has neither `announce.smtp` nor `announce.sendmail`: nothing sends the mail");
                let help = committed("set one of them");
                Err(Failure::new(Exit::Usage, message).help(help).into())
            }
        }
    }

    /// Hands over the mail, and waits for the answer.
    ///
    /// Errors: nothing was handed over, because the program cannot be run.
    pub fn deliver(&self, mail: &ReadyMail<'_>) -> Result<MailAnswer> {
        match self {
            MailCarrier::Server(server, login) => smtp::deliver(server, login.as_ref(), mail),
            MailCarrier::Program(program) => sendmail::deliver(program, mail),
        }
    }
}

impl std::fmt::Display for MailCarrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MailCarrier::Server(server, _) => write!(f, "{server}"),
            MailCarrier::Program(program) => write!(f, "{program}"),
        }
    }
}
