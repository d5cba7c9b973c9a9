//! `manifest.json`: what a snapshot or a revision is, file by file, and the event that made it.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure};
use crate::git::CommitId;
use crate::history::{Milestone, Version};
use crate::project::config::Name;
use crate::repository::model::event::Event;
use crate::repository::model::layout::MANIFEST;
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};
use crate::rpm::nevra::Nevra;

const SCHEMA: &str = "releng.manifest/1";

/// What a snapshot or revision consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    schema: String,
    /// The project.
    pub project: Name,
    /// `X.0`.
    pub series: Series,
    /// Whether a snapshot is of merged work; a revision always is.
    pub merged: bool,
    /// What was released; in a revision, last.
    pub release: Release,
    /// In a revision, what was released before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Release>,
    /// Which programs' bytes are in it.
    pub tool: Tool,
    /// All files but this one, by path.
    pub files: Vec<FileEntry>,
    /// The event that made it.
    pub event: Event,
}

/// What a manifest says before it lists files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadOfFolder {
    pub project: Name,
    pub series: Series,
    /// Whether a snapshot is of merged work; a revision always is.
    pub merged: bool,
    pub release: Release,
    /// In a revision, what was released before, oldest first.
    pub earlier: Vec<Release>,
}

/// A released version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Release {
    /// `X.Y.Z`.
    pub version: Version,
    /// The commit it was made of.
    pub commit: CommitId,
    /// The milestone the version is counted from; `None` where it was stated.
    pub base: Option<Milestone>,
    /// When the commit was made.
    pub date: Timestamp,
    /// The snapshot it was staged as.
    pub snapshot: SnapshotName,
}

/// What wrote the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// This program: `releng` and its version.
    pub name: String,
    /// The compressors of the repodata, with their versions.
    pub compressors: Vec<String>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Below the snapshot or revision.
    pub path: FilePath,
    /// In bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: Digest,
    /// Its modification time: the date of the release that brought it.
    pub date: Timestamp,
    /// What it is, where it is an RPM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageEntry>,
}

/// An RPM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageEntry {
    /// Its name, epoch, version, release and architecture.
    pub nevra: Nevra,
    /// The dist it is for; `None` for the source package in `sources/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dist: Option<Dist>,
    /// The digest of the file as it was built.
    pub unsigned_sha256: Digest,
    /// The digest of header and payload, which signing leaves alone.
    pub content: Digest,
}

impl Manifest {
    /// The manifest of a folder with these files, sorted by path, that `tool` has written.
    pub fn new(head: HeadOfFolder, event: Event, tool: Tool, files: Vec<FileEntry>) -> Manifest {
        let HeadOfFolder { project, series, merged, release, earlier } = head;
        Manifest { schema: SCHEMA.to_owned(), project, series, merged, release, earlier, tool, files, event }
    }

    /// The file's content.
    pub fn render(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads the content of the file. Errors: why it is none.
    pub fn parse(text: &[u8]) -> Result<Manifest, String> {
        let manifest: Manifest = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        match manifest.schema == SCHEMA {
            true => Ok(manifest),
            false => Err(format!("its schema is `{}`, not `{SCHEMA}`", manifest.schema.escape_debug())),
        }
    }

    /// Reads the manifest of the snapshot or revision `folder`, with the digest of its bytes.
    pub fn load(folder: &Path) -> Result<(Manifest, Digest)> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let manifest = Manifest::parse(&text).map_err(|why| {
            Failure::new(Exit::Failed, format!("`{}` is no manifest: {why}", path.display()))
                .help(format!("see what else is wrong: `{} verify`", crate::base::error::program()))
        })?;
        Ok((manifest, digest_of(&text)))
    }

    /// All releases in it, oldest first.
    pub fn releases(&self) -> impl Iterator<Item = &Release> {
        self.earlier.iter().chain([&self.release])
    }

    /// The dists it describes, sorted: one whose last package was yanked keeps its repodata, which its clients ask for.
    pub fn dists(&self) -> Vec<Dist> {
        let of_path = |file: &FileEntry| file.path.below("rpm")?.split('/').next()?.parse().ok();
        let mut dists: Vec<Dist> = self.files.iter().filter_map(of_path).collect();
        dists.sort();
        dists.dedup();
        dists
    }

    /// The RPMs with their files.
    pub fn packages(&self) -> impl Iterator<Item = (&FileEntry, &PackageEntry)> {
        self.files.iter().filter_map(|file| Some((file, file.package.as_ref()?)))
    }

    /// The entry of a file.
    pub fn file(&self, path: &str) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.path.as_str() == path)
    }

    /// What makes two snapshots of the same input equal: commit, version, and the digests of sources and packages as they
    /// were built, by path.
    pub fn content(&self) -> (CommitId, Version, Vec<(&FilePath, Digest)>) {
        let is_input = |file: &&FileEntry| file.package.is_some() || is_source(&file.path);
        let digest = |file: &FileEntry| file.package.as_ref().map_or(file.sha256, |package| package.unsigned_sha256);
        let files = self.files.iter().filter(is_input).map(|file| (&file.path, digest(file))).collect();
        (self.release.commit, self.release.version.clone(), files)
    }
}

/// Whether a file came from the input of a snapshot: it lies in `sources/` and is none of the checksums made there.
pub fn is_source(path: &FilePath) -> bool {
    path.below("sources").is_some_and(|name| !name.starts_with(crate::base::checksum::CHECKSUMS_FILE))
}
