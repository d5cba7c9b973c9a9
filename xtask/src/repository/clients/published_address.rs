//! The address that a repository was published at, where the configuration has none any more.
//!
//! Without an address, a new revision would have no mirrorlist, and the `.repo` files would name a folder of this machine: clients on other
//! machines would find nothing.

use crate::base::error::{Exit, Failure, committed};
use crate::repository::clients::mirrorlist::MIRRORLIST;
use crate::repository::model::layout::dist_folder;
use crate::repository::model::manifest::Manifest;
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
    let layout = &store.layout;
    if layout.url.is_some() {
        return None;
    }
    let mut folders = Vec::new();
    for series in store.series().unwrap_or_default() {
        let number = store.current_number(series).ok().flatten();
        folders.extend(number.map(|number| layout.revision(series, number)));
        let latest = store.latest(series).ok().flatten();
        folders.extend(latest.map(|name| layout.snapshot(series, &name)));
    }
    folders.iter().find_map(|folder| {
        let manifest = Manifest::load(folder).ok()?.manifest;
        let mut lists = manifest.dists().into_iter().map(|dist| format!("{}/{MIRRORLIST}", dist_folder(&dist)));
        let list = lists.find(|list| manifest.file(list).is_some())?;
        let text = folder.join(&list).read().ok()?;
        let first = String::from_utf8(text).ok()?.lines().next()?.to_owned();
        let (address, _) = first.split_once(&format!("/{}/{}", layout.name, layout.shown(folder)))?;
        Some(address.to_owned())
    })
}
