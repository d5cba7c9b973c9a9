//! The packages of a revision, as its repodata describes them. Damaged repodata is made again from the RPM files, as when they were staged.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::base::checksum::digest_in_tree;
use crate::base::error::{Exit, Failure, program};
use crate::base::files::TreePath;
use crate::base::parallel;
use crate::repository::clients::in_flight::WITHDRAWN;
use crate::repository::clients::series_package::package_name;
use crate::repository::model::layout::{Layout, dist_folder};
use crate::repository::model::manifest::{FileEntry, Manifest, PackageEntry, is_source, is_statement};
use crate::repository::model::name::{Dist, FilePath, Series};
use crate::repository::model::store::Revision;
use crate::repository::repodata::{self, Fragments};
use crate::rpm::nevra::Nevra;
use crate::rpm::package::PackageFile;

/// The packages of a revision.
pub struct DescribedRevision {
    pub packages: BTreeMap<Dist, Vec<Fragments>>,
    pub mending: Mending,
    /// The packages that will be removed and are so damaged that they are not among `packages`.
    pub unread: Vec<Nevra>,
}

/// What is damaged in a revision, and how the next one does without it.
#[derive(Clone, Debug, Default)]
pub struct Mending {
    /// The number of the revision.
    pub revision: u32,
    /// The dists whose repodata is damaged: it is made again.
    pub repodata: BTreeSet<Dist>,
    /// The damaged packages for clients: they are left out, and the next revision gets a new one.
    pub left_out: Vec<FilePath>,
}

/// The packages that a snapshot describes, by dist.
pub fn load_described(folder: &TreePath, dists: &[Dist]) -> Result<BTreeMap<Dist, Vec<Fragments>>> {
    let load = |dist: &Dist| Ok((dist.clone(), repodata::load(&folder.join(dist_folder(dist)))?));
    dists.iter().map(load).collect()
}

/// Describes the packages of a revision, of which the next one will not have those in `removed`.
///
/// Errors: the repodata of a dist is damaged, and so is a package that stays.
pub fn describe_revision(layout: &Layout, revision: &Revision, removed: &[Nevra]) -> Result<DescribedRevision> {
    let manifest = &revision.manifest;
    let damaged = damaged_client_packages(layout, revision);
    let left_out: Vec<FilePath> = damaged.map(|file| file.path.clone()).collect();
    let mending = Mending { revision: revision.number, repodata: BTreeSet::new(), left_out };
    let mut described = DescribedRevision { packages: BTreeMap::new(), mending, unread: Vec::new() };
    let mut unreadable = BTreeSet::new();
    for dist in manifest.dists() {
        let packages = match load_sound(revision, &dist) {
            Some(packages) => described.mending.without_left_out(&dist, packages),
            None => {
                let files =
                    files_of(manifest, &dist).filter(|(file, _)| !described.mending.left_out.contains(&file.path));
                let (packages, unread) = describe_files(revision, &dist, files)?;
                described.mending.repodata.insert(dist.clone());
                for package in unread {
                    if removed.contains(&package) {
                        described.unread.push(package);
                    } else {
                        unreadable.insert(package);
                    }
                }
                packages
            }
        };
        described.packages.insert(dist, packages);
    }
    if unreadable.is_empty() { Ok(described) } else { Err(cannot_describe(revision, removed, unreadable).into()) }
}

impl Mending {
    fn without_left_out(&self, dist: &Dist, mut packages: Vec<Fragments>) -> Vec<Fragments> {
        let folder = dist_folder(dist);
        let left_out: Vec<&str> = self.left_out.iter().filter_map(|path| path.below(&folder)).collect();
        packages.retain(|package| !left_out.contains(&package.href.as_str()));
        packages
    }
}

/// The damaged files of a revision without which the next one is whole. Most can be made again: `releng` has made them, and they follow from
/// the packages and the source archives. A statement is left out.
pub fn damaged_own_files<'r>(layout: &Layout, revision: &'r Revision) -> impl Iterator<Item = &'r FileEntry> {
    let own = revision.manifest.files.iter().filter(|file| is_made_here(file) && !is_sound(revision, file));
    let statements =
        revision.manifest.files.iter().filter(|file| is_statement(&file.path) && !is_sound(revision, file));
    own.chain(damaged_client_packages(layout, revision)).chain(statements)
}

