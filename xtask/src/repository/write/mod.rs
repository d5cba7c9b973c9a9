//! Changing a repository: one recipe for every change.
//!
//! [`writer`] holds the lock, finishes what a killed run has begun, and is the only one that changes what is visible.
//! [`assembly`] makes a folder aside, whole and read back; [`revision`] makes one that a stable series leads to.

pub mod assembly;
pub mod revision;
pub mod writer;
