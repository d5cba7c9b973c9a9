//! The keys of a configuration file: the fields of [`Config`].

use serde::{Deserialize, Serialize};

use crate::base::error::Failure;
use crate::history::lint::Severities;
use crate::history::milestone::Milestone;
use crate::history::release_tags::form::TagForm;
use crate::history::release_tags::{MergedTags, TagRules};
use crate::history::{HeaderForms, VersionRules};
use crate::project::config::announce::AnnounceKeys;
use crate::project::config::ci::CiKeys;
use crate::project::config::name::Name;
use crate::project::config::repository::{AcceptanceTest, PromotionKeys, RepositoryKeys};
use crate::project::config::rpms::RpmKeys;
use crate::project::config::source::SourceKeys;

/// The path of the configuration file in a project.
pub const PATH: &str = "packaging/release.toml";

/// The whole configuration. The default is that of an empty file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    pub project: ProjectKeys,
    pub version: VersionKeys,
    pub source: SourceKeys,
    pub rpm: RpmKeys,
    pub repository: RepositoryKeys,
    /// The tests that a snapshot must pass before it is promoted.
    pub acceptance: Vec<AcceptanceTest>,
    pub promotion: PromotionKeys,
    pub announce: AnnounceKeys,
    pub ci: CiKeys,
    /// The severity of each rule of the history lint.
    pub lint: Severities,
}

/// `[project]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ProjectKeys {
    /// The name of archives and packages. Default: the `Name:` of the spec, else the name that another file states.
    pub name: Option<Name>,
    /// A commit is merged if it is reachable from one of these branches, on the remote if there is one. `*` and `?`
    /// match.
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
    /// The version just before the first commit, as long as there is no release tag: N commits give `X.Y.N`.
    pub initial: Option<Milestone>,
    /// The lines of commit messages that raise `X` or `Y`.
    pub headers: HeaderForms,
    /// The forms of release tags. Default: the one that the tags have in common.
    pub tags: Option<Forms>,
    /// Tags that are none: `*` and `?` match.
    pub ignore_tags: Vec<String>,
    /// Whether the tags of commits that were merged in count. Default: in every form but `X.Y`.
    pub merged_tags: Option<bool>,
}

impl VersionKeys {
    /// The keys that decide how commits are counted; `name` is that of the project, if it has one, or why it cannot be read.
    pub fn rules(&self, name: Result<Option<String>, Failure>) -> VersionRules {
        let merged = self.merged_tags.map(|count| if count { MergedTags::Count } else { MergedTags::DoNotCount });
        let forms = self.tags.as_ref().map(|forms| forms.0.clone()).unwrap_or_default();
        let (name, unreadable_name) = match name {
            Ok(name) => (name, None),
            Err(why) => (None, Some(why)),
        };
        let tags = TagRules { forms, ignored: self.ignore_tags.clone(), merged, name, unreadable_name };
        VersionRules { initial: self.initial, headers: self.headers, tags }
    }

    /// Whether the project's name has a part in the form of its tags.
    pub fn needs_name(&self) -> bool {
        self.tags.as_ref().is_none_or(|forms| forms.0.iter().any(TagForm::has_name))
    }
}

/// The value of `version.tags`: at least one form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<TagForm>", into = "Vec<TagForm>")]
pub struct Forms(Vec<TagForm>);

impl TryFrom<Vec<TagForm>> for Forms {
    type Error = &'static str;

    fn try_from(forms: Vec<TagForm>) -> Result<Forms, &'static str> {
        let why = "a list without a form: write `tags = [\"X.Y\"]`, or leave the key out";
        if forms.is_empty() { Err(why) } else { Ok(Forms(forms)) }
    }
}

impl From<Forms> for Vec<TagForm> {
    fn from(forms: Forms) -> Vec<TagForm> {
        forms.0
    }
}
