//! The dependencies that a change of a series would break: a yank takes away what another package requires, or a promotion replaces it.
//!
//! The rule: each requirement of a package that is there after the change, and that packages of the series met before it, must be met by
//! packages of the series after it. The rule holds for two sets:
//!
//! * **All packages.** If none of them provides a requirement any more, dnf can install the package no longer.
//! * **The newest packages**, those that `dnf install NAME` and `dnf upgrade` choose: of each name the newest one, without those that
//!   another newest package obsoletes. If the new `lago-libs-1.0.2` replaces `lago-libs-1.0.1`, and `lago-plugin-1.0.1` requires
//!   `lago-libs = 1.0.1`, clients that have the plugin cannot upgrade. A new plugin solves that, or an `Obsoletes:` of the plugin.
//!
//! Each dist is a set of its own, as is each architecture: clients of x86_64 do not see packages of aarch64. What the series did not provide
//! before is not its concern: it comes from the distribution, and may be there or not. So a package may require what nothing here has,
//! and a requirement that was broken before stays open. Conflicts and weak dependencies are not asked.

mod view;

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;

use crate::repository::repodata::{Fragments, relations};
use crate::rpm::requirement::Providers;
pub use view::Presence;
use view::{ChangeSide, NOARCH, PackageInChange, View};

/// A requirement that was met before a change, and is not met after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LostDependency {
    /// The full name of the package that has the requirement.
    pub package: String,
    /// Its name alone.
    pub name: String,
    requirement: String,
    among: Among,
    /// The series and the dist.
    place: String,
}

/// The packages among which nothing meets the requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Among {
    All,
    Newest,
}

impl fmt::Display for LostDependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LostDependency { package, requirement, among, place, .. } = self;
        let nothing = match among {
            Among::All => "nothing",
            Among::Newest => "none of the newest packages",
        };
        write!(f, "`{package}` requires `{requirement}`, which {nothing} in {place} provides after this")
    }
}

/// The requirements that a change of a dist loses. `place` is the series and the dist, for messages.
///
/// Errors: the repodata of a package cannot be parsed.
pub fn find_lost(place: &str, packages: &[(&Fragments, Presence)]) -> Result<BTreeSet<LostDependency>> {
    let fragments: Vec<&Fragments> = packages.iter().map(|(fragments, _)| *fragments).collect();
    let all = relations(&fragments)?.into_iter().zip(packages);
    let all: Vec<PackageInChange> =
        all.map(|(relations, (_, presence))| PackageInChange { relations, presence: *presence }).collect();
    Ok(lost(place, &all))
}

/// The rule, see the head of this file.
fn lost(place: &str, all: &[PackageInChange]) -> BTreeSet<LostDependency> {
    let mut arches: BTreeSet<&str> = all.iter().map(|package| package.relations.arch.as_str()).collect();
    if arches.len() > 1 {
        arches.remove(NOARCH);
    }
    let mut found = BTreeSet::new();
    for arch in arches {
        let [before, after] = [ChangeSide::Before, ChangeSide::After].map(|side| View::of_client(all, arch, side));
        let in_all = lost_in(&before, &after, all);
        let in_newest = lost_in(&before.newest(), &after.newest(), all);
        let only_in_newest = in_newest.difference(&in_all).map(|lost| (Among::Newest, lost));
        for (among, (number, requirement)) in in_all.iter().map(|lost| (Among::All, lost)).chain(only_in_newest) {
            let package = &all[*number].relations;
            found.insert(LostDependency {
                package: package.nevra(),
                name: package.own.name.clone(),
                requirement: requirement.clone(),
                among,
                place: place.to_owned(),
            });
        }
    }
    found
}

/// The numbers of packages, with their requirements that one set of packages met and the other one does not.
fn lost_in(before: &View<'_>, after: &View<'_>, all: &[PackageInChange]) -> BTreeSet<(usize, String)> {
    let find = |capability: &_| Providers { before: before.providers(capability), after: after.providers(capability) };
    let mut found = BTreeSet::new();
    for number in &after.members {
        for requirement in all[*number].relations.requires.iter().filter(|requirement| requirement.is_lost(&find)) {
            found.insert((*number, requirement.to_string()));
        }
    }
    found
}

#[cfg(test)]
mod tests;
