//! `manifest.json`: the files of a snapshot or revision, its releases, and the event that made it.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::checksum::CHECKSUMS_FILE;
use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure, program};
use crate::base::files::TreePath;
use crate::base::schema::parse_json;
use crate::base::statement::STATEMENT_SUFFIX;
use crate::git::CommitId;
use crate::history::{Milestone, Version};
use crate::project::config::Name;
use crate::project::release_info::CHANGELOG_FILE;
use crate::repository::model::event::{Event, LAST_EVENT, LogEntry};
use crate::repository::model::layout::{MANIFEST, PROVENANCE_FOLDER};
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};
use crate::repository::sign::SIGNATURE;
use crate::rpm::nevra::Nevra;
use crate::source::sbom::SbomForm;

const SCHEMA: &str = "releng.manifest/1";

/// The description of a snapshot or revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    schema: String,
    pub project: Name,
    pub series: Series,
    /// Whether a snapshot was of merged work when it was staged; a revision always is.
    pub merged: bool,
    /// Whether a person staged it as unmerged work, whatever git says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stated_unmerged: bool,
    /// The released version; in a revision, the last one.
    pub release: ReleasedVersion,
    /// In a revision, the versions released before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<ReleasedVersion>,
    /// The programs that wrote the repodata.
    pub tool: Tool,
    /// All files except `manifest.json`, sorted by path.
    pub files: Vec<FileEntry>,
    /// The event that made the snapshot or revision.
    pub event: Event,
}

/// The fields of a manifest before the list of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadOfFolder {
    pub project: Name,
    pub series: Series,
    /// Whether a snapshot is of merged work; a revision always is.
    pub merged: bool,
    /// Whether a person stages it as unmerged work, whatever git says.
    pub stated_unmerged: bool,
    pub release: ReleasedVersion,
    /// In a revision, the versions released before, oldest first.
    pub earlier: Vec<ReleasedVersion>,
}

/// A released version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleasedVersion {
    pub version: Version,
    pub commit: CommitId,
    /// The milestone that the version is counted from; `None` if the version was stated.
    pub base: Option<Milestone>,
    /// The date of the commit.
    pub date: Timestamp,
    /// The snapshot that was promoted or staged.
    pub snapshot: SnapshotName,
    /// The files of the folder of `--packaging` that had part in the release, with their digests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packaging: BTreeMap<String, Digest>,
}

/// The programs that wrote the repodata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `releng` and its version.
    pub name: String,
    /// The compressors, with their versions.
    pub compressors: Vec<String>,
}

/// A file of a snapshot or revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Relative to the folder of the snapshot or revision.
    pub path: FilePath,
    /// In bytes.
    pub size: u64,
    pub sha256: Digest,
    /// The modification time: the date of the release that added the file.
    pub date: Timestamp,
    /// `None` if the file is not an RPM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageEntry>,
}

/// An RPM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageEntry {
    pub nevra: Nevra,
    /// `None` for a source package in `sources/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dist: Option<Dist>,
    /// The digest of the file before it was signed.
    pub unsigned_sha256: Digest,
    /// The digest of header and payload, which signing does not change.
    pub content: Digest,
}

/// A manifest that was read, with the digest of its bytes.
#[derive(Clone, Debug)]
pub struct LoadedManifest {
    pub manifest: Manifest,
    pub digest: Digest,
}

impl LoadedManifest {
    /// The entry that the log has, or must get, for the event of the manifest.
    pub fn log_entry(&self) -> LogEntry {
        LogEntry { event: self.manifest.event.clone(), manifest: Some(self.digest) }
    }
}

/// The input of a snapshot: two snapshots with the same input have equal values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInput<'a> {
    pub commit: CommitId,
    pub version: &'a Version,
    /// The sources and the packages before they were signed, sorted by path.
    pub files: Vec<(&'a str, Digest)>,
}

impl Manifest {
    /// Makes a manifest; `files` are sorted by path.
    pub fn new(head: HeadOfFolder, event: Event, tool: Tool, files: Vec<FileEntry>) -> Manifest {
        let HeadOfFolder { project, series, merged, stated_unmerged, release, earlier } = head;
        let schema = SCHEMA.to_owned();
        Manifest { schema, project, series, merged, stated_unmerged, release, earlier, tool, files, event }
    }

