//! `packaging/release.toml`, parsed.
//!
//! One file, every key optional, unknown keys refused. The keys are the fields of [`Config`] and stand nowhere else:
//! what is known, what `cargo xtask config` lists and what an unknown key is compared with all come from its default.

/// Serde as the text that `Display` gives and `FromStr` takes.
macro_rules! serde_as_text {
    ($($name:ident),*) => {$(
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                <String as ::serde::Deserialize>::deserialize(deserializer)?.parse().map_err(::serde::de::Error::custom)
            }
        }
    )*};
}
pub(crate) use serde_as_text;

mod cargo;
mod repository;
mod rpms;
mod unknown;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use cargo::{cargo_package_name, cargo_rust_version, with_vendor_directory};
pub use repository::{AcceptanceTest, Address, DueCase, PromotionKeys, PromotionKind, RepositoryKeys, TimeLimit};
pub use rpms::{Arch, BackendKind, CoprKeys, Dist, DistKeys, KojiKeys, RpmKeys, RustVersion, SrpmWriter, Word};
pub use unknown::{edit_distance, known_keys, leaves, lines_of_keys};

use crate::error::{Exit, Failure};
use crate::milestone::Milestone;

/// Where the configuration stands in a project.
pub const PATH: &str = "packaging/release.toml";

/// The whole configuration; `Default` is what an empty file gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    /// What is released.
    pub project: ProjectKeys,
    /// How its version begins.
    pub version: VersionKeys,
    /// Which archives are made.
    pub source: SourceKeys,
    /// How it is packaged.
    pub rpm: RpmKeys,
    /// Where clients install it from.
    pub repository: RepositoryKeys,
    /// The tests that a snapshot must pass before it is promoted.
    pub acceptance: Vec<AcceptanceTest>,
    /// When a promotion is due.
    pub promotion: PromotionKeys,
}

/// `[project]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ProjectKeys {
    /// The name that archives and packages bear. Default: that of the root Cargo package, else the template's `Name:`.
    pub name: Option<Name>,
    /// Merged work is what is reachable from one of these branches, on the remote where there is one; `*` and `?` match.
    pub branches: Vec<String>,
}

impl Default for ProjectKeys {
    fn default() -> ProjectKeys {
        ProjectKeys { name: None, branches: ["master", "main", "v*"].map(str::to_owned).to_vec() }
    }
}

/// `[version]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct VersionKeys {
    /// The beginning where no milestone tag exists yet, just before the root: N commits give `X.Y.N`.
    pub initial: Option<Milestone>,
}

/// `[source]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct SourceKeys {
    /// The archives; `tar.gz` is always made.
    pub formats: Vec<Format>,
    /// Whose dependencies go into the vendor archive. Default: cargo's where there is a `Cargo.lock`, else none.
    pub vendor: Option<Vendor>,
}

impl Default for SourceKeys {
    fn default() -> SourceKeys {
        SourceKeys { formats: vec![Format::TarGz, Format::Zip], vendor: None }
    }
}

/// A source archive's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// The tarball.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// Its twin for those who have no tar.
    #[serde(rename = "zip")]
    Zip,
}

/// Whose dependencies go into the vendor archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// There is none.
    None,
    /// Those of `Cargo.lock`.
    Cargo,
}

