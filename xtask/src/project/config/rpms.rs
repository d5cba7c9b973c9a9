//! The keys of packages: the spec, the source RPM, and the backends and dists of binary RPMs.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZero;
use std::str::FromStr;
use std::time::Duration;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::base::as_text::serde_as_text;
use crate::base::error::{Exit, Failure};
use crate::base::number::parse_number;
use crate::project::config::marker::MarkerValue;
use crate::project::config::repository::TimeLimit;

/// `[rpm]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct RpmKeys {
    /// The spec or its template. Default: the only one in the usual folders, or the one whose `Name:` is that of the project.
    pub spec: Option<String>,
    /// The values of the markers of a build system in the template, such as `X_TRUE=`.
    pub markers: Vec<MarkerValue>,
    /// How many of the newest changelog entries the spec gets. Default: those since the milestone before the last one, at least 20
    /// and at most 200.
    pub changelog_entries: Option<NonZero<u32>>,
    pub srpm: SrpmWriter,
    /// The architecture for which the native writer evaluates a spec: `%ifarch`, `%{_lib}`.
    pub arch: Arch,
    /// Whether a noarch package that was built on one dist may be staged for another.
    pub portable_noarch: bool,
    /// The dists for which binary RPMs are built. Default: that of this machine, with the backend `local`.
    pub dists: Vec<Dist>,
    pub backend: BackendKind,
    /// The longest time for a build. A build on a farm continues there, and the next run finds it.
    pub timeout: TimeLimit,
    /// The time between two requests for the state of builds on a farm.
    pub poll: TimeLimit,
    /// Macros for rpmbuild, by name.
    pub define: BTreeMap<MacroName, String>,
    /// The settings of each dist.
    pub dist: BTreeMap<Dist, DistKeys>,
    pub copr: CoprKeys,
    pub koji: KojiKeys,
}

impl Default for RpmKeys {
    fn default() -> RpmKeys {
        RpmKeys {
            spec: None,
            markers: Vec::new(),
            changelog_entries: None,
            srpm: SrpmWriter::default(),
            arch: Arch("x86_64".to_owned()),
            portable_noarch: false,
            dists: Vec::new(),
            backend: BackendKind::default(),
            timeout: TimeLimit(Duration::from_secs(2 * 3600)),
            poll: TimeLimit(Duration::from_secs(10)),
            define: BTreeMap::new(),
            dist: BTreeMap::new(),
            copr: CoprKeys::default(),
            koji: KojiKeys::default(),
        }
    }
}

/// The program that writes the source RPM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SrpmWriter {
    /// This program. It evaluates the spec with the spec's own definitions only: the same bytes on every machine.
    #[default]
    Native,
    /// `rpmbuild -bs`, with the macros of the machine.
    Rpmbuild,
    /// There is no source RPM.
    None,
}

/// The program that builds binary RPMs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// `rpmbuild`, for the dist of this machine.
    #[default]
    Local,
    /// `mock` on this machine, for every dist of which it has a configuration.
    Mock,
    /// `podman` on this machine, with an image for each dist.
    Container,
    /// Copr, with `copr-cli`.
    Copr,
    /// Koji, with `koji`.
    Koji,
}

impl BackendKind {
    /// All of them, for messages and completions.
    pub const ALL: [BackendKind; 5] =
        [BackendKind::Local, BackendKind::Mock, BackendKind::Container, BackendKind::Copr, BackendKind::Koji];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            BackendKind::Local => "local",
            BackendKind::Mock => "mock",
            BackendKind::Container => "container",
            BackendKind::Copr => "copr",
            BackendKind::Koji => "koji",
        }
    }
}

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BackendKind {
    type Err = String;

    fn from_str(text: &str) -> Result<BackendKind, String> {
        let named = BackendKind::ALL.into_iter().find(|kind| kind.as_str() == text);
        named.ok_or_else(|| format!("it is one of {}", BackendKind::ALL.map(BackendKind::as_str).join(", ")))
    }
}

