//! The version and the changelog, from commits and tags.
//!
//! `X.Y` comes from [`release_tags`], `Z` counts the steps of the mainline since, and a pseudo-header ([`header`]) in
//! any commit of a step raises `X` or `Y`. The rules are pure: [`step`] counts, [`counted_version`] adds base and
//! warnings, [`changelog`] makes entries, [`authors`] lists people. Only [`load`] reads from git.

pub mod authors;
pub mod bug;
pub mod changelog;
pub mod conventional;
pub mod counted_version;
pub mod explain;
pub mod header;
pub mod level;
pub mod lifted;
pub mod lint;
pub mod load;
pub mod mailmap;
pub mod milestone;
pub mod pre_release;
pub mod release_tags;
pub mod since;
pub mod step;
pub mod version;
pub mod warning;

pub use changelog::{Changelog, Repackaging};
pub use counted_version::{Base, CountedVersion, VersionRules};
pub use header::HeaderForms;
pub use level::Level;
pub use load::{
    CountedRelease, HELP_FOR_SHALLOW, LookBack, VersionRequest, load_authors, load_changelog, load_release,
    load_version, load_versions,
};
pub use milestone::Milestone;
pub use release_tags::TagRules;
pub use since::Since;
pub use step::VersionStep;
pub use version::Version;
pub use warning::{Warning, WarningId};
