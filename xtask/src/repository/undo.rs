//! Rollback and yank: a new revision with the content of an earlier one, or without some packages. Nothing is erased.

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure, program};
use crate::repository::model::carried::Carried;
use crate::repository::model::event::{Action, NewRevision, RevisionCause};
use crate::repository::model::layout::series_changelog;
use crate::repository::model::manifest::ReleasedVersion;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Store};
use crate::repository::sign::Key;
use crate::repository::write::plan::ChangePlan;
use crate::repository::write::revision::{RevisionContents, Take, carry, load_described, next_number, revision_steps};
use crate::rpm::nevra::Nevra;
use crate::source::unpack;

/// A rollback or yank that is decided.
pub struct Undo {
    title: String,
    contents: RevisionContents,
    new: NewRevision,
}

impl Undo {
    /// Whether anything is signed anew.
    pub fn signs(&self) -> bool {
        !self.contents.described.is_empty()
    }

    /// The steps that make the revision.
    pub fn plan(self, store: &Store, key: Option<&Key>, now: Timestamp) -> Result<ChangePlan> {
        let steps = revision_steps(store, self.contents, &self.new, key, now)?;
        Ok(ChangePlan { title: self.title, steps })
    }
}

/// Decides to give `series` the content of revision `to`. The default is the content that the series had before the last
/// promotion that has not been rolled back.
///
/// Errors: no such series or revision; nothing before it; the content is the current one.
pub fn decide_rollback(store: &Store, series: Series, to: Option<u32>) -> Result<Undo> {
    let current = require_current(store, series)?;
    let to = match to {
        Some(to) => to,
        None => previous(store, series, current).ok_or_else(|| {
            Failure::new(
                Exit::Failed,
                format!("stable/{series} has its first content, at revision {current}: there is nothing before it"),
            )
            .help(format!("to take single packages out: `{} yank NEVRA`", program()))
        })?,
    };
    if content_of(store, series, to) == content_of(store, series, current) || !store.revisions(series)?.contains(&to) {
        let kept = store.revisions(series)?.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let message = if store.revisions(series)?.contains(&to) {
            format!("stable/{series} has the content of revision {to} already")
        } else {
            format!("there is no revision {to} of stable/{series}")
        };
        return Err(Failure::new(Exit::Failed, message)
            .help(format!("the revisions are {kept}: `--to REVISION`"))
            .into());
    }
    let base = store.revision(series, to)?;
    let number = next_number(store, series)?;
    let had = base.manifest.dists();
    let mut emptied = store.revision(series, current)?.manifest.dists();
    emptied.retain(|dist| !had.contains(dist));
    let title = format!("roll stable/{series} back from revision {current} to the content of revision {to}");
    let new = NewRevision { series, number, cause: RevisionCause::Rollback { to } };
    Ok(Undo { title, contents: same(&base, &emptied), new })
}

/// The revision with the content that the series had before it got the content of revision `number`.
fn previous(store: &Store, series: Series, number: u32) -> Option<u32> {
    content_of(store, series, number).checked_sub(1).filter(|number| *number > 0)
}

/// The first revision with the content of revision `number`.
fn content_of(store: &Store, series: Series, number: u32) -> u32 {
    match store.log.making_of(series, number).map(|entry| &entry.event.action) {
        Some(Action::Rollback { to, .. }) => content_of(store, series, *to),
        _ => number,
    }
}

fn require_current(store: &Store, series: Series) -> Result<u32> {
    let current = store.current_number(series)?;
    let none = || {
        Failure::new(Exit::Failed, format!("there is no stable/{series}"))
            .help(format!("see what there is: `{} status`", program()))
    };
    Ok(current.ok_or_else(none)?)
}

/// Decides to remove the package `wanted` from all dists of the first series that has it.
///
/// Errors: no series has it.
pub fn decide_yank(store: &Store, wanted: &Nevra, why: &Reason) -> Result<Undo> {
    for series in store.series()? {
        let Some(base) = store.current(series)? else { continue };
        let packages = base.manifest.packages().map(|(_, package)| package);
        let hits: Vec<Option<Dist>> =
            packages.filter(|package| package.nevra == *wanted).map(|package| package.dist.clone()).collect();
        if hits.is_empty() {
            continue;
        }
        let number = next_number(store, series)?;
        let dists: Vec<String> = hits.iter().flatten().map(ToString::to_string).collect();
        let place = if dists.is_empty() { "sources".to_owned() } else { dists.join(", ") };
        let title = format!("yank {wanted} from stable/{series} ({place})");
        let packages = vec![wanted.clone()];
        let contents = without(&base, &packages)?;
        let cause = RevisionCause::Yank { packages, why: why.to_string() };
        return Ok(Undo { title, contents, new: NewRevision { series, number, cause } });
    }
    let message = format!("no stable series has the package `{wanted}`");
    let help = format!("`dnf repoquery --nevra` and `{} status` show what there is", program());
    Err(Failure::new(Exit::Failed, message).help(help).into())
}

/// The content of a revision. A dist that was added later stays, without packages: its clients must find repodata.
fn same(base: &Revision, emptied: &[Dist]) -> RevisionContents {
    let (release, earlier) = (base.manifest.release.clone(), base.manifest.earlier.clone());
    let carried = carry(base, Take::Everything);
    let described = emptied.iter().map(|dist| (dist.clone(), Vec::new())).collect();
    RevisionContents { release, earlier, carried, changelog: None, described }
}

/// The content of a revision without some packages. Where no package of the newest release is left, the release before it becomes
/// the newest, and the changelog of the series is taken from the tarball of that release.
fn without(base: &Revision, yanked: &[Nevra]) -> Result<RevisionContents> {
    let series = base.manifest.series;
    let is_kept =
        |carried: &Carried| carried.entry.package.as_ref().is_none_or(|package| !yanked.contains(&package.nevra));
    let mut carried: Vec<Carried> = carry(base, Take::PackagesAndSources).into_iter().filter(is_kept).collect();
    let file_names: Vec<String> = yanked.iter().map(Nevra::file_name).collect();
    let mut described = load_described(&base.path, &base.manifest.dists())?;
    for packages in described.values_mut() {
        packages.retain(|package| {
            let name = package.href.rsplit('/').next().unwrap_or_default();
            !file_names.iter().any(|yanked| yanked == name)
        });
    }
    let releases: Vec<ReleasedVersion> = base.manifest.releases().cloned().collect();
    let last = releases.iter().rposition(|release| {
        let version = release.version.to_string();
        let packages = carried.iter().filter_map(|carried| carried.entry.package.as_ref());
        let mut of_dists = packages.filter(|package| package.dist.is_some() && package.nevra.arch() != "src");
        of_dists.any(|package| package.nevra.version() == version)
    });
    let last = last.unwrap_or(releases.len() - 1);
    let (release, earlier) = (releases[last].clone(), releases[..last].to_vec());
    let changelog_name = series_changelog(series);
    let changelog = if release == base.manifest.release {
        let entry = base.manifest.file(&changelog_name).cloned();
        carried.extend(entry.map(|entry| Carried { from: base.path.clone(), to: entry.path.clone(), entry }));
        None
    } else {
        let top = crate::source::archive_name(&base.manifest.project, &release.version);
        Some(unpack::read_facts(&base.path.join(format!("sources/{top}.tar.gz")), &top)?.changelog)
    };
    Ok(RevisionContents { release, earlier, carried, changelog, described })
}
