//! What was lost together with its event: the log does not tell of it, and only a link, a folder without its manifest, the pages or a gap
//! in the numbers of the events still do.
//!
//! `recover-log` records it. Nobody knows what a lost revision was: after a yank, the revision before has the package again. So
//! the link of the series stays as it is until a person makes another revision, by `yank` or by `rollback --to`: [`find_unsettled`].

use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::repository::model::event::Action;
use crate::repository::model::layout::{Layout, parse_revision};
use crate::repository::model::name::{FilePath, Series, SnapshotName};
use crate::repository::model::own_manifest::has_own_manifest;
use crate::repository::model::served_index::{INDEX, ServedIndex, ToldSeries};
use crate::repository::model::store::Store;

/// A revision or snapshot whose event is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostTarget {
    pub told_by: ToldBy,
    /// The folder, relative to the root.
    pub path: FilePath,
    /// The number of the revision; `None` for a snapshot.
    pub revision: Option<u32>,
    /// Whether the folder is there, with a damaged manifest or one of another folder.
    pub is_there: bool,
    /// The revisions before it that the log does not have and that are not there, either.
    pub earlier: Option<RangeInclusive<u32>>,
}

/// What tells of a revision or snapshot that the log does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// A link that leads to it, relative to the root.
    Link(String),
    /// Its folder.
    Folder,
    /// The served `index.json`, which is newer than the log.
    Pages,
}

impl LostTarget {
    /// The link that leads to it.
    pub fn link(&self) -> Option<&str> {
        match &self.told_by {
            ToldBy::Link(link) => Some(link),
            ToldBy::Folder | ToldBy::Pages => None,
        }
    }

    /// Whether nothing may be changed before it is recorded as lost: a link to a lost revision would lead clients back, and pages that are
    /// newer than the log would be overwritten.
    pub fn must_be_recorded(&self) -> bool {
        match self.told_by {
            ToldBy::Link(_) => self.revision.is_some(),
            ToldBy::Pages => true,
            ToldBy::Folder => false,
        }
    }

    /// What tells of it, and what is wrong with it, in words.
    pub fn describe(&self) -> String {
        let what = match self.revision {
            Some(number) => format!("revision {number}"),
            None => format!("`{}`", self.path),
        };
        match &self.told_by {
            ToldBy::Link(link) => format!("`{link}` leads to {what}, {}", self.state()),
            ToldBy::Folder => format!("there is `{}`, {}", self.path, self.state()),
            ToldBy::Pages => format!("`{INDEX}` tells of `{}`, {}", self.path, self.state()),
        }
    }

    /// What is wrong with the folder, for the end of a sentence.
    pub fn state(&self) -> &'static str {
        if self.is_there { "whose `manifest.json` is damaged or of another folder" } else { "which is not there" }
    }
}

/// Revisions that were lost with their events, as long as no later one was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsettledRevision {
    pub series: Series,
    /// The numbers of the lost revisions: all after the newest one that the log has. `None` if it is not even known whether there was one.
    pub lost: Option<RangeInclusive<u32>>,
    /// The newest revision that the log has.
    pub before: u32,
}

impl UnsettledRevision {
    /// The number of the newest lost revision.
    pub fn newest(&self) -> Option<u32> {
        self.lost.as_ref().map(|lost| *lost.end())
    }

    /// The lost revisions, in words.
    pub fn name(&self) -> String {
        match &self.lost {
            Some(lost) => name_revisions(lost),
            None => format!("a revision after {}", self.before),
        }
    }

    /// A condition about what they were, in words.
    pub fn if_yank(&self) -> String {
        if self.are_several() {
            format!("if one of {} was a yank", self.name())
        } else {
            format!("if {} was a yank", self.name())
        }
    }

    /// Whether several revisions are lost: then the newest one tells nothing of those before it.
    pub fn are_several(&self) -> bool {
        self.lost.as_ref().is_some_and(|lost| lost.start() < lost.end())
    }

