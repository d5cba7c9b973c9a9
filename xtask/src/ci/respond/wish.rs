//! What an event asks for, by the event alone.
//!
//! Most events ask for nothing, and the forge is not asked anything for them.

use jiff::{SignedDuration, Timestamp};

use crate::ci::respond::comment::{Spoken, SpokenCommand, read_comment};
use crate::forge::event::{EventComment, EventKind, EventPull, ForgeEvent};
use crate::forge::model::Account;
use crate::git::CommitId;

/// The age of the oldest comment that is acted on.
const OLDEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far the clock of the forge may be ahead of that of this machine.
const CLOCK_DRIFT: SignedDuration = SignedDuration::from_mins(5);

/// What an event asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub kind: WishKind,
    /// The number of the pull request.
    pub number: u32,
    /// The pull request, as the event has it.
    pub pull: EventPull,
    /// Who asks.
    pub by: Account,
    /// Where, if it is a comment.
    pub comment: Option<AskingComment>,
}

/// The comment that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskingComment {
    /// The number that the forge gave.
    pub id: u64,
    pub at: Option<Timestamp>,
}

/// The kinds of wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WishKind {
    /// A comment has a command.
    Command(SpokenCommand),
    /// A comment has a line that is nearly this command: its author gets a hint.
    Hint(&'static str),
    /// A comment has several commands: its author gets an explanation.
    ExplainSeveral,
    /// New work is to be tested.
    TestNewWork,
    /// A review has arrived.
    NoteReview,
}

/// What an event asks for; `Err` has the reason why it asks for nothing.
pub fn find_wish(event: &ForgeEvent) -> Result<Wish, &'static str> {
    let (kind, comment) = match &event.kind {
        EventKind::Comment(comment) => find_command(comment, event.sender.as_ref())?,
        EventKind::NewWork => (WishKind::TestNewWork, None),
        EventKind::Reviewed => (WishKind::NoteReview, None),
        EventKind::LineComment => {
            return Err("the comment is on a line of the change: only one in the conversation can be a command");
        }
        EventKind::Other => return Err("nothing is done for such an event"),
    };
    let pull = event.pull.clone().ok_or("it is not about a pull request")?;
    let number = pull.number.ok_or("the event does not say which pull request it is about")?;
    if !pull.is_open {
        return Err("the pull request is not open");
    }
    if pull.is_locked {
        return Err("the conversation of the pull request is locked");
    }
    let by = event.sender.clone().ok_or("the event does not say who caused it")?;
    Ok(Wish { kind, number, pull, by, comment })
}

fn find_command(
    comment: &EventComment,
    sender: Option<&Account>,
) -> Result<(WishKind, Option<AskingComment>), &'static str> {
    if !comment.is_new {
        return Err("the comment was edited or deleted: only a new one counts");
    }
    let sender = sender.ok_or("the event does not say who caused it")?;
    if comment.author_id != Some(sender.id) {
        return Err("the sender of the event did not write the comment");
    }
    if !sender.is_person || !comment.is_by_hand {
        return Err("the comment was not written by a person");
    }
    let kind = match read_comment(&comment.text) {
        Spoken::Nothing => return Err("no line of the comment is a command"),
        Spoken::Command(command) => WishKind::Command(command),
        Spoken::NearMiss(meant) => WishKind::Hint(meant),
        Spoken::Several => WishKind::ExplainSeveral,
    };
    let id = comment.id.ok_or("the comment has no number, so that it could not be answered once")?;
    Ok((kind, Some(AskingComment { id, at: comment.at })))
}

impl Wish {
    /// Why the time of its comment is a reason not to act: its event was delivered again, long after everybody has forgotten it, or the times of
    /// the forge and of this machine cannot be compared.
    pub fn why_untimely(&self, now: Timestamp) -> Option<&'static str> {
        let age = now.duration_since(self.comment?.at?);
        if age > OLDEST {
            return Some("the comment is older than seven days");
        }
        (age < -CLOCK_DRIFT).then_some("the time of the comment is to come: is the clock of this machine right?")
    }
}

impl WishKind {
    /// The commit that a comment states for its merge.
    pub fn stated_head(&self) -> Option<CommitId> {
        match self {
            WishKind::Command(SpokenCommand::Merge { head }) => *head,
            _ => None,
        }
    }
}
