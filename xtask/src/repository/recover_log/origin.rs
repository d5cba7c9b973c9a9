//! Where the events of a log are from that was put together, and what is lost, in words.

use std::fmt;

use crate::base::error::program;
use crate::repository::model::event::{MaybeYanked, UsedRevisions};
use crate::repository::model::lost_targets::{LostTarget, name_revisions};
use crate::repository::model::name::Series;
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
    /// What was lost with its event, and what still tells of it.
    pub lost_targets: Vec<LostTarget>,
    /// The links that lead to an older revision than the newest one.
    pub behind: Vec<LinkBehind>,
    /// The numbers that newer revisions may have had, which are lost with the links to them.
    pub used_revisions: Vec<UsedRevisions>,
    /// The events of manifests that no line of the old log and no later event confirms, with their numbers.
    pub unconfirmed: Vec<(u64, String)>,
    /// The events of the old log that are not in the new one, with their numbers.
    pub unused: Vec<(u64, String)>,
}

/// A link of a series that leads to an older revision than the newest one: somebody changed it, or a run was killed before it replaced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkBehind {
    pub series: Series,
    pub linked: u32,
    pub newest: u32,
    /// What made the newest revision, in words.
    pub made_by: String,
}

impl fmt::Display for LinkBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkBehind { series, linked, newest, made_by } = self;
        write!(
            f,
            "`stable/{series}` leads to revision {linked}, and revision {newest} is newer ({made_by}): the next command that changes the \
             repository makes the link lead there"
        )
    }
}

/// The most unused events that are named one by one.
const NAMED: usize = 10;

impl fmt::Display for LogOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LogOrigin {
            from_manifests,
            from_old_log,
            lost,
            maybe_yanked,
            lost_targets,
            behind,
            used_revisions,
            unconfirmed,
            unused,
        } = self;
        let events = if *from_manifests == 1 { "event" } else { "events" };
        write!(f, "{from_manifests} {events} from manifests, {from_old_log} from the old log")?;
        for (index, (first, last)) in lost.iter().enumerate() {
            f.write_str(if index == 0 { "; lost: " } else { ", " })?;
            if first == last { write!(f, "{first}")? } else { write!(f, "{first} to {last}")? }
        }
        if !lost.is_empty() {
            write!(f, "\n    {LOST}")?;
        }
        maybe_yanked.iter().try_for_each(|package| write!(f, "\n    {}", maybe_yanked::describe(package)))?;
        lost_targets.iter().try_for_each(|target| write!(f, "\n    {}", describe_lost(target)))?;
        behind.iter().try_for_each(|link| write!(f, "\n    {link}"))?;
        used_revisions.iter().try_for_each(|used| write!(f, "\n    {}", used_revisions::describe(used)))?;
        for (index, (number, action)) in unconfirmed.iter().enumerate() {
            f.write_str(if index == 0 { "\n    not confirmed: " } else { "; " })?;
            write!(f, "event {number}, {action}")?;
        }
        if !unconfirmed.is_empty() {
            write!(f, ": {UNCONFIRMED}")?;
        }
        for (number, action) in unused.iter().take(NAMED) {
            write!(f, "\n    not used: event {number} of the old log, which the others contradict: {action}")?;
        }
        match unused.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "\n    not used: {more} more events of the old log"),
        }
    }
}

/// What was lost with its event, with what to do.
fn describe_lost(lost: &LostTarget) -> String {
    let LostTarget { revision, is_there, earlier, .. } = lost;
    let back = format!("put it back from a backup, and run `{} recover-log` again", program());
    let what = lost.describe();
    if revision.is_none() {
        return format!("{what}: {back}; or stage its release again");
    }
    let what = match earlier {
        Some(earlier) if earlier.start() == earlier.end() => {
            format!("{what}, and revision {} is lost, too", earlier.end())
        }
        Some(earlier) => format!("{what}, and {} are lost, too", name_revisions(earlier)),
        None => what,
    };
    if revision.is_some_and(|number| earlier.as_ref().map_or(number, |earlier| *earlier.start()) == 1) {
        return format!("{what}: {back}; without it, the series begins again: `{} status` has the commands", program());
    }
    let yank = if *is_there { "; if it was a yank, what it took out must not come back" } else { "" };
    format!(
        "{what}: {back}; without it, the link stays as it is until `yank` or `rollback --to` makes another revision: `{} status` has the \
         commands{yank}",
        program()
    )
}

/// The events that only a manifest has: every other line is confirmed by the digest in the event after it.
const UNCONFIRMED: &str = "only manifests tell so, which whoever may write to the root can have changed; compare these folders with a \
                           backup or a mirror";

/// The events that no manifest in the repository has.
const LOST: &str = "a lost event can be a hold or its end, a prune, a record that a commit was merged or that a dist ended, or the event \
                    of a snapshot or revision that is gone, such as a yank";
