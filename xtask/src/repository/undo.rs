//! Taking a promotion back, forward in the log: a series gets the content of an earlier revision, or loses packages.

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::base::plan::Plan;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::Deed;
use crate::repository::model::layout::series_changelog;
use crate::repository::model::manifest::Release;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::{Revision, Store};
use crate::repository::write::revision::{self, Change, Contents, Take, carry, load_described, next_number};
use crate::repository::write::writer::Writer;
use crate::rpm::nevra::Nevra;
use crate::source::unpack;

/// A step back that is decided.
pub struct Undo {
    /// What there is to do, for people.
    pub plan: Plan<Step>,
    base: Revision,
    /// The dists that the content has not and clients know.
    emptied: Vec<Dist>,
    deed: Deed,
}

impl Undo {
    /// Whether anything is signed anew on the way.
    pub fn signs(&self) -> bool {
        matches!(self.deed, Deed::Yank { .. }) || !self.emptied.is_empty()
    }
}

/// One thing that a step back does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Leaves a package out.
    Leave {
        /// Which.
        package: Nevra,
        /// Of which dist; `None` for one in `sources/`.
        dist: Option<Dist>,
    },
    /// Makes the revision.
    Make(revision::Step),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Leave { package, dist: Some(dist) } => write!(f, "leave out {package} of {dist}"),
            Step::Leave { package, dist: None } => write!(f, "leave out {package} of sources/"),
            Step::Make(step) => write!(f, "{step}"),
        }
    }
}

/// Decides to give `series` the content of revision `to`; by default, of the one that was current before the last promotion
/// that still counts.
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
        let message = match store.revisions(series)?.contains(&to) {
            true => format!("stable/{series} has the content of revision {to} already"),
            false => format!("there is no revision {to} of stable/{series}"),
        };
        return Err(Failure::new(Exit::Failed, message)
            .help(format!("the revisions are {kept}: `--to REVISION`"))
            .into());
    }
    let base = store.revision(series, to)?;
    let revision = next_number(store, series)?;
    let count = carry(&base, Take::Everything).len();
    let had = base.manifest.dists();
    let has = store.revision(series, current)?.manifest.dists();
    let emptied: Vec<Dist> = has.into_iter().filter(|dist| !had.contains(dist)).collect();
    let described = emptied.iter().map(|dist| revision::Step::Describe { dist: dist.clone() });
    let steps = [revision::Step::Carry { revision: to, count }].into_iter().chain(described);
    let steps = steps.chain([revision::Step::Flip { series, revision }]).map(Step::Make).collect();
    let title = format!("roll stable/{series} back from revision {current} to the content of revision {to}");
    Ok(Undo { plan: Plan { title, steps }, base, emptied, deed: Deed::Rollback { series, revision, to } })
}

/// The revision whose content was there before what `number` has came to be.
fn previous(store: &Store, series: Series, number: u32) -> Option<u32> {
    content_of(store, series, number).checked_sub(1).filter(|number| *number > 0)
}

