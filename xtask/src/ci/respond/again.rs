//! A merge that a comment asked for is decided on once more, before its tests and before its push. It takes as long as the tests: meanwhile the
//! pull request can be closed, get other commits or lose its approval, and a person can lose the right to merge. A decision whose outcome was shown is
//! used up: who asked was told that nothing was merged.

use anyhow::Result;

use crate::ci::merge::answer::MERGE_STATUS;
use crate::ci::merge::request::{MergeRequest, ProposedWork};
use crate::ci::respond::comment::SpokenCommand;
use crate::ci::respond::decide::decide;
use crate::ci::respond::decision::DecidedAction;
use crate::ci::respond::facts::{KnownFacts, MergeForecast, OwnSide, Question};
use crate::ci::respond::reply;
use crate::ci::respond::wish::{AskingComment, Wish, WishKind};
use crate::forge::Forge;
use crate::forge::event::EventPull;
use crate::forge::model::ShownStatus;
use crate::project::config::Config;

/// Why a merge is not wanted any more, by the same rules as at first; `None` if it is. `config` is the one that counts for the base.
///
/// Errors: the forge cannot be reached, or does not let this program ask.
pub fn why_withdrawn(forge: &dyn Forge, request: &MergeRequest, config: &Config) -> Result<Option<String>> {
    let (Some(comment), ProposedWork::Pull { number, .. }) = (&request.comment, &request.work) else { return Ok(None) };
    let account = forge.own_account()?;
    let comments = forge.comments(*number)?.into_iter().filter(|said| said.author.id == account.id);
    if reply::has_outcome(comments.map(|said| said.text), comment.id) {
        return Ok(Some("the forge shows already how this merge came out".to_owned()));
    }
    // Answers can be deleted. A status stays, and a new comment sets another one. That of somebody else says nothing, where the forge says whose it is.
    let statuses = forge.statuses(request.head, MERGE_STATUS)?;
    let is_own = |shown: &ShownStatus| shown.by.is_none_or(|by| by == account.id);
    if statuses.iter().any(|shown| is_own(shown) && !shown.is_pending && shown.at >= request.at) {
        return Ok(Some("a status of the commit shows already how this merge came out".to_owned()));
    }
    let stated = comment.names_commit.then_some(request.head);
    // The head and the base must be those that were decided on.
    let pull = EventPull { head: Some(request.head), base: Some(request.base.clone()), ..EventPull::default() };
    let wish = Wish {
        kind: WishKind::Command(SpokenCommand::Merge { head: stated }),
        number: *number,
        pull,
        by: comment.by.clone(),
        comment: Some(AskingComment { id: comment.id, at: Some(request.at) }),
    };
    // That the comment was answered, and how the merge comes out, is known.
    let mut facts = KnownFacts {
        own: Some(OwnSide { account, comments: Vec::new() }),
        base: Some(Some(config.clone())),
        forecast: Some(MergeForecast::Unversioned),
        ..KnownFacts::default()
    };
    let decision = loop {
        match decide(&wish, &facts) {
            Ok(decision) => break decision,
            Err(Question::Pull) => facts.pull = Some(forge.pull(*number)?),
            Err(Question::Record(since)) => {
                let pull = facts.pull.as_ref().and_then(Option::as_ref);
                facts.record = Some(pull.map_or(Ok(None), |pull| forge.record_since(pull, since))?);
            }
            Err(Question::Reviews) => facts.reviews = Some(forge.reviews(*number)?),
            Err(Question::Permission(account)) => {
                facts.permissions.insert(account.id, forge.permission(&account)?);
            }
            Err(known) => anyhow::bail!("{known:?} is asked again"),
        }
    };
    let is_same = decision.head == Some(request.head) && decision.base.as_ref() == Some(&request.base);
    Ok(match decision.action {
        DecidedAction::Merge if is_same => None,
        DecidedAction::Merge => Some("the pull request has another commit or another base now".to_owned()),
        _ => Some(decision.reason),
    })
}
