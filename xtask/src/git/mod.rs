//! Reads git repositories: the one folder that names `git2`.
//!
//! [`Repository`] opens a repository and answers questions about revisions; [`commit`] holds a commit as its raw bytes;
//! [`tags`] finds the commits that tags stand on, and makes milestone tags; [`graph`] holds the commits of a walk, which
//! [`lineage`] sorts under the steps of the mainline. [`tree`] lists what a commit holds, and [`attributes`] says what
//! `.gitattributes` asks for. Objects are read raw: names and messages are bytes; replace refs and grafts are ignored.

pub mod attributes;
pub mod commit;
mod graph;
pub mod lineage;
mod mode;
mod paint;
pub mod reach;
pub mod repository;
mod signature;
pub mod tags;
pub mod tree;
pub mod wildmatch;

pub use commit::{Commit, CommitId, Lines};
pub use lineage::{Lineage, MainlineStep};
pub use mode::Mode;
pub use repository::{Missing, Repository};
pub use signature::Signature;
pub use tags::Tag;
pub use tree::ObjectId;
