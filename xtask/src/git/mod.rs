//! The git repository, read only: the one folder that names `git2`.
//!
//! [`Repository`] opens a repository and answers questions about revisions; [`commit`] holds a commit as its raw bytes;
//! [`tags`] finds the commits that tags stand on; [`lineage`] sorts commits under the steps of the mainline;
//! [`tree`] lists what a commit holds, and [`attributes`] says how `.gitattributes` wants it treated.
//! Objects are read raw: names and messages are bytes, replace refs and grafts play no part.

pub mod attributes;
pub mod commit;
pub mod lineage;
mod paint;
pub mod reach;
pub mod repository;
pub mod tags;
pub mod tree;
pub mod wildmatch;

pub use commit::{Commit, CommitId, Lines, Signature};
pub use lineage::{Lineage, MainlineStep};
pub use repository::{Missing, Repository};
pub use tags::Tag;
pub use tree::{Mode, ObjectId};
