//! Making a revision of a stable series: what is carried over, what is new, one link flipped at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::progress::Progress;
use crate::repository::clients::in_flight::{self, WITHDRAWN};
use crate::repository::clients::package::ClientPackage;
use crate::repository::clients::pages::{self, MIRRORLIST, RepoFile};
use crate::repository::model::carried::Carried;
use crate::repository::model::event::Deed;
use crate::repository::model::layout::{CHECKSUMS, Channel, Layout, dist_folder, series_changelog};
use crate::repository::model::manifest::{FileEntry, Head, PackageEntry, Release, is_source};
use crate::repository::model::name::{Dist, FilePath, Series};
use crate::repository::model::store::{Revision, Store};
use crate::repository::repodata::{self, Fragments};
use crate::repository::sign::Key;
use crate::repository::write::assembly::Assembly;
use crate::repository::write::writer::Writer;
use crate::rpm::package::PackageFile;

/// One thing that is done to make a revision, whatever it is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Links files of a revision.
    Carry {
        /// Which.
        revision: u32,
        /// How many files.
        count: usize,
    },
    /// Writes the repodata of a dist.
    Describe {
        /// The dist.
        dist: Dist,
    },
    /// Puts the revision in its place and makes the series lead to it.
    Flip {
        /// The series.
        series: Series,
        /// The revision.
        revision: u32,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Carry { revision, count } => write!(f, "link {count} files of revision {revision}"),
            Step::Describe { dist } => write!(f, "write the repodata of {dist}"),
            Step::Flip { series, revision } => write!(f, "flip stable/{series} to revision {revision}"),
        }
    }
}

/// What a new revision consists of.
pub struct Contents {
    /// What was released last.
    pub release: Release,
    /// What was released before, oldest first.
    pub earlier: Vec<Release>,
    /// Files that are there already, linked.
    pub carried: Vec<Carried>,
    /// The changelog of the series, where it is not carried.
    pub changelog: Option<Vec<u8>>,
    /// The packages of each dist whose repodata is written anew.
    pub described: BTreeMap<Dist, Vec<Fragments>>,
}

/// Which of the files of a revision the next one takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// All but what says which revision it is: the content stays the same.
    Everything,
    /// The packages and the sources: all else is made anew.
    Goods,
}

/// The files of a revision that the next one takes over, each to its own place.
pub fn carry(revision: &Revision, take: Take) -> Vec<Carried> {
    let is_taken = |file: &&FileEntry| match take {
        Take::Everything => file.path.file_name() != MIRRORLIST && file.path.below(WITHDRAWN).is_none(),
        Take::Goods => file.package.is_some() || is_source(&file.path),
    };
    let files = revision.manifest.files.iter().filter(is_taken);
    let carried =
        |file: &FileEntry| Carried { from: revision.path.clone(), entry: file.clone(), to: file.path.clone() };
    files.map(carried).collect()
}

/// The packages that a revision or snapshot describes, by dist.
pub fn load_described(folder: &Path, dists: &[Dist]) -> Result<BTreeMap<Dist, Vec<Fragments>>> {
    let load = |dist: &Dist| Ok((dist.clone(), repodata::load(&folder.join(dist_folder(dist)))?));
    dists.iter().map(load).collect()
}

/// The number of the next revision of a series: above all that are there and all that ever were.
pub fn next_number(store: &Store, series: Series) -> Result<u32> {
    let here = store.revisions(series)?.last().copied().unwrap_or(0);
    let logged = store.log.events().filter_map(|event| event.deed.revision());
    let logged = logged.filter(|(of, _)| *of == series).map(|(_, number)| number).max().unwrap_or(0);
    Ok(here.max(logged) + 1)
}

/// What is the same for all changes.
pub struct Change<'a> {
    /// The key that signs.
    pub key: Option<&'a Key>,
    /// The time of the event.
    pub now: Timestamp,
    /// Whom to tell.
    pub progress: &'a dyn Progress,
}

