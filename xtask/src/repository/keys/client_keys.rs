//! The keys that the `<name>-repo` packages of a revision have put on the machines of clients.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::repository::clients::package::read_file;
use crate::repository::clients::series_package::key_path;
use crate::repository::clients::shipped::packages_of;
use crate::repository::keys::key_set::KeySet;
use crate::repository::model::event::Action;
use crate::repository::model::layout::Layout;
use crate::repository::model::manifest::{FileEntry, PackageEntry};
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::{Revision, Store};
use crate::repository::repodata;
use crate::repository::sign::{Fingerprint, PublicKey, split_keys};

/// What the clients of a series have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesClients {
    pub series: Series,
    /// The current revision.
    pub revision: u32,
    /// The dists whose clients may have their keys from a package. The others read them from the server.
    pub dists: BTreeMap<Dist, Vec<ShippedKey>>,
}

/// A key in the newest `<name>-repo` package of a dist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippedKey {
    pub fingerprint: Fingerprint,
    /// The revision whose package was the first of those that have the key without a gap.
    pub since: u32,
    /// The revision whose package was the last before that, without the key; 0 if there is none.
    pub after: u32,
}

impl SeriesClients {
    /// The clients of the current revision of a series; `None` if the series has none, or if it is not signed.
    ///
    /// Errors: the revision, or a package in it, is damaged.
    pub fn load(store: &Store, series: Series, keys: &KeySet) -> Result<Option<SeriesClients>> {
        let Some(current) = store.current(series)? else { return Ok(None) };
        SeriesClients::of_revision(&store.layout, &current, keys)
    }

    /// The clients of a revision; `None` if it is not signed.
    ///
    /// Errors: a package in it is damaged.
    pub fn of_revision(layout: &Layout, current: &Revision, keys: &KeySet) -> Result<Option<SeriesClients>> {
        let series = current.manifest.series;
        let mut clients = SeriesClients { series, revision: current.number, dists: BTreeMap::new() };
        let mut is_signed = false;
        for dist in current.manifest.dists() {
            let index = repodata::signature_of_index(&dist);
            is_signed |= current.manifest.file(&index).is_some();
            let packages = packages_of(layout, &current.manifest, &dist);
            if !packages.is_empty() {
                clients.dists.insert(dist, read_shipped(layout, current, &packages, keys)?);
            }
        }
        Ok(is_signed.then_some(clients))
    }

    /// Whether clients have a key from a package.
    pub fn have(&self, key: &Fingerprint) -> bool {
        self.dists.values().flatten().any(|shipped| shipped.fingerprint == *key)
    }

    /// The dists whose clients do not have a key.
    pub fn lacking(&self, key: &Fingerprint) -> Vec<&Dist> {
        let has = |keys: &[ShippedKey]| keys.iter().any(|shipped| shipped.fingerprint == *key);
        self.dists.iter().filter(|(_, keys)| !has(keys)).map(|(dist, _)| dist).collect()
    }

    /// The revision since which the clients of every dist have a key; `None` if some do not have it, or if all read their keys
    /// from the server.
    pub fn since(&self, key: &Fingerprint) -> Option<u32> {
        let of_dist = |keys: &Vec<ShippedKey>| {
            keys.iter().find(|shipped| shipped.fingerprint == *key).map(|shipped| shipped.since)
        };
        let all: Option<Vec<u32>> = self.dists.values().map(of_dist).collect();
        all?.into_iter().max()
    }

    /// The revision whose promotion by force signed with a key that clients did not have; `None` if they had got it before it signed.
    /// A later rollback or yank can have brought the package that clients have the key from now.
    pub fn got_by_force(&self, store: &Store, key: &Fingerprint, keys: &KeySet) -> Option<u32> {
        let shipped: Vec<&ShippedKey> =
            self.dists.values().flatten().filter(|shipped| shipped.fingerprint == *key).collect();
        let forced = store.log.events().filter_map(|event| match &event.action {
            Action::Promote { series, revision, force: Some(_), .. } if *series == self.series => Some(*revision),
            _ => None,
        });
        forced.rev().find(|forced| {
            let is_in_gap = |shipped: &&&ShippedKey| shipped.after < *forced && *forced <= shipped.since;
            shipped.iter().find(is_in_gap).is_some_and(|shipped| {
                // The force can have had another reason. A revision that is gone gives no other answer.
                shipped.since == *forced || self.came_with(store, *forced, key, keys).unwrap_or(true)
            })
        })
    }

    /// Whether an earlier revision brought the first package with a key; `None` if it cannot be read.
    fn came_with(&self, store: &Store, number: u32, key: &Fingerprint, keys: &KeySet) -> Option<bool> {
        let revision = store.revision(self.series, number).ok()?;
        let clients = SeriesClients::of_revision(&store.layout, &revision, keys).ok()?;
        let mut shipped = clients.iter().flat_map(|clients| clients.dists.values().flatten());
        Some(shipped.any(|shipped| shipped.fingerprint == *key && shipped.since == number))
    }
}

fn read_shipped(
    layout: &Layout,
    revision: &Revision,
    packages: &[(&FileEntry, &PackageEntry)],
    known: &KeySet,
) -> Result<Vec<ShippedKey>> {
    let mut shipped: Vec<ShippedKey> = Vec::new();
    let mut last = 0;
    for (file, package) in packages {
        let text = read_file(&revision.path.join(&file.path), &key_path(layout))?.unwrap_or_default();
        let keys = fingerprints(&String::from_utf8_lossy(&text), known)?;
        // The release of the package is the number of the revision that brought it.
        let number = package.nevra.release().parse().unwrap_or(revision.number);
        let before = std::mem::take(&mut shipped);
        for fingerprint in keys {
            let had = before.iter().find(|shipped| shipped.fingerprint == fingerprint);
            let (since, after) = had.map_or((number, last), |had| (had.since, had.after));
            shipped.push(ShippedKey { fingerprint, since, after });
        }
        last = number;
    }
    Ok(shipped)
}

/// The fingerprints of the keys in a text. Only a key that is not known is read by gpg.
fn fingerprints(text: &str, known: &KeySet) -> Result<Vec<Fingerprint>> {
    let mut found = Vec::new();
    for key in split_keys(text) {
        let same = known.all().find(|known| known.text.trim_ascii() == key.trim().as_bytes());
        match same {
            Some(same) => found.push(same.fingerprint.clone()),
            None => found.extend(PublicKey::read_all(std::iter::once(key))?.into_iter().map(|key| key.fingerprint)),
        }
    }
    Ok(found)
}
