//! What the log tells of a series: its events, and what became of each version.

use std::collections::BTreeSet;

use crate::history::Version;
use crate::repository::model::event::{Action, Event, EventLog};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::yanks::{YankedPackage, last_yanks};
use crate::repository::pages::facts::{
    FolderSummary, PromotedVersion, RevisionEvent, RevisionEventKind, SnapshotPromotion, VersionState,
};
use crate::rpm::nevra::Nevra;

/// The events that made the revisions of a series, oldest first.
pub fn revision_events(log: &EventLog, series: Series) -> Vec<RevisionEvent> {
    log.events().filter_map(|event| revision_event(event, series)).collect()
}

fn revision_event(event: &Event, series: Series) -> Option<RevisionEvent> {
    let (_, revision) = event.action.revision().filter(|(of, _)| *of == series)?;
    let kind = match &event.action {
        Action::Promote { version, snapshot, untested, .. } => RevisionEventKind::Promote {
            version: version.clone(),
            snapshot: snapshot.clone(),
            untested: untested.clone(),
        },
        Action::Rollback { to, version, .. } => RevisionEventKind::Rollback { to: *to, version: version.clone() },
        Action::Yank { packages, why, .. } => RevisionEventKind::Yank { packages: packages.clone(), why: why.clone() },
        _ => return None,
    };
    Some(RevisionEvent { number: event.number, at: event.at, series, revision, kind })
}

/// The promotions of a snapshot, oldest first.
pub fn promotions_of(events: &[RevisionEvent], name: &SnapshotName) -> Vec<SnapshotPromotion> {
    let is_own =
        |event: &&RevisionEvent| matches!(&event.kind, RevisionEventKind::Promote { snapshot, .. } if snapshot == name);
    events.iter().filter(is_own).map(|event| SnapshotPromotion { revision: event.revision, at: event.at }).collect()
}

/// The current revision of a series.
pub struct KnownCurrent<'a> {
    /// `None` if there is none.
    pub number: Option<u32>,
    /// What it has; `None` if it cannot be read.
    pub content: Option<&'a FolderSummary>,
    /// Whether a newer one is lost, so that nobody knows what clients get.
    pub is_newer_lost: bool,
}

/// Each version that was ever promoted, the last promotion first, and what became of it.
pub fn promoted_versions(
    log: &EventLog,
    series: Series,
    events: &[RevisionEvent],
    current: &KnownCurrent<'_>,
) -> Vec<PromotedVersion> {
    let yanked = last_yanks(log, series);
    let mut seen = BTreeSet::new();
    let mut versions = Vec::new();
    for event in events.iter().rev() {
        let RevisionEventKind::Promote { version, snapshot, .. } = &event.kind else { continue };
        if !seen.insert(version) {
            continue;
        }
        let state = match (current.content, current.number) {
            (None, Some(_)) => VersionState::Unknown,
            (None, None) => VersionState::Gone,
            (Some(content), number) => {
                let out_of = OutOfCurrent { content, number: number.unwrap_or(0), yanked: &yanked };
                match state_of(version, event.number, &out_of, events) {
                    VersionState::Current | VersionState::Available if current.is_newer_lost => VersionState::Unknown,
                    state => state,
                }
            }
        };
        let (version, snapshot) = (version.clone(), snapshot.clone());
        let RevisionEvent { at, number, revision, .. } = *event;
        versions.push(PromotedVersion { version, snapshot, at, event: number, revision, state });
    }
    versions
}

/// The current revision with what was yanked, or may have been.
struct OutOfCurrent<'a> {
    content: &'a FolderSummary,
    number: u32,
    yanked: &'a [YankedPackage],
}

impl OutOfCurrent<'_> {
    /// Whether the revision does not have a yanked package, or a lost one after it may have taken it out.
    fn lacks(&self, yanked: &YankedPackage) -> bool {
        !self.content.packages.contains(&yanked.package) || yanked.revision > self.number
    }
}

fn state_of(version: &Version, promoted: u64, out_of: &OutOfCurrent<'_>, events: &[RevisionEvent]) -> VersionState {
    let (text, current) = (version.to_string(), out_of.content);
    let is_in_series = current.versions().any(|other| other == version);
    let is_out = |package: &Nevra| out_of.yanked.iter().any(|it| it.package == *package && out_of.lacks(it));
    let mut packages = current.packages.iter().filter(|package| package.version() == text && !package.is_source());
    let has_packages = packages.any(|package| !is_out(package));
    let is_gone = |yanked: &&YankedPackage| yanked.package.version() == text && out_of.lacks(yanked);
    let last_yank = out_of.yanked.iter().filter(is_gone).max_by_key(|yanked| yanked.event);
    let is_rollback =
        |event: &&RevisionEvent| event.number > promoted && matches!(event.kind, RevisionEventKind::Rollback { .. });
    match last_yank {
        Some(yanked) if is_in_series && has_packages => {
            VersionState::PartlyYanked { yanked_at: yanked.at, why: yanked.why.clone() }
        }
        Some(yanked) => VersionState::Yanked { yanked_at: yanked.at, why: yanked.why.clone() },
        None if is_in_series && *version == current.release.version => VersionState::Current,
        None if is_in_series => VersionState::Available,
        None => match events.iter().find(is_rollback) {
            Some(rollback) => VersionState::RolledBack { rolled_back_at: rollback.at },
            None => VersionState::Gone,
        },
    }
}
