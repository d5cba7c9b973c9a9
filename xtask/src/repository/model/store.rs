//! Reads the snapshots, revisions, links and log of a repository. Reading needs no lock.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure, program};
use crate::base::files;
use crate::repository::model::event::EventLog;
use crate::repository::model::layout::{Layout, parse_revision};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::{Series, SnapshotName};

/// A repository. The log is read when the repository is opened, all else when a method needs it.
pub struct Store {
    pub layout: Layout,
    pub log: EventLog,
}

/// A snapshot with its manifest.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub name: SnapshotName,
    /// The folder.
    pub path: PathBuf,
    pub manifest: Manifest,
    /// The digest of the manifest's bytes. A test result has the digest of the manifest that was tested.
    pub digest: Digest,
}

/// A revision of a stable series with its manifest.
#[derive(Clone, Debug)]
pub struct Revision {
    /// From 1.
    pub number: u32,
    /// The folder.
    pub path: PathBuf,
    pub manifest: Manifest,
}

impl Store {
    /// Reads the log. Errors: the log was changed.
    pub fn open(layout: Layout) -> Result<Store> {
        let log = EventLog::parse(&read_log(&layout)?).map_err(|broken| {
            Failure::new(Exit::Failed, format!("`{}` was changed: {broken}", layout.log().display()))
                .help("put it back from a backup; the manifests in the repository have its events")
        })?;
        Ok(Store { layout, log })
    }

    /// The series that have snapshots or a stable revision, in order.
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

    /// The names of the snapshot folders of a series, sorted by pipeline number.
    pub fn snapshots(&self, series: Series) -> Result<Vec<SnapshotName>> {
        let folder = self.layout.unstable(series);
        let mut names: Vec<SnapshotName> =
            files::names_in(&folder)?.iter().filter_map(|name| name.parse().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// The series that has a snapshot. A name without a series must be in one series only.
    pub fn find_series(&self, name: &SnapshotName) -> Result<Series> {
        let candidates = match name.series() {
            Some(series) => vec![series],
            None => self.series()?,
        };
        let has_it = |series: &Series| self.layout.snapshot(*series, name).is_dir();
        let found: Vec<Series> = candidates.into_iter().filter(has_it).collect();
        match found[..] {
            [series] => Ok(series),
            [] => Err(Failure::new(Exit::Failed, format!("there is no snapshot `{name}`"))
                .help(format!("list the snapshots: `{} status`", program()))
                .into()),
            _ => {
                let message = format!("several series have a snapshot `{name}`");
                Err(Failure::new(Exit::Failed, message)
                    .help("stage the release again: the name of the new snapshot has the series")
                    .into())
            }
        }
    }

    /// Reads the manifest of a snapshot.
    pub fn snapshot(&self, series: Series, name: &SnapshotName) -> Result<Snapshot> {
        let path = self.layout.snapshot(series, name);
        let LoadedManifest { manifest, digest } = Manifest::load(&path)?;
        Ok(Snapshot { name: name.clone(), path, manifest, digest })
    }

    /// The snapshot that `latest` leads to; `None` if there is no such link.
    pub fn latest(&self, series: Series) -> Result<Option<SnapshotName>> {
        let link = self.layout.latest(series);
        let Some(target) = read_link(&link)? else { return Ok(None) };
        match target.to_str().and_then(|target| target.parse().ok()) {
            Some(name) => Ok(Some(name)),
            None => Err(foreign_link(&link, &target).into()),
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

    /// Whether a snapshot has a manifest. One that was put into the tree by hand has none.
    pub fn has_manifest(&self, series: Series, name: &SnapshotName) -> bool {
        Manifest::is_in(&self.layout.snapshot(series, name))
    }

    /// The number of the current revision of a series; `None` if the series has none.
    pub fn current_number(&self, series: Series) -> Result<Option<u32>> {
        let link = self.layout.stable(series);
        let Some(target) = read_link(&link)? else { return Ok(None) };
        match parse_revision(&target).filter(|number| Layout::revision_target(series, *number) == target) {
            Some(number) => Ok(Some(number)),
            None => Err(foreign_link(&link, &target).into()),
        }
    }

    /// The current revision of a series; `None` if the series has none.
    pub fn current(&self, series: Series) -> Result<Option<Revision>> {
        let Some(number) = self.current_number(series)? else { return Ok(None) };
        Ok(Some(self.revision(series, number)?))
    }

    /// Reads the manifest of a revision.
    pub fn revision(&self, series: Series, number: u32) -> Result<Revision> {
        let path = self.layout.revision(series, number);
        let manifest = Manifest::load(&path)?.manifest;
        Ok(Revision { number, path, manifest })
    }

    /// The numbers of the revision folders of a series, in order.
    pub fn revisions(&self, series: Series) -> Result<Vec<u32>> {
        let names = files::names_in(&self.layout.revisions(series))?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| parse_revision(Path::new(name))).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// The bytes of the log; none if the repository has no log yet.
pub fn read_log(layout: &Layout) -> Result<Vec<u8>> {
    let path = layout.log();
    match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        text => text.with_context(|| format!("cannot read `{}`", path.display())),
    }
}

/// The target of a symbolic link; `None` if there is no file.
fn read_link(link: &Path) -> Result<Option<PathBuf>> {
    match fs::read_link(link) {
        Ok(target) => Ok(Some(target)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidInput => {
            let message = format!("`{}` is not a symbolic link", link.display());
            Err(Failure::new(Exit::Failed, message).help("`releng` did not make it: move it away").into())
        }
        Err(error) => Err(error).with_context(|| format!("cannot read the link `{}`", link.display())),
    }
}

fn foreign_link(link: &Path, target: &Path) -> Failure {
    let message = format!("`{}` leads to `{}`, which `releng` did not create", link.display(), target.display());
    Failure::new(Exit::Failed, message).help(format!("check the repository: `{} verify`", program()))
}