/// Whether `releng` makes a file of a revision anew for each change of the content. The packages for clients are not among them.
pub fn is_made_here(file: &FileEntry) -> bool {
    file.package.is_none()
        && !is_source(&file.path)
        && !is_statement(&file.path)
        && file.path.below(WITHDRAWN).is_none()
}

/// Whether a file is as its manifest lists it.
pub fn is_sound(revision: &Revision, file: &FileEntry) -> bool {
    digest_in_tree(&revision.path.join(&file.path)).ok() == Some(file.sha256)
}

fn damaged_client_packages<'r>(layout: &Layout, revision: &'r Revision) -> impl Iterator<Item = &'r FileEntry> {
    let clients = package_name(layout);
    let packages = revision.manifest.packages().filter(move |(_, package)| package.nevra.name() == clients);
    packages.map(|(file, _)| file).filter(|file| !is_sound(revision, file))
}

/// The packages that the repodata of a dist lists; `None` if it is not the one that the manifest lists.
fn load_sound(revision: &Revision, dist: &Dist) -> Option<Vec<Fragments>> {
    let folder = dist_folder(dist);
    let index = revision.manifest.file(&format!("{folder}/{}/{}", repodata::FOLDER, repodata::INDEX))?;
    if !is_sound(revision, index) {
        return None;
    }
    repodata::load(&revision.path.join(folder)).ok()
}

/// The packages that the repodata of a dist must list.
fn files_of<'m>(manifest: &'m Manifest, dist: &Dist) -> impl Iterator<Item = (&'m FileEntry, &'m PackageEntry)> {
    manifest.packages().filter(move |(_, package)| package.dist.as_ref() == Some(dist) && package.nevra.is_described())
}

/// Describes packages from their headers, and names those that are not as the manifest lists them.
fn describe_files<'m>(
    revision: &Revision,
    dist: &Dist,
    files: impl Iterator<Item = (&'m FileEntry, &'m PackageEntry)> + Send,
) -> Result<(Vec<Fragments>, Vec<Nevra>)> {
    let folder = dist_folder(dist);
    let (mut described, mut unreadable) = (Vec::new(), Vec::new());
    let read = |(): &mut (), (file, package): (&'m FileEntry, &'m PackageEntry)| {
        let read = PackageFile::read_in_tree(&revision.path.join(&file.path)).ok();
        let read = read.filter(|read| (read.digest, &read.nevra) == (file.sha256, &package.nevra));
        let Some(read) = read else { return Ok(Err(package.nevra.clone())) };
        let href = file.path.below(&folder).unwrap_or(file.path.as_str());
        Ok(Ok(Fragments::of(&read, href, file.date.as_second())))
    };
    let keep = |made: Result<Fragments, Nevra>| {
        match made {
            Ok(fragments) => described.push(fragments),
            Err(package) => unreadable.push(package),
        }
        Ok(())
    };
    parallel::ordered_map(files, parallel::threads()?, || Ok(()), read, keep)?;
    Ok((described, unreadable))
}

fn cannot_describe(revision: &Revision, removed: &[Nevra], unreadable: BTreeSet<Nevra>) -> Failure {
    let (series, number): (Series, u32) = (revision.manifest.series, revision.number);
    let shown = unreadable.iter().map(|package| format!("`{package}`")).collect::<Vec<_>>().join(", ");
    let message = format!(
        "the repodata in revision {number} of stable/{series} is damaged, and cannot be made again: so are packages that it \
         lists: {shown}"
    );
    let all: BTreeSet<&Nevra> = unreadable.iter().chain(removed).collect();
    let all = all.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    Failure::new(Exit::Failed, message).help(format!(
        "take the damaged packages out, which makes the repodata again: `{} yank {all} --series {series} --why REASON`",
        program()
    ))
}
