//! The merge pipeline as a state machine. It decides on the next step, and takes what came of it; it does nothing itself.
//!
//! ```text
//!  requested ─prepare─► prepared ─test─► tested ─confirm─► confirmed ─push─► landed ─stage─► done ─report─►
//!      ▲                                    │                  │
//!      └────────────── somebody else pushed first ─────────────┘
//! ```
//!
//! A merge that a comment on a forge asked for has a last step: to report there how it ended, also where it was stopped.
//!
//! Every entry of the journal is an event of this machine, so the state of an interrupted merge is that after its last event.
//! A step that began and has no outcome is done again. This is safe, because each step first finds out what is there already.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::ci::merge::request::MergeRequest;
use crate::git::{CommitId, ObjectId};
use crate::history::Version;

/// A step of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeStep {
    /// Fetch, check the branch, make the merge commit.
    Prepare,
    /// Run the steps of `check-merged` and `build-artifacts` on the merge commit.
    Test,
    /// Ask the remote again.
    Confirm,
    /// Make the base lead to the merge commit.
    Push,
    /// Stage the release that the tests left.
    Stage,
    /// Answer on the forge.
    Report,
}

impl fmt::Display for MergeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MergeStep::Prepare => "prepare",
            MergeStep::Test => "test",
            MergeStep::Confirm => "confirm",
            MergeStep::Push => "push",
            MergeStep::Stage => "stage",
            MergeStep::Report => "report",
        })
    }
}

/// A merge commit that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedMerge {
    /// The newest commit of the base then: the first parent.
    pub base: CommitId,
    pub merge: CommitId,
    pub tree: ObjectId,
    /// The version of the merge commit; `None` if it has none, and nothing is released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
}

/// What the tests of a merge commit left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedMerge {
    /// The tree of the tracked files after the tests.
    pub tree: ObjectId,
    /// The digest of the release's checksums; `None` if no step makes a release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Digest>,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum MergeEvent {
    Requested(Box<MergeRequest>),
    /// A step began; its outcome follows, unless the run was killed.
    Began {
        step: MergeStep,
    },
    Prepared(PreparedMerge),
    /// All tests passed.
    Tested(TestedMerge),
    /// The remote still has the head and the base.
    Confirmed,
    /// The base leads to another commit than the one that was tested with.
    LostRace {
        base: CommitId,
    },
    /// The base has the merge commit.
    Landed,
    /// The release is in unstable under this name; `None` if the tests made none.
    Staged {
        snapshot: Option<String>,
    },
    /// The merge ends without a change of the base.
    Stopped(StopReason),
    /// A person ended it.
    GivenUp {
        why: String,
    },
    /// The forge shows how it ended.
    Reported,
}

/// Why a merge ends without a change of the base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum StopReason {
    /// The base has the head already.
    AlreadyMerged,
    /// The work and the base have no commit in common.
    Unrelated,
    /// Both sides changed these paths.
    Conflicts { paths: Vec<String> },
    /// `lint` finds errors in the branch.
    Lint { errors: usize },
    /// The merge commit would have no version, or a wrong one.
    NoVersion { why: String },
    /// These steps did not pass.
    TestsFailed { steps: Vec<String> },
    /// The tests changed tracked files, so that the tested files were not those of the commit.
    ChangedFiles { paths: Vec<String> },
    /// The steps left no release of the merge commit.
    BadRelease { why: String },
    /// The work has another newest commit now; `None`: it is gone.
    HeadMoved { now: Option<CommitId> },
    /// The base is gone.
    NoBase,
    /// The forge says that nobody wants this merge any more, or that who asked for it may not.
    Withdrawn { why: String },
    /// The remote refuses the push: the most important line of its words, and then all of them.
    Refused { why: String },
    /// Somebody else was faster each time.
    LostRaces { times: u32 },
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::AlreadyMerged => f.write_str("the base has this commit already"),
            StopReason::Unrelated => f.write_str("it has no commit in common with the base"),
            StopReason::Conflicts { paths } => write!(f, "conflict in {}", listed(paths)),
            StopReason::Lint { errors: 1 } => f.write_str("`lint` finds an error in the branch"),
            StopReason::Lint { errors } => write!(f, "`lint` finds {errors} errors in the branch"),
            StopReason::NoVersion { why } => write!(f, "the merge commit would have no version: {why}"),
            StopReason::TestsFailed { steps } => write!(f, "{} did not pass", listed(steps)),
            StopReason::ChangedFiles { paths } => write!(f, "the tests changed tracked files: {}", listed(paths)),
            StopReason::BadRelease { why } => write!(f, "the steps left no release of the merge commit: {why}"),
            StopReason::HeadMoved { now: Some(now) } => write!(f, "somebody pushed {} to the work", now.short()),
            StopReason::HeadMoved { now: None } => f.write_str("the work is not there any more"),
            StopReason::NoBase => f.write_str("the base is not there any more"),
            StopReason::Withdrawn { why } => f.write_str(why),
            StopReason::Refused { why } => {
                write!(f, "the remote refuses the push: {}", why.lines().next().unwrap_or_default())
            }
            StopReason::LostRaces { times } => write!(f, "somebody else pushed first, {times} times"),
        }
    }
}

/// A few of some names, in backticks.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text =
        names.iter().take(SHOWN).map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}

/// How far a merge is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergePhase {
    Requested,
    Prepared(PreparedMerge),
    Tested(PreparedMerge, TestedMerge),
    Confirmed(PreparedMerge, TestedMerge),
    Landed(PreparedMerge, TestedMerge),
    /// The merge commit is in the base, and its release in unstable.
    Done {
        merge: CommitId,
        snapshot: Option<String>,
    },
    Stopped(StopReason),
    GivenUp {
        why: String,
    },
}

