//! What a series has, for the gates of a promotion.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::digest::Digest;
use crate::git::CommitId;
use crate::history::Version;
use crate::repository::model::manifest::{FileEntry, Manifest, PackageEntry, is_archive, is_description, is_statement};
use crate::repository::model::name::{Dist, FilePath};
use crate::rpm::nevra::Nevra;

/// The versions and packages of a series, for comparison with those of a snapshot.
pub struct KnownPackages<'a> {
    pub versions: BTreeSet<&'a Version>,
    /// The commits of the releases.
    commits: BTreeSet<CommitId>,
    /// With the digests of header and payload.
    all: BTreeMap<(&'a Option<Dist>, &'a Nevra), Digest>,
    manifest: &'a Manifest,
    /// The newest of each name, dist and kind.
    newest: BTreeMap<PackageKind<'a>, &'a Nevra>,
}

/// Packages that replace each other: the dist, the name, and whether they are source packages.
type PackageKind<'a> = (&'a Option<Dist>, &'a str, bool);

impl<'a> KnownPackages<'a> {
    /// Those of a revision.
    pub fn of(manifest: &'a Manifest) -> KnownPackages<'a> {
        let versions = manifest.releases().map(|release| &release.version).collect();
        let commits = manifest.releases().map(|release| release.commit).collect();
        let mut known = KnownPackages { versions, commits, all: BTreeMap::new(), manifest, newest: BTreeMap::new() };
        for (_, package) in manifest.packages() {
            known.all.insert((&package.dist, &package.nevra), package.content);
            let newest = known.newest.entry(kind_of(package)).or_insert(&package.nevra);
            if package.nevra.evr_cmp(newest).is_gt() {
                *newest = &package.nevra;
            }
        }
        known
    }

    /// Whether the series has a release of this commit.
    pub fn has_commit(&self, commit: CommitId) -> bool {
        self.commits.contains(&commit)
    }

    /// The highest version.
    pub fn newest_version(&self) -> Option<&'a Version> {
        self.versions.last().copied()
    }

    /// Whether the series has a package with the same content.
    pub fn has(&self, package: &PackageEntry) -> bool {
        self.all.get(&(&package.dist, &package.nevra)) == Some(&package.content)
    }

    /// Whether the series has a package with the same name, version, release and dist, whatever its content is.
    pub fn has_name(&self, package: &PackageEntry) -> bool {
        self.all.contains_key(&(&package.dist, &package.nevra))
    }

    /// The first source archive of a snapshot that the series has with another content.
    pub fn find_other_archive<'m>(&self, manifest: &'m Manifest) -> Option<&'m FilePath> {
        self.manifest.find_other_archive(manifest.archives())
    }

    /// Whether the series has a newer package that replaces a package.
    pub fn has_newer(&self, package: &PackageEntry) -> bool {
        self.newest.get(&kind_of(package)).is_some_and(|newest| package.nevra.evr_cmp(newest).is_lt())
    }

    /// The newest package that a package would replace, if it is not older.
    pub fn not_older(&self, package: &PackageEntry) -> Option<&'a Nevra> {
        let newest = *self.newest.get(&kind_of(package))?;
        package.nevra.evr_cmp(newest).is_le().then_some(newest)
    }
}

/// Whether a series takes over a file of a snapshot: the packages, the archives, the source package, and what describes them.
pub fn is_taken_over(file: &FileEntry) -> bool {
    file.package.is_some() || is_archive(&file.path) || is_description(&file.path) || is_statement(&file.path)
}

fn kind_of(package: &PackageEntry) -> PackageKind<'_> {
    (&package.dist, package.nevra.name(), package.nevra.is_source())
}
