//! Reads the facts for the pages of the root: the log, and the manifests of the snapshots and revisions that it tells of.
//!
//! What was put into the tree by hand, and a manifest that is not the one of the log, is shown nowhere.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;

use crate::base::digest::Digest;
use crate::base::files::TreePath;
use crate::repository::clients::keys::read_keys;
use crate::repository::clients::series_package::package_name;
use crate::repository::model::event::{Action, EventLog, LogEntry};
use crate::repository::model::layout::{Layout, MANIFEST};
use crate::repository::model::lost_targets::find_unsettled;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Store;
use crate::repository::model::test_result::{TestFacts, load_results};
use crate::repository::pages::facts::{
    CurrentRevision, FolderSummary, KeptRevision, RepositoryFacts, RevisionEvent, SeriesFacts, ServedKey, SnapshotHold,
    StagedSnapshot, TestOutcome,
};
use crate::repository::pages::history::{KnownCurrent, promoted_versions, promotions_of, revision_events};
use crate::repository::pages::links::PAGE;
use crate::repository::pages::summary::summarize;
use crate::repository::sign::{KeyPackets, read_key, split_keys};
use crate::rpm::nevra::Nevra;

/// What a change will have made once it is done.
pub struct ComingChange<'a> {
    /// The events that it appends to the log.
    pub actions: &'a [Action],
    pub at: Timestamp,
    /// The snapshot or revision that the last of the events makes; `None` if it makes none.
    pub folder: Option<FolderSummary>,
    /// The keys that clients get then; `None` if they stay the same.
    pub keys: Option<Vec<u8>>,
}

/// The facts, and whether all of them could be read.
pub struct LoadedFacts {
    pub facts: RepositoryFacts,
    /// Whether a manifest is missing or damaged. Then nobody knows what the pages should have.
    pub is_partial: bool,
    /// The folders of `FOLDERS_WITH_PAGE` that are missing, and that the log tells of something in: it may be on a disk that is not mounted.
    /// Nothing may be in its place then.
    pub absent: Vec<&'static str>,
}

/// Loads the facts as they are once `coming` is done; `None` if the log has no event.
pub fn load(store: &Store, coming: Option<&ComingChange<'_>>) -> Result<Option<LoadedFacts>> {
    let mut log = store.log.clone();
    if let Some(coming) = coming {
        for action in coming.actions {
            let entry = LogEntry { event: log.next(coming.at, action.clone()), manifest: None };
            let line = entry.render()?;
            log.push(entry, line.as_bytes());
        }
    }
    if log.entries.is_empty() {
        return Ok(None);
    }
    let store = Store { layout: store.layout.clone(), log, abandoned: store.abandoned.clone() };
    let log = &store.log;
    let removed: BTreeSet<String> = log.removed().into_iter().map(str::to_owned).collect();
    let folder = coming.and_then(|coming| coming.folder.as_ref());
    let mut loader = Loader {
        store: &store,
        layout: &store.layout,
        log,
        removed,
        folder,
        is_partial: false,
        absent: BTreeSet::new(),
    };
    let all: BTreeSet<Series> = log.events().filter_map(|event| event.action.made_in()).collect();
    let mut series = Vec::new();
    for of_log in all.into_iter().rev() {
        series.extend(loader.load_series(of_log)?);
    }
    let is_signed = series.iter().any(|series| series.current.as_ref().is_some_and(|current| current.signed));
    let keys = match coming.and_then(|coming| coming.keys.clone()) {
        Some(keys) => Some(keys),
        None => read_keys(&store.layout).text.ok(),
    };
    let is_partial = loader.is_partial || (keys.is_none() && is_signed);
    let keys = keys.map_or(Vec::new(), |keys| served_keys(&keys));
    let (project, url) = (store.layout.name.to_string(), store.layout.url.clone());
    let has_revisions = log.events().any(|event| event.action.revision().is_some());
    let facts = RepositoryFacts { project, url, keys, series, has_revisions };
    Ok(Some(LoadedFacts { facts, is_partial, absent: loader.absent.into_iter().collect() }))
}

