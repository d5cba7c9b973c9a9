//! Rollback and yank: a new revision with the content of an earlier one, or without some packages. Nothing is erased.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure, program, this_call};
use crate::base::files::TreePath;
use crate::base::text::shell_word;
use crate::repository::dependencies::{LostDependency, Presence, find_lost};
use crate::repository::keys::signing::Signing;
use crate::repository::keys::unsigned::{is_signed, no_key_to_undo, signature_of_checksums, unsigned_revision};
use crate::repository::model::carried::Carried;
use crate::repository::model::event::{Action, Event, NewRevision, RevisionCause};
use crate::repository::model::layout::series_changelog;
use crate::repository::model::manifest::{Manifest, ReleasedVersion};
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Revision, Store};
use crate::repository::repodata::Fragments;
use crate::repository::write::plan::ChangePlan;
use crate::repository::write::revision::{
    AlreadyDone, RevisionContents, Take, carry, load_described, next_number, revision_steps,
};
use crate::rpm::nevra::Nevra;
use crate::source::unpack;

/// A rollback or yank that is decided.
pub enum Undoing {
    /// Nothing: the series has the wanted content.
    Already(AlreadyDone),
    /// A new revision.
    New(Box<Undo>),
}

/// The revision that a rollback or yank makes.
pub struct Undo {
    title: String,
    contents: RevisionContents,
    new: NewRevision,
    /// Whether the series had a package that the new revision does not have.
    pub removes_packages: bool,
    /// The dependencies that nothing meets any more, which was accepted with a reason.
    pub lost: BTreeSet<LostDependency>,
}

/// The arguments of `yank`.
pub struct YankOrder {
    /// The package to remove.
    pub package: Nevra,
    /// `None` for the only series that has it.
    pub series: Option<Series>,
    pub why: Reason,
    /// The reason to leave packages behind whose dependencies nothing provides any more.
    pub force: Option<Reason>,
}

impl Undo {
    /// Whether anything is signed anew.
    pub fn signs(&self) -> bool {
        !self.contents.described.is_empty()
    }

    /// Errors: the clients of the series have a key, and the new revision would have something for them that is not signed.
    pub fn require_signed(&self, store: &Store, signing: Option<&Signing>) -> Result<(), Failure> {
        let series = self.new.series;
        // A current revision that is damaged must not prevent the rollback that replaces it.
        let current = store.current(series).ok().flatten();
        if !current.is_some_and(|current| is_signed(&current.manifest)) {
            return Ok(());
        }
        match &self.new.cause {
            RevisionCause::Rollback { version, .. } if !self.has_signatures() => {
                Err(unsigned_revision(series, version))
            }
            _ if self.signs() && signing.is_none() => Err(no_key_to_undo(series)),
            _ => Ok(()),
        }
    }

    /// Whether the files that the new revision takes over are signed.
    fn has_signatures(&self) -> bool {
        let signature = signature_of_checksums();
        self.contents.carried.iter().any(|carried| carried.to.as_str() == signature)
    }

    /// The revision whose content returns; `None` for a yank.
    pub fn returns_to(&self) -> Option<u32> {
        match self.new.cause {
            RevisionCause::Rollback { to, .. } => Some(to),
            _ => None,
        }
    }

    /// The series.
    pub fn series(&self) -> Series {
        self.new.series
    }

    /// The steps that make the revision.
    pub fn plan(self, store: &Store, signing: Option<&Signing>, now: Timestamp) -> Result<ChangePlan> {
        let steps = revision_steps(store, self.contents, &self.new, signing, now)?;
        Ok(ChangePlan { title: self.title, steps })
    }
}

/// Decides to give `series` the content of revision `to`. The default is the content that the series had before the last promotion
/// or yank. Nothing but that revision is read: the current one may be damaged.
///
/// Errors: no such series or revision; nothing before it.
pub fn decide_rollback(store: &Store, series: Series, to: Option<u32>) -> Result<Undoing> {
    let current = require_current(store, series)?;
    let already = |why: String| Ok(Undoing::Already(AlreadyDone { series, revision: current, why }));
    let to = match (to, store.log.last_revision(series)) {
        (Some(to), _) => to,
        // The command was repeated: to undo more than the last change takes a number.
        (None, Some((_, Event { number, action: Action::Rollback { to, .. }, .. }))) => {
            let further = previous(store, series, *to);
            let help = further.map_or(String::new(), |further| {
                format!("; to go further back: `{} rollback {series} --to {further}`", program())
            });
            return already(format!("stable/{series} was rolled back already, by event {number}{help}"));
        }
        (None, _) => previous(store, series, current).ok_or_else(|| nothing_before(series, current))?,
    };
    if !store.revisions(series)?.contains(&to) {
        return Err(no_revision(store, series, to)?.into());
    }
    if content_of(store, series, to) == content_of(store, series, current) {
        return already(format!("stable/{series} has the content of revision {to} already"));
    }
    let base = store.revision(series, to)?;
    let had = base.manifest.dists();
    let mut emptied = dists_in(&store.layout.revision(series, current))?;
    emptied.retain(|dist| !had.contains(dist));
    let before = store.revision(series, current).ok().map(|before| before.manifest);
    let version = base.manifest.release.version.clone();
    let from = before.as_ref().map_or(String::new(), |before| format!("{}, ", before.release.version));
    let title = format!("roll stable/{series} back from {from}revision {current}, to {version}, revision {to}");
    let number = next_number(store, series)?;
    let new = NewRevision { series, number, cause: RevisionCause::Rollback { to, version } };
    let removes_packages = before.is_none_or(|before| has_other_packages(&before, &base.manifest));
    Ok(Undoing::New(Box::new(Undo {
        title,
        contents: same(&base, &emptied),
        new,
        removes_packages,
        lost: BTreeSet::new(),
    })))
}

