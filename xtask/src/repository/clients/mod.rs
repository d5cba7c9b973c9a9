//! The files that client machines get: those that install from the repository.
//!
//! [`repo_file`] has the `.repo` file and [`mirrorlist`] the addresses that it leads to; [`keys`] the public keys, of which [`known_keys`] keeps
//! those that something here knows, and [`shipped`] has those that clients got. [`published_address`] refuses to leave clients without one. [`package`] is the
//! `<name>-repo` RPM that carries both, and [`series_package`] decides when a revision gets a new one. [`root_files`] are the files
//! that follow from what the tree has. [`in_flight`] is about clients that read an older state and fetch packages now.

pub mod address;
pub mod in_flight;
pub mod keys;
mod known_keys;
pub mod mirrorlist;
pub mod package;
pub mod published_address;
pub mod repo_file;
pub mod root_files;
pub mod series_package;
pub mod shipped;
