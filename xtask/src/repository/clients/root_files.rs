//! The files in the root of the repository that follow from what is below it: a `.repo` file for each dist of each series.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::base::files::{self, TreePath};
use crate::repository::clients::repo_file::RepoFile;
use crate::repository::model::layout::Channel;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::Store;
use crate::repository::repodata;

/// A file in the root of the repository, or the copy of one in the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootFile {
    pub name: String,
    /// Absolute.
    pub path: TreePath,
    /// `None` for a `.repo` file that leads to nothing, which is removed.
    pub content: Option<Vec<u8>>,
}

impl RootFile {
    /// Whether the file is there with this content, or is gone.
    pub fn is_done(&self) -> bool {
        match &self.content {
            Some(content) => self.path.read().is_ok_and(|found| found == *content),
            None => !self.path.is_there(),
        }
    }

    /// What is wrong with a file that is to be written or removed, for the end of a sentence.
    pub fn describe_fault(&self) -> &'static str {
        match self.content {
            Some(_) => "is missing or was changed",
            None => "leads to a dist that the series does not have any more",
        }
    }

    /// Writes or removes the file.
    pub fn apply(&self) -> Result<()> {
        match &self.content {
            Some(content) => files::publish(&self.path, content),
            None => files::remove_if_there(&self.path),
        }
    }
}

/// The dists that a channel of a series will have after a change.
pub struct Coming {
    pub channel: Channel,
    pub series: Series,
    /// The dists, and whether the repodata of each is signed.
    pub dists: BTreeMap<Dist, bool>,
}

/// Writes the `.repo` files that differ from what the tree has now, and removes those that lead to nothing.
pub fn write_changed(store: &Store) -> Result<()> {
    changed(store, None)?.iter().try_for_each(RootFile::apply)
}

/// The `.repo` files that are to be written or removed once `coming` is there.
pub fn changed(store: &Store, coming: Option<&Coming>) -> Result<Vec<RootFile>> {
    let mut files = expected(store, coming)?;
    files.retain(|file| !file.is_done());
    Ok(files)
}

/// The `.repo` files of all that the tree has, once `coming` is there, and those of dists that have ended, which a channel no longer
/// has.
fn expected(store: &Store, coming: Option<&Coming>) -> Result<Vec<RootFile>> {
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
            expected.push(RootFile { name, path, content: Some(file.render().into_bytes()) });
        }
    }
    for name in layout.root.names()? {
        let of_channel = shown.iter().find_map(|((series, channel), dists)| {
            let id = layout.repo_id(*channel, *series, None);
            let dist = name.strip_prefix(&id)?.strip_prefix('-')?.strip_suffix(".repo")?.parse::<Dist>().ok()?;
            Some(!dists.contains_key(&dist))
        });
        let path = layout.root.join(&name);
        if of_channel == Some(true) && path.look().is_ok_and(|found| found.is_file()) {
            expected.push(RootFile { name, path, content: None });
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
            // Where a revision or snapshot is missing, nobody knows its dists.
            let Some(folder) = folder.filter(TreePath::is_folder) else { continue };
            let dists = shown.entry((series, channel)).or_default();
            // What was published counts, and not what is left of it: a signature or a dist that somebody has deleted must not lead
            // clients to repodata that they do not check.
            let manifest = Manifest::load(&folder).ok().map(|loaded| loaded.manifest);
            let published = manifest.iter().flat_map(Manifest::dists);
            let there = folder.join("rpm").names()?.into_iter().filter_map(|name| name.parse::<Dist>().ok());
            for dist in published.chain(there) {
                let signature = repodata::signature_of_index(&dist);
                let is_listed = manifest.as_ref().is_some_and(|manifest| manifest.file(&signature).is_some());
                let is_signed = is_listed || folder.join(&signature).is_there();
                dists.insert(dist, is_signed);
            }
        }
    }
    Ok(shown)
}
