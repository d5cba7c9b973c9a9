//! `releng`: release automation that lives in the repository it releases.
//!
//! The folders are listed from the bottom up: each uses only those above it in this list.
//!
//! * [`base`]: what every other folder may use: errors, plans, progress, digests, files, processes.
//! * [`git`]: reads commits, tags and trees; the only folder that names `git2`.
//! * [`history`]: computes the version and the changelog from commits.
//! * [`project`]: the configuration, and what a project says about itself.
//! * [`source`]: writes the source archives.
//! * [`rpm`]: the spec, the source RPM and the binary RPMs; [`rpm::release`] is the main job.
//! * [`repository`]: the tree that `dnf` installs from.
//! * [`forge`]: GitHub, GitLab and Forgejo.
//! * [`ci`]: the steps that are run for a branch or a merge commit.
//! * [`announce`]: the mail about a promoted release.
//! * [`adopt`]: finds out what a project is, and writes what it needs to be released.
//! * [`doctor`]: what each command needs on this machine.
//! * [`cli`]: arguments, output, and one file for each command.
//!
//! The folders up to `repository` are a crate of their own, `releng-core`, whose root is `core.rs`.
//!
//! ARCHITECTURE.md has the invariants; `tests/it/architecture/` checks them.

pub mod adopt;
pub mod announce;
pub mod ci;
pub mod cli;
pub mod doctor;
pub mod forge;

pub use cli::main;
pub use releng_core::{base, git, history, project, repository, rpm, source};
