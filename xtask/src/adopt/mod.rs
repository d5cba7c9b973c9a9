//! Adopting a project: finding out what it is, by reading, and writing what it needs to be released.
//!
//! [`findings`] reads the facts ([`found`]) from the project and never runs it. [`files`] decides which files it needs, by the facts and what a
//! person asks for ([`order`]); [`config_file`], [`template`] and [`xtask_crate`] make their content. [`plan`] compares that with what is there,
//! and [`apply`] writes what is missing: nothing is overwritten. [`report`] and [`next_steps`] say it to a person.

pub mod apply;
pub mod config_file;
pub mod file_to_write;
pub mod files;
pub mod findings;
pub mod found;
pub mod licence;
pub mod next_steps;
pub mod order;
pub mod plan;
pub mod programs;
pub mod python;
pub mod report;
pub mod template;

pub mod xtask_crate;