fn nothing_before(series: Series, current: u32) -> Failure {
    let message = format!("stable/{series} has its first content, at revision {current}: there is nothing before it");
    Failure::new(Exit::Failed, message)
        .help(format!("to take single packages out: `{} yank NEVRA --series {series} --why REASON`", program()))
}

fn no_revision(store: &Store, series: Series, to: u32) -> Result<Failure> {
    let shown = |number: u32| match store.revision(series, number) {
        Ok(revision) => format!("{number} ({})", revision.manifest.release.version),
        Err(_) => format!("{number} (damaged)"),
    };
    let kept = store.revisions(series)?.into_iter().map(shown).collect::<Vec<_>>().join(", ");
    let message = format!("there is no revision {to} of stable/{series}");
    Ok(Failure::new(Exit::Failed, message).help(format!("the revisions are {kept}: `--to REVISION`")))
}

/// The dists in a revision, whose manifest may be damaged.
fn dists_in(revision: &TreePath) -> Result<Vec<Dist>> {
    let names = revision.join("rpm").names()?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// Whether `one` has a package that `other` does not have.
fn has_other_packages(one: &Manifest, other: &Manifest) -> bool {
    let kept: BTreeSet<_> = other.packages().map(|(file, _)| &file.path).collect();
    one.packages().any(|(file, _)| !kept.contains(&file.path))
}

/// The revision with the content that the series had before it got the content of revision `number`.
fn previous(store: &Store, series: Series, number: u32) -> Option<u32> {
    content_of(store, series, number).checked_sub(1).filter(|number| *number > 0)
}

/// The first revision with the content of revision `number`.
fn content_of(store: &Store, series: Series, number: u32) -> u32 {
    match store.log.making_of(series, number).map(|entry| &entry.event.action) {
        // A rollback leads to an earlier revision; anything else is a log that somebody wrote by hand.
        Some(Action::Rollback { to, .. }) if *to < number => content_of(store, series, *to),
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

/// Decides to remove a package from all dists of a series.
///
/// Errors: no series has it, or several; another package requires it, and the order has no reason to do it all the same.
pub fn decide_yank(store: &Store, order: &YankOrder) -> Result<Undoing> {
    let (series, wanted) = (order.series, &order.package);
    let all = series.map_or_else(|| store.series(), |series| Ok(vec![series]))?;
    let mut found = Vec::new();
    let mut unreadable = None;
    for series in all {
        match store.current(series) {
            Ok(Some(base)) if base.manifest.packages().any(|(_, package)| package.nevra == *wanted) => found.push(base),
            Ok(_) => {}
            Err(error) => unreadable = Some(error),
        }
    }
    match (found.as_slice(), unreadable) {
        ([base], _) => yank(store, base, order).map(|undo| Undoing::New(Box::new(undo))),
        ([], Some(error)) => Err(error),
        ([], None) => find_yanked(store, series, wanted).map_or_else(|| Err(no_package(store, order)?.into()), Ok),
        (several, _) => {
            let list = |show: &dyn Fn(Series) -> String| {
                several.iter().map(|base| show(base.manifest.series)).collect::<Vec<_>>().join(", ")
            };
            let message = format!("several series have the package `{wanted}`: {}", list(&|series| series.to_string()));
            let commands = list(&|series| format!("`{} --series {series}`", this_call()));
            Err(Failure::new(Exit::Failed, message).help(format!("choose one: {commands}")).into())
        }
    }
}

/// The yank that has removed the package before: the command was repeated.
fn find_yanked(store: &Store, wanted_series: Option<Series>, wanted: &Nevra) -> Option<Undoing> {
    store.log.events().rev().find_map(|event| match &event.action {
        Action::Yank { series, revision, packages, .. }
            if packages.contains(wanted) && wanted_series.is_none_or(|of| of == *series) =>
        {
            let why = format!("`{wanted}` was yanked from stable/{series} already, by event {}", event.number);
            Some(Undoing::Already(AlreadyDone { series: *series, revision: *revision, why }))
        }
        _ => None,
    })
}

/// The error for a package that the stated series does not have, or none; the help lists those with the same name.
fn no_package(store: &Store, order: &YankOrder) -> Result<Failure> {
    const SHOWN: usize = 10;
    let YankOrder { package: wanted, why, .. } = order;
    let mut known = BTreeSet::new();
    for series in store.series()? {
        let Ok(Some(base)) = store.current(series) else { continue };
        if let Some(stated) = order.series
            && base.manifest.packages().any(|(_, package)| package.nevra == *wanted)
        {
            let message = format!("stable/{stated} does not have the package `{wanted}`: stable/{series} has it");
            let why = shell_word(&why.to_string());
            return Ok(Failure::new(Exit::Failed, message)
                .help(format!("take it out there: `{} yank {wanted} --series {series} --why {why}`", program())));
        }
        let packages = base.manifest.packages().map(|(_, package)| &package.nevra);
        known.extend(packages.filter(|nevra| nevra.name() == wanted.name()).map(|nevra| format!("`{nevra}`")));
    }
    let help = match known.len() {
        0 => format!("no stable series has a package with this name; see what there is: `{} status`", program()),
        _ => format!("there are {}", known.into_iter().rev().take(SHOWN).collect::<Vec<_>>().join(", ")),
    };
    Ok(Failure::new(Exit::Failed, format!("no stable series has the package `{wanted}`")).help(help))
}

fn yank(store: &Store, base: &Revision, order: &YankOrder) -> Result<Undo> {
    let YankOrder { package: wanted, why, force, .. } = order;
    let series = base.manifest.series;
    let packages = base.manifest.packages().map(|(_, package)| package);
    let of_dists = packages.filter(|package| package.nevra == *wanted).filter_map(|package| package.dist.as_ref());
    let dists = of_dists.map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let place = if dists.is_empty() { "sources" } else { &dists };
    let title = format!("yank {wanted} from stable/{series} ({place})");
    let described = load_described(&base.path, &base.manifest.dists())?;
    let lost = lost_by_yank(series, &described, wanted)?;
    if force.is_none() && !lost.is_empty() {
        return Err(breaks_others(order, series, &lost).into());
    }
    let packages = vec![wanted.clone()];
    let contents = without(base, described, &packages)?;
    // A reason is recorded only where it counts.
    let force = force.as_ref().filter(|_| !lost.is_empty()).map(ToString::to_string);
    let cause = RevisionCause::Yank { packages, why: why.to_string(), force };
    let new = NewRevision { series, number: next_number(store, series)?, cause };
    Ok(Undo { title, contents, new, removes_packages: true, lost })
}

fn lost_by_yank(
    series: Series,
    described: &BTreeMap<Dist, Vec<Fragments>>,
    yanked: &Nevra,
) -> Result<BTreeSet<LostDependency>> {
    let mut lost = BTreeSet::new();
    for (dist, packages) in described {
        let presence = |package: &Fragments| {
            if is_of_package(package, yanked) { Presence::Removed } else { Presence::Kept }
        };
        let packages: Vec<_> = packages.iter().map(|package| (package, presence(package))).collect();
        lost.extend(find_lost(&format!("stable/{series} {dist}"), &packages)?);
    }
    Ok(lost)
}

fn breaks_others(order: &YankOrder, series: Series, lost: &BTreeSet<LostDependency>) -> Failure {
    let mut lines = lost.iter().map(ToString::to_string);
    let message = format!("refusing to yank `{}`: {}", order.package, lines.next().unwrap_or_default());
    let others = lines.collect::<Vec<_>>().join("\n");
    let first = lost.first().map_or(String::new(), |lost| {
        let program = program();
        format!("yank that package first: `{program} yank {} --series {series} --why REASON`\n", lost.package)
    });
    let help = format!("{first}to yank it all the same: `{} --force REASON`", this_call());
    let failure = Failure::new(Exit::Failed, message).help(help);
    if others.is_empty() { failure } else { failure.details(others) }
}

/// Whether an element of repodata describes this package.
fn is_of_package(described: &Fragments, package: &Nevra) -> bool {
    described.href.rsplit('/').next() == Some(&package.file_name())
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
fn without(
    base: &Revision,
    mut described: BTreeMap<Dist, Vec<Fragments>>,
    yanked: &[Nevra],
) -> Result<RevisionContents> {
    let series = base.manifest.series;
    let is_kept =
        |carried: &Carried| carried.entry.package.as_ref().is_none_or(|package| !yanked.contains(&package.nevra));
    let mut carried: Vec<Carried> = carry(base, Take::PackagesAndSources).into_iter().filter(is_kept).collect();
    for packages in described.values_mut() {
        packages.retain(|package| !yanked.iter().any(|yanked| is_of_package(package, yanked)));
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