    /// What is wrong, in words.
    pub fn describe(&self) -> String {
        let UnsettledRevision { series, before, lost } = self;
        let name = self.name();
        let still = format!("revision {before} still has what was taken out");
        match lost {
            Some(_) if self.are_several() => format!(
                "{name} of stable/{series} are lost, and so are their events: nothing here tells whether one of them was a yank; if \
                 so, {still}"
            ),
            Some(_) => format!("{name} of stable/{series} is lost, and so is its event: if it was a yank, {still}"),
            None => format!("{name} of stable/{series} may be lost, and so is its event: if it was a yank, {still}"),
        }
    }

    /// What is wrong, for a command that goes on; `status` has the help.
    pub fn warning(&self) -> String {
        format!("{}; what to do: `{} status`", self.describe(), program())
    }

    /// What a person can do.
    pub fn help(&self) -> String {
        let (program, UnsettledRevision { series, lost, before }) = (program(), self);
        let back = match lost {
            Some(_) if self.are_several() => format!("put the folders of {} back from a backup", self.name()),
            Some(_) => format!("put the folder of {} back from a backup", self.name()),
            None => format!("put back what a backup or a mirror has of the revisions after {before}"),
        };
        let [yank, other] = self.cases();
        format!(
            "{back}, and run `{program} recover-log`; without one, find out about yanks: the pages of a mirror, the list of packages on a \
             client, and the output of your CI can tell of them; if {yank}, yank all of these packages again, by one command: \
             `{program} yank NEVRA --series {series} --why REASON`; only if {other}, go on from revision {before}: `{program} rollback \
             {series} --to {before}`"
        )
    }

    /// The two cases that a person must tell apart, for a sentence.
    fn cases(&self) -> [&'static str; 2] {
        if self.are_several() { ["one was a yank", "none was"] } else { ["it was a yank", "not"] }
    }

    /// The refusal of a change that would make the decision for the person.
    pub fn refusal(&self) -> Failure {
        Failure::new(Exit::Failed, self.describe()).help(self.help())
    }
}

/// Revisions in words: `revision 5`, `revisions 5 and 6`, `revisions 5 to 7`.
pub fn name_revisions(numbers: &RangeInclusive<u32>) -> String {
    let (first, last) = (*numbers.start(), *numbers.end());
    match last.saturating_sub(first) {
        0 => format!("revision {last}"),
        1 => format!("revisions {first} and {last}"),
        _ => format!("revisions {first} to {last}"),
    }
}

/// The newest revision of a series, if it was lost with its event, or if newer ones may be lost, and no later revision was made; `None` if
/// there is no revision to go back to, either.
pub fn find_unsettled(store: &Store, series: Series) -> Option<UnsettledRevision> {
    let before = store.current_number(series).ok().flatten()?;
    let highest = store.log.highest_revision(series);
    let (mut number, mut may_be_more) = (None, false);
    for event in store.log.events() {
        let Action::RecoverLog { missing, used_revisions, .. } = &event.action else { continue };
        let recorded = missing.iter().filter_map(|path| parse_revision_of(&store.layout, series, path.as_str()));
        number = number.max(recorded.filter(|number| *number > highest).max());
        may_be_more |= used_revisions.iter().any(|used| used.series == series && used.known >= highest);
    }
    // It may be back. Without its own manifest, its event stays lost.
    let number = number.filter(|number| !has_own_manifest(&store.layout, series, *number));
    // Nothing tells of those between, either.
    let lost = number.map(|number| highest + 1..=number);
    (lost.is_some() || may_be_more).then_some(UnsettledRevision { series, lost, before })
}

