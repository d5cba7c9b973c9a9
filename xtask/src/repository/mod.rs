//! The published tree: snapshots in `unstable/`, stable series in `stable/`, and what makes them safe.

pub mod client_package;
pub mod event;
pub mod layout;
pub mod ledger;
pub mod manifest;
pub mod name;
pub mod repodata;
pub mod sign;
pub mod store;
pub mod writer;
