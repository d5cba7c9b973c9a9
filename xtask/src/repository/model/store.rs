//! Reads the snapshots, revisions, links and log of a repository. Reading needs no lock.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure, program};
use crate::base::files::TreePath;
use crate::base::progress::Progress;
use crate::base::text::shell_word;
use crate::repository::model::blocked::{blocked_folder, help_for_blocked};
use crate::repository::model::event::{Action, BrokenChain, Event, EventLog};
use crate::repository::model::layout::{Layout, MANIFEST, parse_revision};
use crate::repository::model::lost_state::refuse_log;
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::missing_folder::MissingFolder;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::other_log::parse_own;
use crate::repository::model::own_manifest::{folder_made_by, has_own_manifest};

/// A repository. The log is read when the repository is opened, all else when a method needs it.
pub struct Store {
    pub layout: Layout,
    pub log: EventLog,
    /// The revisions that the next writer removes first, because a killed run never made them visible. They do not count.
    pub abandoned: Vec<(Series, u32)>,
}

/// A snapshot with its manifest.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub name: SnapshotName,
    /// The folder.
    pub path: TreePath,
    pub manifest: Manifest,
    /// The digest of the manifest's bytes. A test result has the digest of the manifest that was tested.
    pub digest: Digest,
}

impl fmt::Display for Snapshot {
    /// The name and the version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.manifest.release.version)
    }
}

/// A revision of a stable series with its manifest.
#[derive(Clone, Debug)]
pub struct Revision {
    /// From 1.
    pub number: u32,
    /// The folder.
    pub path: TreePath,
    pub manifest: Manifest,
}

impl Store {
    /// A repository with this log.
    pub fn with_log(layout: Layout, log: EventLog) -> Store {
        Store { layout, log, abandoned: Vec::new() }
    }

    /// Reads the log. Errors: the log was changed, or is of another repository.
    pub fn open(layout: Layout) -> Result<Store> {
        let (store, broken) = Store::open_sound(layout)?;
        match broken {
            None => Ok(store),
            Some(broken) => Err(refuse_log(&store.layout, &broken).into()),
        }
    }

    /// Reads the log up to the first line that was changed or is of another repository, and says where that is. A view shows what it can.
    pub fn open_sound(layout: Layout) -> Result<(Store, Option<BrokenChain>)> {
        let (log, broken) = parse_own(&layout, &read_log(&layout)?);
        Ok((Store::with_log(layout, log), broken))
    }

    /// The series that have snapshots or a stable revision, or had them by the log, in order.
    pub fn series(&self) -> Result<Vec<Series>> {
        let mut series = Vec::new();
        for folder in ["stable", "unstable"] {
            let names = self.layout.root.join(folder).names()?;
            series.extend(names.iter().filter_map(|name| name.parse::<Series>().ok()));
        }
        // Most series have a folder. Of another one, everything may have been pruned.
        let logged: BTreeSet<Series> = self.log.events().filter_map(|event| event.action.made_in()).collect();
        for of_log in logged {
            if !series.contains(&of_log) && self.has_anything(of_log) {
                series.push(of_log);
            }
        }
        series.sort();
        series.dedup();
        Ok(series)
    }

    /// Whether the log tells of a snapshot or revision of a series that was not pruned.
    fn has_anything(&self, series: Series) -> bool {
        let of_series = self.log.events().filter(|event| event.action.made_in() == Some(series));
        of_series.filter_map(|event| self.made_by(event)).any(|path| !self.is_gone(&path))
    }

    /// Whether the log says that a snapshot or revision is not there any more. One that was recorded as missing may be back: the disk
    /// that it is on was not mounted then.
    fn is_gone(&self, path: &str) -> bool {
        self.log.is_removed(path) && !(self.log.was_missing(path) && self.layout.root.join(path).is_folder())
    }

    /// The snapshot or revision that an event made, relative to the root.
    fn made_by(&self, event: &Event) -> Option<String> {
        folder_made_by(&self.layout, event).map(|path| self.layout.shown(&path))
    }

