//! Reading a repository, at any time and without a lock: snapshots, revisions, links, log.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure, program};
use crate::base::files;
use crate::repository::model::event::Log;
use crate::repository::model::layout::{Layout, MANIFEST, parse_revision};
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::{Series, SnapshotName};

/// A repository as it is now; what it has is read when it is asked for.
pub struct Store {
    /// Where everything is.
    pub layout: Layout,
    /// What happened.
    pub log: Log,
}

/// A snapshot with its manifest.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// How it is called.
    pub name: SnapshotName,
    /// Its folder.
    pub path: PathBuf,
    /// What it is.
    pub manifest: Manifest,
    /// The digest of the manifest's bytes, which results of tests are bound to.
    pub digest: Digest,
}

/// A revision of a stable series with its manifest.
#[derive(Clone, Debug)]
pub struct Revision {
    /// From 1.
    pub number: u32,
    /// Its folder.
    pub path: PathBuf,
    /// What it is.
    pub manifest: Manifest,
}

impl Store {
    /// Reads the log. Errors: it was changed.
    pub fn open(layout: Layout) -> Result<Store> {
        let log = load_log(&layout.log())?;
        Ok(Store { layout, log })
    }

    /// The series that have snapshots or revisions, in order.
    pub fn series(&self) -> Result<Vec<Series>> {
        let mut series = Vec::new();
        for folder in ["stable", "unstable"] {
            let names = files::names_in(&self.layout.root.join(folder))?;
            series.extend(names.iter().filter_map(|name| name.parse::<Series>().ok()));
        }
        series.sort();
        series.dedup();
        Ok(series)
    }

    /// The snapshots of a series by their folders, in the order of their pipelines.
    pub fn snapshots(&self, series: Series) -> Result<Vec<SnapshotName>> {
        let folder = self.layout.unstable(series);
        let mut names: Vec<SnapshotName> =
            files::names_in(&folder)?.iter().filter_map(|name| name.parse().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// Where a snapshot is: in the series that its name says, or in the only one that has it.
    pub fn find_series(&self, name: &SnapshotName) -> Result<Series> {
        let places = match name.series() {
            Some(series) => vec![series],
            None => self.series()?,
        };
        let is_there = |series: &Series| self.layout.snapshot(*series, name).is_dir();
        let mut places = places.into_iter().filter(is_there);
        match (places.next(), places.next()) {
            (Some(series), None) => Ok(series),
            (None, _) => Err(Failure::new(Exit::Failed, format!("there is no snapshot `{name}`"))
                .help(format!("see what there is: `{} status`", program()))
                .into()),
            (Some(_), Some(_)) => {
                let message = format!("`{name}` is in several series, and its name says none");
                Err(Failure::new(Exit::Failed, message).help("stage it again: its name will say the series").into())
            }
        }
    }

    /// Reads a snapshot.
    pub fn snapshot(&self, series: Series, name: &SnapshotName) -> Result<Snapshot> {
        let path = self.layout.snapshot(series, name);
        let (manifest, digest) = Manifest::load(&path)?;
        Ok(Snapshot { name: name.clone(), path, manifest, digest })
    }

    /// The snapshot that `latest` leads to; `None` where there is no such link.
    pub fn latest(&self, series: Series) -> Result<Option<SnapshotName>> {
        let link = self.layout.latest(series);
        let Some(target) = read_link(&link)? else { return Ok(None) };
        match target.to_str().and_then(|target| target.parse().ok()) {
            Some(name) => Ok(Some(name)),
            None => Err(strange_link(&link, &target).into()),
        }
    }

    /// The newest series that has a current revision.
    pub fn newest_stable(&self) -> Result<Option<Series>> {
        let mut newest = None;
        for series in self.series()? {
            if self.current_number(series)?.is_some() {
                newest = Some(series);
            }
        }
        Ok(newest)
    }

    /// Whether a snapshot has a manifest: one that was put there by hand has none.
    pub fn has_manifest(&self, series: Series, name: &SnapshotName) -> bool {
        self.layout.snapshot(series, name).join(MANIFEST).exists()
    }

    /// The number of the current revision of a series; `None` where the series has none.
    pub fn current_number(&self, series: Series) -> Result<Option<u32>> {
        let link = self.layout.stable(series);
        let Some(target) = read_link(&link)? else { return Ok(None) };
        match parse_revision(&target).filter(|number| Layout::revision_target(series, *number) == target) {
            Some(number) => Ok(Some(number)),
            None => Err(strange_link(&link, &target).into()),
        }
    }

    /// The current revision of a series.
    pub fn current(&self, series: Series) -> Result<Option<Revision>> {
        self.current_number(series)?.map(|number| self.revision(series, number)).transpose()
    }

    /// Reads a revision.
    pub fn revision(&self, series: Series, number: u32) -> Result<Revision> {
        let path = self.layout.revision(series, number);
        let (manifest, _) = Manifest::load(&path)?;
        Ok(Revision { number, path, manifest })
    }

    /// The numbers of the revisions of a series that are kept, in order.
    pub fn revisions(&self, series: Series) -> Result<Vec<u32>> {
        let names = files::names_in(&self.layout.revisions(series))?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| parse_revision(Path::new(name))).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn load_log(path: &Path) -> Result<Log> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        text => text.with_context(|| format!("cannot read `{}`", path.display()))?,
    };
    Log::parse(&text).map_err(|broken| {
        Failure::new(Exit::Failed, format!("`{}` was changed: {broken}", path.display()))
            .help("put it back from a backup; the manifests in the repository carry its events")
            .into()
    })
}

/// Where a symbolic link leads; `None` where there is nothing.
fn read_link(link: &Path) -> Result<Option<PathBuf>> {
    match fs::read_link(link) {
        Ok(target) => Ok(Some(target)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidInput => {
            let message = format!("`{}` is no link, and nothing of ours", link.display());
            Err(Failure::new(Exit::Failed, message).help("move it away").into())
        }
        Err(error) => Err(error).with_context(|| format!("cannot read the link `{}`", link.display())),
    }
}

fn strange_link(link: &Path, target: &Path) -> Failure {
    let message = format!("`{}` leads to `{}`, which is none of ours", link.display(), target.display());
    Failure::new(Exit::Failed, message).help(format!("see what else is wrong: `{} verify`", program()))
}
