//! What was lost together with its event: neither the tree nor the log has it, and only a link still leads there.
//!
//! `recover-log` records it as missing. Nobody knows what a lost revision was: after a yank, the revision before has the package again. So
//! the link of the series stays as it is until a person makes another revision, by `yank` or by `rollback --to`: [`find_unsettled`].

use std::path::Path;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::repository::model::event::Action;
use crate::repository::model::layout::{Layout, parse_revision};
use crate::repository::model::name::{FilePath, Series, SnapshotName};
use crate::repository::model::store::Store;

/// A revision or snapshot that only a link tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostTarget {
    /// Relative to the root.
    pub link: String,
    /// The folder that is not there, relative to the root.
    pub path: FilePath,
    /// The number of the revision; `None` for a snapshot.
    pub revision: Option<u32>,
}

/// A revision that was lost with its event, as long as no later one was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsettledRevision {
    pub series: Series,
    /// The number of the lost revision.
    pub number: u32,
    /// The newest revision that the log has.
    pub before: u32,
}

impl UnsettledRevision {
    /// What is wrong, in words.
    pub fn describe(&self) -> String {
        let UnsettledRevision { series, number, before } = self;
        format!(
            "revision {number} of stable/{series} is lost, and so is its event: if it was a yank, revision {before} still has what was \
             taken out"
        )
    }

    /// What a person can do.
    pub fn help(&self) -> String {
        let (program, UnsettledRevision { series, number, before }) = (program(), self);
        format!(
            "put the folder of revision {number} back from a backup, and run `{program} recover-log`; without one: if it was a yank, \
             yank again: `{program} yank NEVRA --series {series} --why REASON`; if not, go on from revision {before}: `{program} \
             rollback {series} --to {before}`"
        )
    }

    /// The refusal of a change that would make the decision for the person.
    pub fn refusal(&self) -> Failure {
        Failure::new(Exit::Failed, self.describe()).help(self.help())
    }
}

/// The newest revision of a series, if it was lost with its event and no later revision was made; `None` if there is no revision to go
/// back to, either.
pub fn find_unsettled(store: &Store, series: Series) -> Option<UnsettledRevision> {
    let before = store.current_number(series).ok().flatten()?;
    let recorded = store.log.events().filter_map(|event| match &event.action {
        Action::RecoverLog { missing, .. } => Some(missing),
        _ => None,
    });
    let numbers = recorded.flatten().filter_map(|path| parse_revision_of(&store.layout, series, path.as_str()));
    let number = numbers.max().filter(|number| *number > store.log.highest_revision(series))?;
    let is_back = store.layout.revision(series, number).is_folder();
    (!is_back).then_some(UnsettledRevision { series, number, before })
}

/// The lost targets of all links. What the log has recorded as missing is not lost any more.
pub fn find_lost_targets(store: &Store) -> Result<Vec<LostTarget>> {
    let layout = &store.layout;
    let mut lost = Vec::new();
    for series in store.series()? {
        if let Some(number) = store.linked_revision(series).ok().flatten()
            && store.log.making_of(series, number).is_none()
            && let Some(path) = find_unknown(store, &layout.shown(&layout.revision(series, number)))?
        {
            lost.push(LostTarget { link: layout.shown(&layout.stable(series)), path, revision: Some(number) });
        }
        if let Some(name) = store.linked_latest(series).ok().flatten()
            && store.log.staging_of(&name).is_none()
            && let Some(path) = find_unknown(store, &layout.shown(&layout.snapshot(series, &name)))?
        {
            lost.push(LostTarget { link: layout.shown(&layout.latest(series)), path, revision: None });
        }
    }
    Ok(lost)
}

/// The path, unless there is such a folder, or the log tells that there was one.
fn find_unknown(store: &Store, shown: &str) -> Result<Option<FilePath>, Failure> {
    let is_known = store.layout.root.join(shown).is_folder() || store.log.is_removed(shown);
    if is_known { Ok(None) } else { shown.parse().map(Some).map_err(Failure::from) }
}

/// The number of a revision of a series, from its path relative to the root; `None` for any other path.
pub fn parse_revision_of(layout: &Layout, series: Series, path: &str) -> Option<u32> {
    parse_revision(Path::new(below(path, &layout.shown(&layout.revisions(series)))?))
}

/// The highest number of a revision of a series that the log has as pruned or missing, or that a lost one may have had; 0 if it has none.
pub fn highest_removed_revision(store: &Store, series: Series) -> u32 {
    let numbers = removed_below(store, &store.layout.shown(&store.layout.revisions(series)));
    let removed = numbers.into_iter().filter_map(|name| parse_revision(Path::new(name))).max();
    let recorded = store.log.events().filter_map(|event| match &event.action {
        Action::RecoverLog { used_revisions, .. } => Some(used_revisions),
        _ => None,
    });
    let used = recorded.flatten().filter(|used| used.series == series).map(|used| used.until).max();
    removed.max(used).unwrap_or(0)
}

/// The highest pipeline number of a snapshot of a series that the log has as pruned or missing; 0 if it has none.
pub fn highest_removed_pipeline(store: &Store, series: Series) -> u32 {
    let names = removed_below(store, &store.layout.shown(&store.layout.unstable(series)));
    let names = names.into_iter().filter_map(|name| name.parse::<SnapshotName>().ok());
    names.map(|name| name.pipeline()).max().unwrap_or(0)
}

/// The names of what was removed from a folder.
fn removed_below<'s>(store: &'s Store, folder: &str) -> Vec<&'s str> {
    store.log.removed().into_iter().filter_map(|path| below(path, folder)).collect()
}

fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}
