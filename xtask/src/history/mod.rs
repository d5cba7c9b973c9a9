//! The version and the changelog, from commits and tags.
//!
//! `X.Y` comes from [`milestone_tags`], `Z` counts the steps of the mainline since, and a pseudo-header ([`header`]) in
//! any commit of a step raises `X` or `Y`. The rules are pure: [`version`] counts, [`answer`] puts base, steps and
//! warnings together, [`changelog`] makes entries. [`load`] is the edge: it asks git for what the rules need.

pub mod answer;
pub mod bug;
pub mod changelog;
pub mod explain;
pub mod header;
pub mod load;
pub mod milestone;
pub mod milestone_tags;
pub mod version;
pub mod warning;

pub use answer::{Answer, Base};
pub use changelog::{Changelog, Repackaging};
pub use header::Level;
pub use load::{LookBack, Question, load_answer, load_changelog, load_release, load_versions};
pub use milestone::Milestone;
pub use version::{Step, Version};
pub use warning::{Warning, WarningId};