/// `[rpm.dist.<dist>]`. A name with an architecture is written for the first of `arches`; for another one, its
/// architecture is replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct DistKeys {
    /// The architectures to build on. Default: that of this machine.
    pub arches: Vec<Arch>,
    /// The configuration of mock. Default: `fedora-42-<arch>`, `rocky+epel-9-<arch>`.
    pub mock: Option<Word>,
    /// The image of the container, pinned: `name@sha256:<64 hex>`.
    pub container: Option<Word>,
    /// The chroot of Copr. Default: `fedora-42-<arch>`, `epel-9-<arch>`.
    pub copr: Option<Word>,
    /// The build target of Koji. Default: `f42-candidate`, `epel9-candidate`.
    pub koji: Option<Word>,
    /// The oldest Rust compiler of the dist with its updates. Default: see `rpm/rust.rs`.
    pub minimum_rust: Option<RustVersion>,
}

/// `[rpm.copr]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct CoprKeys {
    /// The project, such as `@group/lago` or `owner/lago`. Without an owner, the owner of the token.
    pub project: Option<Word>,
    /// The file with address and token. Default: copr-cli's own, `~/.config/copr`.
    pub config: Option<Word>,
}

/// `[rpm.koji]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct KojiKeys {
    /// The profile of the client's configuration. Default: koji's own.
    pub profile: Option<Word>,
    /// The file with the profile. Default: koji's own.
    pub config: Option<Word>,
    /// Whether to make scratch builds, which Koji does not keep.
    pub scratch: bool,
}

/// A word that is passed to another program: printable ASCII without blanks, not empty, no `-` first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Word(String);

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(text: String) -> Result<Word, String> {
        let fits = text.chars().all(|letter| letter.is_ascii_graphic()) && !text.is_empty() && !text.starts_with('-');
        if !fits {
            let shown = text.escape_debug();
            return Err(format!(
                "`{shown}` is empty, has white space or letters that are not ASCII, or begins with `-`"
            ));
        }
        Ok(Word(text))
    }
}

impl Word {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a macro of rpm: at least three letters, digits and `_`, no digit first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct MacroName(String);

impl TryFrom<String> for MacroName {
    type Error = String;

    fn try_from(text: String) -> Result<MacroName, String> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if text.len() >= 3 && text.chars().all(fits) && !text.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(MacroName(text));
        }
        Err(format!(
            "`{}` cannot name a macro: at least three letters, digits and `_`, no digit first, without the `%`",
            text.escape_debug()
        ))
    }
}

impl fmt::Display for MacroName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A distribution with its release, such as `el9` or `fc42`: letters and a number. `local` is that of the machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dist(String);

impl Dist {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The letters and the number; `None` for `local`.
    pub fn parts(&self) -> Option<(&str, &str)> {
        let letters = self.0.trim_end_matches(|letter: char| letter.is_ascii_digit());
        (letters.len() < self.0.len()).then(|| self.0.split_at(letters.len()))
    }

    /// The macros that the rpm of the dist defines, and that a build on another machine must define: `%rhel` does not
    /// follow from `%dist`. None for `local`, whose rpm runs the build.
    pub fn macros(&self) -> Vec<(&'static str, String)> {
        let Some((letters, number)) = self.parts() else { return Vec::new() };
        let mut macros = vec![("dist", format!(".{self}"))];
        match letters {
            "el" => macros.push(("rhel", number.to_owned())),
            "fc" => macros.push(("fedora", number.to_owned())),
            _ => {}
        }
        macros
    }

    /// The dist of a machine, from its `/etc/os-release`; `local` if packages are not named after it.
    pub fn of_machine(os_release: &str) -> Dist {
        let value = |key: &str| {
            let line = os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
        };
        let platform = value("PLATFORM_ID"); // `platform:el9`, `platform:f42`
        let platform = platform.strip_prefix("platform:").unwrap_or_default();
        let name = match platform.strip_prefix('f').filter(|number| number.parse::<u32>().is_ok()) {
            Some(number) => format!("fc{number}"),
            None if platform.is_empty() && value("ID") == "fedora" => format!("fc{}", value("VERSION_ID")),
            None => platform.to_owned(),
        };
        name.parse().unwrap_or(Dist("local".to_owned()))
    }
}

