//! A decision to merge, as the jobs after `ci respond` read it.

use jiff::Timestamp;

use crate::ci::merge::request::{MergeComment, MergeRequest, ProposedWork};
use crate::ci::respond::decision::{DecidedAction, Decision};
use crate::forge::ForgePlace;
use crate::forge::model::Account;
use crate::git::merge::Committer;
use crate::git::{BranchName, CommitId};

/// What is to be merged, and who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeOrder {
    pub pull: u32,
    /// The only commit that is merged.
    pub head: CommitId,
    pub base: BranchName,
    pub comment: MergeComment,
    /// The author of the comment, as the merge commit names them.
    pub by: Committer,
    /// When the comment was written.
    pub at: Timestamp,
}

impl MergeOrder {
    /// Errors: the decision is another one, or lacks something; why.
    pub fn of(decision: &Decision, place: &ForgePlace) -> Result<MergeOrder, String> {
        if decision.action != DecidedAction::Merge {
            return Err(format!("its action is `{}`, not `merge`", decision.action.name()));
        }
        let lacks = |name: &str| format!("it has no `{name}`");
        let asker = decision.by.as_ref().ok_or_else(|| lacks("by"))?;
        let login = asker.login.clone().unwrap_or_else(|| format!("account-{}", asker.id));
        // Only a comment of a person is a command.
        let by = Account { id: asker.id, login: login.clone(), is_person: true };
        let email = place.private_email(&by);
        Ok(MergeOrder {
            pull: decision.pull.ok_or_else(|| lacks("pull"))?,
            head: decision.head.ok_or_else(|| lacks("head"))?,
            base: decision.base.clone().ok_or_else(|| lacks("base"))?,
            comment: MergeComment {
                id: decision.comment.ok_or_else(|| lacks("comment"))?,
                by,
                names_commit: decision.names_commit.ok_or_else(|| lacks("names_commit"))?,
            },
            by: Committer { name: login, email },
            at: decision.at.ok_or_else(|| lacks("at"))?,
        })
    }

    /// Whether a request, which came from another job, is this one. What a decision does not say (the remote, the number of the pipeline, the tries) the
    /// last job finds out itself.
    pub fn is(&self, request: &MergeRequest) -> bool {
        let MergeOrder { pull, head, base, comment, by, at } = self;
        let is_pull = matches!(&request.work, ProposedWork::Pull { number, .. } if number == pull);
        is_pull
            && (head, base, by, at) == (&request.head, &request.base, &request.by, &request.at)
            && request.comment.as_ref() == Some(comment)
    }
}
