//! Sends a mail: hands it over until there is an answer that is final. Each try is in the journal before it begins, and so is what came
//! of it before the next one.

use std::time::Duration;

use anyhow::Result;

use crate::announce::delivery::{MailAnswer, MailCarrier, ReadyMail};
use crate::announce::home::{AnnounceEvent, AnnounceState};
use crate::base::clock;
use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, program};
use crate::base::interrupt;
use crate::base::journal::Journal;
use crate::base::progress::Progress;
use crate::history::Version;

/// How often a mail is handed over whose refusals are temporary.
const TRIES: u32 = 4;

/// A mail, and how it is sent.
pub struct Sending<'a> {
    pub version: &'a Version,
    pub message_id: &'a str,
    pub mail: ReadyMail<'a>,
    pub carrier: &'a MailCarrier,
    /// The pause after the first temporary refusal; each further one is twice as long.
    pub pause: Duration,
    pub progress: &'a dyn Progress,
}

/// Sends the mail; the answer of the server.
///
/// Errors: the mail was refused (exit 1), also after the last try (exit 5); it may have been taken (exit 1).
pub fn send(sending: &Sending<'_>, journal: &mut Journal<AnnounceEvent>) -> Result<String> {
    let Sending { version, carrier, pause, progress, .. } = sending;
    let version = *version;
    let mut number = 1;
    loop {
        let begin = AnnounceEvent::Try {
            version: version.clone(),
            message_id: sending.message_id.to_owned(),
            sha256: digest_of(sending.mail.content),
            recipients: sending.mail.recipients.clone(),
            by: carrier.to_string(),
        };
        journal.append(clock::now()?, begin)?;
        let answer = match carrier.deliver(&sending.mail) {
            Ok(answer) => answer,
            Err(error) => {
                let answer = format!("{error:#}");
                journal.append(clock::now()?, AnnounceEvent::Refused { version: version.clone(), answer })?;
                return Err(error);
            }
        };
        let outcome = match answer.clone() {
            MailAnswer::Taken(answer) => AnnounceEvent::Sent { version: version.clone(), answer },
            MailAnswer::NotNow(answer) | MailAnswer::Refused(answer) => {
                AnnounceEvent::Refused { version: version.clone(), answer }
            }
            MailAnswer::Unknown(why) => AnnounceEvent::Unknown { version: version.clone(), why },
        };
        journal.append(clock::now()?, outcome)?;
        match answer {
            MailAnswer::Taken(answer) => return Ok(answer),
            MailAnswer::Refused(answer) => return Err(refused(version, carrier, &answer).into()),
            MailAnswer::Unknown(why) => return Err(unknown(version, carrier, &why).into()),
            MailAnswer::NotNow(answer) if number == TRIES => {
                let message = format!("`{carrier}` does not take the announcement of {version} now: {answer}");
                return Err(Failure::new(Exit::TryAgain, message).help("run the same command again later").into());
            }
            MailAnswer::NotNow(answer) => {
                let pause = *pause * 2_u32.pow(number - 1);
                let seconds = pause.as_secs();
                progress
                    .warn(&format!("`{carrier}` does not take the mail now: {answer}; the next try is in {seconds} s"));
                wait(pause)?;
                number += 1;
            }
        }
    }
}

fn refused(version: &Version, carrier: &MailCarrier, answer: &str) -> Failure {
    Failure::new(Exit::Failed, format!("`{carrier}` refused the announcement of {version}: {answer}"))
        .help("nobody got it: correct what the answer names, and run the same command again")
}

fn unknown(version: &Version, carrier: &MailCarrier, why: &str) -> Failure {
    let message = format!("nobody knows whether `{carrier}` has taken the announcement of {version}: {why}");
    let exit = if interrupt::check().is_err() { Exit::Interrupted } else { Exit::Failed };
    Failure::new(exit, message).help(help_to_decide(version))
}

/// Errors: the announcement was sent, or may have been.
pub fn require_unsent(version: &Version, state: &AnnounceState) -> Result<(), Failure> {
    let help = match state {
        AnnounceState::Due => return Ok(()),
        AnnounceState::Sent { .. } => {
            format!("to send the same mail once more: `{} announce {version} --send --again`", program())
        }
        AnnounceState::Unknown { .. } | AnnounceState::Lost { .. } => help_to_decide(version),
    };
    Err(Failure::new(Exit::Failed, format!("{version} is not sent again: it was {state}")).help(help))
}

/// What to do about a mail that may have been sent.
fn help_to_decide(version: &Version) -> String {
    let program = program();
    format!(
        "look whether the recipients have it\nif they have it, record that: `{program} announce {version} --sent`\n\
         if not, send it again: `{program} announce {version} --send --again`"
    )
}

fn wait(pause: Duration) -> Result<()> {
    const PART: Duration = Duration::from_millis(100);
    let mut left = pause;
    while !left.is_zero() {
        interrupt::check()?;
        std::thread::sleep(PART.min(left));
        left = left.saturating_sub(PART);
    }
    Ok(())
}
