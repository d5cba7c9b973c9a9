//! The steps of an announcement, and how they are carried out.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::announce::announcement::Announcement;
use crate::announce::delivery::{MailCarrier, ReadyMail};
use crate::announce::home::{AnnounceEvent, AnnounceHome};
use crate::announce::send::{Sending, send};
use crate::base::clock;
use crate::base::files;
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::base::size::human_size;
use crate::history::Version;

/// A step.
pub enum AnnounceStep {
    /// Writes the mail to a file.
    Write { file: PathBuf, announcement: Announcement },
    /// Sends the mail, and records each try and its answer.
    Send { file: PathBuf, announcement: Announcement, carrier: MailCarrier },
    /// Records that a person has sent it.
    Record { version: Version },
}

/// The steps that write the mail to `file`, and send it where there is a carrier.
pub fn plan_mail(file: PathBuf, announcement: Announcement, carrier: Option<MailCarrier>) -> Plan<AnnounceStep> {
    let version = &announcement.release.promotion.version;
    let step = match carrier {
        None => (format!("write the announcement of {version}"), AnnounceStep::Write { file, announcement }),
        Some(carrier) => (format!("announce {version}"), AnnounceStep::Send { file, announcement, carrier }),
    };
    Plan { title: step.0, steps: vec![step.1] }
}

/// The step that records what a person has sent.
pub fn plan_record(version: Version) -> Plan<AnnounceStep> {
    Plan { title: format!("record that {version} was announced"), steps: vec![AnnounceStep::Record { version }] }
}

impl fmt::Display for AnnounceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |file: &Path, announcement: &Announcement| {
            format!("write {} ({})", file.display(), human_size(announcement.content.len() as u64))
        };
        match self {
            AnnounceStep::Write { file, announcement } => f.write_str(&write(file, announcement)),
            AnnounceStep::Send { file, announcement, carrier } => write!(
                f,
                "{}\n  append to announce/journal.jsonl each try and its answer\n  send the mail to {} by {carrier}",
                write(file, announcement),
                announcement.people.recipients().join(", ")
            ),
            AnnounceStep::Record { .. } => f.write_str("append to announce/journal.jsonl that a person has sent it"),
        }
    }
}

/// What the steps need from outside. For steps that write the journal, the caller has the lock.
pub struct AnnounceContext<'a> {
    pub home: &'a AnnounceHome,
    /// The pause after the first temporary refusal.
    pub pause: Duration,
    pub progress: &'a dyn Progress,
}

/// Carries out the steps; the answer of the server or of the program, where the mail was sent.
pub fn apply(plan: &Plan<AnnounceStep>, context: &AnnounceContext<'_>) -> Result<Option<String>> {
    let mut answer = None;
    for step in &plan.steps {
        match step {
            AnnounceStep::Write { file, announcement } => write_file(file, &announcement.content)?,
            AnnounceStep::Send { file, announcement, carrier } => {
                write_file(file, &announcement.content)?;
                let Announcement { release, people, message_id, content } = announcement;
                let mail = ReadyMail { file, content, from: people.from.plain(), recipients: people.recipients() };
                let AnnounceContext { pause, progress, .. } = *context;
                let version = &release.promotion.version;
                let sending = Sending { version, message_id, mail, carrier, pause, progress };
                answer = Some(send(&sending, &mut context.home.journal()?)?);
            }
            AnnounceStep::Record { version } => {
                let entry = AnnounceEvent::SentByPerson { version: version.clone() };
                context.home.journal()?.append(clock::now()?, entry)?;
            }
        }
    }
    Ok(answer)
}

fn write_file(file: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent().filter(|folder| folder.ends_with("target/announce")) {
        files::make_state_folder(folder)?;
    }
    files::write(file, content)
}