    /// The snapshots and revisions of the log that were not pruned and are not there, in the order of their events. Those below a
    /// [blocked folder](Store::blocked_folders) are left out.
    pub fn missing(&self) -> Vec<MissingFolder> {
        let removed = self.log.removed();
        let blocked = self.blocked_folders().unwrap_or_default();
        let is_blocked = |path: &str| blocked.iter().any(|folder| path.starts_with(&format!("{folder}/")));
        let mut missing = Vec::new();
        for event in self.log.events() {
            if let Some(shown) = self.made_by(event)
                && !removed.contains(shown.as_str())
                && !is_blocked(&shown)
                && !self.layout.root.join(&shown).is_folder()
                && let Ok(path) = shown.parse()
            {
                let is_replaced = self.layout.root.join(&shown).is_there();
                missing.push(MissingFolder { path, event: event.number, is_replaced });
            }
        }
        missing
    }

    /// The folders of the repository in whose places a link or a file is, relative to the root.
    pub fn blocked_folders(&self) -> Result<Vec<String>> {
        let mut folders =
            ["stable", "unstable", "revisions", ".trash"].map(|name| self.layout.root.join(name)).to_vec();
        for series in self.series()? {
            folders.extend([self.layout.unstable(series), self.layout.revisions(series)]);
        }
        folders.retain(|folder| folder.look().is_ok_and(|found| !found.is_dir()));
        Ok(folders.iter().map(|folder| self.layout.shown(folder)).collect())
    }

    /// Errors: the folder of the project is gone, and the log tells of something in it.
    pub fn require_root(&self) -> Result<()> {
        let root = &self.layout.root;
        let gone = if root.is_folder() { 0 } else { self.missing().len() };
        if gone == 0 {
            return Ok(());
        }
        let message = format!("there is no `{root}`, and the log tells of {gone} snapshots and revisions in it");
        let help = format!(
            "mount the disk that it is on; if the folder is lost, put it back from a backup, or record that it is gone: \
             `mkdir -p {} && {} prune --missing`",
            shell_word(&root.to_string()),
            program()
        );
        Err(Failure::new(Exit::Failed, message).help(help).into())
    }

    /// Errors: the folder of the project is gone, or a link or a file is in the place of a folder of the repository. Nothing may be
    /// changed then.
    pub fn require_folders(&self) -> Result<()> {
        self.require_root()?;
        let Some(blocked) = self.blocked_folders()?.into_iter().next() else { return Ok(()) };
        let message = format!("refusing to change the repository: {}", blocked_folder(&blocked));
        Err(Failure::new(Exit::Failed, message).help(help_for_blocked()).into())
    }

    /// The names of the snapshot folders of a series, sorted by pipeline number.
    pub fn snapshots(&self, series: Series) -> Result<Vec<SnapshotName>> {
        let folder = self.layout.unstable(series);
        let mut names: Vec<SnapshotName> = folder.names()?.iter().filter_map(|name| name.parse().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// The series that has a snapshot. A name without a series must be in one series only.
    pub fn find_series(&self, name: &SnapshotName) -> Result<Series> {
        let candidates = match name.series() {
            Some(series) => vec![series],
            None => self.series()?,
        };
        let has_it = |series: &Series| self.layout.snapshot(*series, name).is_folder();
        let found: Vec<Series> = candidates.into_iter().filter(has_it).collect();
        match found[..] {
            [series] => Ok(series),
            [] => Err(self.no_snapshot(name).into()),
            _ => {
                let message = format!("several series have a snapshot `{name}`");
                Err(Failure::new(Exit::Failed, message)
                    .help("stage the release again: the name of the new snapshot has the series")
                    .into())
            }
        }
    }

    fn no_snapshot(&self, name: &SnapshotName) -> Failure {
        let list = format!("list the snapshots: `{} status`", program());
        let staging = self.log.staging_of(name).and_then(|entry| self.made_by(&entry.event));
        let Some(shown) = staging else {
            return Failure::new(Exit::Failed, format!("there is no snapshot `{name}`")).help(list);
        };
        let pruned = self.log.events().find(|event| event.action.removed().any(|item| item.as_str() == shown));
        let what = match pruned {
            Some(event) => format!("event {} removed it", event.number),
            None => "its folder is missing".to_owned(),
        };
        Failure::new(Exit::Failed, format!("there is no snapshot `{name}` any more: {what}")).help(list)
    }

    /// Reads the manifest of a snapshot.
    ///
    /// Errors: it is not a manifest, or a copy of that of another folder.
    pub fn snapshot(&self, series: Series, name: &SnapshotName) -> Result<Snapshot> {
        let path = self.layout.snapshot(series, name);
        let LoadedManifest { manifest, digest } = Manifest::load(&path)?;
        // Where an interrupted run did not write the log, the manifest itself is believed.
        if self.log.staging_of(name).is_none() && self.log.has(&manifest.event) {
            return Err(other_manifest(&path, COPIED).into());
        }
        Ok(Snapshot { name: name.clone(), path, manifest, digest })
    }

    /// The snapshots of a series that can be read, the newest first; each manifest is read when its turn comes. A warning is printed
    /// for a damaged snapshot. One that was put there by hand is left out.
    pub fn newest_first<'s>(
        &'s self,
        series: Series,
        progress: &'s dyn Progress,
    ) -> Result<impl Iterator<Item = Snapshot> + 's> {
        let is_ours = move |name: &SnapshotName| self.has_manifest(series, name) || self.log.staging_of(name).is_some();
        let read = move |name: SnapshotName| {
            let warn = |error| progress.warn(&format!("passing over `{name}`, which is damaged: {error:#}"));
            self.snapshot(series, &name).map_err(warn).ok()
        };
        Ok(self.snapshots(series)?.into_iter().rev().filter(is_ours).filter_map(read))
    }

