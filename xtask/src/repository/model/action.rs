//! What can change a repository.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::history::Version;
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};
use crate::rpm::nevra::Nevra;

/// A change of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Action {
    /// A snapshot was staged.
    Stage {
        snapshot: SnapshotName,
        series: Series,
        /// Whether `latest` was made to lead to it.
        latest: bool,
        /// The dists that the series has ended: its snapshots need no packages for them any more.
        #[serde(default, rename = "ended-dists", skip_serializing_if = "Vec::is_empty")]
        ended: Vec<Dist>,
        /// The reason to sign with a key that clients do not have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        force: Option<String>,
    },
    /// A staged snapshot was found to be of merged work, which it was not when it was staged.
    Merge {
        snapshot: SnapshotName,
        series: Series,
        /// Whether `latest` was made to lead to it.
        latest: bool,
    },
    /// Dists ended when a snapshot that was there already was staged again.
    EndDists {
        snapshot: SnapshotName,
        series: Series,
        /// Whether `latest` was made to lead to it.
        latest: bool,
        #[serde(rename = "ended-dists")]
        ended: Vec<Dist>,
    },
    /// A snapshot became part of a series.
    Promote {
        snapshot: SnapshotName,
        series: Series,
        /// The new revision.
        revision: u32,
        version: Version,
        /// The reason to promote without an acceptance test.
        #[serde(skip_serializing_if = "Option::is_none")]
        untested: Option<String>,
        /// The dists that the series has ended: their clients keep the packages that they have.
        #[serde(default, rename = "ended-dists", skip_serializing_if = "Vec::is_empty")]
        ended: Vec<Dist>,
        /// The reason to sign with a key that clients do not have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        force: Option<String>,
    },
    /// A series got the content of an earlier revision.
    Rollback {
        series: Series,
        /// The new revision.
        revision: u32,
        /// The earlier revision.
        to: u32,
        /// The newest version in it; older logs do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<Version>,
    },
    /// Packages were taken out of a series.
    Yank {
        series: Series,
        /// The new revision.
        revision: u32,
        packages: Vec<Nevra>,
        why: String,
        /// The reason to leave packages behind whose dependencies nothing provides any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        force: Option<String>,
    },
    /// Snapshots and revisions were moved into the trash.
    Prune {
        /// Their paths, relative to the root of the repository.
        items: Vec<FilePath>,
        /// What somebody else had removed before, so that `verify` no longer misses it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<FilePath>,
    },
    /// A snapshot was protected from `prune`.
    Hold {
        snapshot: SnapshotName,
        why: String,
        /// The end of the protection; `None` if it has no end.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// The protection of a snapshot from `prune` was ended.
    Unhold { snapshot: SnapshotName },
    /// In a log that was put together again: events that nothing in the repository tells any more. The number of the entry is that of
    /// the last of them.
    Lost {
        /// The number of the first of them.
        from: u64,
        /// The digest of the line of the last of them, which the next event states.
        line: Digest,
    },
    /// The log was put together again from the manifests in the repository.
    RecoverLog {
        /// The snapshots and revisions that the events tell of and the repository does not have, relative to its root.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<FilePath>,
        /// The packages that one of the lost events may have yanked. They count as yanked.
        #[serde(default, rename = "maybe-yanked", skip_serializing_if = "Vec::is_empty")]
        maybe_yanked: Vec<MaybeYanked>,
        /// The numbers that lost revisions may have had. They are not used again.
        #[serde(default, rename = "used-revisions", skip_serializing_if = "Vec::is_empty")]
        used_revisions: Vec<UsedRevisions>,
    },
}

/// That newer revisions of a series may be lost, with their events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedRevisions {
    pub series: Series,
    /// The newest known revision; 0 if none is known.
    pub known: u32,
    /// The highest number that does not count as free.
    pub until: u32,
    /// The last of the lost events that can have made one; `None` if the link of the series is lost, too, so that nothing tells how many
    /// there were.
    #[serde(default, rename = "last-event", skip_serializing_if = "Option::is_none")]
    pub last_event: Option<u64>,
}

/// A package that a series had before some lost events, and does not have after them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaybeYanked {
    pub series: Series,
    /// The first known revision without it.
    pub revision: u32,
    pub package: Nevra,
}

impl Action {
    /// The series and the number of the revision that the action made; `None` if it made none.
    pub fn revision(&self) -> Option<(Series, u32)> {
        match self {
            Action::Promote { series, revision, .. }
            | Action::Rollback { series, revision, .. }
            | Action::Yank { series, revision, .. } => Some((*series, *revision)),
            _ => None,
        }
    }

