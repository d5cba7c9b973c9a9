//! The address that a repository was published at, where the configuration has none any more, or another one.
//!
//! Without an address, a new revision would have no mirrorlist, and the `.repo` files would name a folder of this machine: clients on other
//! machines would find nothing. With another one, the `.repo` files change at once, and a mirrorlist stays as it was published.

use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files::TreePath;
use crate::repository::clients::mirrorlist::MIRRORLIST;
use crate::repository::model::layout::{Layout, dist_folder};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::Store;

/// Errors: what clients read now was published at an address, and `repository.url` is not configured.
pub fn require_address(store: &Store) -> Result<(), Failure> {
    let Some(address) = find_lost_address(store) else { return Ok(()) };
    let message = format!(
        "refusing to change the repository: clients read it at `{address}`, and `repository.url` is not configured: they would get no \
         address any more"
    );
    Err(Failure::new(Exit::Failed, message).help(help_to_address(&address)))
}

/// What to do about a lost address.
pub fn help_to_address(address: &str) -> String {
    let change = committed(&format!("set `repository.url` to `{address}`"));
    format!("{change}; if it has another address now, to that one")
}

/// The address of the root by the mirrorlists of current revisions and of `latest`; `None` if one is configured, or if they have none.
pub fn find_lost_address(store: &Store) -> Option<String> {
    if store.layout.url.is_some() {
        return None;
    }
    let stated = |read: &ReadFolder| stated_address(&store.layout, &read.folder, &read.manifest);
    read_folders(store).iter().find_map(stated)
}

/// What clients read now by a mirrorlist that does not lead to the address of the configuration, or without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldAddress {
    pub series: Series,
    /// The current revision; `None` for `latest`.
    pub revision: Option<u32>,
    /// The path of the mirrorlist, relative to the root.
    pub list: String,
    /// The address of the root by the mirrorlist; `None` if there is no mirrorlist.
    pub stated: Option<String>,
    /// The address of the root by the configuration.
    wanted: String,
    /// The next free number of a pipeline.
    pipeline: u32,
}

impl OldAddress {
    /// What is wrong, in words.
    pub fn describe(&self) -> String {
        let OldAddress { stated, wanted, .. } = self;
        match stated {
            Some(stated) => format!("it leads clients to `{stated}`, and `repository.url` is `{wanted}`"),
            None => format!("it is missing, and `repository.url` is `{wanted}`: the `.repo` files name it"),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        let OldAddress { series, revision, pipeline, .. } = self;
        let program = program();
        match revision {
            Some(number) => format!(
                "make a revision with the same content that leads there: `{program} rollback {series} --to {number}`; the next promotion \
                 does it, too"
            ),
            None => format!(
                "the next snapshot that becomes `latest` leads there; to have one at once, stage its release again: `{program} stage \
                 --pipeline {pipeline}`"
            ),
        }
    }
}

/// The mirrorlists that lead clients elsewhere than to the address of the configuration; none where none is configured. One that is not as
/// its manifest lists it is damage.
pub fn find_old_addresses(store: &Store) -> Vec<OldAddress> {
    let layout = &store.layout;
    let Some(wanted) = wanted_address(layout) else { return Vec::new() };
    let mut old = Vec::new();
    for ReadFolder { series, revision, folder, manifest } in read_folders(store) {
        if !leads_elsewhere(layout, &folder, &manifest) {
            continue;
        }
        let list = match manifest.dists().first() {
            Some(first) => find_list(&manifest).unwrap_or_else(|| list_of(first)),
            None => continue,
        };
        let stated = stated_address(layout, &folder, &manifest);
        let (list, pipeline) =
            (layout.shown(&folder.join(&list)), store.log.highest_pipeline(series).saturating_add(1));
        old.push(OldAddress { series, revision, list, stated, wanted: wanted.clone(), pipeline });
    }
    old
}

/// Whether the mirrorlists of a snapshot or revision do not lead to the address of the configuration; `false` where none is configured, or
/// where the mirrorlist is damaged.
pub fn leads_elsewhere(layout: &Layout, folder: &TreePath, manifest: &Manifest) -> bool {
    let Some(wanted) = wanted_address(layout) else { return false };
    match stated_address(layout, folder, manifest) {
        Some(stated) => stated != wanted,
        None => find_list(manifest).is_none() && !manifest.dists().is_empty(),
    }
}

/// The address of the root by the configuration.
fn wanted_address(layout: &Layout) -> Option<String> {
    let url = layout.url.as_ref()?;
    Some(url.strip_suffix(&format!("/{}", layout.name)).unwrap_or(url).to_owned())
}

/// The address of the root by the first mirrorlist of a folder, if that is as the manifest lists it.
fn stated_address(layout: &Layout, folder: &TreePath, manifest: &Manifest) -> Option<String> {
    let list = find_list(manifest)?;
    let text = folder.join(&list).read().ok()?;
    if manifest.file(&list)?.sha256 != digest_of(&text) {
        return None;
    }
    let text = String::from_utf8(text).ok()?;
    let (address, _) = text.lines().next()?.split_once(&format!("/{}/{}", layout.name, layout.shown(folder)))?;
    Some(address.to_owned())
}

/// The path of the first mirrorlist that a manifest lists.
fn find_list(manifest: &Manifest) -> Option<String> {
    manifest.dists().iter().map(list_of).find(|list| manifest.file(list).is_some())
}

fn list_of(dist: &Dist) -> String {
    format!("{}/{MIRRORLIST}", dist_folder(dist))
}

/// A folder that clients read now.
struct ReadFolder {
    series: Series,
    /// `None` for `latest`.
    revision: Option<u32>,
    folder: TreePath,
    manifest: Manifest,
}

/// The folders that clients read, and that the log has: what somebody else has put there says nothing about the address.
fn read_folders(store: &Store) -> Vec<ReadFolder> {
    let layout = &store.layout;
    let mut folders = Vec::new();
    for series in store.series().unwrap_or_default() {
        let number = store.current_number(series).ok().flatten();
        folders.extend(number.map(|number| (series, Some(number), layout.revision(series, number))));
        let latest = store.latest(series).ok().flatten();
        folders.extend(latest.map(|name| (series, None, layout.snapshot(series, &name))));
    }
    let read = |(series, revision, folder): (Series, Option<u32>, TreePath)| {
        let LoadedManifest { manifest, digest } = Manifest::load(&folder).ok()?;
        if !store.log.vouches_for(digest) {
            return None;
        }
        Some(ReadFolder { series, revision, folder, manifest })
    };
    folders.into_iter().filter_map(read).collect()
}