/// A project's name: what an RPM may be called and a file name may begin with. ASCII letters, digits and `._+-`, a
/// letter or digit first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Name, String> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._+-".contains(letter);
        if text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.chars().all(fits) {
            Ok(Name(text))
        } else {
            Err(format!("`{text}` cannot name a package: letters, digits and `._+-`, a letter or digit first"))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Config {
    /// Parses the text of a configuration file.
    ///
    /// Errors, all with exit 2 and the line: no TOML, an unknown key (the nearest known one is named), a value of the
    /// wrong kind.
    pub fn parse(text: &[u8]) -> Result<Config, Failure> {
        let refuse = |why: String| Failure::new(Exit::Usage, format!("`{PATH}`: {}", why.trim_end()));
        let text = std::str::from_utf8(text).map_err(|error| refuse(format!("{error}")))?;
        if let Some(unknown) = unknown::find(text).map_err(|error| refuse(error.to_string()))?.first() {
            return Err(unknown.failure());
        }
        let config: Config = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
        let mut names: Vec<&str> = config.acceptance.iter().map(|test| test.name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(refuse(format!("two tests in `[[acceptance]]` are called `{}`", pair[0]))),
            None => Ok(config),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> (String, String) {
        let failure = Config::parse(text.as_bytes()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        (failure.message, failure.help.unwrap_or_default())
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(Config::parse(b"").unwrap(), Config::default());
    }

    #[test]
    fn every_key_is_read() {
        use std::num::NonZero;
        let text = "[project]\nname = \"lago\"\nbranches = [\"v*\"]\n[version]\ninitial = \"0.1\"\n[source]\nformats = [\"zip\"]\n\
                    vendor = \"none\"\n[rpm]\nspec = \"lago.spec.in\"\nchangelog-entries = 200\nsrpm = \"rpmbuild\"\n\
                    portable-noarch = true\ndists = [\"el9\"]\nbackend = \"copr\"\ntimeout = \"1h\"\npoll = \"5s\"\n\
                    [rpm.copr]\nproject = \"@lago/lago\"\nconfig = \"~/copr\"\n[rpm.koji]\nprofile = \"cbs\"\nconfig = \"~/koji\"\nscratch = true\n[repository]\nroot = \"repo\"\nstate = \"state\"\nurl = \"https://example.org\"\n\
                    keep-snapshots = 1\nkeep-days = 2\nsign = \"ABCD\"\n[promotion]\ninterval-days = 3\ndue = []\n\
                    [[acceptance]]\nname = \"install\"\nrun = [\"sh\"]\ntimeout = \"10m\"\non = [\"minor\"]\n";
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(lines_of_keys(text).keys().collect::<Vec<_>>(), known_keys().keys().collect::<Vec<_>>());
        assert_eq!(config.rpm.changelog_entries, NonZero::new(200));
        assert_eq!(config.version.initial.map(|initial| initial.to_string()).as_deref(), Some("0.1"));
        let values = leaves(&config);
        assert!(values.values().all(|value| !value.is_null()), "{values:?}");
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_known_one() {
        let (message, help) = refusal("[project]\nname = \"x\"\n[source]\nformat = [\"zip\"]\n");
        assert_eq!(message, "`packaging/release.toml` line 4: unknown key `source.format`");
        assert_eq!(help, "did you mean `source.formats`?");
        assert_eq!(refusal("[versoin]\ninitial = \"0.1\"\n").1, "did you mean `version.initial`?");
        assert_eq!(refusal("name = \"x\"\n").1, "did you mean `project.name`?");
        assert_eq!(refusal("[rpm.dist.el9]\nmokc = \"x\"\n").1, "did you mean `rpm.dist.el9.mock`?");
        assert!(refusal("[rpm.mock]\nx = 1\n").0.ends_with("line 2: unknown key `rpm.mock.x`"));
        assert!(refusal("[rpm.mock]\n").0.ends_with("line 1: unknown key `rpm.mock`"));
        let (message, help) =
            refusal("[[acceptance]]\nname = \"a\"\nrun = [\"b\"]\n[[acceptance]]\ntimeuot = \"1m\"\n");
        assert!(message.ends_with("line 5: unknown key `acceptance.timeuot`"), "{message}");
        assert_eq!(help, "did you mean `acceptance.timeout`?");
        assert!(refusal("[wholly-other-things]\n").1.starts_with("the keys are "));
    }

    #[test]
    fn wrong_values_are_refused_with_their_line() {
        for (text, part) in [
            ("[project]\nname = \"-rf\"\n", "cannot name a package"),
            ("[project]\nname = \"a/b\"\n", "cannot name a package"),
            ("[version]\ninitial = 0.1\n", "line 2"),
            ("[version]\ninitial = \"1\"\n", "two numbers"),
            ("[source]\nformats = [\"rar\"]\n", "unknown variant `rar`"),
            ("[repository]\nurl = \"ftp://x\"\n", "`https://` or `http://`"),
            ("[[acceptance]]\nname = \"../x\"\nrun = [\"true\"]\n", "letters, digits and"),
            ("[[acceptance]]\nname = \"x\"\n", "`run` is empty"),
            ("[[acceptance]]\nname = \"x\"\nrun = [\"a\"]\n[[acceptance]]\nname = \"x\"\nrun = [\"a\"]\n", "two tests"),
            ("[[acceptance]]\nname = \"x\"\nrun = [\"true\"]\ntimeout = \"soon\"\n", "such as `90s`"),
            ("[rpm]\ndists = [\"EL9\"]\n", "lower-case letters and a number"),
            ("[rpm.dist.nine]\narches = []\n", "lower-case letters and a number"),
            ("[rpm.dist.el9]\narches = [\"../x\"]\n", "names no architecture"),
            ("[rpm.dist.el9]\narches = [\"noarch\"]\n", "names no architecture"),
            ("[rpm.dist.el9]\nminimum-rust = \"x\"\n", "numbers with dots"),
            ("[rpm.dist.el9]\nmock = \"-rf\"\n", "begins with `-`"),
            ("[rpm]\nbackend = \"obs\"\n", "unknown variant `obs`"),
            ("[project\n", "line 1"),
        ] {
            let (message, _) = refusal(text);
            assert!(message.contains(part), "{text:?}: {message}");
        }
    }
}