    /// The series in which the action made a snapshot or a revision; `None` if it made none.
    pub fn made_in(&self) -> Option<Series> {
        match self {
            Action::Stage { series, .. } => Some(*series),
            _ => self.revision().map(|(series, _)| series),
        }
    }

    /// The reason of a change by force.
    pub fn force(&self) -> Option<&str> {
        match self {
            Action::Stage { force, .. } | Action::Promote { force, .. } | Action::Yank { force, .. } => {
                force.as_deref()
            }
            _ => None,
        }
    }

    /// The dists that the action ended, with their series.
    pub fn ended(&self) -> Option<(Series, &[Dist])> {
        match self {
            Action::Stage { series, ended, .. }
            | Action::EndDists { series, ended, .. }
            | Action::Promote { series, ended, .. } => Some((*series, ended)),
            _ => None,
        }
    }

    /// The paths, relative to the root, that are not in the tree after the action.
    pub fn removed(&self) -> impl Iterator<Item = &FilePath> {
        let items: &[FilePath] = match self {
            Action::Prune { items, .. } => items,
            _ => &[],
        };
        items.iter().chain(self.recorded_missing())
    }

    /// The paths, relative to the root, that were missing when the action was recorded.
    pub fn recorded_missing(&self) -> &[FilePath] {
        match self {
            Action::Prune { missing, .. } | Action::RecoverLog { missing, .. } => missing,
            _ => &[],
        }
    }
}

/// A revision to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevision {
    pub series: Series,
    pub number: u32,
    pub cause: RevisionCause,
}

/// Why a revision is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevisionCause {
    Promote {
        snapshot: SnapshotName,
        version: Version,
        untested: Option<String>,
        ended: Vec<Dist>,
        force: Option<String>,
    },
    Rollback {
        to: u32,
        version: Version,
    },
    Yank {
        packages: Vec<Nevra>,
        why: String,
        force: Option<String>,
    },
}

impl NewRevision {
    /// Whether the revision adds packages to the series.
    pub fn promotes(&self) -> bool {
        matches!(self.cause, RevisionCause::Promote { .. })
    }

    /// The action that the log gets for the revision.
    pub fn action(&self) -> Action {
        let (series, revision) = (self.series, self.number);
        match self.cause.clone() {
            RevisionCause::Promote { snapshot, version, untested, ended, force } => {
                Action::Promote { snapshot, series, revision, version, untested, ended, force }
            }
            RevisionCause::Rollback { to, version } => {
                Action::Rollback { series, revision, to, version: Some(version) }
            }
            RevisionCause::Yank { packages, why, force } => Action::Yank { series, revision, packages, why, force },
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Stage { snapshot, latest: true, .. } => write!(f, "staged {snapshot} as latest"),
            Action::Stage { snapshot, latest: false, .. } => write!(f, "staged {snapshot}"),
            Action::Merge { snapshot, latest: true, .. } => {
                write!(f, "recorded that {snapshot} is merged, as latest")
            }
            Action::Merge { snapshot, latest: false, .. } => write!(f, "recorded that {snapshot} is merged"),
            Action::EndDists { snapshot, series, latest, ended } => {
                let end = if *latest { format!("; {snapshot} is latest") } else { String::new() };
                write!(f, "ended {} in series {series}{end}", join(ended))
            }
            Action::Promote { snapshot, series, revision, version, .. } => {
                write!(f, "promoted {snapshot} ({version}) to stable/{series}, revision {revision}")
            }
            Action::Rollback { series, revision, to, version } => {
                let version = version.as_ref().map_or(String::new(), |version| format!("{version}, "));
                write!(f, "rolled stable/{series} back to {version}revision {to}, as revision {revision}")
            }
            Action::Yank { series, revision, packages, .. } => {
                write!(f, "yanked {} from stable/{series}, revision {revision}", join(packages))
            }
            Action::Prune { items, missing } if missing.is_empty() => write!(f, "pruned {}", join(items)),
            Action::Prune { items, missing } if items.is_empty() => {
                write!(f, "recorded that these are missing: {}", join(missing))
            }
            Action::Prune { items, missing } => {
                write!(f, "pruned {}; recorded that these are missing: {}", join(items), join(missing))
            }
            Action::Hold { snapshot, .. } => write!(f, "held {snapshot}"),
            Action::Unhold { snapshot } => write!(f, "released the hold on {snapshot}"),
            Action::Lost { from, .. } => write!(f, "lost the events from {from} on"),
            Action::RecoverLog { .. } => write!(f, "put the log together again from the manifests"),
        }
    }
}

fn join<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
