//! The types that all backends share: targets, the source RPM, submissions and the trait [`Backend`].

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{Arch, Dist, RpmKeys, Word};
use crate::rpm::package::PackageFile;

/// A dist and an architecture to build for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BuildTarget {
    pub dist: Dist,
    pub arch: Arch,
}

impl fmt::Display for BuildTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dist, self.arch)
    }
}

/// The source RPM that is built.
#[derive(Clone, Debug)]
pub struct SourceRpm {
    pub path: PathBuf,
    pub digest: Digest,
    pub name: String,
    /// `X.Y.Z`.
    pub version: String,
    /// The release without a dist, such as `1`.
    pub release: String,
    /// The build time of the source RPM, in seconds since 1970; no file of a built package is newer.
    pub date: u64,
    /// Whether all packages of the build are noarch, so that one architecture of a dist is enough.
    pub is_noarch: bool,
}

impl SourceRpm {
    /// Reads the source RPM at `path`, whose digest is known.
    pub fn load(path: &Path, digest: Digest) -> Result<SourceRpm> {
        let package = PackageFile::read_listed(path, digest)?;
        Ok(SourceRpm {
            path: path.to_owned(),
            digest,
            name: package.nevra.name().to_owned(),
            version: package.nevra.version().to_owned(),
            release: package.nevra.release().to_owned(),
            date: package.build_time(),
            is_noarch: package.build_architectures() == ["noarch"],
        })
    }

    /// The `Release` of a package that is built from it for a dist.
    pub fn release_for(&self, dist: &Dist) -> String {
        match dist.parts() {
            Some(_) => format!("{}.{dist}", self.release),
            None => self.release.clone(),
        }
    }
}

/// A target, and the environment that the backend builds it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildPart {
    pub target: BuildTarget,
    /// The backend's name for the environment: a mock configuration, an image, a chroot, a build target of Koji.
    pub build_env: String,
}

/// The targets that a backend takes together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Never empty.
    pub parts: Vec<BuildPart>,
}

impl Submission {
    /// One submission for each part.
    pub fn each(parts: Vec<BuildPart>) -> Vec<Submission> {
        parts.into_iter().map(|part| Submission { parts: vec![part] }).collect()
    }
}

/// The state of the build of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildState {
    Waiting,
    Running,
    /// The packages can be collected.
    Built,
    /// With the reason, a fragment of a sentence.
    Failed(String),
}

/// The backend's id of a submitted build; empty for a build on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticket(pub String);

/// The files of the build of one target.
#[derive(Clone, Debug)]
pub struct Workplace {
    /// The output of the build.
    pub log: PathBuf,
    /// A folder outside of the project, for a build on this machine; `None` for a build on a farm.
    pub scratch: Option<PathBuf>,
}

/// A backend. `builds/drive.rs` calls `submit`, `poll` and `collect` in this order.
pub trait Backend {
    /// The settings that change the result of a build, as a text. A result is reused only where the text is the same.
    fn settings(&self, part: &BuildPart) -> String;

    /// Groups the targets into submissions. Errors: a target that the backend cannot build, with help.
    fn plan(&self, srpm: &SourceRpm, targets: &[BuildTarget]) -> Result<Vec<Submission>, Failure>;

    /// Warnings to print before the first build begins.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Submits a build. Errors: exit 5 where trying again may help.
    fn submit(&mut self, srpm: &SourceRpm, submission: &Submission, places: &[Workplace]) -> Result<Ticket>;

    /// Finds a build that was submitted after `since` (seconds since 1970) and whose ticket was lost: the run was killed
    /// between the submission and its record, or the answer of the farm did not arrive.
    fn find(&mut self, _srpm: &SourceRpm, _submission: &Submission, _since: i64) -> Result<Option<Ticket>> {
        Ok(None)
    }

    /// The state of each part of a submission, in the order of the parts. Errors: exit 5 where trying again may help.
    fn poll(&mut self, ticket: &Ticket, submission: &Submission) -> Result<Vec<BuildState>>;