    /// The snapshot that is `latest`: by the log the last one that became it and is there, whatever happened to the link. Where a run
    /// was interrupted before it wrote the log, the snapshot that the link leads to.
    pub fn latest(&self, series: Series) -> Result<Option<SnapshotName>> {
        let is_there = |name: &SnapshotName| self.layout.snapshot(series, name).is_folder();
        let linked = self.linked_latest(series)?.filter(is_there);
        let logged = self.log.moves_of_latest(series).rev().map(|(name, _)| name).find(|name| is_there(name));
        match linked {
            Some(linked) if self.log.staging_of(&linked).is_none() => Ok(Some(linked)),
            linked => Ok(logged.cloned().or(linked)),
        }
    }

    /// The snapshot that the link `latest` leads to; `None` if there is no such link, or it leads elsewhere.
    pub fn linked_latest(&self, series: Series) -> Result<Option<SnapshotName>> {
        let link = self.layout.latest(series);
        let Some(target) = link.read_link()? else { return Ok(None) };
        Ok(target.to_str().and_then(|target| target.parse().ok()))
    }

    /// The newest series that has a current revision.
    pub fn newest_stable(&self) -> Result<Option<Series>> {
        let mut newest = None;
        for series in self.series()? {
            // Where the link cannot be read, the log says whether the series has a revision.
            let number = self.current_number(series);
            if number.map_or_else(|_| self.log.last_revision(series).is_some(), |number| number.is_some()) {
                newest = Some(series);
            }
        }
        Ok(newest)
    }

    /// Whether a snapshot has a manifest. One that was put into the tree by hand has none.
    pub fn has_manifest(&self, series: Series, name: &SnapshotName) -> bool {
        Manifest::is_in(&self.layout.snapshot(series, name))
    }

    /// The number of the current revision of a series: by the log the last one, whatever happened to the link. Where a run was
    /// interrupted before it wrote the log, the revision that the link leads to. `None` if the series has none.
    pub fn current_number(&self, series: Series) -> Result<Option<u32>> {
        let linked = self.linked_revision(series)?;
        let is_unlogged = |number: &u32| {
            self.log.making_of(series, *number).is_none() && has_own_manifest(&self.layout, series, *number)
        };
        if let Some(linked) = linked.filter(is_unlogged) {
            return Ok(Some(linked));
        }
        let is_gone = |number: u32| self.is_gone(&self.layout.shown(&self.layout.revision(series, number)));
        Ok(self.log.last_revision(series).map(|(number, _)| number).filter(|number| !is_gone(*number)))
    }

    /// The number of the revision that the link of a series leads to; `None` if there is no such link, or it leads elsewhere.
    pub fn linked_revision(&self, series: Series) -> Result<Option<u32>> {
        let link = self.layout.stable(series);
        let Some(target) = link.read_link()? else { return Ok(None) };
        Ok(parse_revision(&target).filter(|number| Layout::revision_target(series, *number) == target))
    }

