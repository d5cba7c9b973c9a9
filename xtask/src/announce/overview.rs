//! The announcement of the current release of a series, for `promote` and `status`. A project without `announce.to` announces nothing.

use anyhow::Result;
use serde_json::{Value, json};

use crate::announce::home::{AnnounceHome, AnnounceState};
use crate::announce::release::{ReleasePromotion, current_promotion};
use crate::base::error::program;
use crate::history::Version;
use crate::project::config::AnnounceKeys;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;

/// The announcement of the current release of a series.
pub struct AnnounceOverview {
    pub promotion: ReleasePromotion,
    pub state: AnnounceState,
    /// The next step; `None` if it was sent.
    pub next: Option<String>,
}

/// The announcement of the current release of a series; `None` if nothing was promoted, or the project announces nothing.
pub fn load_announcement(keys: &AnnounceKeys, store: &Store, series: Series) -> Result<Option<AnnounceOverview>> {
    if !keys.is_configured() {
        return Ok(None);
    }
    let Some(promotion) = current_promotion(store, series)? else { return Ok(None) };
    let state = AnnounceHome::new(&store.layout.state).state_of(&promotion, &store.log)?;
    let version = &promotion.version;
    let next = match state {
        AnnounceState::Sent { .. } => None,
        AnnounceState::Due => Some(format!("`{}`", announce_command(keys, version))),
        AnnounceState::Unknown { .. } | AnnounceState::Lost { .. } => {
            let program = program();
            Some(format!(
                "if the recipients have it: `{program} announce {version} --sent`; if not: \
                 `{program} announce {version} --send --again`"
            ))
        }
    };
    Ok(Some(AnnounceOverview { promotion, state, next }))
}

/// The command that announces a version.
pub fn announce_command(keys: &AnnounceKeys, version: &Version) -> String {
    let send = if keys.can_send() { " --send" } else { "" };
    format!("{} announce {version}{send}", program())
}

/// For `status --json`.
pub fn announcement_json(overview: &AnnounceOverview) -> Value {
    let AnnounceOverview { promotion, state, next } = overview;
    let (name, at) = match state {
        AnnounceState::Due => ("due", None),
        AnnounceState::Sent { at } => ("sent", Some(at)),
        AnnounceState::Unknown { at, .. } => ("unknown", Some(at)),
        AnnounceState::Lost { .. } => ("lost", None),
    };
    json!({ "version": promotion.version, "state": name, "at": at, "next": next })
}
