//! What a rollback or yank makes: a new revision that has files of an earlier one.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::Failure;
use crate::repository::clients::keys::lost_keys;
use crate::repository::dependencies::{LostDependency, Presence, find_lost};
use crate::repository::keys::signing::Signing;
use crate::repository::keys::unsigned::{is_signed, no_key_to_undo, unsigned_revision};
use crate::repository::model::carried::Carried;
use crate::repository::model::event::{NewRevision, RevisionCause};
use crate::repository::model::layout::series_changelog;
use crate::repository::model::manifest::ReleasedVersion;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::store::{Revision, Store};
use crate::repository::repodata::{self, Fragments};
use crate::repository::write::described::{DescribedRevision, is_sound};
use crate::repository::write::plan::{ChangePlan, ChangeStep};
use crate::repository::write::revision::{AlreadyDone, RevisionContents, Take, carry, revision_steps};
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
    pub(super) title: String,
    pub(super) contents: RevisionContents,
    pub(super) new: NewRevision,
    /// Whether the revision whose files it takes over is signed.
    pub(super) from_signed: bool,
    /// Whether the series had a package that the new revision does not have.
    pub removes_packages: bool,
    /// The dependencies that nothing meets any more, which was accepted with a reason.
    pub lost: BTreeSet<LostDependency>,
    /// What a person should know before the run, such as the packages that stay out.
    pub notes: Vec<String>,
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
            RevisionCause::Rollback { version, .. } if !self.from_signed => Err(unsigned_revision(series, version)),
            _ if self.signs() && signing.is_none() => Err(no_key_to_undo(series)),
            _ => Ok(()),
        }
    }

    /// The revision whose repodata and package for clients return as they were; `None` if these are made anew.
    pub fn copies(&self) -> Option<u32> {
        let has_index = self.contents.carried.iter().any(|carried| carried.to.file_name() == repodata::INDEX);
        match self.new.cause {
            RevisionCause::Rollback { to, .. } if has_index => Some(to),
            _ => None,
        }
    }

    /// The series.
    pub fn series(&self) -> Series {
        self.new.series
    }

    /// The steps that make the revision. Where it copies signatures, and the keys of clients are lost, these become `keys`.
    pub fn plan(
        self,
        store: &Store,
        signing: Option<&Signing>,
        keys: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<ChangePlan> {
        let keys = keys.filter(|_| signing.is_none());
        let made_again = lost_keys(store, keys.clone());
        let served = signing.map(Signing::file).or(keys.filter(|_| !made_again.is_empty()));
        let mut steps: Vec<ChangeStep> = made_again.into_iter().map(ChangeStep::RootFile).collect();
        steps.extend(revision_steps(store, self.contents, &self.new, signing, served, now)?);
        Ok(ChangePlan { title: self.title, steps })
    }
}

/// The content of a revision without some packages. Where no package of the newest release is left, the release before it becomes
/// the newest, and the changelog of the series is taken from the tarball of that release.
pub(super) fn without(base: &Revision, described: DescribedRevision, removed: &[Nevra]) -> Result<RevisionContents> {
    let DescribedRevision { packages: mut described, mending, .. } = described;
    let series = base.manifest.series;
    let is_kept =
        |carried: &Carried| carried.entry.package.as_ref().is_none_or(|package| !removed.contains(&package.nevra));
    let mut carried: Vec<Carried> = carry(base, Take::PackagesAndSources).into_iter().filter(is_kept).collect();
    for packages in described.values_mut() {
        packages.retain(|package| !removed.iter().any(|removed| is_of_package(package, removed)));
    }
    let releases: Vec<ReleasedVersion> = base.manifest.releases().cloned().collect();
    let last = releases.iter().rposition(|release| {
        let version = release.version.to_string();
        let packages = carried.iter().filter_map(|carried| carried.entry.package.as_ref());
        let mut of_dists = packages.filter(|package| package.dist.is_some() && !package.nevra.is_source());
        of_dists.any(|package| package.nevra.version() == version)
    });
    let last = last.unwrap_or(releases.len() - 1);
    let (release, earlier) = (releases[last].clone(), releases[..last].to_vec());
    let changelog_name = series_changelog(series);
    let sound = base.manifest.file(&changelog_name).filter(|file| is_sound(base, file));
    let changelog = if release == base.manifest.release && sound.is_some() {
        let entry = sound.cloned();
        carried.extend(entry.map(|entry| Carried { from: base.path.clone(), to: entry.path.clone(), entry }));
        None
    } else {
        let top = crate::source::archive_name(&base.manifest.project, &release.version);
        Some(unpack::read_facts(&base.path.join(format!("sources/{top}.tar.gz")))?.changelog)
    };
    Ok(RevisionContents { release, earlier, carried, changelog, described, statement: None, mending })
}

/// The dependencies that a series loses with some packages.
pub(super) fn lost_without(
    series: Series,
    described: &BTreeMap<Dist, Vec<Fragments>>,
    removed: &[Nevra],
) -> Result<BTreeSet<LostDependency>> {
    let mut lost = BTreeSet::new();
    for (dist, packages) in described {
        let is_removed = |package: &Fragments| removed.iter().any(|removed| is_of_package(package, removed));
        let presence = |package: &Fragments| if is_removed(package) { Presence::Removed } else { Presence::Kept };
        let packages: Vec<_> = packages.iter().map(|package| (package, presence(package))).collect();
        lost.extend(find_lost(&format!("stable/{series} {dist}"), &packages)?);
    }
    Ok(lost)
}

/// Whether an element of repodata describes this package.
fn is_of_package(described: &Fragments, package: &Nevra) -> bool {
    described.href.rsplit('/').next() == Some(&package.file_name())
}
