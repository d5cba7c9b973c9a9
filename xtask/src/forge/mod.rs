//! The place where people propose and discuss work: GitHub, GitLab or Forgejo.
//!
//! [`calls`] is what can be asked, [`model`] what is said and heard. [`event`] reads what a forge sends by itself.

mod calls;
pub mod event;
pub mod model;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::project::config::CiKeys;

pub use calls::Forge;

/// The forge of a project: by its configuration, the address of its remote, and the environment, which has the token.
///
/// Errors: there is no client for a forge yet (exit 2).
pub fn open(_: &CiKeys, _: &str, _: &dyn Fn(&str) -> Option<String>) -> Result<Box<dyn Forge>> {
    Err(Failure::new(Exit::Usage, "there is no client for a forge yet: `--dry-run` needs none").into())
}