impl fmt::Display for Dist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Dist {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Dist, Failure> {
        let letters = text.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let number = &text[letters.len()..];
        let fits = (1..=20).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_lowercase());
        if (fits && parse_number(number).is_some()) || text == "local" {
            return Ok(Dist(text.to_owned()));
        }
        let shown = text.escape_debug();
        let message = format!("`{shown}` is not a dist: write lower-case letters and a number, such as `el9`");
        Err(Failure::new(Exit::Usage, message))
    }
}

/// An architecture that packages are built on, such as `x86_64`; never `noarch` or `src`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arch(String);

impl Arch {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The architecture of this machine, by its name in rpm.
    pub fn of_machine() -> Arch {
        Arch(match std::env::consts::ARCH {
            "x86" => "i686".to_owned(),
            "powerpc64" => "ppc64le".to_owned(),
            other => other.to_owned(),
        })
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Arch {
    type Err = String;

    fn from_str(text: &str) -> Result<Arch, String> {
        let fits = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.len() <= 20
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !["noarch", "src", "nosrc"].contains(&text);
        if fits {
            Ok(Arch(text.to_owned()))
        } else {
            Err(format!("`{}` is not an architecture of a machine: write one such as `x86_64`", text.escape_debug()))
        }
    }
}

/// The version of a compiler: `1.88` or `1.88.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RustVersion(Version);

impl fmt::Display for RustVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version { major, minor, patch, .. } = self.0;
        if patch == 0 { write!(f, "{major}.{minor}") } else { write!(f, "{major}.{minor}.{patch}") }
    }
}

impl FromStr for RustVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<RustVersion, String> {
        let whole = if text.matches('.').count() == 1 { format!("{text}.0") } else { text.to_owned() };
        let version = Version::parse(&whole).ok().filter(|version| version.pre.is_empty() && version.build.is_empty());
        version.map(RustVersion).ok_or_else(|| {
            format!("`{}` is not a version of a compiler: write numbers with dots, such as `1.88`", text.escape_debug())
        })
    }
}

serde_as_text!(Dist, Arch, RustVersion);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dist_of_a_machine() {
        for (os_release, dist) in [
            ("ID=fedora\nVERSION_ID=42\nPLATFORM_ID=\"platform:f42\"\n", "fc42"),
            ("ID=fedora\nVERSION_ID=44\n", "fc44"),
            ("ID=\"rocky\"\nVERSION_ID=\"9.5\"\nPLATFORM_ID=\"platform:el9\"\n", "el9"),
            ("ID=\"centos\"\nPLATFORM_ID=\"platform:el10\"\n", "el10"),
            ("ID=debian\nVERSION_ID=\"12\"\n", "local"),
            ("ID=fedora\nVERSION_ID=rawhide\n", "local"),
            ("", "local"),
        ] {
            assert_eq!(Dist::of_machine(os_release).as_str(), dist, "{os_release}");
        }
    }

    #[test]
    fn a_dist_defines_more_than_dist() {
        let macros = |dist: &str| dist.parse::<Dist>().unwrap().macros();
        assert_eq!(macros("el9"), [("dist", ".el9".to_owned()), ("rhel", "9".to_owned())]);
        assert_eq!(macros("fc42"), [("dist", ".fc42".to_owned()), ("fedora", "42".to_owned())]);
        assert_eq!(macros("amzn2"), [("dist", ".amzn2".to_owned())]);
        assert_eq!(macros("local"), []);
    }

    #[test]
    fn compilers_compare_by_their_numbers() {
        let version = |text: &str| text.parse::<RustVersion>().unwrap();
        for (has, needs, is_enough) in
            [("1.88", "1.88", true), ("1.88", "1.88.1", false), ("1.100", "1.88", true), ("1.79", "1.88", false)]
        {
            assert_eq!(version(has) >= version(needs), is_enough, "{has} {needs}");
        }
        assert_eq!(version("1.88.0").to_string(), "1.88");
        assert!("1".parse::<RustVersion>().is_err() && "1.88-beta".parse::<RustVersion>().is_err());
    }
}