    /// The current revision of a series; `None` if the series has none.
    ///
    /// Errors: the revision is missing or damaged; the help says how to go on without it.
    pub fn current(&self, series: Series) -> Result<Option<Revision>> {
        let Some(number) = self.current_number(series)? else { return Ok(None) };
        match self.revision(series, number) {
            Ok(revision) => Ok(Some(revision)),
            Err(error) => Err(self.lost_revision(series, number, &error)),
        }
    }

    fn lost_revision(&self, series: Series, number: u32, error: &anyhow::Error) -> anyhow::Error {
        let folder = self.layout.revision(series, number);
        let what = match folder.look() {
            Ok(found) if found.is_dir() => format!("is damaged: {error:#}"),
            Ok(_) => "is missing: a link or a file is in its place".to_owned(),
            Err(_) => "is missing".to_owned(),
        };
        let message = format!("stable/{series} cannot be used: its revision {number} {what}");
        let others = self.revisions(series).unwrap_or_default();
        let readable = others.into_iter().filter(|other| *other != number && self.revision(series, *other).is_ok());
        let help = match self.newest_like(series, number, readable) {
            Some(other) => {
                format!("go back to a revision that is whole: `{} rollback {series} --to {other}`", program())
            }
            None => format!(
                "put `{folder}` back from a backup; to begin the series again without it: remove what is left of it, and \
                 run `{} prune --missing`: then `status` says which releases to promote, and in which order",
                program()
            ),
        };
        Failure::new(Exit::Failed, message).help(help).into()
    }

    /// The newest of these revisions, to go back to in place of a lost one. If that was a rollback, what is newer than its target was taken back.
    pub fn newest_like(&self, series: Series, lost: u32, others: impl Iterator<Item = u32>) -> Option<u32> {
        let event = self.log.making_of(series, lost).map(|entry| &entry.event.action);
        let newest = if let Some(Action::Rollback { to, .. }) = event { *to } else { u32::MAX };
        others.filter(|other| *other <= newest).max()
    }

    /// Reads the manifest of a revision.
    ///
    /// Errors: it is not a manifest, or not the one of the log: what it lists would become part of the next revision.
    pub fn revision(&self, series: Series, number: u32) -> Result<Revision> {
        let path = self.layout.revision(series, number);
        let loaded = Manifest::load(&path)?;
        if let Some(why) = self.find_other_manifest(series, number, &loaded) {
            return Err(other_manifest(&path, why).into());
        }
        Ok(Revision { number, path, manifest: loaded.manifest })
    }

    /// Why the manifest in the place of a revision is not the one of the log. Where an interrupted run did not write the log, and for
    /// an event without a digest, the manifest itself is believed.
    fn find_other_manifest(&self, series: Series, number: u32, loaded: &LoadedManifest) -> Option<&'static str> {
        match self.log.making_of(series, number) {
            Some(made) => {
                let is_other = made.manifest.is_some_and(|logged| logged != loaded.digest);
                is_other.then_some("was changed: the log has another digest of it")
            }
            None => self.log.has(&loaded.manifest.event).then_some(COPIED),
        }
    }

    /// The numbers of the revision folders of a series, in order.
    pub fn revisions(&self, series: Series) -> Result<Vec<u32>> {
        let names = self.layout.revisions(series).names()?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| parse_revision(Path::new(name))).collect();
        numbers.retain(|number| !self.abandoned.contains(&(series, *number)));
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// What is wrong with the manifest of a folder that somebody copied.
const COPIED: &str = "was copied there: the log has its event for another folder";

/// The error for a manifest that is not the one of the log.
fn other_manifest(folder: &TreePath, why: &str) -> Failure {
    let message = format!("`{}` {why}", folder.join(MANIFEST));
    Failure::new(Exit::Failed, message).help(format!("see what else is wrong, and what to do: `{} verify`", program()))
}

/// The bytes of the log; none if the repository has no log yet.
pub fn read_log(layout: &Layout) -> Result<Vec<u8>> {
    Ok(layout.log().read_if_there()?.unwrap_or_default())
}
