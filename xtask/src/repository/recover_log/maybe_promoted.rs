//! The snapshots that a lost event may have promoted: a revision of their series is lost with its event, and they were staged before.

use std::collections::BTreeSet;

use crate::repository::model::event::{Action, Event, UsedRevisions};
use crate::repository::model::lost_targets::{LostTarget, parse_revision_of};
use crate::repository::model::manifest::LoadedManifest;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;

/// A revision of a series that was lost together with its event.
struct LostMaking {
    series: Series,
    /// The number of the last event that can have made it.
    until: u64,
}

/// The snapshots, those that became `latest` and then the newest first. `lost` is what only links lead to, and `used` tells of series
/// without a link.
pub fn find_maybe_promoted<'f>(
    store: &Store,
    lost: &[LostTarget],
    used: &[UsedRevisions],
    folders: &[&'f LoadedManifest],
) -> Vec<&'f LoadedManifest> {
    let makings = find_lost_makings(store, lost, used);
    let may_be = |loaded: &&&LoadedManifest| {
        let Event { number, action, .. } = &loaded.manifest.event;
        let Action::Stage { snapshot, series, .. } = action else { return false };
        let fits = |making: &LostMaking| making.series == *series && *number < making.until;
        !store.log.was_promoted(snapshot) && store.log.has(&loaded.manifest.event) && makings.iter().any(fits)
    };
    let mut found: Vec<&LoadedManifest> = folders.iter().filter(may_be).copied().collect();
    found.sort_by_key(|loaded| {
        let Event { number, action, .. } = &loaded.manifest.event;
        std::cmp::Reverse((matches!(action, Action::Stage { latest: true, .. }), *number))
    });
    found
}

/// Finds the numbers of revisions of which no event is known, and the last event that can have made each: the last of some lost events, the
/// event that has recorded the revision as missing, or, for what a link leads to, the last one there was.
fn find_lost_makings(store: &Store, lost: &[LostTarget], used: &[UsedRevisions]) -> Vec<LostMaking> {
    let mut makings = Vec::new();
    for series in store.series().unwrap_or_default() {
        let number_of = |path: &str| parse_revision_of(&store.layout, series, path);
        let mut ends: Vec<u64> = Vec::new();
        let mut numbers: BTreeSet<u32> = BTreeSet::new();
        for event in store.log.events() {
            match &event.action {
                Action::Lost { .. } => ends.push(event.number),
                Action::RecoverLog { missing, used_revisions, .. } => {
                    let mut recorded: Vec<(u32, u64)> = Vec::new();
                    let missing = missing.iter().filter_map(|path| number_of(path.as_str()));
                    recorded.extend(missing.map(|number| (number, event.number)));
                    recorded.extend(first_used(used_revisions, series, event.number));
                    let is_lost = |(number, _): &&(u32, u64)| store.log.making_of(series, *number).is_none();
                    ends.extend(recorded.iter().filter(is_lost).map(|(_, end)| end));
                    numbers.extend(recorded.iter().map(|(number, _)| number));
                }
                _ => {}
            }
        }
        let next = store.log.next_number();
        let mut found: Vec<(u32, u64)> = Vec::new();
        let targets = lost.iter().filter_map(|lost| number_of(lost.path.as_str()));
        found.extend(targets.map(|number| (number, next)));
        found.extend(first_used(used, series, next));
        ends.extend(found.iter().map(|(_, end)| end));
        numbers.extend(found.iter().map(|(number, _)| number));
        let highest = numbers.last().copied().unwrap_or(0).max(store.log.highest_revision(series));
        let event_of = |number: u32| store.log.making_of(series, number).map(|entry| entry.event.number);
        for number in (1..=highest).filter(|number| event_of(*number).is_none()) {
            let after = (1..number).rev().find_map(event_of).unwrap_or(0);
            let before = (number + 1..=highest).find_map(event_of).unwrap_or(u64::MAX);
            let until = ends.iter().copied().filter(|end| after < *end && *end < before).max();
            makings.extend(until.map(|until| LostMaking { series, until }));
        }
    }
    makings
}

/// The first number that a lost revision of a series may have had, and the last event that can have made it: `end` if nothing tells.
fn first_used(used: &[UsedRevisions], series: Series, end: u64) -> Option<(u32, u64)> {
    let of_series = used.iter().filter(|used| used.series == series);
    of_series.map(|used| (used.known + 1, used.last_event.unwrap_or(end))).max()
}