    /// The file's content.
    pub fn render(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Parses the content of the file. Errors: why it is not a manifest.
    pub fn parse(text: &[u8]) -> Result<Manifest, String> {
        let manifest = parse_json(text, SCHEMA, |manifest: &Manifest| &manifest.schema)?;
        match manifest.event.number {
            1..=LAST_EVENT => Ok(manifest),
            number => Err(format!("its event has the number {number}")),
        }
    }

    /// Whether `folder` has a manifest. A folder that was put into the tree by hand has none.
    pub fn is_in(folder: &TreePath) -> bool {
        folder.join(MANIFEST).is_there()
    }

    /// Reads the manifest of the snapshot or revision `folder`.
    pub fn load(folder: &TreePath) -> Result<LoadedManifest> {
        let path = folder.join(MANIFEST);
        let text = path.read()?;
        let manifest = Manifest::parse(&text).map_err(|why| {
            Failure::new(Exit::Failed, format!("`{path}` is not a manifest: {why}"))
                .help(format!("check the repository: `{} verify`", program()))
        })?;
        Ok(LoadedManifest { manifest, digest: digest_of(&text) })
    }

    /// All released versions, oldest first.
    pub fn releases(&self) -> impl Iterator<Item = &ReleasedVersion> {
        self.earlier.iter().chain([&self.release])
    }

    /// The dists that have files, sorted. A dist whose last package was yanked still has repodata: its clients read it.
    pub fn dists(&self) -> Vec<Dist> {
        dists_of(&self.files)
    }

    /// The source archives, with their digests.
    pub fn archives(&self) -> impl Iterator<Item = (&FilePath, Digest)> {
        let archives = self.files.iter().filter(|file| file.package.is_none() && is_archive(&file.path));
        archives.map(|file| (&file.path, file.sha256))
    }

    /// The first of these archives that is here with another content.
    pub fn find_other_archive<'a>(
        &self,
        archives: impl IntoIterator<Item = (&'a FilePath, Digest)>,
    ) -> Option<&'a FilePath> {
        let is_other = |path: &FilePath, digest| self.file(path.as_str()).is_some_and(|file| file.sha256 != digest);
        archives.into_iter().find(|(path, digest)| is_other(path, *digest)).map(|(path, _)| path)
    }

    /// The files that are RPMs.
    pub fn packages(&self) -> impl Iterator<Item = (&FileEntry, &PackageEntry)> {
        self.files.iter().filter_map(|file| Some((file, file.package.as_ref()?)))
    }

    /// The entry of a file.
    pub fn file(&self, path: &str) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.path.as_str() == path)
    }

    /// The input that the snapshot was made of.
    pub fn input(&self) -> SnapshotInput<'_> {
        let mut files = Vec::new();
        for file in &self.files {
            match &file.package {
                Some(package) => files.push((file.path.as_str(), package.unsigned_sha256)),
                None if is_source(&file.path) && !is_statement_signature(&file.path) => {
                    files.push((file.path.as_str(), file.sha256))
                }
                None => {}
            }
        }
        SnapshotInput { commit: self.release.commit, version: &self.release.version, files }
    }
}

/// Whether a file is a source archive or a source package: a series has one of each version, and all its releases share it.
pub fn is_archive(path: &FilePath) -> bool {
    let name = path.file_name();
    is_source(path) && name != CHANGELOG_FILE && !name.ends_with(".spec") && !is_description(path)
}

/// Whether a file of `sources/` describes a release: its bill of materials, its statement, and the signature of the statement. Another
/// version of this program may describe the same archives in other words.
pub fn is_description(path: &FilePath) -> bool {
    let name = path.file_name();
    let is_bill = || SbomForm::ALL.iter().any(|form| name.ends_with(form.suffix()));
    is_source(path) && (is_bill() || name.ends_with(STATEMENT_SUFFIX) || is_statement_signature(path))
}

/// Whether a file is in `provenance/`: a statement about a snapshot or a promotion, or its signature.
pub fn is_statement(path: &FilePath) -> bool {
    path.below(PROVENANCE_FOLDER).is_some()
}

/// Whether a file is a statement, in `sources/` or in `provenance/`.
pub fn is_statement_text(path: &FilePath) -> bool {
    let is_signature = path.as_str().ends_with(SIGNATURE);
    (is_source(path) && path.file_name().ends_with(STATEMENT_SUFFIX)) || (is_statement(path) && !is_signature)
}

/// Whether a file is the signature of a statement in `sources/`. It is made when the release is staged.
pub fn is_statement_signature(path: &FilePath) -> bool {
    let statement = path.below("sources").and_then(|name| name.strip_suffix(SIGNATURE));
    statement.is_some_and(|name| name.ends_with(STATEMENT_SUFFIX))
}

/// The dists that have files, sorted.
pub fn dists_of(files: &[FileEntry]) -> Vec<Dist> {
    let of_path = |file: &FileEntry| file.path.below("rpm")?.split('/').next()?.parse().ok();
    let mut dists: Vec<Dist> = files.iter().filter_map(of_path).collect();
    dists.sort();
    dists.dedup();
    dists
}

/// Whether a file says that its folder was made with a key. A revision also has the signatures of the statements that it took over.
pub fn is_own_signature(file: &FileEntry) -> bool {
    file.path.as_str().ends_with(SIGNATURE) && !is_statement(&file.path) && !is_statement_signature(&file.path)
}

/// Whether a file is in `sources/` and came from the input of a snapshot: it is not `SHA256SUMS` or its signature.
pub fn is_source(path: &FilePath) -> bool {
    path.below("sources").is_some_and(|name| !name.starts_with(CHECKSUMS_FILE))
}