/// Makes the revision that `deed` names, and makes the series lead to it; its folder.
pub fn publish(writer: &mut Writer, contents: Contents, deed: Deed, change: &Change<'_>) -> Result<PathBuf> {
    let layout = writer.store.layout.clone();
    let Some((series, number)) = deed.revision() else { anyhow::bail!("`{deed}` makes no revision") };
    let place = layout.revision(series, number);
    let Contents { release, earlier, mut carried, changelog, mut described } = contents;
    let dists = dists_of(&carried, &described);
    // Only a mirrorlist leads there, and it needs an address.
    if let Some(current) = writer.store.current(series)?.filter(|_| layout.url.is_some()) {
        carried.extend(in_flight::withdrawn(&current, &carried, change.now)?);
    }
    pages::publish_key(&layout, change.key)?;
    let mut assembly = Assembly::new(&place, release.date, change.key)?;
    change.progress.begin("linking", Some(carried.len() as u64));
    for Carried { from, entry, to } in &carried {
        assembly.link(from, entry, to)?;
    }
    change.progress.end();
    if let Some(changelog) = changelog {
        assembly.write(&series_changelog(series), &changelog)?;
    }
    if !described.is_empty() {
        let maker =
            Maker { layout: &layout, series, number, date: release.date, key: change.key, store: &writer.store };
        for (dist, packages) in &mut described {
            packages.extend(maker.add_client_package(dist, &carried, &mut assembly)?);
            assembly.describe(dist, packages)?;
        }
    }
    // The whole content of an earlier revision brings its own, signed when that was made.
    if !carried.iter().any(|carried| carried.to.below("sources") == Some(CHECKSUMS)) {
        assembly.sum_sources()?;
    }
    write_mirrorlists(&layout, &dists, &carried, &mut assembly)?;
    let event = writer.store.log.next(change.now, deed);
    let head = Head { project: layout.name.clone(), series, merged: true, release, earlier, event };
    let (manifest, digest) = assembly.finish(head)?;
    files::flip(&layout.stable(series), &Layout::revision_target(series, number))?;
    // Where repodata were written anew, there may be a new package for clients.
    if manifest.event.deed.promotes() || !described.is_empty() {
        writer.enter(series, &manifest)?;
    }
    writer.record(manifest.event, Some(digest))?;
    pages::write(&writer.store)?;
    Ok(place)
}

/// Writes which folders a client of each dist is sent to: the one of the revision, and the one of what was withdrawn.
fn write_mirrorlists(layout: &Layout, dists: &[Dist], carried: &[Carried], assembly: &mut Assembly<'_>) -> Result<()> {
    let below = layout.shown(assembly.place());
    for dist in dists {
        let (folder, withdrawn) = (dist_folder(dist), format!("{WITHDRAWN}/{dist}"));
        let mut folders = vec![format!("{below}/{folder}")];
        if carried.iter().any(|carried| carried.to.below(&withdrawn).is_some()) {
            folders.push(format!("{below}/{withdrawn}"));
        }
        if let Some(list) = pages::render_mirrorlist(layout, &folders) {
            assembly.write(&format!("{folder}/{MIRRORLIST}"), list.as_bytes())?;
        }
    }
    Ok(())
}

fn dists_of(carried: &[Carried], described: &BTreeMap<Dist, Vec<Fragments>>) -> Vec<Dist> {
    let carried = carried.iter().filter_map(|carried| carried.to.below("rpm")?.split('/').next()?.parse().ok());
    let mut dists: Vec<Dist> = carried.chain(described.keys().cloned()).collect();
    dists.sort();
    dists.dedup();
    dists
}

/// Makes the package that carries the `.repo` file and the keys.
struct Maker<'a> {
    layout: &'a Layout,
    series: Series,
    number: u32,
    date: Timestamp,
    key: Option<&'a Key>,
    store: &'a Store,
}

