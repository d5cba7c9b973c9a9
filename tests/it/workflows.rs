//! The workflow files of this project, and those that other projects copy from `packaging/ci/`.
//!
//! Checkers read them; rules about rights and secrets are asked of each job; and a small double of a CI system runs their jobs.

mod actions;
mod checkers;
mod expression;
mod files;
mod gitlab;
mod machine;
mod pipeline;
mod pipeline_runs;
mod rules;
mod runs;
