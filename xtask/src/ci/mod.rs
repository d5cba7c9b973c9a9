//! The CI process: the steps of a stage, run for a branch or a merge commit.
//!
//! A [`stage`] has a list of steps. [`steps`] decides which of them are run, runs them, and reports.

pub mod merge;
pub mod respond;
pub mod stage;
pub mod steps;
