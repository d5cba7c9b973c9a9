//! What was rolled back or yanked from a series: it comes back only if a person names it, and so does what was staged before it.

use crate::history::Version;
use crate::repository::model::event::Action;
use crate::repository::model::name::Series;
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::model::yanks::{YankedPackage, yanked_and_gone};
use crate::rpm::nevra::Nevra;

/// The versions of a series that were promoted and then rolled back or yanked.
pub struct Withdrawn<'a> {
    store: &'a Store,
    series: Series,
    /// The current revision of the series.
    current: Option<&'a Revision>,
    /// The highest of these versions, if it is above the version of the series.
    highest: Option<&'a Version>,
    /// The packages that were yanked, or may have been, and are not there now.
    yanked: Vec<YankedPackage>,
}

impl<'a> Withdrawn<'a> {
    /// Reads the log.
    pub fn of(store: &'a Store, series: Series, current: Option<&'a Revision>) -> Withdrawn<'a> {
        let is_above = |version: &&Version| current.is_none_or(|current| **version > current.manifest.release.version);
        let highest = promotions(store, series).filter(is_above).max();
        let yanked = yanked_and_gone(&store.log, series, current.map(|current| &current.manifest));
        Withdrawn { store, series, current, highest, yanked }
    }

    /// Whether a snapshot is promoted only if it is named: its version was rolled back or yanked, as a whole or in part, or it is below
    /// a version that was. The next pipeline run stages the same commit again.
    pub fn needs_name(&self, staged: &Snapshot) -> bool {
        let version = &staged.manifest.release.version;
        self.highest.is_some_and(|highest| version <= highest)
            || self.was_withdrawn(version)
            || self.yanked_of(staged).next().is_some()
    }

    /// Why a snapshot must be named, for the end of a sentence about it.
    pub fn describe(&self, staged: &Snapshot) -> String {
        let version = &staged.manifest.release.version;
        let yanked: Vec<&YankedPackage> = self.yanked_of(staged).collect();
        match self.highest {
            _ if !yanked.is_empty() && yanked.iter().all(|yanked| yanked.why.is_none()) => {
                let packages: Vec<String> = yanked.iter().map(|yanked| format!("`{}`", yanked.package)).collect();
                format!("of which a lost event may have yanked {}", packages.join(", "))
            }
            _ if self.store.log.was_promoted(&staged.name) => format!("which {}", self.fate_of(version)),
            Some(highest) if !self.was_withdrawn(version) => {
                format!("which is below {highest}, and {highest} {}", self.fate_of(highest))
            }
            _ => format!("whose version {version} {}", self.fate_of(version)),
        }
    }

    /// What happened to a version that was promoted, for the end of a sentence. An older copy of the tree does not have it, either.
    fn fate_of(&self, version: &Version) -> &'static str {
        let of_series = self.store.log.events().rev().map(|event| &event.action);
        let is_promotion = |action: &&Action| matches!(action, Action::Promote { series, version: promoted, .. } if *series == self.series && promoted == version);
        let mut later = of_series.take_while(|action| !is_promotion(action));
        let is_undo = |action: &Action| match action {
            Action::Rollback { series, .. } | Action::Yank { series, .. } => *series == self.series,
            _ => false,
        };
        if later.any(is_undo) { "was rolled back or yanked" } else { "was promoted, and is not in the tree any more" }
    }

    /// Whether a version was promoted, and the series does not have it now.
    fn was_withdrawn(&self, version: &Version) -> bool {
        let is_there = |current: &Revision| current.manifest.releases().any(|release| release.version == *version);
        !self.current.is_some_and(is_there) && promotions(self.store, self.series).any(|promoted| promoted == version)
    }

    /// The packages of a snapshot that were yanked, or may have been, and are not there now.
    fn yanked_of(&self, staged: &Snapshot) -> impl Iterator<Item = &YankedPackage> {
        let has = |wanted: &Nevra| staged.manifest.packages().any(|(_, package)| package.nevra == *wanted);
        self.yanked.iter().filter(move |yanked| has(&yanked.package))
    }
}

/// The versions that were promoted to a series.
fn promotions(store: &Store, series: Series) -> impl Iterator<Item = &Version> {
    store.log.events().filter_map(move |event| match &event.action {
        Action::Promote { series: of, version, .. } if *of == series => Some(version),
        _ => None,
    })
}
