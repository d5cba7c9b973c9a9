//! The packages of a revision that were yanked later: a rollback to it leaves them out.

use std::fmt;

use crate::repository::model::event::Action;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;
use crate::rpm::nevra::Nevra;

/// A package that was yanked and that the series has not had since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YankedPackage {
    pub package: Nevra,
    /// The number of the event.
    pub event: u64,
    pub why: String,
}

impl fmt::Display for YankedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, yanked by event {}: {}", self.package, self.event, self.why)
    }
}

/// The packages of `manifest` that are yanked, sorted. A package that a later revision has again is not: somebody promoted it by name,
/// or brought it back. A later revision that cannot be read says nothing, so that the package stays yanked.
pub fn find_yanked(store: &Store, series: Series, manifest: &Manifest) -> Vec<YankedPackage> {
    let mut found: Vec<YankedPackage> = Vec::new();
    let mut packages: Vec<&Nevra> = manifest.packages().map(|(_, package)| &package.nevra).collect();
    packages.sort();
    packages.dedup();
    for package in packages {
        let last_yank = store.log.events().rev().find_map(|event| match &event.action {
            Action::Yank { series: of, revision, packages, why, .. } if *of == series && packages.contains(package) => {
                Some((*revision, event.number, why))
            }
            _ => None,
        });
        if let Some((revision, event, why)) = last_yank
            && !has_returned(store, series, package, revision)
        {
            found.push(YankedPackage { package: package.clone(), event, why: why.clone() });
        }
    }
    found
}

/// Whether a revision after `yanked` has the package.
fn has_returned(store: &Store, series: Series, package: &Nevra, yanked: u32) -> bool {
    let has = |number: &u32| {
        let revision = store.revision(series, *number);
        revision.is_ok_and(|revision| revision.manifest.packages().any(|(_, entry)| entry.nevra == *package))
    };
    let later = store.revisions(series).unwrap_or_default();
    later.iter().filter(|number| **number > yanked).any(has)
}
