//! `builds.json`: the targets of a release, and which backend built which package. `stage` requires it.

use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::schema::parse_json;
use crate::project::config::{Arch, BackendKind, Dist};
use crate::rpm::backend::BuildTarget;
use crate::rpm::builds::record::{BuildRecord, KeptPackage};

/// The file name, in the top folder of a release.
pub const FILE_NAME: &str = "builds.json";
/// The value of `schema`.
pub const SCHEMA: &str = "releng.builds/1";

/// The contents of `builds.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildListing {
    schema: String,
    /// The digest of the source RPM that all packages were built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srpm: Option<Digest>,
    /// The targets of the configuration; `stage` refuses a release that lacks one.
    #[serde(default)]
    pub wanted: Vec<BuildTarget>,
    #[serde(default)]
    pub built: Vec<BuildTarget>,
    pub builds: Vec<Build>,
}

/// A built package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Its path in the release: `rpm/<dist>/<place>/<file>`.
    pub file: String,
    pub sha256: Digest,
    pub dist: Dist,
    /// The architecture of the machine that built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<Arch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<BackendKind>,
    /// The dist of the machine, or of the chroot, that built it.
    pub host: String,
}

impl BuildListing {
    /// A listing without packages.
    pub fn new(srpm: Digest, wanted: Vec<BuildTarget>) -> BuildListing {
        BuildListing { schema: SCHEMA.to_owned(), srpm: Some(srpm), wanted, built: Vec::new(), builds: Vec::new() }
    }

    /// Parses the file. Errors: why it is not such a listing.
    pub fn parse(text: &[u8]) -> Result<BuildListing, String> {
        parse_json(text, SCHEMA, |listing: &BuildListing| &listing.schema)
    }

    /// The text of the file.
    pub fn render(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Adds the packages of a build, and removes the former ones of its target.
    pub fn add(&mut self, record: &BuildRecord, files: &[KeptPackage]) {
        self.remove(&record.target);
        self.built.push(record.target.clone());
        self.built.sort();
        let BuildTarget { dist, arch } = &record.target;
        self.builds.extend(files.iter().map(|kept| Build {
            file: format!("rpm/{dist}/{}/{}", kept.place, kept.name),
            sha256: kept.sha256,
            dist: dist.clone(),
            arch: Some(arch.clone()),
            backend: Some(record.backend),
            host: record.host.to_string(),
        }));
        self.builds.sort_by(|one, other| (&one.file, &one.arch).cmp(&(&other.file, &other.arch)));
    }

    /// Removes the packages of a target.
    pub fn remove(&mut self, target: &BuildTarget) {
        self.built.retain(|built| built != target);
        self.builds.retain(|build| build.dist != target.dist || build.arch.as_ref() != Some(&target.arch));
    }

    /// The targets of the configuration that are not built.
    pub fn missing(&self) -> Vec<&BuildTarget> {
        self.wanted.iter().filter(|target| !self.built.contains(target)).collect()
    }
}
