//! The rules about who may start what: a function of the wish and the facts.

use jiff::Timestamp;

use crate::ci::respond::comment::SpokenCommand;
use crate::ci::respond::decision::{DecidedAction, Decision, LabelChange, NEEDS_REVIEW, is_plain_branch};
use crate::ci::respond::facts::{KnownFacts, MergeForecast, OwnSide, Question};
use crate::ci::respond::reply::{self, AnswerProgress};
use crate::ci::respond::wish::{Wish, WishKind};
use crate::forge::model::{
    Account, Permission, PullChange, PullRecord, PullRequest, Review, ReviewVerdict, has_marker,
};
use crate::git::CommitId;
use crate::git::wildmatch::{Scope, matches};
use crate::project::config::Config;

/// Decides; or returns the question whose answer is needed next. Facts are asked only where those before do not say no.
pub fn decide(wish: &Wish, facts: &KnownFacts) -> Result<Decision, Question> {
    let case = WishCase { wish, facts };
    let decided = match wish.kind {
        WishKind::Command(command) => case.command(command),
        WishKind::Hint(meant) => case.explain("a line of the comment is nearly a command", reply::hint(meant)),
        WishKind::ExplainSeveral => case.explain("the comment has several commands", reply::SEVERAL.to_owned()),
        WishKind::TestNewWork => case.new_work(),
        WishKind::NoteReview => case.review(),
    };
    match decided {
        Ok(decision) => Ok(decision),
        Err(Pause::No(decision)) => Ok(*decision),
        Err(Pause::Ask(question)) => Err(question),
    }
}

/// Why the rules are not followed to their end.
enum Pause {
    Ask(Question),
    No(Box<Decision>),
}

impl From<Question> for Pause {
    fn from(question: Question) -> Pause {
        Pause::Ask(question)
    }
}

/// A wish with what is known.
struct WishCase<'c> {
    wish: &'c Wish,
    facts: &'c KnownFacts,
}

/// The pull request, and the configuration that counts for it.
struct OpenPull<'c> {
    pull: &'c PullRequest,
    config: &'c Config,
}

impl<'c> WishCase<'c> {
    fn command(&self, command: SpokenCommand) -> Result<Decision, Pause> {
        let progress = self.progress()?;
        let pull = self.pull()?;
        let is_merge = matches!(command, SpokenCommand::Merge { .. });
        if let AnswerProgress::Accepted(accepted) = progress
            && accepted != pull.head
            && command != SpokenCommand::Review
        {
            return Err(
                self.no_saying("the head has moved since it was accepted", reply::moved_on(accepted, pull.head))
            );
        }
        let open = self.with_base(pull)?;
        if !self.may(command, &open)? {
            return Err(self.no_telling("the author of the comment may not do this", reply::not_allowed(command))?);
        }
        let mut decision = self.decision(&open, "the author of the comment may do this");
        if command == SpokenCommand::Review {
            decision.change_label(LabelChange::Add(NEEDS_REVIEW.to_owned()));
            decision.reply = Some(reply::ACCEPT_REVIEW.to_owned());
            return Ok(decision);
        }
        if is_merge {
            self.require_mergeable(&open)?;
        }
        let forecast = self.forecast(pull)?;
        if let (true, MergeForecast::Stops(why)) = (is_merge, forecast) {
            return Err(self.no_saying("the merge would stop at once", reply::would_stop(why)));
        }
        let (head, base) = (pull.head, &pull.base);
        if is_merge {
            decision.act(DecidedAction::Merge);
            decision.reply = Some(reply::accept_merge(head, base, forecast));
        } else {
            decision.act(DecidedAction::CheckPatch);
            decision.reply = Some(reply::accept_tests(head, base, forecast));
        }
        Ok(decision)
    }

