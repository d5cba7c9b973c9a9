//! The published tree: snapshots in `unstable/`, stable series in `stable/`, and what makes them safe.

pub mod client_package;
pub mod name;
pub mod sign;
