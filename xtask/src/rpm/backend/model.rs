//! What is built, what a backend is, and what all backends share.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::error::Failure;
use crate::project::config::{Arch, Dist, RpmKeys};
use crate::rpm::package::PackageFile;

/// What is built: one dist on one architecture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The dist.
    pub dist: Dist,
    /// The architecture.
    pub arch: Arch,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dist, self.arch)
    }
}

/// The source RPM that is built.
#[derive(Clone, Debug)]
pub struct Srpm {
    /// Where it is.
    pub path: PathBuf,
    /// Of its bytes.
    pub digest: Digest,
    /// Its name.
    pub name: String,
    /// `X.Y.Z`.
    pub version: String,
    /// Its release, which has no dist: `1`.
    pub release: String,
    /// Its time, in seconds since 1970; no file of a package is newer.
    pub date: u64,
    /// Whether all that it makes is noarch, so that one architecture of a dist is enough.
    pub is_noarch: bool,
}

impl Srpm {
    /// Reads the source RPM at `path`, whose digest is known.
    pub fn load(path: &Path, digest: Digest) -> Result<Srpm> {
        let package = PackageFile::read_listed(path, digest)?;
        Ok(Srpm {
            path: path.to_owned(),
            digest,
            name: package.nevra.name().to_owned(),
            version: package.nevra.version().to_owned(),
            release: package.nevra.release().to_owned(),
            date: package.build_time(),
            is_noarch: package.build_architectures() == ["noarch"],
        })
    }

    /// What a package of it has in its `Release` for a dist.
    pub fn release_for(&self, dist: &Dist) -> String {
        match dist.parts() {
            Some(_) => format!("{}.{dist}", self.release),
            None => self.release.clone(),
        }
    }
}

/// Targets that one submission covers, and what the backend calls their surroundings, such as a chroot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The targets with the backend's word for each; never empty.
    pub parts: Vec<(Target, String)>,
}

impl Submission {
    /// A submission for each target, with the backend's word for it.
    pub fn each(named: impl IntoIterator<Item = (Target, String)>) -> Vec<Submission> {
        named.into_iter().map(|part| Submission { parts: vec![part] }).collect()
    }
}

/// Where a build stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not begun.
    Waiting,
    /// It is being built.
    Running,
    /// It is built, and can be collected.
    Built,
    /// It has failed, and why: a fragment of a sentence.
    Failed(String),
}

/// A build that was submitted: what the backend knows it by; empty for one that runs here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticket(pub String);

/// Where a target's build keeps what it needs and leaves what it made.
#[derive(Clone, Debug)]
pub struct Workplace {
    /// What the build says.
    pub log: PathBuf,
    /// A folder of its own, outside of the project; there where something runs here.
    pub scratch: Option<PathBuf>,
}

/// A backend: four verbs, called in turn by `build/drive.rs`.
pub trait Backend {
    /// How it differs for a target from itself with other settings, as a text: a part of what a result is kept under.
    fn settings(&self, part: &(Target, String)) -> String;

    /// How the targets are submitted. Errors: a target that it cannot build, with what to do.
    fn plan(&self, srpm: &Srpm, targets: &[Target]) -> Result<Vec<Submission>, Failure>;

    /// What a person should know of its builds before they begin.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Begins a build. Errors: exit 5 where trying again may help.
    fn submit(&mut self, srpm: &Srpm, submission: &Submission, places: &[Workplace]) -> Result<Ticket>;

    /// What it has begun since a time (seconds since 1970) without our knowing it: for a run that was killed between
    /// submission and its record, or whose answer was lost.
    fn find(&mut self, _srpm: &Srpm, _submission: &Submission, _since: i64) -> Result<Option<Ticket>> {
        Ok(None)
    }

    /// How far each part of a submission is, in its order. Errors: exit 5 where trying again may help.
    fn poll(&mut self, ticket: &Ticket, submission: &Submission) -> Result<Vec<State>>;

    /// Brings the packages of a target that is built into the empty folder `into`. Errors: exit 5 where trying again
    /// may help.
    fn collect(&mut self, ticket: &Ticket, part: &(Target, String), place: &Workplace, into: &Path) -> Result<()>;

    /// Whether it runs here: then so many at once are enough, and none goes on without us.
    fn is_here(&self) -> bool;
}

/// A name that is written for the first architecture of a dist, for another one.
pub fn named_for(name: &str, keys: &RpmKeys, target: &Target) -> String {
    let first = keys.dist.get(&target.dist).and_then(|of| of.arches.first());
    match first {
        Some(first) if *first != target.arch => name.replace(first.as_str(), target.arch.as_str()),
        _ => name.to_owned(),
    }
}

/// What makes a build repeat on any machine, as definitions for rpmbuild.
pub fn repeatable() -> Vec<(&'static str, String)> {
    let define = |name, value: &str| (name, value.to_owned());
    vec![
        define("_buildhost", "reproducible"),
        define("use_source_date_epoch_as_buildtime", "1"),
        define("clamp_mtime_to_source_date_epoch", "1"),
    ]
}

/// Definitions as arguments.
pub fn defines<'a>(macros: impl IntoIterator<Item = &'a (&'static str, String)>) -> Vec<String> {
    macros.into_iter().flat_map(|(name, value)| ["--define".to_owned(), format!("{name} {value}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(dist: &str, arch: &str) -> Target {
        Target { dist: dist.parse().unwrap(), arch: arch.parse().unwrap() }
    }

    fn keys(text: &str) -> RpmKeys {
        crate::project::config::Config::parse(text.as_bytes()).unwrap().rpm
    }

    #[test]
    fn a_name_is_written_for_the_first_architecture() {
        let keys = keys("[rpm.dist.el9]\narches = [\"x86_64\", \"aarch64\"]\n");
        for (arch, name) in [("x86_64", "rocky+epel-9-x86_64"), ("aarch64", "rocky+epel-9-aarch64")] {
            assert_eq!(named_for("rocky+epel-9-x86_64", &keys, &target("el9", arch)), name);
        }
        assert_eq!(named_for("fedora-42-x86_64", &keys, &target("fc42", "x86_64")), "fedora-42-x86_64");
    }
}
