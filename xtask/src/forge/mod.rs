//! The place where people propose and discuss work: GitHub, GitLab or Forgejo.
//!
//! [`calls`] is what can be asked, [`model`] what is said and heard.

mod calls;
pub mod model;

pub use calls::Forge;
