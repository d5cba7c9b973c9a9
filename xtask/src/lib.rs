//! `releng`: release automation that lives in the repository it releases.
//!
//! The map of the house, in the order of a release:
//!
//! * [`cli`] lists the commands; [`task`] has one file for each: load, decide, apply, report.
//! * [`history`]: the version and the changelog, from commits and tags. [`source`]: the archives. [`rpm`]: the spec.
//! * the ground they stand on: [`error`], [`config`], [`plan`], [`progress`], [`files`], [`parallel`], [`git`].
//!
//! Only `task/` and `ui.rs` print. ARCHITECTURE.md has the invariants, `tests/it/architecture.rs` keeps them.

pub mod config;
pub mod error;
pub mod files;
pub mod git;
pub mod history;
pub mod interrupt;
pub mod milestone;
pub mod parallel;
pub mod plan;
pub mod progress;
pub mod project;
pub mod rpm;
pub mod source;

/// Runs the command line of this process.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
