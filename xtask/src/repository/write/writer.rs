//! The one writer of a repository: takes the lock, and first finishes or undoes what a killed run has begun.
//!
//! A run can be killed between any two steps of a change. The next writer finds one of these states:
//!
//! * hidden folders and links of releng: they were never visible, and are removed;
//! * a revision that no link leads to and no event names: it was never visible, and is removed;
//! * a snapshot in its place, or a revision that the link leads to, whose event is not in the log: the event and everything
//!   that follows it are written;
//! * an event whose `.repo` files were not written: they are written;
//! * an event about pruning with items still in their places: these are moved into the trash, too;
//! * the beginning of a line in the log: it is cut off. Where a manifest has the event, the line is written again.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::base::digest::Digest;
use crate::base::error::program;
use crate::base::files::{self, LockFile};
use crate::base::progress::Progress;
use crate::repository::clients::root_files;
use crate::repository::model::event::{Action, Event, LogEntry};
use crate::repository::model::layout::Layout;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Store;

/// A repository whose lock this process holds.
pub struct Writer {
    pub store: Store,
    /// The events of an interrupted run that [`Writer::open`] has finished.
    pub finished: Vec<Event>,
    _lock: LockFile,
}

impl Writer {
    /// Takes the lock for `command`, and finishes or removes what an interrupted run left.
    ///
    /// Errors: another run holds the lock (exit 75); the log was changed; a folder cannot be written.
    pub fn open(layout: Layout, command: &str, progress: &dyn Progress) -> Result<Writer> {
        let lock = LockFile::take(&layout.lock(), &format!("{} {command}", program()), "writing this repository")?;
        let mut writer = Writer { store: Store::open(layout)?, finished: Vec::new(), _lock: lock };
        writer.recover(progress)?;
        Ok(writer)
    }

    /// Appends an event to the log, with the digest of the manifest that carries it.
    pub fn record(&mut self, event: Event, manifest: Option<Digest>) -> Result<()> {
        let entry = LogEntry { event, manifest };
        let line = entry.render()?;
        files::append_line(&self.store.layout.log(), &line)?;
        self.store.log.push(entry, line.as_bytes());
        Ok(())
    }

    /// Adds the packages of a revision to the ledger.
    pub fn enter(&self, series: Series, manifest: &Manifest) -> Result<()> {
        let path = self.store.layout.ledger();
        let mut ledger = Ledger::load(&path)?;
        if ledger.add(series, manifest) { ledger.save(&path) } else { Ok(()) }
    }

    /// Moves the items of a prune that are still in their places into the trash of its event.
    fn move_to_trash(&self, event: &Event) -> Result<()> {
        let Action::Prune { items } = &event.action else { return Ok(()) };
        for item in items {
            let path = self.store.layout.root.join(item);
            if path.symlink_metadata().is_ok() {
                files::move_to(&path, &self.store.layout.trash_place(event.number, item))?;
            }
        }
        Ok(())
    }

    fn recover(&mut self, progress: &dyn Progress) -> Result<()> {
        self.cut_torn_line()?;
        self.clear_hidden()?;
        for series in self.all_series()? {
            self.finish_revision(series, progress)?;
            self.finish_snapshots(series, progress)?;
        }
        let pruned = self.store.log.events().rev().find(|event| matches!(event.action, Action::Prune { .. })).cloned();
        pruned.map_or(Ok(()), |event| self.move_to_trash(&event))?;
        root_files::write_changed(&self.store)
    }

    fn cut_torn_line(&self) -> Result<()> {
        let path = self.store.layout.log();
        match path.metadata() {
            Ok(found) if found.len() > self.store.log.whole => files::truncate(&path, self.store.log.whole),
            _ => Ok(()),
        }
    }

    fn clear_hidden(&self) -> Result<()> {
        let layout = &self.store.layout;
        let mut folders = vec![layout.root.clone(), layout.root.join("stable"), layout.state.clone()];
        for series in self.all_series()? {
            folders.extend([layout.unstable(series), layout.revisions(series)]);
        }
        folders.iter().try_for_each(|folder| files::clear_drafts(folder))
    }

    /// The series of the store, and those whose first revision an interrupted run has begun.
    fn all_series(&self) -> Result<BTreeSet<Series>> {
        let names = files::names_in(&self.store.layout.root.join("revisions"))?;
        let begun = names.iter().filter_map(|name| name.strip_prefix("stable-")?.parse().ok());
        Ok(self.store.series()?.into_iter().chain(begun).collect())
    }

    fn finish_revision(&mut self, series: Series, progress: &dyn Progress) -> Result<()> {
        let current = self.store.current_number(series)?;
        for number in self.store.revisions(series)? {
            if self.store.log.making_of(series, number).is_some() {
                continue;
            }
            let path = self.store.layout.revision(series, number);
            if Some(number) == current {
                let LoadedManifest { manifest, digest } = Manifest::load(&path)?;
                if self.store.log.is_next(&manifest.event) {
                    self.enter(series, &manifest)?;
                    self.finish(manifest.event, digest, progress)?;
                }
            } else if Some(number) > current {
                files::remove(&path)?;
            }
        }
        Ok(())
    }

    fn finish_snapshots(&mut self, series: Series, progress: &dyn Progress) -> Result<()> {
        for name in self.store.snapshots(series)? {
            if self.store.log.staging_of(&name).is_some() {
                continue;
            }
            // A snapshot without a manifest was put there by hand, or is older than manifests: no run has left it unfinished.
            let Ok(loaded) = Manifest::load(&self.store.layout.snapshot(series, &name)) else { continue };
            let LoadedManifest { manifest, digest } = loaded;
            if self.store.log.is_next(&manifest.event) {
                if matches!(manifest.event.action, Action::Stage { latest: true, .. }) {
                    self.point_latest(series, &name)?;
                }
                self.finish(manifest.event, digest, progress)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, event: Event, manifest: Digest, progress: &dyn Progress) -> Result<()> {
        progress.warn(&format!("finished the change of an interrupted run: {}", event.action));
        self.record(event.clone(), Some(manifest))?;
        self.finished.push(event);
        Ok(())
    }

    /// Makes `latest` lead to a snapshot of the same series.
    fn point_latest(&self, series: Series, name: &SnapshotName) -> Result<()> {
        let link = self.store.layout.latest(series);
        let target = name.to_string();
        match std::fs::read_link(&link) {
            Ok(found) if found == Path::new(&target) => Ok(()),
            _ => files::flip(&link, Path::new(&target)),
        }
    }
}
