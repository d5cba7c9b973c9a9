//! The packages that were yanked from a series, and those that a lost event may have yanked, which count as yanked.
//!
//! Two questions are asked of them. *Does the series lack it now?* `status` lists such packages, and a snapshot with one is promoted only
//! by its name and with `--with-yanked`: [`yanked_and_gone`]. *Does it stay out of a rollback?* It does unless somebody has brought it back since: `kept_out`
//! in `undo/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::repository::model::event::{Action, Event, EventLog};
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
    /// `None` if the event of the yank is lost, and perhaps there was none.
    pub why: Option<String>,
}

impl fmt::Display for YankedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let YankedPackage { package, event, why, .. } = self;
        match why {
            Some(why) => write!(f, "`{package}`, yanked by event {event}: {why}"),
            None => write!(f, "`{package}`, which a lost event before event {event} may have yanked"),
        }
    }
}

/// The packages in words.
pub fn list(packages: &[YankedPackage]) -> String {
    packages.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Each package that was ever yanked from a series, or may have been, sorted.
pub fn last_yanks(log: &EventLog, series: Series) -> Vec<YankedPackage> {
    let mut last: BTreeMap<Nevra, YankedPackage> = BTreeMap::new();
    for event in log.events() {
        for yanked in yanked_by(event, series) {
            last.insert(yanked.package.clone(), yanked);
        }
    }
    last.into_values().collect()
}

/// The packages that an event has yanked from a series, or has found to be perhaps yanked.
fn yanked_by(event: &Event, series: Series) -> Vec<YankedPackage> {
    let Event { number, at, action, .. } = event;
    let yanked = |package: &Nevra, revision: u32, why: Option<&String>| {
        let (package, why) = (package.clone(), why.cloned());
        YankedPackage { package, revision, event: *number, at: *at, why }
    };
    match action {
        Action::Yank { series: of, revision, packages, why, .. } if *of == series => {
            packages.iter().map(|package| yanked(package, *revision, Some(why))).collect()
        }
        Action::RecoverLog { maybe_yanked, .. } => {
            let of_series = maybe_yanked.iter().filter(|maybe| maybe.series == series);
            of_series.map(|maybe| yanked(&maybe.package, maybe.revision, None)).collect()
        }
        _ => Vec::new(),
    }
}

/// The packages that were yanked from a series and that its current revision does not have, whatever else happened since; sorted. Where a
/// newer revision is lost, what it may have taken out is not there any more, either.
pub fn yanked_and_gone(log: &EventLog, series: Series, current: Option<&Manifest>) -> Vec<YankedPackage> {
    let present: BTreeSet<&Nevra> = current.into_iter().flat_map(Manifest::packages).map(|(_, it)| &it.nevra).collect();
    let mut gone = last_yanks(log, series);
    let number = current.and_then(|current| current.event.action.revision()).map_or(0, |(_, number)| number);
    gone.retain(|yanked| !present.contains(&yanked.package) || yanked.revision > number);
    gone
}