/// The first revision that had the content of revision `number`.
fn content_of(store: &Store, series: Series, number: u32) -> u32 {
    match store.log.making_of(series, number).map(|entry| &entry.event.deed) {
        Some(Deed::Rollback { to, .. }) => content_of(store, series, *to),
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

/// Decides to take the package `wanted` out of all dists of the series that have it.
///
/// Errors: no series has it; the reason is empty.
pub fn decide_yank(store: &Store, wanted: &Nevra, why: &str) -> Result<Undo> {
    if why.trim().is_empty() {
        return Err(Failure::new(Exit::Usage, "a yank needs a reason").help("say why: `--why TEXT`").into());
    }
    for series in store.series()? {
        let Some(base) = store.current(series)? else { continue };
        let hits: Vec<(Nevra, Option<Dist>)> = base
            .manifest
            .packages()
            .filter(|(_, package)| package.nevra == *wanted)
            .map(|(_, package)| (package.nevra.clone(), package.dist.clone()))
            .collect();
        if hits.is_empty() {
            continue;
        }
        let revision = next_number(store, series)?;
        let count = carry(&base, Take::Goods).len() - hits.len();
        let mut steps = vec![Step::Make(revision::Step::Carry { revision: base.number, count })];
        steps.extend(hits.into_iter().map(|(package, dist)| Step::Leave { package, dist }));
        let described = base.manifest.dists().into_iter().map(|dist| revision::Step::Describe { dist });
        steps.extend(described.chain([revision::Step::Flip { series, revision }]).map(Step::Make));
        let deed = Deed::Yank { series, revision, packages: vec![wanted.clone()], why: why.to_owned() };
        let title = format!("yank {wanted} from stable/{series}");
        return Ok(Undo { plan: Plan { title, steps }, base, emptied: Vec::new(), deed });
    }
    let message = format!("no stable series has the package `{wanted}`");
    let help = format!("`dnf repoquery --nevra` and `{} status` show what there is", program());
    Err(Failure::new(Exit::Failed, message).help(help).into())
}

/// Makes the revision; its folder.
pub fn apply(writer: &mut Writer, undo: &Undo, change: &Change<'_>) -> Result<PathBuf> {
    let contents = match &undo.deed {
        Deed::Yank { packages, .. } => without(&undo.base, packages)?,
        _ => same(&undo.base, &undo.emptied),
    };
    revision::publish(writer, contents, undo.deed.clone(), change)
}

/// The revision as it was. A dist that came later stays, without packages: its clients must find repodata.
fn same(base: &Revision, emptied: &[Dist]) -> Contents {
    let (release, earlier) = (base.manifest.release.clone(), base.manifest.earlier.clone());
    let carried = carry(base, Take::Everything);
    let described = emptied.iter().map(|dist| (dist.clone(), Vec::new())).collect();
    Contents { release, earlier, carried, changelog: None, described }
}

/// The revision without packages. Where none of the last release is left, the one before it is the last, and the changelog
/// of the series is taken from that one's tarball.
fn without(base: &Revision, yanked: &[Nevra]) -> Result<Contents> {
    let series = base.manifest.series;
    let is_kept =
        |carried: &Carried| carried.entry.package.as_ref().is_none_or(|package| !yanked.contains(&package.nevra));
    let mut carried: Vec<Carried> = carry(base, Take::Goods).into_iter().filter(is_kept).collect();
    let file_names: Vec<String> = yanked.iter().map(Nevra::file_name).collect();
    let mut described = load_described(&base.path, &base.manifest.dists())?;
    for packages in described.values_mut() {
        packages.retain(|package| {
            let name = package.href.rsplit('/').next().unwrap_or_default();
            !file_names.iter().any(|yanked| yanked == name)
        });
    }
    let releases: Vec<Release> = base.manifest.releases().cloned().collect();
    let last = releases.iter().rposition(|release| {
        let version = release.version.to_string();
        let packages = carried.iter().filter_map(|carried| carried.entry.package.as_ref());
        let mut of_dists = packages.filter(|package| package.dist.is_some() && package.nevra.arch() != "src");
        of_dists.any(|package| package.nevra.version() == version)
    });
    let last = last.unwrap_or(releases.len() - 1);
    let (release, earlier) = (releases[last].clone(), releases[..last].to_vec());
    let changelog_name = series_changelog(series);
    let changelog = match release == base.manifest.release {
        true => {
            let entry = base.manifest.file(&changelog_name).cloned();
            carried.extend(entry.map(|entry| Carried { from: base.path.clone(), to: entry.path.clone(), entry }));
            None
        }
        false => {
            let top = crate::source::archive_name(&base.manifest.project, &release.version);
            Some(unpack::read_facts(&base.path.join(format!("sources/{top}.tar.gz")), &top)?.changelog)
        }
    };
    Ok(Contents { release, earlier, carried, changelog, described })
}
