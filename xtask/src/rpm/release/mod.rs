//! The main job, from a commit to `target/dist`.
//!
//! [`input`] loads the project, version and changelog of the commit. [`plan`] decides on the files, with [`spec_plan`] for the spec and
//! the source RPM, whose files [`source_files`] finds. [`apply`](mod@apply) writes them, and [`made`] lists them. [`reuse`] finds the release where an earlier run has made
//! it. [`added`] decides on the files that only the archives have, and [`contents`] makes them. [`materials`] collects what the bill of materials says, and [`statement`] what the sources were built from. [`binaries`] selects the targets for [`builds`](super::builds), and [`packages`] puts the built packages beside
//! the sources.

pub mod added;
pub mod apply;
pub mod binaries;
mod contents;
pub mod input;
pub mod made;
mod materials;
pub mod packages;
pub mod plan;
mod replace;
pub mod reuse;
mod source_files;
mod spec_plan;
mod statement;

pub use apply::{apply, apply_in};
pub use input::{ReleaseInput, ReleaseOrder, SrpmWish, Vendoring};
pub use made::{Made, Written};
pub use plan::{ReleaseStep, decide};
