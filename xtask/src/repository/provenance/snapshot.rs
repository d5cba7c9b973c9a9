//! The statement about a snapshot: from what its files were built, by which builders, and when. Its subjects are the files as they are served:
//! packages have other digests once they are signed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::base::digest::Digest;
use crate::base::statement::{BuildDefinition, Descriptor, PROVENANCE, Provenance, RunDetails, RunMetadata, Statement};
use crate::git::CommitId;
use crate::history::Version;
use crate::repository::model::layout::PROVENANCE_FOLDER;
use crate::repository::model::manifest::{FileEntry, is_archive};
use crate::repository::model::name::SnapshotName;
use crate::rpm::builds::BuildListing;

/// The type of the build of a snapshot.
const SNAPSHOT_BUILD: &str = "urn:releng:build:snapshot:1";
/// The annotation of a signed package: its digest before it was signed.
pub const UNSIGNED: &str = "unsignedSha256";

/// The begin and the end of a run of `dist`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunTimes {
    pub started: Timestamp,
    pub finished: Timestamp,
}

/// What is stated about a snapshot, beside its files.
#[derive(Clone, Debug)]
pub struct StatedSnapshot {
    pub project: String,
    pub snapshot: SnapshotName,
    pub version: Version,
    pub commit: CommitId,
    /// The files of the folder of `--packaging`.
    pub packaging: BTreeMap<String, Digest>,
    /// Who built each package.
    pub listing: Option<BuildListing>,
    /// `None` if the release was made by an earlier run or in another job.
    pub run: Option<RunTimes>,
    pub tool: String,
}

/// The path of the statement about a snapshot.
pub fn path_of(snapshot: &SnapshotName) -> String {
    format!("{PROVENANCE_FOLDER}/{snapshot}.json")
}

impl StatedSnapshot {
    /// The statement about the archives and packages among `files`.
    pub fn state(&self, files: &[FileEntry]) -> Statement<Provenance> {
        let stated = files.iter().filter(|file| file.package.is_some() || is_archive(&file.path));
        let mut subjects: Vec<Descriptor> = stated.map(|file| self.subject(file)).collect();
        subjects.sort_by(|one, other| one.name.cmp(&other.name));
        let mut dependencies = vec![Descriptor::commit(self.commit)];
        dependencies.extend(self.packaging.iter().map(|(path, digest)| Descriptor::file(path, *digest)));
        let external_parameters = BTreeMap::from([
            ("name".to_owned(), self.project.clone().into()),
            ("version".to_owned(), self.version.to_string().into()),
        ]);
        let build_definition = BuildDefinition {
            build_type: SNAPSHOT_BUILD.to_owned(),
            external_parameters,
            resolved_dependencies: dependencies,
        };
        let metadata = RunMetadata {
            invocation_id: self.snapshot.to_string(),
            started_on: self.run.map(|run| run.started.to_string()),
            finished_on: self.run.map(|run| run.finished.to_string()),
        };
        let run_details = RunDetails::of_releng(&self.tool, Some(metadata));
        Statement::new(subjects, PROVENANCE, Provenance { build_definition, run_details })
    }

    fn subject(&self, file: &FileEntry) -> Descriptor {
        let mut subject = subject_of(file);
        let mut builds = self.listing.iter().flat_map(|listing| &listing.builds);
        if let Some(build) = builds.find(|build| build.file == file.path.as_str()) {
            subject = subject.annotated("host", build.host.clone());
            if let Some(backend) = build.backend {
                subject = subject.annotated("backend", backend.to_string());
            }
        }
        subject
    }
}

/// A file of a snapshot or revision, as a subject.
pub fn subject_of(file: &FileEntry) -> Descriptor {
    let subject = Descriptor::file(file.path.as_str(), file.sha256);
    match &file.package {
        Some(package) if package.unsigned_sha256 != file.sha256 => {
            subject.annotated(UNSIGNED, package.unsigned_sha256.to_string())
        }
        _ => subject,
    }
}
