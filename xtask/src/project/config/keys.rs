//! The keys of a configuration file: the fields of [`Config`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::history::milestone::Milestone;
use crate::project::config::repository::{AcceptanceTest, PromotionKeys, RepositoryKeys};
use crate::project::config::rpms::RpmKeys;

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
