//! The numbers that lost revisions may have had: where the link of a series is lost with the log, nothing tells how many there were.

use anyhow::Result;

use crate::repository::model::event::UsedRevisions;
use crate::repository::model::store::Store;

/// How many numbers are left out. Clients and mirrors may have each of these revisions, under an address that never changes its content.
const MARGIN: u32 = 100;

/// In words.
pub fn describe(UsedRevisions { series, known, until }: &UsedRevisions) -> String {
    format!(
        "`stable/{series}` is missing, too: revisions after {known} may be lost, and the next one has a number above {until}; before you \
         promote, put back what a backup or a mirror has, and run this again"
    )
}

/// Those of each series that had a revision and whose link is not there.
pub fn find_used_revisions(store: &Store) -> Result<Vec<UsedRevisions>> {
    let mut used = Vec::new();
    for series in store.series()? {
        let known = store.log.highest_revision(series);
        let had_any = known > 0 || store.layout.revisions(series).is_folder();
        if had_any && !store.layout.stable(series).is_there() {
            used.push(UsedRevisions { series, known, until: known.saturating_add(MARGIN) });
        }
    }
    Ok(used)
}
