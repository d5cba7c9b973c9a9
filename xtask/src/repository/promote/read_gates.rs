//! The gates of a promotion that read files of the repository. They are judged last.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::base::error::{Failure, program};
use crate::repository::dependencies::{LostDependency, Presence, find_lost};
use crate::repository::model::store::{Revision, Snapshot, Store};
use crate::repository::promote::gate::{Gate, no, yes};
use crate::repository::verify::snapshot::check_whole;
use crate::repository::write::described::{describe_revision, load_described};

/// The gate that reads all files of the snapshot.
pub fn whole(store: &Store, snapshot: &Snapshot) -> Result<Gate> {
    let program = program();
    Ok(match check_whole(store, snapshot)? {
        None => yes("whole", format!("{} files, unchanged since it was staged", snapshot.manifest.files.len())),
        Some(why) => {
            let help = format!(
                "stage the release again, which gives it a new number: `{program} stage`; see what else is wrong: \
                 `{program} verify`"
            );
            no("whole", why, help)
        }
    })
}

/// The gate that reads the repodata of the snapshot and of the current revision: no package of the series loses a dependency.
pub fn requires(store: &Store, snapshot: &Snapshot, current: Option<&Revision>) -> Gate {
    let program = program();
    let lost = current.map_or(Ok(BTreeSet::new()), |current| lost_by_promotion(store, snapshot, current));
    match lost.map(|lost| lost.into_iter().next()) {
        Ok(None) => yes("requires", "what packages of the series require is there as before"),
        Ok(Some(lost)) => {
            let LostDependency { name, package, .. } = &lost;
            let help = format!(
                "add a new `{name}` to the release, or `Obsoletes: {name}` to the spec, and build and stage it again; or take \
                 the package out of the series: `{program} yank {package} --series {series} --why REASON`",
                series = snapshot.manifest.series
            );
            no("requires", lost.to_string(), help)
        }
        Err(error) => {
            let known = error.downcast_ref::<Failure>().and_then(|failure| failure.help.clone());
            let help = known.unwrap_or_else(|| format!("see what else is wrong: `{program} verify`"));
            no("requires", format!("{error:#}"), help)
        }
    }
}

/// The dependencies of packages of the series that nothing meets any more once it has the packages of a snapshot.
///
/// Errors: the repodata of the snapshot is damaged, or that of the current revision together with a package.
fn lost_by_promotion(store: &Store, snapshot: &Snapshot, current: &Revision) -> Result<BTreeSet<LostDependency>> {
    let added = load_described(&snapshot.path, &snapshot.manifest.dists())?;
    let mut lost = BTreeSet::new();
    for (dist, kept) in describe_revision(&store.layout, current, &[])?.packages {
        let hrefs: BTreeSet<&str> = kept.iter().map(|package| package.href.as_str()).collect();
        let of_dist = added.get(&dist).into_iter().flatten();
        let new = of_dist.filter(|package| !hrefs.contains(package.href.as_str()));
        let mut packages: Vec<_> = kept.iter().map(|package| (package, Presence::Kept)).collect();
        packages.extend(new.map(|package| (package, Presence::Added)));
        lost.extend(find_lost(&format!("stable/{} {dist}", current.manifest.series), &packages)?);
    }
    Ok(lost)
}
