//! `builds.json`: who built which package of a release, and what was to be built. `stage` requires it.

use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::project::config::{Arch, BackendKind, Dist};
use crate::rpm::backend::Target;
use crate::rpm::builds::record::{Kept, Record};

/// What the file is called, beside the checksums.
pub const FILE_NAME: &str = "builds.json";
/// What its `schema` is.
pub const SCHEMA: &str = "releng.builds/1";

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    schema: String,
    /// The source RPM that all of it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srpm: Option<Digest>,
    /// What the configuration wants built; less is not staged.
    #[serde(default)]
    pub wanted: Vec<Target>,
    /// What was built.
    #[serde(default)]
    pub built: Vec<Target>,
    /// The packages.
    pub builds: Vec<Build>,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Its path in the release: `rpm/<dist>/<place>/<file>`.
    pub file: String,
    /// Of its bytes.
    pub sha256: Digest,
    /// What it was built for.
    pub dist: Dist,
    /// What it was built on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<Arch>,
    /// Who built it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<BackendKind>,
    /// The dist of the machine, or of the chroot, that built it.
    pub host: String,
}

impl Listing {
    /// Nothing yet.
    pub fn new(srpm: Digest, wanted: Vec<Target>) -> Listing {
        Listing { schema: SCHEMA.to_owned(), srpm: Some(srpm), wanted, built: Vec::new(), builds: Vec::new() }
    }

    /// Reads the file. Errors: no such listing, with why.
    pub fn parse(text: &[u8]) -> Result<Listing, String> {
        let listing: Listing = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        match listing.schema == SCHEMA {
            true => Ok(listing),
            false => Err(format!("its schema is not `{SCHEMA}`")),
        }
    }

    /// The text of the file.
    pub fn render(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Lists the packages of a build, in place of what was listed for its target.
    pub fn add(&mut self, record: &Record, files: &[Kept]) {
        self.remove(&record.target);
        self.built.push(record.target.clone());
        self.built.sort();
        let Target { dist, arch } = &record.target;
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

    /// Takes out what is listed for a target.
    pub fn remove(&mut self, target: &Target) {
        self.built.retain(|built| built != target);
        self.builds.retain(|build| build.dist != target.dist || build.arch.as_ref() != Some(&target.arch));
    }

    /// What is wanted and not built.
    pub fn missing(&self) -> Vec<&Target> {
        self.wanted.iter().filter(|target| !self.built.contains(target)).collect()
    }
}