/// The lost targets of all links. What the log has recorded as missing is not lost any more.
pub fn find_lost_targets(store: &Store) -> Result<Vec<LostTarget>> {
    let layout = &store.layout;
    let mut lost = Vec::new();
    for series in store.series()? {
        if let Some(number) = store.linked_revision(series).ok().flatten() {
            let told_by = ToldBy::Link(layout.shown(&layout.stable(series)));
            lost.extend(find_lost_revision(store, series, number, told_by)?);
        }
        if let Some(name) = store.linked_latest(series).ok().flatten() {
            let folder = layout.snapshot(series, &name);
            let (shown, told_by) = (layout.shown(&folder), ToldBy::Link(layout.shown(&layout.latest(series))));
            if store.log.staging_of(&name).is_none() && !folder.is_folder() && !store.log.is_removed(&shown) {
                let path = parse_path(&shown)?;
                lost.push(LostTarget { told_by, path, revision: None, is_there: false, earlier: None });
            }
        }
    }
    for (series, told) in ServedIndex::load(layout).series {
        let told = find_told(store, series, &told, &lost)?;
        lost.retain(|linked| told.iter().all(|told| told.path != linked.path));
        lost.extend(told);
    }
    Ok(lost)
}

/// The newest revision and snapshot of which the pages tell, if they are newer than what the log and the folders have. A revision that a
/// link leads to is left out: that is said of the link, and `lost` has it.
fn find_told(store: &Store, series: Series, told: &ToldSeries, lost: &[LostTarget]) -> Result<Vec<LostTarget>> {
    let (layout, mut found) = (&store.layout, Vec::new());
    let linked = lost.iter().filter_map(|lost| parse_revision_of(layout, series, lost.path.as_str()));
    let known = linked.chain([store.log.highest_revision(series), highest_removed_revision(store, series)]);
    if told.revision > known.max().unwrap_or(0) {
        found.extend(find_lost_revision(store, series, told.revision, ToldBy::Pages)?);
    }
    if let Some(name) = &told.snapshot {
        let in_folder = store.snapshots(series)?.last().map_or(0, SnapshotName::pipeline);
        let known = [store.log.highest_pipeline(series), highest_removed_pipeline(store, series), in_folder];
        if known.into_iter().all(|known| name.pipeline() > known) {
            let path = parse_path(&layout.shown(&layout.snapshot(series, name)))?;
            found.push(LostTarget { told_by: ToldBy::Pages, path, revision: None, is_there: false, earlier: None });
        }
    }
    Ok(found)
}

/// The newer revisions than those of the log that no link leads to, and that have no manifest of their own. Where the log is whole, somebody
/// put them there by hand.
pub fn find_lost_folders(store: &Store) -> Result<Vec<LostTarget>> {
    let mut lost = Vec::new();
    for series in store.series()? {
        let linked = store.linked_revision(series).ok().flatten();
        let highest = store.log.highest_revision(series);
        for number in store.revisions(series)? {
            if number > highest && linked != Some(number) {
                lost.extend(find_lost_revision(store, series, number, ToldBy::Folder)?);
            }
        }
    }
    Ok(lost)
}

/// A revision, unless it has a manifest of its own, or the log tells of it.
fn find_lost_revision(
    store: &Store,
    series: Series,
    number: u32,
    told_by: ToldBy,
) -> Result<Option<LostTarget>, Failure> {
    let folder = store.layout.revision(series, number);
    let shown = store.layout.shown(&folder);
    let is_logged = store.log.making_of(series, number).is_some() || store.log.is_removed(&shown);
    if is_logged || has_own_manifest(&store.layout, series, number) {
        return Ok(None);
    }
    let (path, is_there) = (parse_path(&shown)?, folder.is_folder());
    let first = store.log.highest_revision(series) + 1;
    let earlier =
        (first < number && !store.layout.revision(series, number - 1).is_folder()).then(|| first..=number - 1);
    Ok(Some(LostTarget { told_by, path, revision: Some(number), is_there, earlier }))
}

fn parse_path(shown: &str) -> Result<FilePath, Failure> {
    shown.parse().map_err(Failure::from)
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
