//! How the current release of a series was announced, for `promote` and `status`. A project without `announce.to` sends no mail, and
//! only one that has made a release on its forge is told about the next one.

use anyhow::Result;
use serde_json::{Value, json};

use crate::announce::home::{AnnounceHome, AnnounceState, ShownRelease, find_shown};
use crate::announce::release::{ReleasePromotion, current_promotion};
use crate::base::error::program;
use crate::history::Version;
use crate::project::config::AnnounceKeys;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;

/// How the current release of a series was announced.
#[derive(Default)]
pub struct SeriesAnnouncements {
    /// `None` if nothing was promoted, or the project sends no mail.
    pub mail: Option<AnnounceOverview>,
    /// `None` if nothing was promoted, or the project makes no releases on a forge.
    pub forge: Option<ForgeOverview>,
}

impl SeriesAnnouncements {
    /// Reads the journal. Errors: it was changed, or a revision cannot be read.
    pub fn load(keys: &AnnounceKeys, store: &Store, series: Series) -> Result<SeriesAnnouncements> {
        let Some(promotion) = current_promotion(store, series)? else { return Ok(SeriesAnnouncements::default()) };
        let forge = load_forge_release(store, &promotion)?;
        let mail = keys.is_configured().then(|| load_mail(keys, store, promotion)).transpose()?;
        Ok(SeriesAnnouncements { mail, forge })
    }

    /// The fields for `status --json`.
    pub fn json(&self) -> [(&'static str, Value); 2] {
        [
            ("announcement", self.mail.as_ref().map_or(Value::Null, mail_json)),
            ("forge-release", self.forge.as_ref().map_or(Value::Null, forge_json)),
        ]
    }
}

/// The mail about the current release of a series.
pub struct AnnounceOverview {
    pub promotion: ReleasePromotion,
    pub state: AnnounceState,
    /// The next step; `None` if it was sent.
    pub next: Option<String>,
}

/// The current release of a series on the forge.
pub struct ForgeOverview {
    pub version: Version,
    /// `None` if it is due.
    pub shown: Option<ShownRelease>,
}

fn load_mail(keys: &AnnounceKeys, store: &Store, promotion: ReleasePromotion) -> Result<AnnounceOverview> {
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
    Ok(AnnounceOverview { promotion, state, next })
}

fn load_forge_release(store: &Store, promotion: &ReleasePromotion) -> Result<Option<ForgeOverview>> {
    let journal = AnnounceHome::new(&store.layout.state).journal()?;
    let makes_releases = journal.lines().iter().any(|line| line.entry.is_about_forge());
    let overview =
        |version: &Version| ForgeOverview { shown: find_shown(journal.lines(), version), version: version.clone() };
    Ok(makes_releases.then(|| overview(&promotion.version)))
}

/// The command that makes the release of a version on the forge.
pub fn forge_command(version: &Version) -> String {
    format!("{} announce {version} --forge", program())
}

/// The command that announces a version.
pub fn announce_command(keys: &AnnounceKeys, version: &Version) -> String {
    let send = if keys.can_send() { " --send" } else { "" };
    format!("{} announce {version}{send}", program())
}

fn forge_json(overview: &ForgeOverview) -> Value {
    let ForgeOverview { version, shown } = overview;
    json!({
        "version": version,
        "state": if shown.is_some() { "shown" } else { "due" },
        "at": shown.as_ref().map(|shown| shown.at),
        "page": shown.as_ref().map(|shown| &shown.page),
        "next": shown.is_none().then(|| format!("`{}`", forge_command(version))),
    })
}

fn mail_json(overview: &AnnounceOverview) -> Value {
    let AnnounceOverview { promotion, state, next } = overview;
    let (name, at) = match state {
        AnnounceState::Due => ("due", None),
        AnnounceState::Sent { at } => ("sent", Some(at)),
        AnnounceState::Unknown { at, .. } => ("unknown", Some(at)),
        AnnounceState::Lost { .. } => ("lost", None),
    };
    json!({ "version": promotion.version, "state": name, "at": at, "next": next })
}
