//! The packages that a client sees before or after a change, and an index of their capabilities.

use std::collections::{BTreeSet, HashMap};

use crate::repository::repodata::PackageRelations;
use crate::rpm::capability::{Capability, VersionRange};
use crate::rpm::nevra::compare_evr;

/// A package of a dist, and when it is there.
pub struct PackageInChange {
    pub relations: PackageRelations,
    pub presence: Presence,
}

/// When a package is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Before and after the change.
    Kept,
    /// Only after it.
    Added,
    /// Only before it.
    Removed,
}

impl Presence {
    fn is_there(self, side: ChangeSide) -> bool {
        match side {
            ChangeSide::Before => self != Presence::Added,
            ChangeSide::After => self != Presence::Removed,
        }
    }
}

/// A side of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSide {
    Before,
    After,
}

/// Packages by their numbers in the change.
pub struct View<'a> {
    pub members: BTreeSet<usize>,
    all: &'a [PackageInChange],
    provides: HashMap<&'a str, Vec<(usize, &'a Capability)>>,
}

impl<'a> View<'a> {
    /// All packages for clients of an architecture.
    pub fn of_client(all: &'a [PackageInChange], arch: &str, side: ChangeSide) -> View<'a> {
        let is_seen = |package: &PackageInChange| {
            package.presence.is_there(side) && is_installable(&package.relations.arch, arch)
        };
        View::of(all, (0..all.len()).filter(|number| is_seen(&all[*number])).collect())
    }

    /// The packages that `dnf install NAME` chooses: the newest one of each name, unless another one obsoletes it.
    pub fn newest(&self) -> View<'a> {
        let mut newest: HashMap<(&str, &str), usize> = HashMap::new();
        for number in &self.members {
            let package = self.relations(*number);
            let other = newest.entry((&package.own.name, &package.arch)).or_insert(*number);
            if compare(package, self.relations(*other)).is_gt() {
                *other = *number;
            }
        }
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for ((name, _), number) in &newest {
            by_name.entry(*name).or_default().push(*number);
        }
        // A package without an architecture replaces those with one, and the other way round.
        let is_replaced = |number: &usize| {
            let package = self.relations(*number);
            by_name[package.own.name.as_str()].iter().any(|other| {
                let other = self.relations(*other);
                [&*package.arch, &*other.arch].contains(&NOARCH) && compare(other, package).is_gt()
            })
        };
        let kept: BTreeSet<usize> = newest.values().copied().filter(|number| !is_replaced(number)).collect();
        let obsoletes = kept.iter().flat_map(|number| {
            let package = self.relations(*number);
            package.obsoletes.iter().filter(|obsoleted| obsoleted.name != package.own.name)
        });
        let obsoletes: Vec<&Capability> = obsoletes.collect();
        let is_obsolete =
            |number: &usize| obsoletes.iter().any(|obsoleted| obsoleted.overlaps(&self.relations(*number).own));
        View::of(self.all, kept.into_iter().filter(|number| !is_obsolete(number)).collect())
    }

    fn of(all: &'a [PackageInChange], members: BTreeSet<usize>) -> View<'a> {
        let mut provides: HashMap<&str, Vec<(usize, &Capability)>> = HashMap::new();
        for number in &members {
            for capability in &all[*number].relations.provides {
                provides.entry(&capability.name).or_default().push((*number, capability));
            }
        }
        View { members, all, provides }
    }

    /// The members that provide a capability, or contain the file of that name.
    pub fn providers(&self, wanted: &Capability) -> BTreeSet<usize> {
        let of_name = self.provides.get(wanted.name.as_str()).into_iter().flatten();
        let mut found: BTreeSet<usize> =
            of_name.filter(|(_, provided)| wanted.overlaps(provided)).map(|(number, _)| *number).collect();
        if wanted.name.starts_with('/') {
            let members = self.members.iter().copied();
            found.extend(members.filter(|number| self.relations(*number).files.contains(&wanted.name)));
        }
        found
    }

    fn relations(&self, number: usize) -> &'a PackageRelations {
        &self.all[number].relations
    }
}

/// The architecture of packages that every client can install.
pub const NOARCH: &str = "noarch";

/// Whether a client of an architecture can install a package. A 64-bit client of Intel can install 32-bit packages.
fn is_installable(package: &str, client: &str) -> bool {
    let is_32_bit = package.len() == 4 && package.starts_with('i') && package.ends_with("86");
    package == client || package == NOARCH || (client == "x86_64" && is_32_bit)
}

fn compare(one: &PackageRelations, other: &PackageRelations) -> std::cmp::Ordering {
    let evr = |range: &'_ Option<VersionRange>| {
        range.as_ref().map(|range| [range.epoch.clone(), range.version.clone(), range.release.clone()])
    };
    let [one, other] = [evr(&one.own.range), evr(&other.own.range)].map(Option::unwrap_or_default);
    compare_evr([&one[0], &one[1], &one[2]], [&other[0], &other[1], &other[2]])
}
