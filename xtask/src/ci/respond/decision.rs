//! What is done about an event: a value that is printed, and that the next jobs of a CI system read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::schema::parse_json;
use crate::ci::merge::answer::MERGE_STATUS;
use crate::ci::respond::comment::SpokenCommand;
use crate::ci::respond::wish::{Wish, WishKind};
use crate::git::{BranchName, CommitId};

/// The schema of a [`Decision`].
pub const DECISION_SCHEMA: &str = "releng.decision/1";

/// The name of the status for the tests of a pull request.
pub const CHECK_PATCH_STATUS: &str = "releng/check-patch";

/// The label that asks for a review.
pub const NEEDS_REVIEW: &str = "needs review";

/// What is done about an event. No text in it comes from outside, but for names whose letters are harmless everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub schema: String,
    pub action: DecidedAction,
    /// The number of the pull request.
    pub pull: Option<u32>,
    /// The commit that is tested or merged, and no other one.
    pub head: Option<CommitId>,
    pub base: Option<BranchName>,
    /// Whether the work is in another repository.
    pub fork: Option<bool>,
    /// Who asked.
    pub by: Option<DecisionAsker>,
    /// The number of the comment that asked.
    pub comment: Option<u64>,
    /// Whether the comment states the commit.
    pub names_commit: Option<bool>,
    /// When the comment was written.
    pub at: Option<Timestamp>,
    /// The label that is put on or taken off.
    pub label: Option<LabelChange>,
    /// The status of the head that is set to pending.
    pub status: Option<String>,
    /// The answer, in Markdown: below the comment; without one, it is about the pull request, which gets it once.
    pub reply: Option<String>,
    /// Why.
    pub reason: String,
}

/// What the next job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidedAction {
    CheckPatch,
    Merge,
    /// Nothing more: the label is changed here.
    Label,
    None,
}

impl DecidedAction {
    /// As in the JSON form.
    pub fn name(self) -> &'static str {
        match self {
            DecidedAction::CheckPatch => "check-patch",
            DecidedAction::Merge => "merge",
            DecidedAction::Label => "label",
            DecidedAction::None => "none",
        }
    }
}

/// The account that asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionAsker {
    pub id: u64,
    /// The name, if it has only letters of names of accounts.
    pub login: Option<String>,
}

/// A change of the labels of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelChange {
    Add(String),
    Remove(String),
}

impl Decision {
    /// Nothing is done about an event that asks for nothing.
    pub fn nothing(reason: &str) -> Decision {
        Decision {
            schema: DECISION_SCHEMA.to_owned(),
            action: DecidedAction::None,
            pull: None,
            head: None,
            base: None,
            fork: None,
            by: None,
            comment: None,
            names_commit: None,
            at: None,
            label: None,
            status: None,
            reply: None,
            reason: reason.to_owned(),
        }
    }

    /// Nothing is done about a wish.
    pub fn refuse(wish: &Wish, reason: &str) -> Decision {
        Decision {
            pull: Some(wish.number),
            by: Some(DecisionAsker { id: wish.by.id, login: plain_login(&wish.by.login) }),
            comment: wish.comment.map(|comment| comment.id),
            names_commit: wish.comment.map(|_| wish.kind.stated_head().is_some()),
            at: wish.comment.and_then(|comment| comment.at),
            ..Decision::nothing(reason)
        }
    }

    /// What a wish would lead to if the forge and the base allowed it: nothing was asked.
    pub fn assume(wish: &Wish) -> Decision {
        const ASSUMED: &str =
            "assumed, because nothing was asked: the pull request is open, and its base is one of `project.branches`";
        let mut decision = Decision::refuse(wish, ASSUMED);
        decision.base = wish.pull.base.clone().filter(is_plain_branch);
        decision.fork = wish.pull.is_from_fork;
        decision.head = wish.kind.stated_head().or(wish.pull.head);
        let assumed = match wish.kind {
            WishKind::Command(SpokenCommand::Test) => {
                decision.act(DecidedAction::CheckPatch);
                "the author of the comment may push"
            }
            WishKind::Command(SpokenCommand::Merge { .. }) => {
                decision.act(DecidedAction::Merge);
                "the author of the comment is an admin, and the head is the stated or reviewed commit"
            }
            WishKind::Command(SpokenCommand::Review) => {
                decision.change_label(LabelChange::Add(NEEDS_REVIEW.to_owned()));
                "the author of the comment wrote the pull request, or may label it"
            }
            WishKind::TestNewWork => {
                decision.act(DecidedAction::CheckPatch);
                "the author and the sender may push, or `ci.untrusted` is true"
            }
            WishKind::NoteReview => {
                decision.change_label(LabelChange::Remove(NEEDS_REVIEW.to_owned()));
                "the reviewer may push and did not write the pull request, which has the label"
            }
            WishKind::Hint(_) | WishKind::ExplainSeveral => "the comment has no answer yet, and gets a hint",
        };
        decision.reason = format!("{ASSUMED}; {assumed}");
        decision
    }

    /// Lets the next job act.
    pub fn act(&mut self, action: DecidedAction) {
        self.action = action;
        self.status = match action {
            DecidedAction::CheckPatch => Some(CHECK_PATCH_STATUS.to_owned()),
            DecidedAction::Merge => Some(MERGE_STATUS.to_owned()),
            DecidedAction::Label | DecidedAction::None => None,
        };
    }

    /// Changes a label.
    pub fn change_label(&mut self, change: LabelChange) {
        self.action = DecidedAction::Label;
        self.label = Some(change);
    }

    /// Reads the JSON form. Errors: the text is no decision; why.
    pub fn parse(text: &[u8]) -> Result<Decision, String> {
        parse_json(text, DECISION_SCHEMA, |decision: &Decision| &decision.schema)
    }

    /// The JSON form, on one line.
    pub fn render(&self) -> serde_json::Result<String> {
        Ok(format!("{}\n", serde_json::to_string(self)?))
    }

    /// The lines `name=value` that a later step of GitHub Actions reads. A value has no letter that a shell or GitHub could take for more.
    pub fn outputs(&self) -> String {
        let base = self.base.as_ref().map_or("", |base| base.as_str());
        let text = |value: Option<String>| value.unwrap_or_default();
        format!(
            "action={}\npull={}\nhead={}\nbase={base}\n",
            self.action.name(),
            text(self.pull.map(|pull| pull.to_string())),
            text(self.head.map(|head| head.to_string())),
        )
    }
}

/// Whether the name of a branch has only letters that no shell and no log reads as more than a name.
pub fn is_plain_branch(branch: &BranchName) -> bool {
    branch.as_str().chars().all(|letter| letter.is_ascii_alphanumeric() || "._/-".contains(letter))
}

/// The name of an account, if it has only letters that forges allow in it.
fn plain_login(login: &str) -> Option<String> {
    let bare = login.strip_suffix("[bot]").unwrap_or(login);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    (!bare.is_empty() && bare.len() <= 100 && bare.chars().all(is_plain)).then(|| login.to_owned())
}
