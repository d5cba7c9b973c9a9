//! The facts that the pages of the root show: series, versions, events and snapshots. `index.json` has the same ones.

use jiff::Timestamp;
use serde::Serialize;

use crate::git::CommitId;
use crate::history::Version;
use crate::repository::model::manifest::{HeadOfFolder, ReleasedVersion};
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::test_result::TestVerdict;
use crate::rpm::nevra::Nevra;

/// A repository.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RepositoryFacts {
    pub project: String,
    /// The public address of the folder of the project, if one is configured.
    pub url: Option<String>,
    pub keys: Vec<ServedKey>,
    /// The newest first.
    pub series: Vec<SeriesFacts>,
    /// Whether there ever was a revision: then `revisions/` has a page.
    #[serde(skip)]
    pub has_revisions: bool,
}

/// A key that clients get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServedKey {
    /// `None` if the key is not in a form that is read here.
    pub fingerprint: Option<String>,
    /// The user id.
    pub owner: Option<String>,
}

/// A series.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SeriesFacts {
    pub series: Series,
    /// `None` if nothing was promoted, or everything is gone.
    pub current: Option<CurrentRevision>,
    /// Each version that was ever promoted, the last promotion first.
    pub versions: Vec<PromotedVersion>,
    /// The events that made the revisions, oldest first.
    pub events: Vec<RevisionEvent>,
    /// The newest first.
    pub revisions: Vec<KeptRevision>,
    pub latest: Option<SnapshotName>,
    /// The newest first.
    pub snapshots: Vec<StagedSnapshot>,
}

/// What clients of a series get.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CurrentRevision {
    pub revision: u32,
    /// `None` if its manifest cannot be read.
    pub version: Option<Version>,
    pub dists: Vec<Dist>,
    /// Whether it has no packages but those that make a machine a client.
    #[serde(skip)]
    pub is_empty: bool,
    /// Whether it is signed.
    pub signed: bool,
    /// Whether it has pages.
    pub page: bool,
}

/// A version that was promoted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PromotedVersion {
    pub version: Version,
    pub snapshot: SnapshotName,
    /// The time of its last promotion.
    pub at: Timestamp,
    /// The number of the event of its last promotion.
    pub event: u64,
    /// The revision that the last promotion made.
    pub revision: u32,
    #[serde(flatten)]
    pub state: VersionState,
}

/// What became of a promoted version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum VersionState {
    /// Clients install it.
    Current,
    /// Clients can install it by its version.
    Available,
    /// All of its packages were taken out.
    Yanked { yanked_at: Timestamp, why: Option<String> },
    /// Some of its packages were taken out.
    PartlyYanked { yanked_at: Timestamp, why: Option<String> },
    /// The series went back to a revision without it.
    RolledBack { rolled_back_at: Timestamp },
    /// The series does not have it, and no event says why.
    Gone,
    /// The current revision cannot be read, or a newer one is lost.
    Unknown,
}

/// An event that made a revision.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RevisionEvent {
    pub number: u64,
    pub at: Timestamp,
    pub series: Series,
    pub revision: u32,
    #[serde(flatten)]
    pub kind: RevisionEventKind,
}

/// What an event did to a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum RevisionEventKind {
    Promote { version: Version, snapshot: SnapshotName, untested: Option<String> },
    Rollback { to: u32, version: Option<Version> },
    Yank { packages: Vec<Nevra>, why: String },
}

/// A revision that is kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeptRevision {
    pub revision: u32,
    pub at: Timestamp,
    /// Whether it has pages.
    pub page: bool,
}

/// A snapshot that is kept.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StagedSnapshot {
    pub snapshot: SnapshotName,
    pub pipeline: u32,
    pub staged: Timestamp,
    /// `None` if its manifest cannot be read.
    pub version: Option<Version>,
    pub commit: Option<CommitId>,
    /// Whether the commit is merged work.
    pub merged: bool,
    pub dists: Vec<Dist>,
    /// The newest result of each acceptance test, sorted by name.
    pub tests: Vec<TestOutcome>,
    /// The protection from `prune`.
    pub hold: Option<SnapshotHold>,
    /// Its promotions, oldest first.
    pub promoted: Vec<SnapshotPromotion>,
    /// Whether it has pages.
    pub page: bool,
}

/// The newest result of an acceptance test.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestOutcome {
    pub test: String,
    pub verdict: TestVerdict,
    pub at: Timestamp,
}

/// A protection from `prune`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SnapshotHold {
    pub why: String,
    /// Its end; `None` if it has none.
    pub until: Option<Timestamp>,
}

/// A promotion of a snapshot.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SnapshotPromotion {
    pub revision: u32,
    pub at: Timestamp,
}

/// What the pages of the root need to know of a snapshot or revision.
#[derive(Clone, Debug)]
pub struct FolderSummary {
    pub release: ReleasedVersion,
    pub earlier: Vec<ReleasedVersion>,
    pub merged: bool,
    pub dists: Vec<Dist>,
    pub packages: Vec<Nevra>,
    pub signed: bool,
    pub page: bool,
}

impl FolderSummary {
    /// Of what a change will make.
    pub fn of_coming(head: &HeadOfFolder, dists: Vec<Dist>, packages: Vec<Nevra>, signed: bool) -> FolderSummary {
        let HeadOfFolder { release, earlier, merged, .. } = head.clone();
        FolderSummary { release, earlier, merged, dists, packages, signed, page: true }
    }

    /// All versions in it.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        self.earlier.iter().chain([&self.release]).map(|release| &release.version)
    }
}

impl RepositoryFacts {
    /// The events of all series, oldest first.
    pub fn events(&self) -> Vec<&RevisionEvent> {
        let mut events: Vec<&RevisionEvent> = self.series.iter().flat_map(|series| &series.events).collect();
        events.sort_by_key(|event| event.number);
        events
    }
}
