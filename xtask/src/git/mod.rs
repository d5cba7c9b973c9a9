//! The git repository, read only: the one folder that names `git2`.
//!
//! [`Repository`] opens a repository and answers questions about revisions; [`commit`] holds a commit as its raw bytes.
//! Objects are read raw: names and messages are bytes, replace refs and grafts play no part.

pub mod commit;
pub mod repository;

pub use commit::{Commit, CommitId, Signature};
pub use repository::Repository;