    /// Whether the author of the comment may give this command.
    fn may(&self, command: SpokenCommand, open: &OpenPull<'_>) -> Result<bool, Pause> {
        let by = &self.wish.by;
        match command {
            SpokenCommand::Test => Ok(self.permission(by)? >= Permission::Write),
            SpokenCommand::Review => Ok(by.id == open.pull.author.id || self.permission(by)? >= Permission::Triage),
            SpokenCommand::Merge { .. } => {
                let admins = open.config.ci.admins.as_deref();
                let is_listed = admins.is_none_or(|admins| admins.iter().any(|admin| admin.is(by.id, &by.login)));
                Ok(is_listed && self.permission(by)? >= Permission::Maintain)
            }
        }
    }

    /// No draft, and since the comment nothing happened to the pull request that would have ended a merge, also where it was taken back. Work from a fork,
    /// and work whose pushes the forge does not record, is merged only at a commit that somebody looked at.
    fn require_mergeable(&self, open: &OpenPull<'_>) -> Result<(), Pause> {
        let pull = open.pull;
        if pull.is_draft {
            return Err(self.no_saying("the pull request is a draft", reply::DRAFT));
        }
        let record = self.record()?;
        self.require_same_base(pull, record)?;
        let stated = self.wish.kind.stated_head();
        if stated.is_some_and(|stated| stated != pull.head) {
            return Err(self.no_saying("the stated commit is not the head", reply::other_head(pull.head)));
        }
        self.require_undisturbed(pull, record)?;
        match (stated, record) {
            (Some(_), _) => Ok(()),
            (None, Some(record)) if record.has_pushes && !pull.is_from_fork || self.is_approved(pull, record)? => {
                Ok(())
            }
            _ if pull.is_from_fork => {
                let reason = "work from a fork needs its commit in the comment, or an approving review that is older";
                Err(self.no_saying(reason, reply::unseen_fork(pull.head)))
            }
            _ => {
                let reason = "it is not known that the head was there before the comment";
                Err(self.no_saying(reason, reply::unseen_head(pull.head)))
            }
        }
    }

