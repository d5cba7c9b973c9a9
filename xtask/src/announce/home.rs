//! What is known about the announcements of a project, in the state of the repository, which is never served.
//!
//! ```text
//! <state>/<name>/announce/
//!   journal.jsonl     each try to send, and what came of it
//!   lock
//! ```
//!
//! Before a mail is handed over, the journal says so, and after that what came of it. A run that is killed in between leaves a try without
//! an outcome: the mail may have been sent, and is not sent again unless a person says so.

use std::fmt;

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::announce::release::ReleasePromotion;
use crate::base::digest::Digest;
use crate::base::files::{LockFile, TreePath};
use crate::base::journal::{Journal, JournalLine};
use crate::git::CommitId;
use crate::history::Version;
use crate::project::config::ForgeKind;
use crate::repository::model::event::{Action, EventLog};

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum AnnounceEvent {
    /// A try begins.
    Try {
        version: Version,
        message_id: String,
        /// Of the mail.
        sha256: Digest,
        recipients: Vec<String>,
        /// The server or the program.
        by: String,
    },
    /// The mail was taken.
    Sent { version: Version, answer: String },
    /// The mail was not taken.
    Refused { version: Version, answer: String },
    /// The mail may have been taken.
    Unknown { version: Version, why: String },
    /// A person says that the announcement was sent.
    SentByPerson { version: Version },
    /// A run begins to make the release on the forge.
    ReleaseTry { version: Version, forge: ForgeKind, project: String, tag: String, commit: CommitId },
    /// The release is shown on the forge, with all of its files.
    ReleaseShown { version: Version, page: String },
}

impl AnnounceEvent {
    /// Whether the entry is about a release on the forge, and not about a mail.
    pub fn is_about_forge(&self) -> bool {
        matches!(self, AnnounceEvent::ReleaseTry { .. } | AnnounceEvent::ReleaseShown { .. })
    }

    fn version(&self) -> &Version {
        match self {
            AnnounceEvent::Try { version, .. }
            | AnnounceEvent::Sent { version, .. }
            | AnnounceEvent::Refused { version, .. }
            | AnnounceEvent::Unknown { version, .. }
            | AnnounceEvent::SentByPerson { version }
            | AnnounceEvent::ReleaseTry { version, .. }
            | AnnounceEvent::ReleaseShown { version, .. } => version,
        }
    }
}

/// What is known about the announcement of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnnounceState {
    /// It was not sent.
    Due,
    Sent {
        at: Timestamp,
    },
    /// It may have been sent.
    Unknown {
        at: Timestamp,
        why: String,
    },
    /// The state of the repository was lost after the promotion, and the journal with it.
    Lost {
        /// The number of the event that put the log together again.
        event: u64,
    },
}

impl fmt::Display for AnnounceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnnounceState::Due => f.write_str("not announced"),
            AnnounceState::Sent { at } => write!(f, "announced {}", at.strftime("%Y-%m-%d")),
            AnnounceState::Unknown { at, why } => {
                write!(f, "perhaps announced {}: {why}", at.strftime("%Y-%m-%d %H:%M"))
            }
            AnnounceState::Lost { event } => {
                write!(f, "perhaps announced: the state was lost, and event {event} put only the log together again")
            }
        }
    }
}

/// A release that is shown on the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRelease {
    pub at: Timestamp,
    /// The page for people.
    pub page: String,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct AnnounceHome {
    folder: TreePath,
}

impl AnnounceHome {
    /// `state` is the folder of the project in the state of the repository.
    pub fn new(state: &TreePath) -> AnnounceHome {
        AnnounceHome { folder: state.join("announce") }
    }

    /// The file of the journal.
    pub fn journal_file(&self) -> TreePath {
        self.folder.join("journal.jsonl")
    }

    /// Lets no other run announce.
    ///
    /// Errors: another run announces (exit 75).
    pub fn lock(&self, command: &str) -> Result<LockFile> {
        LockFile::take(&self.folder.join("lock"), command, "announcing")
    }

    /// The journal. Errors: it was changed.
    pub fn journal(&self) -> Result<Journal<AnnounceEvent>> {
        Journal::open(self.journal_file())
    }

    /// What is known about the announcement of a promoted version.
    pub fn state_of(&self, promotion: &ReleasePromotion, log: &EventLog) -> Result<AnnounceState> {
        let journal = self.journal()?;
        let is_lost = !self.journal_file().is_there();
        let is_recovery =
            |number: u64, action: &Action| number > promotion.event && matches!(action, Action::RecoverLog { .. });
        let recovery = log.events().find(|event| is_recovery(event.number, &event.action)).filter(|_| is_lost);
        Ok(match recovery {
            Some(event) => AnnounceState::Lost { event: event.number },
            None => replay(journal.lines(), &promotion.version),
        })
    }
}

