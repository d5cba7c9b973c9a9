//! What is kept of a build on disk, so that an interrupted run goes on where it was and nothing is built twice.
//!
//! ```text
//! <place>/el9-x86_64-<16 hex>/
//!   state.json     how far it is; a ticket of a farm outlives the run that got it
//!   log            what it said
//!   packages/      what it made, checked
//! ```
//!
//! The 16 digits begin the digest of all that shapes the result: source RPM, target, backend and its settings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::base::checksum::digest_of_file;
use crate::base::digest::{Digest, digest_of};
use crate::base::error::program;
use crate::base::files::{self, LockFile};
use crate::project::config::{BackendKind, Dist};
use crate::rpm::backend::{Srpm, Target, Ticket};

const SCHEMA: &str = "releng.build/1";
const STATE: &str = "state.json";
/// Where packages are while they are brought and checked.
const INCOMING: &str = "incoming";

/// How many results of a target are kept: those of the last source RPMs.
const KEPT: usize = 4;

/// The state of one build, as `state.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    schema: String,
    /// Of all that shapes the result.
    pub key: Digest,
    /// Of the source RPM.
    pub srpm: Digest,
    /// What it is built for.
    pub target: Target,
    /// Who builds it.
    pub backend: BackendKind,
    /// What the backend calls the target's surroundings.
    pub word: String,
    /// The dist of the machine that builds.
    pub host: Dist,
    /// How far it is.
    pub phase: Phase,
    /// A folder outside of the project that a killed run leaves behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch: Option<PathBuf>,
}

/// How far a build is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "phase")]
pub enum Phase {
    /// It is being submitted: a farm may have it already, or not.
    Submitting {
        /// Since when, in seconds since 1970.
        since: i64,
    },
    /// A farm has it, or it runs here.
    Submitted {
        /// What the farm knows it by.
        ticket: Ticket,
    },
    /// It is built, checked and kept.
    Built {
        /// The packages.
        files: Vec<Kept>,
    },
    /// It has failed.
    Failed {
        /// Why.
        why: String,
    },
}

/// A package that was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The folder it belongs into, below that of its dist: an architecture, `noarch`, `SRPMS` or `debug`.
    pub place: String,
    /// The name of its file.
    pub name: String,
    /// Of its bytes.
    pub sha256: Digest,
}

/// The folder of one build.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Record {
    /// The record of a build that is about to be submitted, in seconds since 1970.
    pub fn new(
        srpm: &Srpm,
        backend: BackendKind,
        part: &(Target, String),
        settings: &str,
        host: &Dist,
        since: i64,
    ) -> Record {
        let (target, word) = part;
        let key = digest_of(format!("{}\n{target}\n{backend}\n{settings}\n", srpm.digest).as_bytes());
        let (target, word, host) = (target.clone(), word.clone(), host.clone());
        let (schema, phase) = (SCHEMA.to_owned(), Phase::Submitting { since });
        Record { schema, key, srpm: srpm.digest, target, backend, word, host, phase, scratch: None }
    }
}

impl Folder {
    /// That of a build, below `place`.
    pub fn of(place: &Path, record: &Record) -> Folder {
        let Target { dist, arch } = &record.target;
        let key = record.key.to_string();
        Folder { path: place.join(format!("{dist}-{arch}-{}", &key[..16])) }
    }

    /// What the build says.
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// Where its packages are.
    pub fn packages(&self) -> PathBuf {
        self.path.join("packages")
    }

    /// Where its packages are while they are brought and checked: an empty folder.
    pub fn incoming(&self) -> Result<PathBuf> {
        let path = self.path.join(INCOMING);
        files::remove_if_there(&path)?;
        files::make_folders(&path)?;
        Ok(path)
    }

    /// Makes what came in what is kept.
    pub fn accept(&self, incoming: &Path) -> Result<()> {
        files::remove_if_there(&self.packages())?;
        fs::rename(incoming, self.packages()).with_context(|| format!("cannot rename `{}`", incoming.display()))
    }

    /// The record there, where there is one of the same key. What cannot be read is as if it were not there: the build is
    /// begun again.
    pub fn load(&self, key: Digest) -> Option<Record> {
        self.read().filter(|record| record.key == key)
    }

    fn read(&self) -> Option<Record> {
        let text = fs::read(self.path.join(STATE)).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        (record.schema == SCHEMA).then_some(record)
    }

    /// Writes the record.
    pub fn save(&self, record: &Record) -> Result<()> {
        files::make_folders(&self.path)?;
        let text = serde_json::to_string_pretty(record)? + "\n";
        files::write(&self.path.join(STATE), text.as_bytes())
    }

    /// Whether all packages are there as they were kept.
    pub fn holds(&self, files: &[Kept]) -> bool {
        let is_whole = |kept: &Kept| digest_of_file(&self.packages().join(&kept.name)).ok() == Some(kept.sha256);
        !files.is_empty() && files.iter().all(is_whole)
    }
}

/// Where results are kept below the folder of our state.
pub fn place(state: &Path) -> PathBuf {
    state.join("rpm")
}

/// Takes the folder of our state for this run alone, and clears what killed runs left there and elsewhere.
///
/// Errors: another run has it (exit 75).
pub fn lock(state: &Path) -> Result<LockFile> {
    files::make_state_folder(state)?;
    let lock = LockFile::take(&state.join("lock"), &format!("{} rpm", program()), "building here")?;
    let place = place(state);
    files::make_folders(&place)?;
    files::clear_drafts(state)?;
    files::clear_drafts(&place)?;
    let paths = files::names_in(&place)?.into_iter().map(|name| place.join(name));
    for folder in paths.filter(|path| path.is_dir()).map(|path| Folder { path }) {
        files::clear_drafts(&folder.path)?;
        files::remove_if_there(&folder.path.join(INCOMING))?;
        let Some(mut record) = folder.read().filter(|record| record.scratch.is_some()) else { continue };
        if let Some(left) = record.scratch.take().filter(|left| files::is_large_scratch(left)) {
            files::remove_if_there(&left)?;
        }
        folder.save(&record)?;
    }
    Ok(lock)
}

/// Removes the folders of all builds of a target but the newest.
pub fn clear_old(place: &Path, target: &Target) -> Result<()> {
    let prefix = format!("{}-{}-", target.dist, target.arch);
    let mut found = Vec::new();
    for name in files::names_in(place)?.iter().filter(|name| name.starts_with(&prefix)) {
        let path = place.join(name);
        let date = path.join(STATE).metadata().and_then(|found| found.modified()).ok();
        found.push((date, path));
    }
    found.sort();
    let count = found.len().saturating_sub(KEPT);
    found[..count].iter().try_for_each(|(_, path)| files::remove_if_there(path))
}
