//! Whether people can install what is announced: the repository at its public address has the same manifest as the one here.

use anyhow::Result;

use crate::announce::release::PromotedRelease;
use crate::base::digest::digest_of;
use crate::base::error::{Exit, Failure};
use crate::base::process::net::fetch_text;
use crate::repository::model::layout::{Layout, MANIFEST};
use crate::repository::model::name::Series;

/// The public address of a series; `None` if the repository has none.
pub fn address_of(layout: &Layout, series: Series) -> Option<String> {
    layout.url.as_ref().map(|url| format!("{url}/stable/{series}"))
}

/// Fetches the manifest of the series, and compares it.
///
/// Errors (exit 5): it cannot be fetched, or is another one: the repository was not copied yet.
pub fn require_served(url: &str, release: &PromotedRelease) -> Result<()> {
    let version = &release.promotion.version;
    let manifest = format!("{url}/{MANIFEST}");
    let why = match fetch_text(&manifest) {
        Ok(found) if digest_of(&found) == release.manifest => return Ok(()),
        Ok(_) => format!("`{manifest}` is not the manifest of the revision here"),
        Err(error) if error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::Interrupted) => {
            return Err(error);
        }
        Err(error) => format!("{error:#}"),
    };
    let message = format!("{version} is not announced: people cannot install it yet: {why}");
    let help = "copy the repository to its public address, as \"Serving and copying to another host\" in docs/maintainer.md says; \
                then run the same command again";
    Err(Failure::new(Exit::TryAgain, message).help(help).into())
}
