//! Asks the forge and the remote for what the rules need.

use anyhow::Result;
use jiff::Timestamp;

use crate::base::progress::Progress;
use crate::ci::merge::home::MergeHome;
use crate::ci::merge::machine::{MergeEvent, StopReason};
use crate::ci::merge::prepare;
use crate::ci::merge::request::{MergeRequest, ProposedWork, references_of};
use crate::ci::merge::stages::base_config;
use crate::ci::respond::decide::decide;
use crate::ci::respond::decision::Decision;
use crate::ci::respond::facts::{KnownFacts, MergeForecast, OwnSide, Question};
use crate::ci::respond::wish::Wish;
use crate::forge::Forge;
use crate::git::merge::Committer;
use crate::git::remote::Remote;
use crate::git::{BranchName, CommitId, Repository};
use crate::project::config::Config;
use crate::project::trusted::TrustedKeys;

/// The number of the only merge in the scratch folder.
const NUMBER: u32 = 1;

/// The remote of the project, as a source of configurations.
pub struct BaseSource<'a> {
    /// The clone of the person or of the job. Only objects whose ids the remote states are read from it.
    pub clone: &'a Repository,
    /// The address of the remote.
    pub address: String,
    /// A folder that is removed afterwards.
    pub home: MergeHome,
}

/// Who is asked.
pub struct Asked<'a> {
    pub forge: &'a dyn Forge,
    pub source: &'a BaseSource<'a>,
    /// The time of this run.
    pub now: Timestamp,
    pub progress: &'a dyn Progress,
}

/// Decides about a wish: asks for each fact that the rules need, once, in the order of the rules.
///
/// Errors: the forge or the remote cannot be reached, or does not let this program ask; the configuration of the base is wrong.
pub fn decide_asking(wish: &Wish, asked: &Asked<'_>) -> Result<Decision> {
    let mut facts = KnownFacts::default();
    loop {
        match decide(wish, &facts) {
            Ok(decision) => return Ok(decision),
            Err(question) => answer(&question, wish.number, asked, &mut facts)?,
        }
    }
}

/// Adds the answer to a question.
fn answer(question: &Question, number: u32, asked: &Asked<'_>, facts: &mut KnownFacts) -> Result<()> {
    let forge = asked.forge;
    match question {
        Question::Own => {
            let account = forge.own_account()?;
            let comments = forge.comments(number)?;
            let own = comments.into_iter().filter(|comment| comment.author.id == account.id);
            facts.own = Some(OwnSide { comments: own.map(|comment| comment.text).collect(), account });
        }
        Question::Pull => facts.pull = Some(forge.pull(number)?),
        Question::Base(base) => facts.base = Some(asked.source.config_for(base)?),
        Question::Permission(account) => {
            facts.permissions.insert(account.id, forge.permission(account)?);
        }
        Question::Record(since) => {
            let pull = facts.pull.as_ref().and_then(Option::as_ref);
            facts.record = Some(pull.map_or(Ok(None), |pull| forge.record_since(pull, *since))?);
        }
        Question::Reviews => facts.reviews = Some(forge.reviews(number)?),
        Question::Forecast { base, head } => facts.forecast = Some(forecast(asked, number, base, *head)?),
    }
    Ok(())
}

impl BaseSource<'_> {
    /// The keys in the configuration that the remote has in its default branch. What is checked out may be the work of a stranger.
    pub fn trusted(&self) -> Result<TrustedKeys> {
        TrustedKeys::ask(&self.remote(), self.clone)
    }

    /// The configuration that counts for work on a branch, as the remote has it now: that of its newest commit, with the keys of trust of the
    /// default branch; `None` if the remote does not have the branch.
    fn config_for(&self, base: &BranchName) -> Result<Option<Config>> {
        let (remote, reference) = (self.remote(), base.full());
        remote.make_local()?;
        let Some(tip) = remote.list(&[&reference])?.remove(&reference) else { return Ok(None) };
        let trusted = self.trusted()?;
        if self.clone.has_commit(tip) {
            return Ok(Some(trusted.over(base_config(self.clone, tip)?)));
        }
        const KEPT: &str = "refs/releng/base";
        remote.fetch(&[format!("+{reference}:{KEPT}")])?;
        let fetched = Repository::open(&remote.local)?;
        Ok(Some(trusted.over(base_config(&fetched, fetched.resolve(KEPT)?)?)))
    }

    fn remote(&self) -> Remote {
        self.home.remote(&self.address)
    }
}

/// Makes the merge commit as `ci merge` would, in the scratch folder.
fn forecast(asked: &Asked<'_>, number: u32, base: &BranchName, head: CommitId) -> Result<MergeForecast> {
    let remote = asked.source.remote();
    remote.make_local()?;
    let candidates = references_of(number);
    let there = remote.list(&candidates.each_ref().map(String::as_str))?;
    let Some(reference) = candidates.into_iter().find(|name| there.contains_key(name)) else {
        return Ok(MergeForecast::Stops("the remote does not have the work"));
    };
    let request = MergeRequest {
        remote: asked.source.address.clone(),
        base: base.clone(),
        work: ProposedWork::Pull { number, reference },
        head,
        // The version does not depend on who merges.
        by: Committer { name: "releng".to_owned(), email: "releng@localhost".to_owned() },
        at: asked.now,
        comment: None,
        pipeline: None,
        tries: 1,
    };
    let preparation = prepare::prepare(&remote, &request, NUMBER, asked.progress)?;
    Ok(match preparation.event {
        MergeEvent::Prepared(prepared) => match prepared.version {
            Some(version) => MergeForecast::Version(version.to_string()),
            None => MergeForecast::Unversioned,
        },
        MergeEvent::Stopped(reason) => MergeForecast::Stops(in_own_words(&reason)),
        _ => MergeForecast::Stops("it cannot be made"),
    })
}

/// The reason without the paths and messages in it, which come from the work.
fn in_own_words(reason: &StopReason) -> &'static str {
    match reason {
        StopReason::AlreadyMerged => "the base has this commit already",
        StopReason::Unrelated => "the work has no commit in common with the base",
        StopReason::Conflicts { .. } => "the work conflicts with the base, and must be rebased",
        StopReason::Lint { .. } => "`lint` finds errors in the commits",
        StopReason::NoVersion { .. } => "the merge commit would have no version",
        StopReason::HeadMoved { .. } => "the remote has another commit of the work",
        StopReason::NoBase => "the base is gone",
        _ => "it cannot be made",
    }
}
