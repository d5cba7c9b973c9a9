//! The packages of a revision that stay out of a rollback to it: they were yanked later, and nobody has brought them back since.

use std::collections::BTreeSet;

use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;
use crate::repository::model::yanks::{YankedPackage, last_yanks};
use crate::rpm::nevra::Nevra;

/// The packages of `manifest` that stay out, sorted. A package that a later revision has again does not: somebody promoted it by name,
/// or brought it back, even if the present revision lacks it. A later revision that cannot be read says nothing, so that the package
/// stays out.
pub fn find_kept_out(store: &Store, series: Series, manifest: &Manifest) -> Vec<YankedPackage> {
    let packages: BTreeSet<&Nevra> = manifest.packages().map(|(_, package)| &package.nevra).collect();
    let mut found = last_yanks(&store.log, series);
    found.retain(|yanked| packages.contains(&yanked.package) && !has_returned(store, series, yanked));
    found
}

/// Whether a revision after the yank has the package.
fn has_returned(store: &Store, series: Series, yanked: &YankedPackage) -> bool {
    let has = |number: &u32| {
        let revision = store.revision(series, *number);
        revision.is_ok_and(|revision| revision.manifest.packages().any(|(_, entry)| entry.nevra == yanked.package))
    };
    let later = store.revisions(series).unwrap_or_default();
    later.iter().filter(|number| **number > yanked.revision).any(has)
}
