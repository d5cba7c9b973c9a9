//! `index.json`: the facts of the pages for programs.

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use crate::base::digest::Digest;
use crate::git::CommitId;
use crate::history::Version;
use crate::repository::model::event::Action;
use crate::repository::model::layout::{Channel, MANIFEST};
use crate::repository::model::manifest::FileEntry;
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};
use crate::repository::model::served_index::INDEX_SCHEMA;
use crate::repository::pages::changes::newest_changes;
use crate::repository::pages::facts::RepositoryFacts;
use crate::repository::pages::folder_facts::FolderFacts;
use crate::repository::pages::folder_page::ENTRIES;
use crate::repository::pages::frame::FORM;
use crate::rpm::nevra::Nevra;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RepositoryIndex<'a> {
    schema: &'static str,
    generator: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    facts: &'a RepositoryFacts,
}

/// That of the root.
pub fn render_repository(facts: &RepositoryFacts) -> Result<Vec<u8>> {
    render(&RepositoryIndex { schema: INDEX_SCHEMA, generator: FORM, kind: "repository", facts })
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct FolderIndex<'a> {
    schema: &'static str,
    generator: &'static str,
    kind: &'static str,
    project: String,
    series: Series,
    snapshot: &'a SnapshotName,
    version: &'a Version,
    commit: CommitId,
    date: Timestamp,
    merged: bool,
    signed: bool,
    number: u64,
    at: Timestamp,
    origin: &'a Action,
    manifest: &'static str,
    changelog: String,
    dists: Vec<Dist>,
    releases: Vec<IndexedRelease<'a>>,
    changes: Vec<IndexedChanges>,
    packages: Vec<IndexedPackage<'a>>,
    sources: Vec<IndexedFileEntry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct IndexedRelease<'a> {
    version: &'a Version,
    commit: CommitId,
    date: Timestamp,
    snapshot: &'a SnapshotName,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct IndexedChanges {
    version: Version,
    date: String,
    changes: Vec<IndexedChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct IndexedChange {
    id: String,
    subject: String,
    bugs: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct IndexedPackage<'a> {
    nevra: &'a Nevra,
    dist: Option<&'a Dist>,
    arch: &'a str,
    #[serde(flatten)]
    file: IndexedFileEntry<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct IndexedFileEntry<'a> {
    path: &'a FilePath,
    size: u64,
    date: Timestamp,
    sha256: Digest,
}

impl<'a> IndexedFileEntry<'a> {
    fn of(file: &'a FileEntry) -> IndexedFileEntry<'a> {
        IndexedFileEntry { path: &file.path, size: file.size, date: file.date, sha256: file.sha256 }
    }
}

/// That of a snapshot or revision.
pub fn render_folder(facts: &FolderFacts<'_>) -> Result<Vec<u8>> {
    let (about, head) = (facts.about, &facts.about.head);
    let kind = match about.channel {
        Channel::Stable => "revision",
        Channel::Unstable => "snapshot",
    };
    let packages = facts.packages(None).into_iter().map(|(file, package)| IndexedPackage {
        nevra: &package.nevra,
        dist: package.dist.as_ref(),
        arch: package.nevra.arch(),
        file: IndexedFileEntry::of(file),
    });
    let sources = facts.sources().map(IndexedFileEntry::of);
    let releases = head.earlier.iter().chain([&head.release]).map(|release| IndexedRelease {
        version: &release.version,
        commit: release.commit,
        date: release.date,
        snapshot: &release.snapshot,
    });
    let changes = newest_changes(facts.changelog, about.shown_since().as_ref(), ENTRIES).entries;
    let changes = changes.into_iter().map(|entry| IndexedChanges {
        version: entry.version,
        date: entry.date.to_string(),
        changes: entry
            .changes
            .into_iter()
            .map(|change| IndexedChange { id: change.id, subject: change.subject, bugs: change.bugs })
            .collect(),
    });
    render(&FolderIndex {
        schema: INDEX_SCHEMA,
        generator: FORM,
        kind,
        project: head.project.to_string(),
        series: head.series,
        snapshot: &head.release.snapshot,
        version: &head.release.version,
        commit: head.release.commit,
        date: head.release.date,
        merged: head.merged,
        signed: facts.is_signed(),
        number: facts.event,
        at: facts.at,
        origin: &about.action,
        manifest: MANIFEST,
        changelog: about.changelog(),
        dists: facts.dists(),
        releases: releases.collect(),
        changes: changes.collect(),
        packages: packages.collect(),
        sources: sources.collect(),
    })
}

fn render(index: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(index)?;
    text.push(b'\n');
    Ok(text)
}
