//! The keys in the `<name>-repo` packages. They are what is left of the served keys where the served file and its copy are lost.

use anyhow::Result;

use crate::base::checksum::digest_in_tree;
use crate::repository::clients::package::read_file;
use crate::repository::clients::series_package::{key_path, package_name};
use crate::repository::model::layout::Layout;
use crate::repository::model::manifest::{FileEntry, Manifest, PackageEntry};
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::Store;
use crate::repository::sign::split_keys;

/// The `<name>-repo` packages of a dist, the oldest first.
pub fn packages_of<'m>(layout: &Layout, manifest: &'m Manifest, dist: &Dist) -> Vec<(&'m FileEntry, &'m PackageEntry)> {
    let name = package_name(layout);
    let is_own = |package: &PackageEntry| package.dist.as_ref() == Some(dist) && package.nevra.name() == name;
    let mut packages: Vec<_> = manifest.packages().filter(|(_, package)| is_own(package)).collect();
    packages.sort_by(|one, other| one.1.nevra.evr_cmp(&other.1.nevra));
    packages
}

/// The keys in the newest packages of all series, each text once. What is not as the log has it is passed over: somebody who can write
/// only to the root cannot add a key.
pub fn read_shipped_keys(store: &Store) -> Result<String> {
    let mut keys: Vec<String> = Vec::new();
    for series in store.series()?.into_iter().rev() {
        for key in keys_of_series(store, series).unwrap_or_default() {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys.concat())
}

fn keys_of_series(store: &Store, series: Series) -> Result<Vec<String>> {
    let Some(number) = store.current_number(series)? else { return Ok(Vec::new()) };
    let folder = store.layout.revision(series, number);
    let loaded = Manifest::load(&folder)?;
    if store.log.making_of(series, number).is_none_or(|made| made.manifest != Some(loaded.digest)) {
        return Ok(Vec::new());
    }
    let mut keys = Vec::new();
    for dist in loaded.manifest.dists() {
        let Some((file, _)) = packages_of(&store.layout, &loaded.manifest, &dist).pop() else { continue };
        let package = folder.join(&file.path);
        if digest_in_tree(&package)? != file.sha256 {
            continue;
        }
        let text = read_file(&package, &key_path(&store.layout))?.unwrap_or_default();
        keys.extend(split_keys(&String::from_utf8_lossy(&text)).map(str::to_owned));
    }
    Ok(keys)
}
