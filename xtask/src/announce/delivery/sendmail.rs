//! Hands a mail to a program with the arguments of sendmail, which every mail system of Unix has. The recipients are arguments, not read
//! from the mail (`-t`): programs differ in what they read there.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::announce::delivery::answer::MailAnswer;
use crate::announce::delivery::ready_mail::ReadyMail;
use crate::base::process::Program;
use crate::base::text::{last_line, one_line, shorten};
use crate::project::config::SendmailPath;

/// The longest time of the program, which may talk to a server.
const LIMIT: Duration = Duration::from_secs(900);

/// `EX_TEMPFAIL` of sysexits.h: the mail was not taken, and may be later.
const TEMPORARY: i32 = 75;

/// `EX_IOERR`: an error while the mail was written or sent.
const BROKEN_OFF: i32 = 74;

/// The longest message that is kept, in characters.
const LONGEST: usize = 300;

/// Hands over the mail.
///
/// Errors: the program cannot be run.
pub fn deliver(program: &SendmailPath, mail: &ReadyMail<'_>) -> Result<MailAnswer> {
    // `-i`: a line with a dot is not the end.
    let mut args: Vec<OsString> = ["-i", "-f", &mail.from].map(Into::into).to_vec();
    args.extend(mail.recipients.iter().map(Into::into));
    // Programs read the line ends of Unix.
    let input = String::from_utf8_lossy(mail.content).replace("\r\n", "\n").into_bytes();
    let path = program.to_string();
    let run = Program { program: path.as_ref(), args, folder: Path::new("/"), variables: Vec::new(), input };
    let said = match run.run_within(LIMIT) {
        Ok(said) => said,
        Err(error) => return MailAnswer::of_killed(error),
    };
    let errors = String::from_utf8_lossy(&said.errors);
    let words = shorten(&one_line(last_line(&errors).unwrap_or("it printed nothing")), LONGEST);
    Ok(match said.status.code() {
        Some(0) => MailAnswer::Taken("exit 0".to_owned()),
        Some(TEMPORARY) => MailAnswer::NotNow(format!("exit {TEMPORARY}: {words}")),
        Some(BROKEN_OFF) => MailAnswer::Unknown(format!("exit {BROKEN_OFF}: {words}")),
        Some(code) => MailAnswer::Refused(format!("exit {code}: {words}")),
        None => MailAnswer::Unknown("it was ended by a signal".to_owned()),
    })
}
