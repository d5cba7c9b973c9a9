//! The files of a build: an interrupted run goes on with it, and nothing is built twice.
//!
//! ```text
//! <place>/el9-x86_64-<16 hex>/
//!   state.json     the record, with the ticket of a farm
//!   log            the output of the build
//!   packages/      the built packages, checked
//! ```
//!
//! The 16 digits are the first of a digest of the source RPM, the target, the backend and its settings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::base::checksum::digest_of_file;
use crate::base::digest::{Digest, digest_of};
use crate::base::error::program;
use crate::base::files::{self, LockFile, TreePath};
use crate::project::config::{BackendKind, Dist};
use crate::rpm::backend::{self, BuildPart, BuildTarget, SourceRpm, Ticket};

const SCHEMA: &str = "releng.build/1";
const STATE: &str = "state.json";
/// The folder of packages that are not checked yet.
const INCOMING: &str = "incoming";

/// The number of builds of a target that are kept, newest first.
const KEPT: usize = 4;

/// The state of one build, as `state.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildRecord {
    schema: String,
    /// The digest of the source RPM, the target, the backend and its settings.
    pub key: Digest,
    /// The digest of the source RPM.
    pub srpm: Digest,
    pub target: BuildTarget,
    pub backend: BackendKind,
    /// See [`BuildPart::build_env`].
    #[serde(rename = "word")]
    pub build_env: String,
    /// The dist of the machine or chroot that builds.
    pub host: Dist,
    pub phase: BuildPhase,
    /// A folder outside of the project that the next run removes where this one is killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch: Option<PathBuf>,
}

/// The phase of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "phase")]
pub enum BuildPhase {
    /// The submission has begun; whether the farm has the build is not known.
    Submitting {
        /// In seconds since 1970.
        since: i64,
    },
    Submitted {
        ticket: Ticket,
    },
    /// The packages are checked and stored.
    Built {
        files: Vec<KeptPackage>,
    },
    Failed {
        why: String,
    },
}

/// A package in the folder of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPackage {
    /// Its folder in a release, below the folder of the dist: an architecture, `noarch`, `SRPMS` or `debug`.
    pub place: String,
    /// The file name.
    pub name: String,
    pub sha256: Digest,
}

/// The folder of one build.
#[derive(Clone, Debug)]
pub struct BuildFolder {
    path: PathBuf,
}

impl BuildRecord {
    /// The record of a build that is not submitted yet. `since` is the time, in seconds since 1970.
    pub fn new(
        srpm: &SourceRpm,
        backend: BackendKind,
        part: &BuildPart,
        settings: &str,
        host: &Dist,
        since: i64,
    ) -> BuildRecord {
        let BuildPart { target, build_env } = part;
        let key = digest_of(format!("{}\n{target}\n{backend}\n{settings}\n", srpm.digest).as_bytes());
        let (target, build_env, host) = (target.clone(), build_env.clone(), host.clone());
        let (schema, phase) = (SCHEMA.to_owned(), BuildPhase::Submitting { since });
        BuildRecord { schema, key, srpm: srpm.digest, target, backend, build_env, host, phase, scratch: None }
    }
}

impl BuildFolder {
    /// The folder of a build, below `place`.
    pub fn of(place: &Path, record: &BuildRecord) -> BuildFolder {
        let BuildTarget { dist, arch } = &record.target;
        let key = record.key.to_string();
        BuildFolder { path: place.join(format!("{dist}-{arch}-{}", &key[..16])) }
    }

    /// The path of the log.
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The folder of the checked packages.
    pub fn packages(&self) -> PathBuf {
        self.path.join("packages")
    }

    /// An empty folder for packages that are not checked yet.
    pub fn incoming(&self) -> Result<PathBuf> {
        let path = self.path.join(INCOMING);
        let folder = TreePath::in_own_folder(&path);
        files::remove_if_there(&folder)?;
        files::make_folders(&folder)?;
        Ok(path)
    }

    /// Replaces the packages by the checked ones in `incoming`.
    pub fn accept(&self, incoming: &Path) -> Result<()> {
        files::remove_if_there(&TreePath::in_own_folder(&self.packages()))?;
        fs::rename(incoming, self.packages()).with_context(|| format!("cannot rename `{}`", incoming.display()))
    }

    /// The record in the folder, if it has the same key. A record that cannot be read counts as missing: the build begins
    /// again.
    pub fn load(&self, key: Digest) -> Option<BuildRecord> {
        self.read().filter(|record| record.key == key)
    }

    fn read(&self) -> Option<BuildRecord> {
        let text = fs::read(self.path.join(STATE)).ok()?;
        let record: BuildRecord = serde_json::from_slice(&text).ok()?;
        (record.schema == SCHEMA).then_some(record)
    }

    /// Writes the record.
    pub fn save(&self, record: &BuildRecord) -> Result<()> {
        files::make_folders(&TreePath::top(&self.path))?;
        let text = serde_json::to_string_pretty(record)? + "\n";
        files::write(&self.path.join(STATE), text.as_bytes())
    }

    /// Whether all packages exist with the recorded digests.
    pub fn holds(&self, files: &[KeptPackage]) -> bool {
        let is_whole = |kept: &KeptPackage| digest_of_file(&self.packages().join(&kept.name)).ok() == Some(kept.sha256);
        !files.is_empty() && files.iter().all(is_whole)
    }
}

/// The folder of all builds, below the state folder.
pub fn place(state: &Path) -> PathBuf {
    state.join("rpm")
}

/// Locks the state folder, and removes the temporary files of killed runs.
///
/// Errors: another run holds the lock (exit 75).
pub fn lock(state: &Path) -> Result<LockFile> {
    files::make_state_folder(state)?;
    let top = TreePath::top(state);
    let lock = LockFile::take(&top.join("lock"), &format!("{} rpm", program()), "building here")?;
    let place = TreePath::top(&place(state));
    files::make_folders(&place)?;
    files::clear_drafts(&top)?;
    files::clear_drafts(&place)?;
    for name in place.names()? {
        let own = place.join(name);
        let folder = BuildFolder { path: own.for_programs().to_owned() };
        if !folder.path.is_dir() {
            continue;
        }
        files::clear_drafts(&own)?;
        files::remove_if_there(&own.join(INCOMING))?;
        let Some(mut record) = folder.read().filter(|record| record.scratch.is_some()) else { continue };
        if let Some(left) = record.scratch.take().filter(|left| files::is_large_scratch(left)) {
            backend::end_left(record.backend, &left);
            files::remove_if_there(&TreePath::in_own_folder(&left))?;
        }
        folder.save(&record)?;
    }
    Ok(lock)
}

/// Removes the folders of old builds of a target.
pub fn clear_old(place: &Path, target: &BuildTarget) -> Result<()> {
    let prefix = format!("{}-{}-", target.dist, target.arch);
    let mut found = Vec::new();
    for name in TreePath::top(place).names()?.iter().filter(|name| name.starts_with(&prefix)) {
        let path = place.join(name);
        let date = path.join(STATE).metadata().and_then(|found| found.modified()).ok();
        found.push((date, path));
    }
    found.sort();
    for (_, path) in &found[..found.len().saturating_sub(KEPT)] {
        files::remove_if_there(&TreePath::in_own_folder(path))?;
    }
    Ok(())
}
