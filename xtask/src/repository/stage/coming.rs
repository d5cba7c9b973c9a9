//! What is known of a snapshot before its release is built: its number, and whether it would be refused for lack of a key.

use anyhow::Result;

use crate::base::number::number_after;
use crate::base::progress::Silent;
use crate::git::CommitId;
use crate::history::Version;
use crate::repository::commits::{Git, Merged};
use crate::repository::keys::rules::ForcedWay;
use crate::repository::keys::unsigned::{has_signed_latest, no_key};
use crate::repository::model::layout::LATEST;
use crate::repository::model::lost_targets::highest_removed_pipeline;
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::model::test_result::highest_tested_pipeline;
use crate::repository::stage::latest::{LatestCandidate, LatestMove};
use crate::repository::write::revision::no_number_left;

/// What is known of a release before it is built.
pub struct ComingRelease<'a> {
    pub version: &'a Version,
    pub commit: CommitId,
    /// The dists that it will have packages for.
    pub dists: &'a [Dist],
    /// The number of the pipeline run, if it is stated.
    pub pipeline: Option<u32>,
}

/// Errors: the release would become `latest` without a signature, and clients of `latest` have a key. A release whose commit is staged
/// may have the bytes of that snapshot, and is judged when it is built.
pub fn require_key(store: &Store, release: &ComingRelease<'_>, git: &Git<'_>, way: &ForcedWay<'_>) -> Result<()> {
    let ComingRelease { version, commit, dists, pipeline } = *release;
    let series = Series::of(version);
    let is_of_commit = |snapshot: Snapshot| snapshot.manifest.release.commit == commit;
    if !has_signed_latest(store, series)
        || !matches!(git.find_merged(commit)?, Merged::Into(_))
        || store.newest_first(series, &Silent)?.any(is_of_commit)
    {
        return Ok(());
    }
    let pipeline = pipeline.map_or_else(|| next_pipeline(store, series), Ok)?;
    let name = SnapshotName::new(store.layout.name.to_string(), series, pipeline);
    // There are no packages yet that could be compared with promoted ones.
    let candidate = LatestCandidate { series, name: &name, version, commit, dists, packages: &[], archives: &[] };
    if LatestMove::decide(store, &candidate, &[], git)?.moves {
        return Err(no_key(&format!("unstable/{series}/{LATEST}"), way).into());
    }
    Ok(())
}

/// The number after every number that the series has or had: a number is never used twice, whatever was deleted.
pub fn next_pipeline(store: &Store, series: Series) -> Result<u32> {
    let highest = store.snapshots(series)?.last().map_or(0, SnapshotName::pipeline);
    let highest = highest.max(store.log.highest_pipeline(series)).max(highest_removed_pipeline(store, series));
    let highest = highest.max(highest_tested_pipeline(&store.layout, series)?);
    number_after(highest).ok_or_else(|| no_number_left(&format!("pipeline {highest} of unstable/{series}")).into())
}
