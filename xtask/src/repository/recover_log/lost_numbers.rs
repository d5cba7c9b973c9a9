//! The numbers of revisions of which no event is known: each can have been a promotion, a rollback or a yank.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::repository::model::event::{Action, UsedRevisions};
use crate::repository::model::lost_targets::{LostTarget, parse_revision_of};
use crate::repository::model::name::{FilePath, Series};
use crate::repository::model::store::Store;

/// Consecutive revisions of a series that were lost together with their events.
pub struct LostNumbers {
    pub series: Series,
    pub numbers: RangeInclusive<u32>,
    /// The number of the last event that can have made one of them.
    pub until: u64,
}

impl LostNumbers {
    /// How many there are.
    pub fn count(&self) -> u32 {
        self.numbers.end() - self.numbers.start() + 1
    }

    /// Whether one of them was made after revision `from` and before revision `to`.
    pub fn are_between(&self, from: u32, to: u32) -> bool {
        *self.numbers.start() < to && *self.numbers.end() > from
    }
}

/// Finds the gaps in the numbers of the known revisions, and the last event that can have made each: the last of some lost events, the
/// event that has recorded the revision as missing, or, for what a link leads to, the last one there was. `lost` is what was lost with its
/// event, and `used` has the numbers that newer revisions may have had.
pub fn find_lost_numbers(store: &Store, lost: &[LostTarget], used: &[UsedRevisions]) -> Vec<LostNumbers> {
    let all = store.series().unwrap_or_default();
    all.into_iter().flat_map(|series| SeriesNumbers::of(store, series, lost, used).gaps()).collect()
}

/// What tells of the numbers of a series.
struct SeriesNumbers {
    series: Series,
    /// The events that made the known revisions.
    known: BTreeMap<u32, u64>,
    /// The numbers that lost revisions have or may have, with the last events that can have made them.
    told: BTreeMap<u32, u64>,
    /// The last of each group of lost events.
    ends: Vec<u64>,
}

impl SeriesNumbers {
    fn of(store: &Store, series: Series, lost: &[LostTarget], used: &[UsedRevisions]) -> SeriesNumbers {
        let mut numbers = SeriesNumbers { series, known: BTreeMap::new(), told: BTreeMap::new(), ends: Vec::new() };
        let number_of = |path: &FilePath| parse_revision_of(&store.layout, series, path.as_str());
        for event in store.log.events() {
            match &event.action {
                Action::Lost { .. } => numbers.ends.push(event.number),
                Action::RecoverLog { missing, used_revisions, .. } => {
                    numbers.tell(missing.iter().filter_map(number_of), used_revisions, event.number);
                }
                action => {
                    let made = action.revision().filter(|(of, _)| *of == series);
                    numbers.known.extend(made.map(|(_, number)| (number, event.number)));
                }
            }
        }
        let targets = lost.iter().filter_map(|lost| number_of(&lost.path));
        numbers.tell(targets, used, store.log.next_number());
        numbers.told.retain(|number, _| !numbers.known.contains_key(number));
        numbers
    }

    /// Adds the numbers of `lost` revisions and those that others may have had, which event `end` or one before it has made.
    fn tell(&mut self, lost: impl Iterator<Item = u32>, used: &[UsedRevisions], end: u64) {
        let used = used.iter().filter(|used| used.series == self.series);
        let used = used.map(|used| (used.until, used.last_event.unwrap_or(end)));
        for (number, end) in lost.map(|number| (number, end)).chain(used) {
            let until = self.told.entry(number).or_insert(end);
            *until = end.max(*until);
        }
    }

    /// The numbers without a known event.
    fn gaps(&self) -> Vec<LostNumbers> {
        let SeriesNumbers { series, known, told, ends } = self;
        let (mut gaps, mut before, mut after) = (Vec::new(), 0_u32, 0);
        for (number, event) in known {
            let told_here = told.range(before..*number).map(|(_, end)| end);
            let until = ends.iter().chain(told_here).filter(|end| after < **end && *end < event).max();
            if let Some(until) = until.filter(|_| *number > before.saturating_add(1)) {
                gaps.push(LostNumbers { series: *series, numbers: before + 1..=number - 1, until: *until });
            }
            (before, after) = (*number, *event);
        }
        // Nothing known is after these: a number was made before the highest that is told of.
        for (number, _) in told.range(before.saturating_add(1)..) {
            let until = told.range(number..).map(|(_, end)| *end).max().unwrap_or_default();
            gaps.push(LostNumbers { series: *series, numbers: before + 1..=*number, until });
            before = *number;
        }
        gaps
    }
}
