//! Where the events of a log are from that was put together, and what is lost, in words.

use std::fmt;

use crate::base::error::program;
use crate::repository::model::event::{MaybeYanked, UsedRevisions};
use crate::repository::model::lost_targets::LostTarget;
use crate::repository::recover_log::{maybe_yanked, used_revisions};

/// Where the events of the new log are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOrigin {
    /// How many are from manifests.
    pub from_manifests: usize,
    /// How many are from the old log.
    pub from_old_log: usize,
    /// The numbers of the lost events, as first and last of each gap.
    pub lost: Vec<(u64, u64)>,
    /// The packages that one of the lost events may have yanked.
    pub maybe_yanked: Vec<MaybeYanked>,
    /// What was lost with its event, and to what a link still leads.
    pub lost_targets: Vec<LostTarget>,
    /// The numbers that newer revisions may have had, which are lost with the links to them.
    pub used_revisions: Vec<UsedRevisions>,
    /// The events of the old log that are not in the new one, with their numbers.
    pub unused: Vec<(u64, String)>,
}

/// The most unused events that are named one by one.
const NAMED: usize = 10;

impl fmt::Display for LogOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LogOrigin { from_manifests, from_old_log, lost, maybe_yanked, lost_targets, used_revisions, unused } = self;
        write!(f, "{from_manifests} events from manifests, {from_old_log} from the old log")?;
        for (index, (first, last)) in lost.iter().enumerate() {
            f.write_str(if index == 0 { "; lost: " } else { ", " })?;
            if first == last { write!(f, "{first}")? } else { write!(f, "{first} to {last}")? }
        }
        if !lost.is_empty() {
            write!(f, "\n    {LOST}")?;
        }
        maybe_yanked.iter().try_for_each(|package| write!(f, "\n    {}", maybe_yanked::describe(package)))?;
        lost_targets.iter().try_for_each(|target| write!(f, "\n    {}", describe_lost(target)))?;
        used_revisions.iter().try_for_each(|used| write!(f, "\n    {}", used_revisions::describe(used)))?;
        for (number, action) in unused.iter().take(NAMED) {
            write!(f, "\n    not used: event {number} of the old log, which the others contradict: {action}")?;
        }
        match unused.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "\n    not used: {more} more events of the old log"),
        }
    }
}

/// What a link leads to and is not there, with what to do.
fn describe_lost(LostTarget { link, path, revision }: &LostTarget) -> String {
    let back = format!("put it back from a backup, and run `{} recover-log` again", program());
    let Some(number) = revision else {
        return format!("`{link}` leads to `{path}`, which is not there: {back}; or stage its release again");
    };
    format!(
        "`{link}` leads to revision {number}, which is not there: {back}; without it, the link stays as it is until `yank` or \
         `rollback --to` makes another revision: `{} status` has the commands",
        program()
    )
}

/// The events that no manifest in the repository has.
const LOST: &str = "a lost event can be a hold or its end, a prune, a record that a commit was merged or that a dist ended, or the event \
                    of a snapshot or revision that is gone, such as a yank";
