//! Changing a repository: one recipe for every change.
//!
//! A command decides on a [`plan`], which names all that will be written, and [`apply`] carries out its steps. [`assembly`] makes a
//! folder aside, whole and read back; [`revision`] has the steps that make a new revision of a stable series, and [`described`] the packages that it takes over. [`derived`] are the files of the root. [`writer`] holds
//! the lock; it first does what [`recovery`] finds to finish or to repair.

pub mod apply;
pub mod assembly;
pub mod derived;
pub mod described;
pub mod pages;
pub mod plan;
pub mod recovery;
pub mod revision;
pub mod writer;