/// A merge: its request and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    pub request: MergeRequest,
    /// The number of this try, from 1.
    pub attempt: u32,
    pub phase: MergePhase,
    /// The last step that began.
    pub began: Option<MergeStep>,
    /// Whether the forge shows how it ended.
    pub is_reported: bool,
}

/// Error: an event that cannot follow the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongEvent(pub String);

impl fmt::Display for WrongEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongEvent {}

impl Merge {
    /// A merge that was just requested.
    pub fn new(request: MergeRequest) -> Merge {
        Merge { request, attempt: 1, phase: MergePhase::Requested, began: None, is_reported: false }
    }

    /// The state after the events of a journal.
    pub fn replay<'e>(events: impl IntoIterator<Item = &'e MergeEvent>) -> Result<Merge, WrongEvent> {
        let mut events = events.into_iter();
        let mut merge = match events.next() {
            Some(MergeEvent::Requested(request)) => Merge::new((**request).clone()),
            _ => return Err(WrongEvent("it does not begin with a request".to_owned())),
        };
        for event in events {
            merge.take(event)?;
        }
        Ok(merge)
    }

    /// The state for a run that goes on where another one ended. The last answer of the remote is old, so the next step is to confirm.
    pub fn resumed(mut self) -> Merge {
        if let MergePhase::Confirmed(prepared, tested) = self.phase {
            self.phase = MergePhase::Tested(prepared, tested);
        }
        self
    }

    /// The next step; `None` at the end.
    pub fn next(&self) -> Option<MergeStep> {
        match self.phase {
            MergePhase::Requested => Some(MergeStep::Prepare),
            MergePhase::Prepared(_) => Some(MergeStep::Test),
            MergePhase::Tested(..) => Some(MergeStep::Confirm),
            MergePhase::Confirmed(..) => Some(MergeStep::Push),
            MergePhase::Landed(..) => Some(MergeStep::Stage),
            MergePhase::Done { .. } | MergePhase::Stopped(_) | MergePhase::GivenUp { .. } => {
                (self.request.comment.is_some() && !self.is_reported).then_some(MergeStep::Report)
            }
        }
    }

    /// Takes an event. Errors: it cannot follow this state.
    pub fn take(&mut self, event: &MergeEvent) -> Result<(), WrongEvent> {
        use MergePhase as Phase;
        let next = match (&self.phase, event) {
            (phase, MergeEvent::Began { step }) => {
                // A resumed run confirms again.
                let again = self.clone().resumed().next();
                if self.next() != Some(*step) && again != Some(*step) {
                    return Err(self.wrong(event));
                }
                self.began = Some(*step);
                if again == Some(*step) { self.clone().resumed().phase } else { phase.clone() }
            }
            (Phase::Requested, MergeEvent::Prepared(prepared)) => Phase::Prepared(prepared.clone()),
            (Phase::Prepared(prepared), MergeEvent::Tested(tested)) if tested.tree == prepared.tree => {
                Phase::Tested(prepared.clone(), tested.clone())
            }
            (Phase::Tested(prepared, tested), MergeEvent::Confirmed) => {
                Phase::Confirmed(prepared.clone(), tested.clone())
            }
            (Phase::Tested(prepared, tested) | Phase::Confirmed(prepared, tested), MergeEvent::Landed) => {
                Phase::Landed(prepared.clone(), tested.clone())
            }
            (Phase::Tested(..) | Phase::Confirmed(..), MergeEvent::LostRace { .. }) => {
                if self.attempt < self.request.tries {
                    self.attempt += 1;
                    Phase::Requested
                } else {
                    Phase::Stopped(StopReason::LostRaces { times: self.attempt })
                }
            }
            (Phase::Landed(prepared, _), MergeEvent::Staged { snapshot }) => {
                Phase::Done { merge: prepared.merge, snapshot: snapshot.clone() }
            }
            // A person gives up the report, or there it is: the merge has ended as it has.
            (phase, MergeEvent::GivenUp { .. } | MergeEvent::Reported) if self.next() == Some(MergeStep::Report) => {
                self.is_reported = true;
                phase.clone()
            }
            (_, MergeEvent::Stopped(_)) if self.next() == Some(MergeStep::Report) => return Err(self.wrong(event)),
            (Phase::Landed(..), MergeEvent::Stopped(_)) => return Err(self.wrong(event)),
            (_, MergeEvent::Stopped(reason)) if self.next().is_some() => Phase::Stopped(reason.clone()),
            (_, MergeEvent::GivenUp { why }) if self.next().is_some() => Phase::GivenUp { why: why.clone() },
            _ => return Err(self.wrong(event)),
        };
        self.phase = next;
        Ok(())
    }

    fn wrong(&self, event: &MergeEvent) -> WrongEvent {
        let name = serde_json::to_value(event).ok().and_then(|value| Some(value["event"].as_str()?.to_owned()));
        WrongEvent(format!("`{}` cannot follow {}", name.unwrap_or_default(), self.phase.name()))
    }
}

impl MergePhase {
    /// A word for the state.
    pub fn name(&self) -> &'static str {
        match self {
            MergePhase::Requested => "requested",
            MergePhase::Prepared(_) => "prepared",
            MergePhase::Tested(..) => "tested",
            MergePhase::Confirmed(..) => "confirmed",
            MergePhase::Landed(..) => "landed",
            MergePhase::Done { .. } => "done",
            MergePhase::Stopped(_) => "stopped",
            MergePhase::GivenUp { .. } => "given up",
        }
    }
}

#[cfg(test)]
mod tests;
