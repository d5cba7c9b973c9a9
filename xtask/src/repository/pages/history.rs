//! What the log tells of a series: its events, and what became of each version.

use std::collections::BTreeSet;

use crate::history::Version;
use crate::repository::model::event::{Action, Event, EventLog};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::yanks::{YankedPackage, last_yanks};
use crate::repository::pages::facts::{
    FolderSummary, PromotedVersion, RevisionEvent, RevisionEventKind, SnapshotPromotion, VersionState,
};

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

/// Each version that was ever promoted, the last promotion first, and what became of it. `current` is the current revision;
/// `None` if there is none or it cannot be read, as `has_current` says.
pub fn promoted_versions(
    log: &EventLog,
    series: Series,
    events: &[RevisionEvent],
    current: Option<&FolderSummary>,
    has_current: bool,
) -> Vec<PromotedVersion> {
    let yanked = last_yanks(log, series);
    let mut seen = BTreeSet::new();
    let mut versions = Vec::new();
    for event in events.iter().rev() {
        let RevisionEventKind::Promote { version, snapshot, .. } = &event.kind else { continue };
        if !seen.insert(version) {
            continue;
        }
        let state = match current {
            None if has_current => VersionState::Unknown,
            None => VersionState::Gone,
            Some(current) => state_of(version, event.number, current, &yanked, events),
        };
        let (version, snapshot) = (version.clone(), snapshot.clone());
        let RevisionEvent { at, number, revision, .. } = *event;
        versions.push(PromotedVersion { version, snapshot, at, event: number, revision, state });
    }
    versions
}

fn state_of(
    version: &Version,
    promoted: u64,
    current: &FolderSummary,
    yanked: &[YankedPackage],
    events: &[RevisionEvent],
) -> VersionState {
    let text = version.to_string();
    let is_in_series = current.versions().any(|other| other == version);
    let has_packages = current.packages.iter().any(|package| package.version() == text && !package.is_source());
    let is_gone =
        |yanked: &&YankedPackage| yanked.package.version() == text && !current.packages.contains(&yanked.package);
    let last_yank = yanked.iter().filter(is_gone).max_by_key(|yanked| yanked.event);
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