impl Maker<'_> {
    /// Adds the package for a dist, unless one with the same files is carried over; its elements. None without an address:
    /// nobody else could use it.
    fn add_client_package(
        &self,
        dist: &Dist,
        carried: &[Carried],
        assembly: &mut Assembly<'_>,
    ) -> Result<Option<Fragments>> {
        if self.layout.url.is_none() {
            return Ok(None);
        }
        let name = format!("{}-repo", self.layout.name);
        let is_own = |package: &PackageEntry| package.dist.as_ref() == Some(dist) && package.nevra.name() == name;
        let previous = carried.iter().filter_map(|carried| Some((carried, carried.entry.package.as_ref()?)));
        let previous =
            previous.filter(|(_, package)| is_own(package)).max_by(|one, other| one.1.nevra.evr_cmp(&other.1.nevra));
        if let Some((previous, package)) = previous {
            let release = package.nevra.release().parse().unwrap_or(0);
            let (_, again) = self.render(&name, dist, release, previous.entry.date)?;
            if crate::base::digest::digest_of(&again) == package.unsigned_sha256 {
                return Ok(None);
            }
        }
        let (file_name, content) = self.render(&name, dist, self.number, self.date)?;
        let scratch = files::remote_scratch()?;
        let path = scratch.write(&file_name, &content)?;
        let unsigned = PackageFile::read(&path)?;
        if let Some(key) = self.key {
            key.sign_packages(std::slice::from_ref(&path), self.date)?;
        }
        let file = PackageFile::read(&path)?;
        let href = format!("{}/{}", file.nevra.arch(), file.nevra.file_name());
        let (nevra, unsigned_sha256) = (file.nevra.clone(), unsigned.digest);
        let entry = PackageEntry { nevra, dist: Some(dist.clone()), unsigned_sha256, content: file.content };
        assembly.copy(&path, &format!("{}/{href}", dist_folder(dist)), file.digest, Some(entry))?;
        Fragments::of(&file, &href, self.date.as_second()).map(Some)
    }

    /// The package's file name and bytes.
    fn render(&self, name: &str, dist: &Dist, release: u32, date: Timestamp) -> Result<(String, Vec<u8>)> {
        let layout = self.layout;
        let key_path = format!("/etc/pki/rpm-gpg/{}", layout.key_name());
        let newest = self.newest_stable()?;
        let repo = RepoFile {
            layout,
            channel: Channel::Stable,
            series: self.series,
            dist,
            signed: self.key.is_some(),
            newer: newest.filter(|newest| *newest > self.series),
            key_path: Some(&key_path),
        };
        let repo_name = format!("/etc/yum.repos.d/{}.repo", layout.repo_id(Channel::Stable, self.series, None));
        let mut package_files = vec![(repo_name, repo.render().into_bytes())];
        if let Some(key) = self.key {
            let published = std::fs::read(layout.keys()).unwrap_or_default();
            package_files.push((key_path, pages::join_keys(&key.public, &published)));
        }
        let package = ClientPackage {
            name,
            version: &self.series.to_string(),
            release,
            summary: &format!("The repository of {} {}", layout.name, self.series),
            license: "MIT OR Apache-2.0",
            packager: &layout.name.to_string(),
            files: package_files,
            date,
        };
        Ok((package.file_name(), package.render()?))
    }

    fn newest_stable(&self) -> Result<Option<Series>> {
        let mut newest = None;
        for series in self.store.series()? {
            newest = self.store.current_number(series)?.map(|_| series).or(newest);
        }
        Ok(newest)
    }
}

/// `Err` where two different files would be in one place.
pub fn require_apart(carried: &[Carried]) -> Result<(), Failure> {
    let mut seen: BTreeMap<&FilePath, &FileEntry> = BTreeMap::new();
    for carried in carried {
        if let Some(other) = seen.insert(&carried.to, &carried.entry).filter(|it| it.sha256 != carried.entry.sha256) {
            let message = format!("`{}` is already in the series with other contents", other.path);
            return Err(Failure::new(Exit::Failed, message).help("release it under a version or release of its own"));
        }
    }
    Ok(())
}
