//! Carries a decision out: the answer, the label, the status.
//!
//! Everything may happen twice: an event is delivered again, or a run is killed and started again. So everything is done in a way that
//! doing it again changes nothing. A comment that is accepted gets an answer with the marker `accepted`; when the decision was handed over,
//! `done` is added. A run that finds `accepted` alone does the rest, and one that finds `done` does nothing.
//!
//! The pending status is for people alone. Where the forge refuses it, the answer says so, and all else is done.

use anyhow::Result;

use crate::ci::respond::decision::{DecidedAction, Decision, LabelChange};
use crate::ci::respond::reply::{MarkedEffect, UNTESTED_MARK, head_marker, marker, refused_status};
use crate::forge::model::{CommitStatus, StatusState};
use crate::forge::{Forge, take_refusal};

/// Carries a decision out. `hand_over` gives it to the next job. Returns why the forge refuses the status, if it does.
///
/// Errors: the forge cannot be reached, or does not let this program do it; the decision cannot be handed over. What was not done is done
/// when the event is delivered again.
pub fn apply(
    forge: &dyn Forge,
    decision: &Decision,
    hand_over: impl FnOnce() -> Result<()>,
) -> Result<Option<anyhow::Error>> {
    let Some(pull) = decision.pull else { return hand_over().map(|()| None) };
    let answer = decision.comment.zip(decision.reply.as_deref());
    let acts = matches!(decision.action, DecidedAction::CheckPatch | DecidedAction::Merge);
    let mut accepted = None;
    if let (Some((comment, reply)), Some(head)) = (answer.filter(|_| acts), decision.head) {
        let mark = marker(comment, MarkedEffect::Accepted);
        let text = format!("{reply}\n\n{mark}\n{}", head_marker(comment, head));
        accepted = Some(forge.comment(pull, &mark, &text)?.id);
    }
    match &decision.label {
        Some(LabelChange::Add(label)) => forge.add_label(pull, label)?,
        Some(LabelChange::Remove(label)) => forge.remove_label(pull, label)?,
        None => {}
    }
    let mut refused = None;
    if let Some((head, context)) = decision.head.zip(decision.status.clone()) {
        let description = "accepted, and waits for its job".to_owned();
        let status = CommitStatus { context, state: StatusState::Pending, description, url: None };
        refused = take_refusal(forge.set_status(head, &status))?;
    }
    hand_over()?;
    if let (None, Some(reply)) = (decision.comment, &decision.reply) {
        forge.comment(pull, UNTESTED_MARK, &format!("{reply}\n\n{UNTESTED_MARK}"))?;
        return Ok(refused);
    }
    let Some((comment, reply)) = answer else { return Ok(refused) };
    let done = marker(comment, MarkedEffect::Done);
    match (accepted, decision.head) {
        (Some(id), Some(head)) => {
            let marks = [marker(comment, MarkedEffect::Accepted), head_marker(comment, head), done].join("\n");
            let note = decision.status.as_deref().filter(|_| refused.is_some()).map(refused_status).unwrap_or_default();
            forge.replace_comment(pull, id, &format!("{reply}{note}\n\n{marks}"))?;
        }
        _ => drop(forge.comment(pull, &done, &format!("{reply}\n\n{done}"))?),
    }
    Ok(refused)
}
