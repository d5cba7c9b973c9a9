//! The lower half of the house, built as the crate `releng-core`: everything that reads history, writes archives and packages, and keeps
//! the repository. `lib.rs` has the map, and names these folders as its own; "Two crates" in ARCHITECTURE.md says why.

pub mod base;
pub mod git;
pub mod history;
pub mod project;
pub mod repository;
pub mod rpm;
pub mod source;
