//! The result of parsing a spec: the values that its source package needs.

use std::collections::BTreeMap;

use crate::rpm::srpm::changelog::SpecChangelogEntry;
use crate::rpm::srpm::dependency::Dependency;
use crate::rpm::srpm::tag::{self, FileKind};

/// A text in several languages, by the index of the language: 0 is `C`, the others follow in the order of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translated(pub BTreeMap<usize, String>);

/// A `Source` or `Patch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceName {
    pub kind: FileKind,
    /// The file name: the last part of the address, or of its fragment.
    pub name: String,
    /// The number in the tag; for a tag without one, the next number.
    pub number: u32,
    /// Whether a build needs it on another distribution or architecture only: it is in a branch that is not taken here.
    pub is_elsewhere: bool,
}

/// A binary package that a build of the spec makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuiltPackage {
    pub name: String,
    /// `[epoch:]version-release`.
    pub evr: String,
}

/// A parsed spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Tags with one string, by their number in the header.
    pub texts: BTreeMap<u32, String>,
    /// Tags with a string for each language, by their number in the header.
    pub translated: BTreeMap<u32, Translated>,
    /// The languages; [`Translated`] has indexes into them.
    pub languages: Vec<String>,
    pub epoch: Option<u32>,
    /// Sources and patches, in the order of the spec.
    pub sources: Vec<SourceName>,
    /// `BuildRequires` of all packages, in the order of the spec.
    pub requires: Vec<Dependency>,
    /// `BuildConflicts` of all packages, in the order of the spec.
    pub conflicts: Vec<Dependency>,
    /// `ExclusiveArch` and its like, by their number in the header.
    pub restrictions: BTreeMap<u32, Vec<String>>,
    /// `BuildArch` of the main package.
    pub build_architectures: Vec<String>,
    /// Whether a program that a build runs adds requirements: `%generate_buildrequires`.
    pub has_dynamic_requires: bool,
    /// How hard the payload is compressed, from 1 to 9, if the spec states it: `_source_payload`.
    pub payload_level: Option<u32>,
    /// The packages that a build makes.
    pub provides: Vec<BuiltPackage>,
    /// The changelog, newest entry first.
    pub changelog: Vec<SpecChangelogEntry>,
    /// The text of the spec.
    pub text: String,
}

impl Parsed {
    /// The value of a tag with one string; empty where there is none.
    pub fn text_of(&self, number: u32) -> &str {
        self.texts.get(&number).map_or("", String::as_str)
    }

    /// The value of `Name`.
    pub fn name(&self) -> &str {
        self.text_of(tag::NAME)
    }

    /// The value of `Version`.
    pub fn version(&self) -> &str {
        self.text_of(tag::VERSION)
    }

    /// The value of `Release`.
    pub fn release(&self) -> &str {
        self.text_of(tag::RELEASE)
    }

    /// `name-version-release`.
    pub fn nvr(&self) -> String {
        format!("{}-{}-{}", self.name(), self.version(), self.release())
    }

    /// The file name of the source package.
    pub fn file_name(&self) -> String {
        format!("{}.src.rpm", self.nvr())
    }

    /// The names of all source files and patches, each once, in the order of the spec.
    pub fn needed_files(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for source in &self.sources {
            if !names.contains(&source.name.as_str()) {
                names.push(&source.name);
            }
        }
        names
    }
}
