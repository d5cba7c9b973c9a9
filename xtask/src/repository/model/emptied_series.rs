//! A series that had revisions, of which none is left: a person begins it again with its releases, the lowest version first, because a lower
//! version cannot follow a higher one.

use crate::base::error::{Exit, Failure, program};
use crate::history::Version;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::highest_removed_revision;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Store;

/// How many releases are named.
const NAMED: usize = 20;

/// A series without a revision that had some.
pub struct EmptiedSeries {
    pub series: Series,
    /// The snapshots that were promoted or may have been and are there, at least one: one of each version, the lowest first.
    pub releases: Vec<(Version, SnapshotName)>,
}

/// The series, if the log has all of its revisions as gone and a release of it is there; `None` if it has a revision, or never had one.
pub fn find_emptied(store: &Store, series: Series) -> Option<EmptiedSeries> {
    let had_any = store.log.highest_revision(series) > 0 || highest_removed_revision(store, series) > 0;
    if !had_any || store.current_number(series).ok()?.is_some() {
        return None;
    }
    let ledger = Ledger::load(&store.layout.ledger()).unwrap_or_default();
    let mut releases: Vec<(Version, SnapshotName)> = Vec::new();
    for name in store.snapshots(series).ok()? {
        let Ok(loaded) = Manifest::load(&store.layout.snapshot(series, &name)) else { continue };
        let mut packages = loaded.manifest.packages();
        let was_public =
            packages.any(|(_, package)| !package.nevra.is_source() && ledger.lists(series, &package.nevra));
        let (version, was_promoted) = (loaded.manifest.release.version.clone(), store.log.was_promoted(&name));
        if !was_promoted && !was_public {
            continue;
        }
        match releases.iter_mut().find(|(known, _)| *known == version) {
            Some((_, known)) if !store.log.was_promoted(known) || was_promoted => *known = name,
            Some(_) => {}
            None => releases.push((version, name)),
        }
    }
    releases.sort();
    (!releases.is_empty()).then_some(EmptiedSeries { series, releases })
}

impl EmptiedSeries {
    /// What is wrong, in words.
    pub fn describe(&self) -> String {
        format!("stable/{} had revisions, and none of them is left", self.series)
    }

    /// What a person can do; `command` promotes a snapshot as the first one of the series.
    pub fn help(&self, command: impl Fn(&SnapshotName) -> String) -> String {
        let back = format!("put them back from a backup, and run `{} recover-log`", program());
        let Some(((_, first), others)) = self.releases.split_first() else { return back };
        let (named, more) = others.split_at(others.len().min(NAMED));
        let mut then: Vec<String> = named.iter().map(|(version, name)| format!("{name} ({version})")).collect();
        then.extend((!more.is_empty()).then(|| format!("and {} more", more.len())));
        let then =
            if then.is_empty() { String::new() } else { format!(", then each by its name: {}", then.join(", ")) };
        format!(
            "{back}; without one, promote the releases of the series again, the lowest version first, because it cannot follow a \
             higher one, and leave out what was yanked: {}{then}",
            command(first)
        )
    }

    /// The help without flags but the one that begins a series.
    pub fn plain_help(&self) -> String {
        self.help(|name| format!("`{} promote {name} --major`", program()))
    }

    /// The refusal to choose another release as the first one.
    pub fn refusal(&self, command: impl Fn(&SnapshotName) -> String) -> Failure {
        Failure::new(Exit::Failed, self.describe()).help(self.help(command))
    }

    /// The releases that can no longer follow once `version` is promoted, in words; `None` if there are none.
    pub fn describe_passed_over(&self, version: &Version) -> Option<String> {
        let lower = self.releases.iter().filter(|(known, _)| known < version);
        let lower: Vec<String> = lower.map(|(version, name)| format!("{version} (`{name}`)")).collect();
        (!lower.is_empty()).then(|| {
            format!("stable/{} had lower versions, which cannot follow any more: {}", self.series, lower.join(", "))
        })
    }
}
