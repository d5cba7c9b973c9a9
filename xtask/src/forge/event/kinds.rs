//! What the events of all forges have in common.

use jiff::Timestamp;

use crate::forge::model::Account;
use crate::git::{BranchName, CommitId};
use crate::project::config::ForgeKind;

/// What happened on a forge, as the event has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgeEvent {
    /// The forge whose form the payload has.
    pub form: ForgeKind,
    pub kind: EventKind,
    /// Who caused it.
    pub sender: Option<Account>,
    /// The pull request that it is about.
    pub pull: Option<EventPull>,
    /// The repository where it happened, such as `lago-project/lago`, if the event says it.
    pub project: Option<String>,
}

/// The kind of an event, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A comment in the conversation.
    Comment(EventComment),
    /// A comment on a line of the change.
    LineComment,
    /// A pull request was opened or opened again, or has new commits.
    NewWork,
    /// The sender has reviewed the pull request.
    Reviewed,
    /// Nothing that the CI process acts on.
    Other,
}

/// A comment, as the event has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventComment {
    /// The number that the forge gave.
    pub id: Option<u64>,
    /// The account that wrote it.
    pub author_id: Option<u64>,
    /// Whether it was written just now: not edited, not deleted.
    pub is_new: bool,
    /// Whether a person wrote it: no application, no message of the forge.
    pub is_by_hand: bool,
    /// Markdown.
    pub text: String,
    pub at: Option<Timestamp>,
}

/// A pull request, as the event has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPull {
    pub number: Option<u32>,
    /// Neither closed nor merged.
    pub is_open: bool,
    /// Whether the conversation is closed for most people.
    pub is_locked: bool,
    pub author_id: Option<u64>,
    pub head: Option<CommitId>,
    pub base: Option<BranchName>,
    /// Whether the work is in another repository, or was in one that is gone.
    pub is_from_fork: Option<bool>,
}

/// What the reader of one form finds.
pub struct ReadEvent {
    pub kind: EventKind,
    pub sender: Option<Account>,
    pub pull: Option<EventPull>,
}
