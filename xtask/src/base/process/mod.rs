//! Running other programs.
//!
//! A program is run with an argument list, never through a shell, in a stated folder and with a time limit; an interrupt ends
//! it. [`read`] runs a program for its output, with our environment. [`job`] runs a long one for its outcome, with a log and an
//! environment of its own; [`isolation`] has the namespaces that a job can run in, `build_place` what a build gets, and [`boundary`] what separates foreign code from
//! this user; [`podman`] is what both kinds of container need. [`net`] fetches a URL, [`http`] sends a request to a service.

pub mod boundary;
mod build_place;
pub mod http;
pub mod isolation;
pub mod job;
mod log;
mod lookup;
pub mod net;
pub mod podman;
pub mod read;

pub use build_place::{build_isolation, inherited_variables, rustup_home};
pub use isolation::{BUILD_PLACE, Enclosure, Isolation, can_enclose_builds, is_executable};
pub use job::{Ending, Job, JobOutcome, Running};
pub use log::LogFile;
pub use lookup::{help_to_install, locate_program, require_program};
pub use read::{Program, Said, with_help};
