//! Reads git repositories, and makes tags. No other folder names `git2`.
//!
//! [`Repository`] opens a repository and resolves revisions. [`commit`] holds a commit as its raw bytes. [`tags`] finds
//! the commits of tags, and makes milestone tags. [`graph`] holds the commits that a walk has read, and [`lineage`]
//! sorts them by mainline commit; [`branch`] finds those that a branch has beyond its base. [`changed_paths`] compares commits and the work tree. [`tree`] lists the entries of a tree, and [`attributes`] reads `.gitattributes`.
//! [`loose`] checks objects that libgit2 cannot read safely, and `large_blob` reads the large ones piece by piece. Objects are read raw: names and messages are bytes; replace refs and grafts are ignored.

pub mod ancestry;
pub mod attributes;
pub mod branch;
pub mod change;
pub mod changed_paths;
pub mod checkout;
mod comment;
pub mod commit;
mod graph;
mod large_blob;
pub mod lineage;
mod loose;
mod mainline;
pub mod merge;
mod mode;
mod pack;
mod paint;
pub mod reach;
mod ref_name;
pub mod remote;
pub mod repository;
mod signature;
pub mod tags;
pub mod tree;
pub mod wildmatch;

pub use ancestry::Ancestry;
pub use branch::{BranchCommit, BranchHistory, Merges};
pub use commit::{ByteLines, Commit, CommitId};
pub use lineage::{Lineage, MainlineStep};
pub use mode::Mode;
pub use ref_name::BranchName;
pub use repository::{Missing, Repository};
pub use signature::Signature;
pub use tags::{GitTag, TagList, TagNeed};
pub use tree::ObjectId;
