//! Helpers that keep a test under ten lines.

pub mod history;
pub mod program;
pub mod repo;