    /// What happened to the pull request since the comment was written; `None` where the forge does not say it.
    fn record(&self) -> Result<Option<&'c PullRecord>, Pause> {
        let Some(at) = self.commented() else { return Ok(None) };
        Ok(self.facts.record.as_ref().ok_or(Question::Record(at))?.as_ref())
    }

    /// The base is the one that the author of the comment saw. The event can be written later than the comment: the base in it is no proof alone.
    fn require_same_base(&self, pull: &PullRequest, record: Option<&PullRecord>) -> Result<(), Pause> {
        let in_event = self.wish.pull.base.as_ref();
        let has_changed = match record {
            Some(record) => record.changes.contains(&PullChange::Retargeted),
            None => in_event.is_none(),
        };
        if has_changed || in_event.is_some_and(|base| *base != pull.base) {
            let reason = "the base was changed after the comment, or it is not known that it was not";
            return Err(self.no_saying(reason, reply::other_base(&pull.base)));
        }
        Ok(())
    }

    /// Since the comment, the pull request was open and no draft, and nobody pushed. So an old comment, whose event is delivered again, does not merge
    /// what was pushed since.
    fn require_undisturbed(&self, pull: &PullRequest, record: Option<&PullRecord>) -> Result<(), Pause> {
        let has = |change| record.is_some_and(|record| record.changes.contains(&change));
        if has(PullChange::Closed) {
            return Err(self.no_saying("the pull request was closed after the comment", reply::CLOSED_SINCE));
        }
        if has(PullChange::Drafted) {
            return Err(self.no_saying("the pull request was a draft after the comment", reply::DRAFT_SINCE));
        }
        let was_other = self.wish.pull.head.is_some_and(|head| head != pull.head);
        if was_other || has(PullChange::Pushed) {
            return Err(self.no_saying("the head was not there before the comment", reply::unseen_head(pull.head)));
        }
        Ok(())
    }

    /// When the comment was written, by the clock of the forge.
    fn commented(&self) -> Option<Timestamp> {
        self.wish.comment?.at
    }

    /// Whether a member had approved exactly the head before the comment was written, and the last word of no member is to ask for changes. A later
    /// approval counts as none: the comment could not mean what it approves. If a review was dismissed since, it is not known what it said.
    fn is_approved(&self, pull: &PullRequest, record: &PullRecord) -> Result<bool, Pause> {
        if record.changes.contains(&PullChange::ReviewDismissed) {
            return Ok(false);
        }
        let reviews = self.facts.reviews.as_ref().ok_or(Question::Reviews)?;
        let is_older = |review: &&Review| {
            review.verdict != ReviewVerdict::Approved
                || review.at.zip(self.commented()).is_some_and(|(at, commented)| at < commented)
        };
        let reviews: Vec<&Review> = reviews.iter().filter(is_older).collect();
        let mut is_approved = false;
        for (at, review) in reviews.iter().enumerate() {
            let author = &review.author;
            let is_last = reviews[at + 1..]
                .iter()
                .all(|later| later.author.id != author.id || later.verdict == ReviewVerdict::Other);
            let counts = match review.verdict {
                ReviewVerdict::Approved => review.commit == Some(pull.head),
                ReviewVerdict::ChangesRequested => true,
                ReviewVerdict::Other => false,
            };
            let is_other_person = author.is_person && author.id != pull.author.id;
            if !(counts && is_last && is_other_person) || self.permission(author)? < Permission::Write {
                continue;
            }
            if review.verdict == ReviewVerdict::ChangesRequested {
                return Ok(false);
            }
            is_approved = true;
        }
        Ok(is_approved)
    }

    fn new_work(&self) -> Result<Decision, Pause> {
        self.own()?;
        let pull = self.pull()?;
        if self.wish.pull.head != Some(pull.head) {
            return Err(self.no("the head has moved since: the event about the newer commit counts"));
        }
        let open = self.with_base(pull)?;
        let reason = if open.config.ci.untrusted {
            "`ci.untrusted` is true"
        } else if self.is_member(&pull.author)? && self.is_member(&self.wish.by)? {
            "the author and the sender are members"
        } else {
            return Err(self.untested(pull));
        };
        let mut decision = self.decision(&open, reason);
        decision.act(DecidedAction::CheckPatch);
        Ok(decision)
    }

    /// A person whose work is not tested gets an answer: one for each pull request, however often they push.
    fn untested(&self, pull: &PullRequest) -> Pause {
        let reason = "the work is of somebody who may not push, and `ci.untrusted` is not true";
        let own = self.facts.own.as_ref();
        let is_told = own.is_none_or(|own| own.comments.iter().any(|text| has_marker(text, reply::UNTESTED_MARK)));
        if is_told || !pull.author.is_person || !self.wish.by.is_person {
            return self.no(reason);
        }
        self.no_saying(reason, reply::UNTESTED)
    }

    fn review(&self) -> Result<Decision, Pause> {
        self.own()?;
        let pull = self.pull()?;
        if self.wish.by.id == pull.author.id {
            return Err(self.no("the review is by the author of the pull request"));
        }
        if !pull.labels.iter().any(|label| label == NEEDS_REVIEW) {
            return Err(self.no("the pull request does not have the label"));
        }
        let open = self.with_base(pull)?;
        if !self.is_member(&self.wish.by)? {
            return Err(self.no("the review is not by a member"));
        }
        let mut decision = self.decision(&open, "a member has reviewed the work");
        decision.change_label(LabelChange::Remove(NEEDS_REVIEW.to_owned()));
        Ok(decision)
    }

    /// An answer that changes nothing else. Who may label can use it; others could make the program write as often as they like.
    fn explain(&self, reason: &str, text: String) -> Result<Decision, Pause> {
        self.progress()?;
        if self.permission(&self.wish.by)? < Permission::Triage {
            return Err(self.no(reason));
        }
        Err(self.no_saying(reason, text))
    }

    /// How far an earlier delivery of the comment came.
    fn progress(&self) -> Result<AnswerProgress, Pause> {
        let own = self.own()?;
        let Some(comment) = self.wish.comment else { return Ok(AnswerProgress::Open) };
        match reply::find_progress(&own.comments, comment.id) {
            AnswerProgress::Done => Err(self.no("the comment was answered before")),
            progress => Ok(progress),
        }
    }

    /// The own account, which did not cause the event.
    fn own(&self) -> Result<&'c OwnSide, Pause> {
        let own = self.facts.own.as_ref().ok_or(Question::Own)?;
        if own.account.id == self.wish.by.id {
            return Err(self.no("this program caused the event itself"));
        }
        Ok(own)
    }

    /// The open pull request.
    fn pull(&self) -> Result<&'c PullRequest, Pause> {
        let found = self.facts.pull.as_ref().ok_or(Question::Pull)?;
        match found {
            Some(pull) if pull.is_open && pull.number == self.wish.number => Ok(pull),
            _ => Err(self.no("the pull request is not open any more")),
        }
    }

    /// The configuration of the base, which must be a branch that is released.
    fn with_base(&self, pull: &'c PullRequest) -> Result<OpenPull<'c>, Pause> {
        if !is_plain_branch(&pull.base) {
            return Err(self.no("the name of the base has letters that shells and logs read as more than a name"));
        }
        let found = self.facts.base.as_ref().ok_or_else(|| Question::Base(pull.base.clone()))?;
        let Some(config) = found else { return Err(self.no("the base is not on the remote")) };
        let name = pull.base.as_str().as_bytes();
        let is_released = config.project.branches.iter().any(|pattern| matches(pattern.as_bytes(), name, Scope::Path));
        if is_released {
            return Ok(OpenPull { pull, config });
        }
        let reason = "the base is none of `project.branches`";
        Err(if self.wish.comment.is_some() { self.no_telling(reason, reply::WRONG_BASE)? } else { self.no(reason) })
    }

    fn permission(&self, account: &Account) -> Result<Permission, Pause> {
        let known = self.facts.permissions.get(&account.id).copied();
        Ok(known.ok_or_else(|| Question::Permission(account.clone()))?)
    }

    /// Whether an account is a person who may push.
    fn is_member(&self, account: &Account) -> Result<bool, Pause> {
        Ok(account.is_person && self.permission(account)? >= Permission::Write)
    }

    fn forecast(&self, pull: &PullRequest) -> Result<&'c MergeForecast, Pause> {
        let (base, head): (_, CommitId) = (pull.base.clone(), pull.head);
        Ok(self.facts.forecast.as_ref().ok_or(Question::Forecast { base, head })?)
    }

    fn decision(&self, open: &OpenPull<'_>, reason: &str) -> Decision {
        let pull = open.pull;
        Decision {
            head: Some(pull.head),
            base: Some(pull.base.clone()),
            fork: Some(pull.is_from_fork),
            ..Decision::refuse(self.wish, reason)
        }
    }

    fn no(&self, reason: &str) -> Pause {
        Pause::No(Box::new(Decision::refuse(self.wish, reason)))
    }

    /// Like [`WishCase::no_saying`], for answers that everybody can cause. A pull request gets one of this text for all who may not label it: they could
    /// make the program write as often as they like.
    fn no_telling(&self, reason: &str, text: &str) -> Result<Pause, Pause> {
        let is_told = self.own()?.comments.iter().any(|own| own.starts_with(text));
        let is_silent = is_told && self.permission(&self.wish.by)? < Permission::Triage;
        Ok(if is_silent { self.no(reason) } else { self.no_saying(reason, text) })
    }

    fn no_saying(&self, reason: &str, text: impl Into<String>) -> Pause {
        let decision = Decision { reply: Some(text.into()), ..Decision::refuse(self.wish, reason) };
        Pause::No(Box::new(decision))
    }
}
