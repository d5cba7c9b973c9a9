//! The packages that were yanked from a series.
//!
//! Two questions are asked of them. *Does the series lack it now?* `status` lists such packages, and a snapshot with one is promoted by
//! its name only: [`yanked_and_gone`]. *Does it stay out of a rollback?* It does unless somebody has brought it back since: `kept_out`
//! in `undo/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::repository::model::event::{Action, EventLog};
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::Series;
use crate::rpm::nevra::Nevra;

/// A package with the last event that yanked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YankedPackage {
    pub package: Nevra,
    /// The first revision without it.
    pub revision: u32,
    /// The number of the event.
    pub event: u64,
    pub at: Timestamp,
    pub why: String,
}

impl fmt::Display for YankedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, yanked by event {}: {}", self.package, self.event, self.why)
    }
}

/// Each package that was ever yanked from a series, sorted.
pub fn last_yanks(log: &EventLog, series: Series) -> Vec<YankedPackage> {
    let mut last: BTreeMap<&Nevra, YankedPackage> = BTreeMap::new();
    for event in log.events() {
        let Action::Yank { series: of, revision, packages, why, .. } = &event.action else { continue };
        for package in packages.iter().filter(|_| *of == series) {
            let (revision, why) = (*revision, why.clone());
            let yanked = YankedPackage { package: package.clone(), revision, event: event.number, at: event.at, why };
            last.insert(package, yanked);
        }
    }
    last.into_values().collect()
}

/// The packages that were yanked from a series and that its current revision does not have, whatever else happened since; sorted.
pub fn yanked_and_gone(log: &EventLog, series: Series, current: Option<&Manifest>) -> Vec<YankedPackage> {
    let present: BTreeSet<&Nevra> = current.into_iter().flat_map(Manifest::packages).map(|(_, it)| &it.nevra).collect();
    let mut gone = last_yanks(log, series);
    gone.retain(|yanked| !present.contains(&yanked.package));
    gone
}