/// The release of a version on the forge, by the entries of the journal; `None` if it is not known to be shown whole. A run that was killed
/// leaves nothing to decide: the next one looks at what the forge has.
pub fn find_shown(lines: &[JournalLine<AnnounceEvent>], version: &Version) -> Option<ShownRelease> {
    let of_version = lines.iter().rev().filter(|line| line.entry.version() == version);
    let mut about_release = of_version.filter_map(|line| match &line.entry {
        AnnounceEvent::ReleaseShown { page, .. } => Some(Some(ShownRelease { at: line.time, page: page.clone() })),
        AnnounceEvent::ReleaseTry { .. } => Some(None),
        _ => None,
    });
    about_release.next().flatten()
}

/// The state after the entries about a version.
fn replay(lines: &[JournalLine<AnnounceEvent>], version: &Version) -> AnnounceState {
    let (mut state, mut before) = (AnnounceState::Due, AnnounceState::Due);
    for JournalLine { time, entry, .. } in lines.iter().filter(|line| line.entry.version() == version) {
        match entry {
            AnnounceEvent::Try { .. } => {
                before = state;
                state = AnnounceState::Unknown {
                    at: *time,
                    why: "a run was interrupted while it sent the mail".to_owned(),
                };
            }
            AnnounceEvent::Sent { .. } | AnnounceEvent::SentByPerson { .. } => {
                state = AnnounceState::Sent { at: *time }
            }
            // What was sent before a further try stays sent.
            AnnounceEvent::Refused { .. } => state = before.clone(),
            AnnounceEvent::Unknown { why, .. } => state = AnnounceState::Unknown { at: *time, why: why.clone() },
            // They are not about the mail.
            AnnounceEvent::ReleaseTry { .. } | AnnounceEvent::ReleaseShown { .. } => {}
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::digest_of;

    fn state_after(words: &str) -> String {
        let version: Version = "1.0.2".parse().unwrap();
        let entry = |word: &str| match word {
            "try" => AnnounceEvent::Try {
                version: version.clone(),
                message_id: "x".to_owned(),
                sha256: digest_of(b""),
                recipients: Vec::new(),
                by: "y".to_owned(),
            },
            "sent" => AnnounceEvent::Sent { version: version.clone(), answer: "250".to_owned() },
            "refused" => AnnounceEvent::Refused { version: version.clone(), answer: "550".to_owned() },
            "unknown" => AnnounceEvent::Unknown { version: version.clone(), why: "w".to_owned() },
            "person" => AnnounceEvent::SentByPerson { version: version.clone() },
            "release" => AnnounceEvent::ReleaseTry {
                version: version.clone(),
                forge: ForgeKind::Github,
                project: "ada/lago".to_owned(),
                tag: "1.0.2".to_owned(),
                commit: CommitId([1; 20]),
            },
            "shown" => AnnounceEvent::ReleaseShown { version: version.clone(), page: "z".to_owned() },
            _ => AnnounceEvent::Sent { version: "1.0.1".parse().unwrap(), answer: "250".to_owned() },
        };
        let line =
            |word: &str| JournalLine { number: 1, time: Timestamp::UNIX_EPOCH, previous: None, entry: entry(word) };
        let lines: Vec<_> = words.split(' ').map(line).collect();
        if find_shown(&lines, &version).is_some() {
            return "shown".to_owned();
        }
        match replay(&lines, &version) {
            AnnounceState::Due => "due",
            AnnounceState::Sent { .. } => "sent",
            AnnounceState::Unknown { .. } => "unknown",
            AnnounceState::Lost { .. } => "lost",
        }
        .to_owned()
    }

    #[test]
    fn a_try_without_an_outcome_may_have_sent_the_mail() {
        for (words, expected) in [
            ("other", "due"),
            ("try", "unknown"),
            ("try sent", "sent"),
            ("try refused", "due"),
            ("try refused try", "unknown"),
            ("try refused try sent", "sent"),
            ("try unknown", "unknown"),
            ("try unknown person", "sent"),
            ("try unknown try sent", "sent"),
            ("try unknown try refused", "unknown"),
            ("try sent try refused", "sent"),
            ("try sent try", "unknown"),
            ("try sent other", "sent"),
            ("try release", "unknown"),
            ("release try sent", "sent"),
            ("release shown", "shown"),
            ("release shown try unknown other", "shown"),
            ("release shown release", "due"),
        ] {
            assert_eq!(state_after(words), expected, "{words}");
        }
    }
}