fn served_keys(keys: &[u8]) -> Vec<ServedKey> {
    let served = |armoured: &str| match read_key(armoured) {
        Some(KeyPackets { fingerprint, owner }) => ServedKey { fingerprint: Some(fingerprint), owner },
        None => ServedKey { fingerprint: None, owner: None },
    };
    split_keys(&String::from_utf8_lossy(keys)).map(served).collect()
}

struct Loader<'a> {
    /// The repository as it is once the change is done.
    store: &'a Store,
    layout: &'a Layout,
    log: &'a EventLog,
    /// What was pruned or is recorded as missing.
    removed: BTreeSet<String>,
    /// The folder that does not exist yet.
    folder: Option<&'a FolderSummary>,
    is_partial: bool,
    absent: BTreeSet<&'static str>,
}

impl Loader<'_> {
    /// The facts of a series; `None` if nothing of it is left.
    fn load_series(&mut self, series: Series) -> Result<Option<SeriesFacts>> {
        let events = revision_events(self.log, series);
        let number = self.log.last_revision(series).map(|(number, _)| number);
        let number = number.filter(|number| self.is_kept(&self.layout.revision(series, *number)));
        let summary = number.and_then(|number| {
            let manifest = self.log.making_of(series, number).and_then(|entry| entry.manifest);
            self.summarize(&self.layout.revision(series, number), manifest)
        });
        let is_newer_lost = find_unsettled(self.store, series).is_some();
        let known = KnownCurrent { number, content: summary.as_ref(), is_newer_lost };
        let versions = promoted_versions(self.log, series, &events, &known);
        let clients = package_name(self.layout);
        let is_offered = |package: &Nevra| !package.is_source() && package.name() != clients;
        let current = number.map(|revision| match &summary {
            Some(summary) => CurrentRevision {
                revision,
                version: Some(summary.release.version.clone()),
                dists: summary.dists.clone(),
                is_empty: !summary.dists.is_empty() && !summary.packages.iter().any(is_offered),
                signed: summary.signed,
                page: summary.page,
            },
            None => {
                let dists = Vec::new();
                CurrentRevision { revision, version: None, dists, is_empty: false, signed: false, page: false }
            }
        });
        let mut revisions = Vec::new();
        for event in events.iter().rev() {
            let folder = self.layout.revision(series, event.revision);
            if self.is_kept(&folder) {
                self.expect("revisions", &folder);
                let page = self.has_page(&folder);
                revisions.push(KeptRevision { revision: event.revision, at: event.at, page });
            }
        }
        let snapshots = self.load_snapshots(series, &events)?;
        let is_kept = |name: &&SnapshotName| snapshots.iter().any(|snapshot| snapshot.snapshot == **name);
        let latest = self.log.moves_of_latest(series).rev().map(|(name, _)| name).find(is_kept).cloned();
        let is_empty = revisions.is_empty() && snapshots.is_empty();
        let facts = SeriesFacts { series, current, versions, events, revisions, latest, snapshots };
        Ok((!is_empty).then_some(facts))
    }

    fn load_snapshots(&mut self, series: Series, events: &[RevisionEvent]) -> Result<Vec<StagedSnapshot>> {
        let staged = self.log.entries.iter().filter_map(|entry| match &entry.event.action {
            Action::Stage { snapshot, series: of, .. } if *of == series => Some((snapshot, entry)),
            _ => None,
        });
        let mut snapshots = Vec::new();
        for (name, entry) in staged {
            let folder = self.layout.snapshot(series, name);
            if !self.is_kept(&folder) {
                continue;
            }
            self.expect("unstable", &folder);
            let summary = self.summarize(&folder, entry.manifest);
            let merged = summary.as_ref().is_some_and(|summary| summary.merged) || self.log.was_merged(name);
            snapshots.push(StagedSnapshot {
                snapshot: name.clone(),
                pipeline: name.pipeline(),
                staged: entry.event.at,
                version: summary.as_ref().map(|summary| summary.release.version.clone()),
                commit: summary.as_ref().map(|summary| summary.release.commit),
                merged,
                tests: self.load_tests(name, entry.manifest),
                hold: self.find_hold(name),
                promoted: promotions_of(events, name),
                page: summary.as_ref().is_some_and(|summary| summary.page),
                dists: summary.map_or(Vec::new(), |summary| summary.dists),
            });
        }
        snapshots.sort_by(|one, other| other.snapshot.cmp(&one.snapshot));
        Ok(snapshots)
    }

    /// The newest result of each test on the manifest of a snapshot. A result that cannot be read is left out; `verify` reports it.
    fn load_tests(&mut self, name: &SnapshotName, manifest: Option<Digest>) -> Vec<TestOutcome> {
        let results = load_results(&self.layout.results(name));
        self.is_partial |= results.is_err();
        let results = results.unwrap_or_default();
        let mut newest = BTreeMap::new();
        for result in results.iter().filter(|result| Some(result.facts.manifest) == manifest) {
            newest.insert(&result.facts.test, &result.facts);
        }
        let outcome = |(test, facts): (&String, &TestFacts)| TestOutcome {
            test: test.clone(),
            verdict: facts.verdict,
            at: facts.at,
        };
        newest.into_iter().map(outcome).collect()
    }

    /// The last hold on a snapshot. Its end is shown, whether it is over or not: pages do not know what time it is.
    fn find_hold(&self, name: &SnapshotName) -> Option<SnapshotHold> {
        self.log.events().rev().find_map(|event| match &event.action {
            Action::Unhold { snapshot } if snapshot == name => Some(None),
            Action::Hold { snapshot, why, until } if snapshot == name => {
                Some(Some(SnapshotHold { why: why.clone(), until: *until }))
            }
            _ => None,
        })?
    }

    fn is_kept(&self, folder: &TreePath) -> bool {
        let path = self.layout.shown(folder);
        // What was recorded as missing may be back: the disk that it is on was not mounted then.
        !self.removed.contains(&path) || (self.log.was_missing(&path) && folder.is_folder())
    }

    /// Notes where the folder above a snapshot or revision of the log is missing.
    fn expect(&mut self, above: &'static str, folder: &TreePath) {
        if !self.is_coming(folder) && !self.layout.root.join(above).is_folder() {
            self.absent.insert(above);
        }
    }

    /// Of a snapshot or revision whose manifest has the digest of the log, or that a change will make.
    fn summarize(&mut self, folder: &TreePath, logged: Option<Digest>) -> Option<FolderSummary> {
        if self.is_coming(folder) {
            return self.folder.cloned();
        }
        let read = folder.join(MANIFEST).read().ok();
        let summary = read.and_then(|text| summarize(&text, logged?));
        self.is_partial |= summary.is_none();
        summary
    }

    /// Whether a revision has pages. The manifests of many revisions are not read for it.
    fn has_page(&mut self, folder: &TreePath) -> bool {
        if self.is_coming(folder) || folder.join(PAGE).is_there() {
            return true;
        }
        let manifest = Manifest::load(folder).ok().map(|loaded| loaded.manifest);
        let is_listed = manifest.as_ref().is_none_or(|manifest| manifest.file(PAGE).is_some());
        self.is_partial |= is_listed;
        false
    }

    /// Whether the folder is the one that the change will make: nothing is there yet.
    fn is_coming(&self, folder: &TreePath) -> bool {
        self.folder.is_some() && !folder.join(MANIFEST).is_there() && {
            let last = self.log.entries.last().map(|entry| &entry.event.action);
            let made = last.and_then(|action| match (action, action.revision()) {
                (_, Some((series, number))) => Some(self.layout.revision(series, number)),
                (Action::Stage { snapshot, series, .. }, None) => Some(self.layout.snapshot(*series, snapshot)),
                _ => None,
            });
            made.as_ref() == Some(folder)
        }
    }
}
