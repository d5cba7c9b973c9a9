//! What a series has, for the gates of a promotion.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::digest::Digest;
use crate::history::Version;
use crate::repository::model::manifest::{Manifest, PackageEntry};
use crate::repository::model::name::Dist;
use crate::rpm::nevra::Nevra;

/// The versions and packages of a series, for comparison with those of a snapshot.
pub struct KnownPackages<'a> {
    pub versions: BTreeSet<&'a Version>,
    /// With the digests of header and payload.
    all: BTreeSet<(&'a Option<Dist>, &'a Nevra, Digest)>,
    /// The newest of each name, dist and kind.
    newest: BTreeMap<PackageKind<'a>, &'a Nevra>,
}

/// Packages that replace each other: the dist, the name, and whether they are source packages.
type PackageKind<'a> = (&'a Option<Dist>, &'a str, bool);

impl<'a> KnownPackages<'a> {
    /// Those of a revision.
    pub fn of(manifest: &'a Manifest) -> KnownPackages<'a> {
        let versions = manifest.releases().map(|release| &release.version).collect();
        let mut known = KnownPackages { versions, all: BTreeSet::new(), newest: BTreeMap::new() };
        for (_, package) in manifest.packages() {
            known.all.insert((&package.dist, &package.nevra, package.content));
            let newest = known.newest.entry(kind_of(package)).or_insert(&package.nevra);
            if package.nevra.evr_cmp(newest).is_gt() {
                *newest = &package.nevra;
            }
        }
        known
    }

    /// The highest version.
    pub fn newest_version(&self) -> Option<&'a Version> {
        self.versions.last().copied()
    }

    /// Whether the series has a package with the same content.
    pub fn has(&self, package: &PackageEntry) -> bool {
        self.all.contains(&(&package.dist, &package.nevra, package.content))
    }

    /// The newest package that a package would replace, if it is not older.
    pub fn not_older(&self, package: &PackageEntry) -> Option<&'a Nevra> {
        let newest = *self.newest.get(&kind_of(package))?;
        package.nevra.evr_cmp(newest).is_le().then_some(newest)
    }
}

fn kind_of(package: &PackageEntry) -> PackageKind<'_> {
    (&package.dist, package.nevra.name(), package.nevra.arch() == "src")
}
