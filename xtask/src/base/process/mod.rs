//! Running other programs.
//!
//! A program is run with an argument list, never through a shell, in a folder that is said, and does not outlive us: where
//! we are interrupted it is killed. [`read`] runs one for what it prints; [`job`] runs one for its outcome, with a time
//! limit, a log and an environment of its own; [`isolation`] is what a job can be shut into.

pub mod isolation;
pub mod job;
mod log;
pub mod net;
pub mod read;

pub use isolation::{BUILD_PLACE, Isolation, Walls, can_enclose_builds};
pub use job::{Ending, Job, Outcome, Running};
pub use read::{Program, Said, with_help};