    /// Copies the packages of a built target into the empty folder `into`. Errors: exit 5 where trying again may help.
    fn collect(&mut self, ticket: &Ticket, part: &BuildPart, place: &Workplace, into: &Path) -> Result<()>;

    /// Whether the builds run on this machine. The number of such builds is limited, and they end with this program.
    fn is_on_this_machine(&self) -> bool;

    /// Ends the builds on this machine that still run. Their folders can be removed afterwards.
    fn end_builds(&mut self) {}
}

/// Where a backend builds by default. `NUMBER` and `ARCH` stand for the number of the dist and the architecture.
pub struct BuildEnvNames {
    /// The key below `[rpm.dist.<dist>]` that replaces the default.
    pub key: &'static str,
    /// The backend's word for it, for the message, such as `chroot of Copr`.
    pub kind: &'static str,
    /// What the help adds; begins with `; ` unless it is empty.
    pub hint: &'static str,
    pub fedora: &'static str,
    pub enterprise_linux: &'static str,
}

impl BuildEnvNames {
    /// The name for `target`: `stated` by the configuration, or the default of the dist.
    ///
    /// Errors: neither exists.
    pub fn name_for(&self, stated: Option<&Word>, keys: &RpmKeys, target: &BuildTarget) -> Result<String, Failure> {
        if let Some(stated) = stated {
            return Ok(named_for(stated.as_str(), keys, target));
        }
        let (pattern, number) = match target.dist.parts() {
            Some(("fc", number)) => (self.fedora, number),
            Some(("el", number)) => (self.enterprise_linux, number),
            _ => {
                let message = format!("no {} is known for {}", self.kind, target.dist);
                let help = committed(&format!("set `{} = \"…\"` in `[rpm.dist.{}]`", self.key, target.dist));
                return Err(Failure::new(Exit::Usage, message).help(help + self.hint));
            }
        };
        Ok(pattern.replace("NUMBER", number).replace("ARCH", target.arch.as_str()))
    }
}

/// A failure that trying again may cure, such as one of the network.
pub fn transient(why: String) -> Failure {
    Failure::new(Exit::TryAgain, why).help("run this again")
}

/// Puts the architecture of `target` into a name that is configured for the first architecture of its dist.
fn named_for(name: &str, keys: &RpmKeys, target: &BuildTarget) -> String {
    let first = keys.dist.get(&target.dist).and_then(|of| of.arches.first());
    match first {
        Some(first) if *first != target.arch => name.replace(first.as_str(), target.arch.as_str()),
        _ => name.to_owned(),
    }
}

/// The definitions for rpmbuild that make a build reproducible.
pub fn reproducible_macros() -> Vec<(&'static str, String)> {
    let define = |name, value: &str| (name, value.to_owned());
    vec![
        define("_buildhost", "reproducible"),
        define("use_source_date_epoch_as_buildtime", "1"),
        define("clamp_mtime_to_source_date_epoch", "1"),
    ]
}

/// The arguments `--define` for definitions.
pub fn define_args<'a>(macros: impl IntoIterator<Item = &'a (&'static str, String)>) -> Vec<String> {
    macros.into_iter().flat_map(|(name, value)| ["--define".to_owned(), format!("{name} {value}")]).collect()
}

/// The arguments `--define` for the macros of the configuration.
pub fn configured_args(keys: &RpmKeys) -> Vec<String> {
    keys.define.iter().flat_map(|(name, value)| ["--define".to_owned(), format!("{name} {value}")]).collect()
}

/// The macros of the configuration, for [`Backend::settings`]; empty if there are none.
pub fn configured_settings(keys: &RpmKeys) -> String {
    keys.define.iter().map(|(name, value)| format!("\n%{name} {value}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(dist: &str, arch: &str) -> BuildTarget {
        BuildTarget { dist: dist.parse().unwrap(), arch: arch.parse().unwrap() }
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
