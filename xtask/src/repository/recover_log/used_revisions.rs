//! The numbers that lost revisions may have had: where events after the last known revision of a series are lost, each can have made one;
//! where the link of the series is lost with the log, nothing tells how many there were.

use anyhow::Result;

use crate::base::error::program;
use crate::repository::model::event::{Action, UsedRevisions};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;

/// How many numbers are left out at most. Clients and mirrors may have each of these revisions, under an address that never changes its content.
const MARGIN: u32 = 100;

/// In words.
pub fn describe(UsedRevisions { series, known, until, last_event }: &UsedRevisions) -> String {
    let (why, program) = match last_event {
        None => (format!("`stable/{series}` is missing, too: "), program()),
        Some(event) => (format!("events up to {event} are lost, which stable/{series} can be about: "), program()),
    };
    if *known == 0 {
        return format!(
            "{why}its revisions are lost, and the next one has a number above {until}; put back what a backup or a mirror has, and run \
             this again; without one, the series begins again: `{program} status` has the commands"
        );
    }
    format!(
        "{why}revisions after {known} may be lost, and the next one has a number above {until}; put back what a backup or a mirror has, \
         and run this again; without one, nothing is promoted there until `yank` or `rollback --to` makes another revision: `{program} \
         status` has the commands"
    )
}

/// Those of each series that had a revision, and whose link is not there or of which a lost event can have made a newer revision.
pub fn find_used_revisions(store: &Store) -> Result<Vec<UsedRevisions>> {
    let mut used = Vec::new();
    let ledger = Ledger::load(&store.layout.ledger()).unwrap_or_default();
    for series in store.series()? {
        let known = store.log.highest_revision(series);
        let had_any =
            known > 0 || store.layout.revisions(series).is_folder() || ledger.packages_of(series).next().is_some();
        let (lost, last_event) = find_lost_after(store, series);
        if had_any && !store.layout.stable(series).is_there() {
            used.push(UsedRevisions { series, known, until: known.saturating_add(MARGIN), last_event: None });
        } else if known > 0 && last_event.is_some() {
            used.push(UsedRevisions { series, known, until: known.saturating_add(lost), last_event });
        }
    }
    Ok(used)
}

/// How many events are lost after the one that made the last known revision of a series, but at most the margin, and the last of them.
fn find_lost_after(store: &Store, series: Series) -> (u32, Option<u64>) {
    let made = store.log.last_revision(series).map_or(0, |(_, event)| event.number);
    let (mut count, mut last) = (0_u64, None);
    for event in store.log.events() {
        if let Action::Lost { from, .. } = event.action
            && event.number > made
        {
            count += event.number - from.max(made + 1) + 1;
            last = Some(event.number);
        }
    }
    (u32::try_from(count).unwrap_or(MARGIN).min(MARGIN), last)
}
