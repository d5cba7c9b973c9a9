//! The files in the root of the repository that follow from what is below it: a `.repo` file for each dist of each series.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::base::files::{self, TreePath};
use crate::repository::clients::repo_file::RepoFile;
use crate::repository::model::layout::{Channel, dist_folder};
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::Store;
use crate::repository::repodata;
use crate::repository::sign::SIGNATURE;

/// A file in the root of the repository, or the copy of one in the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootFile {
    pub name: String,
    /// Absolute.
    pub path: TreePath,
    pub content: Vec<u8>,
}

impl RootFile {
    /// Whether the file is there, with this content.
    pub fn is_written(&self) -> bool {
        self.path.read().is_ok_and(|found| found == self.content)
    }
}

/// The dists that a channel of a series will have after a change.
pub struct Coming {
    pub channel: Channel,
    pub series: Series,
    /// The dists, and whether the repodata of each is signed.
    pub dists: BTreeMap<Dist, bool>,
}

/// Writes the `.repo` files that differ from what the tree has now.
pub fn write_changed(store: &Store) -> Result<()> {
    for file in changed(store, None)? {
        files::publish(&file.path, &file.content)?;
    }
    Ok(())
}

/// The `.repo` files that are to be written once `coming` is there.
pub fn changed(store: &Store, coming: Option<&Coming>) -> Result<Vec<RootFile>> {
    let mut files = expected(store, coming)?;
    files.retain(|file| !file.is_written());
    Ok(files)
}

/// The `.repo` files of all that the tree has, once `coming` is there.
pub fn expected(store: &Store, coming: Option<&Coming>) -> Result<Vec<RootFile>> {
    let layout = &store.layout;
    let mut shown = shown_dists(store)?;
    let mut newest = store.newest_stable()?;
    if let Some(Coming { channel, series, dists }) = coming {
        shown.insert((*series, *channel), dists.clone());
        if *channel == Channel::Stable {
            newest = newest.max(Some(*series));
        }
    }
    let mut expected = Vec::new();
    for ((series, channel), dists) in &shown {
        for (dist, signed) in dists {
            let (channel, series, signed) = (*channel, *series, *signed);
            let newer = newest.filter(|newest| *newest > series);
            let file = RepoFile { layout, channel, series, dist, signed, newer, key_path: None };
            let path = layout.repo_file(channel, series, dist);
            let name = layout.shown(&path);
            expected.push(RootFile { name, path, content: file.render().into_bytes() });
        }
    }
    Ok(expected)
}

/// The dists that each channel of each series has now, and whether the repodata of each is signed.
type ShownDists = BTreeMap<(Series, Channel), BTreeMap<Dist, bool>>;

fn shown_dists(store: &Store) -> Result<ShownDists> {
    let layout = &store.layout;
    let mut shown = ShownDists::new();
    for series in store.series()? {
        // A series whose link cannot be read does not stop the others.
        let stable = store.current_number(series).ok().flatten().map(|number| layout.revision(series, number));
        let latest = store.latest(series).ok().flatten().map(|name| layout.snapshot(series, &name));
        for (channel, folder) in [(Channel::Stable, stable), (Channel::Unstable, latest)] {
            let dists = shown.entry((series, channel)).or_default();
            let Some(folder) = folder else { continue };
            for name in folder.join("rpm").names()? {
                let Ok(dist) = name.parse::<Dist>() else { continue };
                let index = folder.join(dist_folder(&dist)).join(repodata::FOLDER).join(repodata::INDEX);
                let is_signed = index.with_file_name(format!("{}{SIGNATURE}", repodata::INDEX)).is_there();
                dists.insert(dist, is_signed);
            }
        }
    }
    Ok(shown)
}
