//! The release that an announcement is about: a promoted version that its series still has, with its changes.

use anyhow::Result;
use jiff::Timestamp;

use crate::announce::changes::{EarlierReleases, changes_of};
use crate::base::digest::{Digest, digest_of};
use crate::base::error::{Exit, Failure, program};
use crate::history::{Changelog, Version};
use crate::repository::model::event::{Action, Event, EventLog};
use crate::repository::model::layout::series_changelog;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::Series;
use crate::repository::model::store::{Revision, Store};
use crate::repository::model::yanks::yanked_and_gone;

/// The promotion of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasePromotion {
    pub version: Version,
    pub series: Series,
    pub at: Timestamp,
    /// The number of its event.
    pub event: u64,
}

impl ReleasePromotion {
    fn of(event: &Event) -> Option<ReleasePromotion> {
        match &event.action {
            Action::Promote { version, series, .. } => {
                Some(ReleasePromotion { version: version.clone(), series: *series, at: event.at, event: event.number })
            }
            _ => None,
        }
    }
}

/// A promoted release that can be announced.
#[derive(Clone, Debug)]
pub struct PromotedRelease {
    pub promotion: ReleasePromotion,
    /// The digest of the manifest of the current revision of the series.
    pub manifest: Digest,
    /// The changes, in the form of the changelog.
    pub changes: String,
    /// The current revision of the series, which has the release.
    pub revision: Revision,
}

/// The promotions of the current releases, the newest first: of each series the last one, unless a rollback or a yank has taken it back.
///
/// Errors: the current revision of a series is missing or damaged.
pub fn current_promotions(store: &Store) -> Result<Vec<ReleasePromotion>> {
    let mut current = Vec::new();
    for series in store.series()? {
        current.extend(current_promotion(store, series)?);
    }
    current.sort_by_key(|promotion| std::cmp::Reverse(promotion.event));
    Ok(current)
}

/// The last promotion in a series; `None` if there is none, or a rollback or a yank has taken it back.
pub fn current_promotion(store: &Store, series: Series) -> Result<Option<ReleasePromotion>> {
    let promotions = store.log.events().rev().filter_map(ReleasePromotion::of);
    let Some(last) = promotions.into_iter().find(|promotion| promotion.series == series) else { return Ok(None) };
    let Some(revision) = store.current(series)? else { return Ok(None) };
    Ok(find_withdrawal(&store.log, &revision.manifest, &last).is_none().then_some(last))
}

/// The promoted release with this version.
///
/// Errors: it was never promoted, or was rolled back or yanked since; its changelog was changed.
pub fn load_release(store: &Store, version: &Version) -> Result<PromotedRelease> {
    let promotions = store.log.events().rev().filter_map(ReleasePromotion::of);
    let Some(promotion) = promotions.into_iter().find(|promotion| promotion.version == *version) else {
        let message = format!("{version} was not promoted: the log has no promotion of it");
        let help = format!("only a promoted release is announced; what is stable: `{} status`", program());
        return Err(Failure::new(Exit::Failed, message).help(help).into());
    };
    let series = promotion.series;
    let current = store.current(series)?;
    let withdrawal = match &current {
        Some(revision) => find_withdrawal(&store.log, &revision.manifest, &promotion),
        None => Some(format!("stable/{series} has no revision any more")),
    };
    let (Some(revision), None) = (current, &withdrawal) else {
        let message = format!("{version} is not announced: {}", withdrawal.unwrap_or_default());
        let help = format!("announce a release that people can install; what is stable: `{} status`", program());
        return Err(Failure::new(Exit::Failed, message).help(help).into());
    };
    let earlier = earlier_releases(&store.log, &revision.manifest, &promotion);
    let changelog = read_changelog(series, &revision)?;
    let changes = changes_of(version, &earlier, changelog).ok_or_else(|| {
        let message = format!("`{}` of stable/{series} has no entry of {version}", series_changelog(series));
        Failure::new(Exit::Failed, message)
            .help("announce a newer release of the series: its changelog has other commits")
    })?;
    let manifest = Manifest::load(&revision.path)?.digest;
    Ok(PromotedRelease { promotion, manifest, changes: changes.render_rpm(), revision })
}

/// Why the series does not have the release any more; `None` if it has it.
fn find_withdrawal(log: &EventLog, current: &Manifest, promotion: &ReleasePromotion) -> Option<String> {
    let ReleasePromotion { version, series, event, .. } = promotion;
    if !current.releases().any(|release| release.version == *version) {
        let is_rollback = |later: &&Event| {
            later.number > *event && matches!(&later.action, Action::Rollback { series: of, .. } if of == series)
        };
        let rollback = log.events().find(is_rollback).map(|later| later.number);
        return Some(match rollback {
            Some(number) => format!("event {number} rolled stable/{series} back"),
            None => format!("stable/{series} does not have it"),
        });
    }
    let number = version.to_string();
    let yanked = yanked_and_gone(log, *series, Some(current));
    let yanked = yanked.into_iter().find(|yanked| yanked.event > *event && yanked.package.version() == number);
    yanked.map(|yanked| format!("event {} yanked `{}`", yanked.event, yanked.package))
}

fn earlier_releases(log: &EventLog, current: &Manifest, promotion: &ReleasePromotion) -> EarlierReleases {
    let ReleasePromotion { version, series, event, .. } = promotion;
    let in_series = current.releases().map(|release| &release.version).filter(|other| *other < version).max().cloned();
    let before = log.events().filter(|other| other.number < *event).filter_map(ReleasePromotion::of);
    let in_lower_series = before.filter(|other| other.series < *series).map(|other| other.version).max();
    EarlierReleases { in_series, in_lower_series }
}

/// The changelog of the current revision. Whoever may write to the served tree cannot change what is announced: the manifest has its
/// digest, and the log that of the manifest.
fn read_changelog(series: Series, revision: &Revision) -> Result<Changelog> {
    let name = series_changelog(series);
    let path = revision.path.join(&name);
    let refuse = |why: String| {
        Failure::new(Exit::Failed, format!("`{path}` {why}"))
            .help(format!("see what else is wrong, and what to do: `{} verify`", program()))
    };
    let text = path.read()?;
    let stated = revision.manifest.file(&name).map(|file| file.sha256);
    if stated != Some(digest_of(&text)) {
        return Err(refuse("is not the file that the manifest lists".to_owned()).into());
    }
    let text = String::from_utf8(text).map_err(|error| refuse(format!("is not UTF-8: {error}")))?;
    Ok(Changelog::parse(&text).map_err(|error| refuse(format!("cannot be read: {error}")))?)
}
