//! The steps that ask the remote again, and that push.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure, program};
use crate::base::interrupt;
use crate::ci::merge::machine::{MergeEvent, PreparedMerge, StopReason, TestedMerge};
use crate::ci::merge::request::MergeRequest;
use crate::git::remote::{PushAnswer, Remote};
use crate::git::{CommitId, Repository};

/// How often a push is tried whose answer did not arrive.
const TRIES: u32 = 3;

/// The pause before the next try.
const PAUSE: Duration = Duration::from_secs(2);

/// What must be true of a merge commit before it is pushed, read from git again.
#[derive(Clone, Debug)]
pub struct LandingFacts {
    pub parents: Vec<CommitId>,
    pub tree: CommitId,
}

/// `Err` unless the merge commit has exactly the parents and the tree that were tested.
pub fn check_landing(
    facts: &LandingFacts,
    request: &MergeRequest,
    prepared: &PreparedMerge,
    tested: &TestedMerge,
) -> Result<(), String> {
    if facts.parents != [prepared.base, request.head] {
        return Err("its parents are not the base and the work that were tested".to_owned());
    }
    if facts.tree != prepared.tree || tested.tree != prepared.tree {
        return Err("its files are not those that were tested".to_owned());
    }
    Ok(())
}

/// Asks the remote: whether it has the merge commit already, and else, whether base and work are still those that were tested.
pub fn confirm(remote: &Remote, request: &MergeRequest, prepared: &PreparedMerge) -> Result<MergeEvent> {
    let (base, work) = (request.base.full(), request.work.reference());
    let there = remote.list(&[&base, &work])?;
    let Some(base_now) = there.get(&base).copied() else { return Ok(MergeEvent::Stopped(StopReason::NoBase)) };
    if base_now != prepared.base {
        return lost_or_landed(remote, request, prepared, base_now);
    }
    let now = there.get(&work).copied();
    if now != Some(request.head) {
        return Ok(MergeEvent::Stopped(StopReason::HeadMoved { now }));
    }
    Ok(MergeEvent::Confirmed)
}

/// The base leads to `base_now`: either the merge commit is in it, or somebody else was faster.
fn lost_or_landed(
    remote: &Remote,
    request: &MergeRequest,
    prepared: &PreparedMerge,
    base_now: CommitId,
) -> Result<MergeEvent> {
    let base = request.base.full();
    remote.fetch(&[format!("+{base}:{base}")])?;
    let repository = Repository::open(&remote.local)?;
    let fetched = repository.resolve(&base)?;
    if repository.has_commit(prepared.merge) && repository.is_ancestor(prepared.merge, fetched)? {
        return Ok(MergeEvent::Landed);
    }
    Ok(MergeEvent::LostRace { base: base_now })
}

/// Pushes the merge commit. The remote takes it only if the base still leads to the commit that was tested with.
///
/// Errors: the merge commit is not the tested one; the remote cannot be reached (exit 5).
pub fn push(
    remote: &Remote,
    request: &MergeRequest,
    prepared: &PreparedMerge,
    tested: &TestedMerge,
) -> Result<MergeEvent> {
    let commit = Repository::open(&remote.local)?.commit(prepared.merge)?;
    let tree = commit.tree().with_context(|| format!("commit `{}` is damaged", prepared.merge))?;
    let facts = LandingFacts { parents: commit.parents().collect(), tree };
    check_landing(&facts, request, prepared, tested).map_err(|why| {
        Failure::new(Exit::Failed, format!("refusing to push {}: {why}", prepared.merge))
            .help("somebody changed the state of the merge: give it up, and merge again")
    })?;
    let base = request.base.full();
    let mut silence = Silence::default();
    for _ in 0..TRIES {
        let answer = remote.push(&request.base, prepared.base, prepared.merge)?;
        // Whatever the answer was: what counts is where the base leads now.
        match remote.list(&[&base]).map(|there| there.get(&base).copied()) {
            Ok(Some(now)) if now != prepared.base => return lost_or_landed(remote, request, prepared, now),
            Ok(None) => return Ok(MergeEvent::Stopped(StopReason::NoBase)),
            Ok(Some(_)) => match answer {
                PushAnswer::Refused(why) => return Ok(MergeEvent::Stopped(StopReason::Refused { why })),
                PushAnswer::Unknown(why) => silence = Silence { refusal: Some(why), ..Silence::default() },
                PushAnswer::Moved(why) => silence = Silence { locked: why, ..Silence::default() },
                PushAnswer::Taken => silence = Silence::default(),
            },
            Err(error) => silence.unreachable = Some(error),
        }
        pause()?;
    }
    match silence {
        Silence { unreachable: Some(error), .. } => Err(error),
        // The remote is there, and closes the connection at each push.
        Silence { refusal: Some(why), .. } => Ok(MergeEvent::Stopped(StopReason::Refused { why })),
        Silence { locked, .. } => {
            let message = format!("the remote does not make `{}` the merge commit", request.base);
            let help = format!("try again: `{} ci recover`", program());
            Err(Failure::new(Exit::TryAgain, message).details(locked).help(help).into())
        }
    }
}

/// What is known after a push that changed nothing.
#[derive(Default)]
struct Silence {
    /// The last words of the remote.
    refusal: Option<String>,
    /// The last words of the remote about a branch that another push changes, it says, but that is the same as before.
    locked: String,
    /// The remote could not be asked after the last push.
    unreachable: Option<anyhow::Error>,
}

fn pause() -> Result<()> {
    let mut left = PAUSE;
    let part = Duration::from_millis(100);
    while !left.is_zero() {
        interrupt::check()?;
        std::thread::sleep(part);
        left = left.saturating_sub(part);
    }
    Ok(())
}
