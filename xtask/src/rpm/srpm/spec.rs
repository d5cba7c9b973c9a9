//! What a spec says of the source package that is made from it.

use std::collections::BTreeMap;

use crate::rpm::srpm::changelog::Entry;
use crate::rpm::srpm::dependency::Dependency;
use crate::rpm::srpm::tag::{self, FileKind};

/// A text in several languages; the first is `C`, the others in the order in which the spec mentions them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translated(pub BTreeMap<usize, String>);

/// A `Source` or `Patch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceName {
    /// Which of the two.
    pub kind: FileKind,
    /// The name of the file: the last part of an address, or what its fragment says.
    pub name: String,
    /// The number in its tag, or the next one.
    pub number: u32,
}

/// What a spec says of the source package that is made from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Tags with one string, by their number in the header.
    pub texts: BTreeMap<u32, String>,
    /// Tags with a string for each language, by their number in the header.
    pub translated: BTreeMap<u32, Translated>,
    /// The languages that [`Translated`] counts.
    pub languages: Vec<String>,
    /// The epoch, where there is one.
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
    /// Name and `[epoch:]version-release` of the packages that a build would make.
    pub provides: Vec<(String, String)>,
    /// The changelog, newest entry first.
    pub changelog: Vec<Entry>,
    /// The spec itself.
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
        let (name, version, release) =
            (self.text_of(tag::NAME), self.text_of(tag::VERSION), self.text_of(tag::RELEASE));
        format!("{name}-{version}-{release}")
    }

    /// The name of the source package's file.
    pub fn file_name(&self) -> String {
        format!("{}.src.rpm", self.nvr())
    }

    /// The names of the files that the package consists of beside the spec, each once, in the order of the spec.
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
