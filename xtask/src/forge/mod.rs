//! The place where people propose and discuss work: GitHub, GitLab or Forgejo.
//!
//! [`calls`] is what can be asked, [`model`] what is said and heard. Each forge has a folder; its `answers` read what it says. [`client`]
//! sends requests, and repeats them by the rules of [`retry`]. [`place`] and [`token`] find out where the forge is and who asks. [`event`]
//! reads what a forge sends by itself.

mod address;
mod calls;
mod client;
pub mod event;
mod forgejo;
mod github;
mod gitlab;
mod local_file;
pub mod model;
mod place;
mod refusal;
mod retry;
mod token;

use anyhow::Result;

use crate::base::secret::Secret;
use crate::forge::forgejo::Forgejo;
use crate::forge::github::Github;
use crate::forge::gitlab::Gitlab;
use crate::project::config::{CiKeys, ForgeKind};

pub use calls::Forge;
pub use place::{ForgePlace, find_place};
pub use refusal::{is_refused, take_refusal};
pub use retry::Pace;
pub use token::{TOKEN_VARIABLES, find_token};

/// The forge of a project: by its configuration, the address of its remote, and the environment, which has the token.
///
/// Errors: the forge is not known, or the address not safe (exit 2); there is no token (exit 3). Nothing is sent yet.
pub fn open(keys: &CiKeys, remote: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Box<dyn Forge>> {
    let place = find_place(keys, remote)?;
    let token = token::find_token(place.kind, keys.token_file.as_ref(), variable)?;
    Ok(client_of(&place, token, Pace::default()))
}

/// A client for the forge at a place.
pub fn client_of(place: &ForgePlace, token: Secret, pace: Pace) -> Box<dyn Forge> {
    match place.kind {
        ForgeKind::Github => Box::new(Github::new(place, token, pace)),
        ForgeKind::Gitlab => Box::new(Gitlab::new(place, token, pace)),
        ForgeKind::Forgejo => Box::new(Forgejo::new(place, token, pace)),
    }
}
