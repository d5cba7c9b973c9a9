//! Statements about snapshots and promotions, in the form of in-toto.
//!
//! `dist` makes the statement in `sources/`, which has the same bytes each time. What is said here has times and machines, and lies in
//! `provenance/`: [`snapshot`] states from what the files of a snapshot were built, as they are served, and [`promotion`] which gates and
//! tests a promotion has passed. A revision keeps the statements of all its releases. [`check`] compares statements with the files beside
//! them, and [`download`] a single file with a statement.

pub mod check;
pub mod download;
pub mod promotion;
pub mod snapshot;
