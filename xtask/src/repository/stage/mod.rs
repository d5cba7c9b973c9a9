//! Staging: a release becomes an immutable snapshot in `unstable/X.0`, and `latest` leads to it where it is the newest
//! merged work.

pub mod input;

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::plan::Plan;
use crate::base::progress::Progress;
use crate::git::CommitId;
use crate::history::Version;
use crate::repository::clients::in_flight::former_snapshots;
use crate::repository::clients::pages;
use crate::repository::commits::{Git, Merged, Succession};
use crate::repository::model::event::Deed;
use crate::repository::model::layout::{LATEST, Layout, SNAPSHOT_CHANGELOG, dist_folder};
use crate::repository::model::manifest::{Head, Manifest, PackageEntry, Release};
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::repodata::Fragments;
use crate::repository::sign::Key;
use crate::repository::write::assembly::Assembly;
use crate::repository::write::writer::Writer;
use crate::rpm::package::{PackageFile, read_all};
use input::{DistPackage, Input};

/// What a person asks of `stage`.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// The number of the pipeline run, where it is said.
    pub pipeline: Option<u32>,
    /// Whether it is to be staged as unmerged work, whatever git says.
    pub unmerged: bool,
}

/// What staging comes to.
pub enum Decision {
    /// It has been staged already.
    Already(SnapshotName),
    /// It is to be staged.
    Stage(Staging),
}

/// A snapshot that is to be made.
pub struct Staging {
    name: SnapshotName,
    series: Series,
    merged: bool,
    /// Whether `latest` will lead to it.
    latest: bool,
    /// What there is to do, for people.
    pub plan: Plan<Step>,
    /// What a person should know of the decision.
    pub notes: Vec<String>,
}

/// One thing that staging does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Copies files into `sources/`.
    Sources {
        /// How many.
        count: usize,
    },
    /// Copies packages, signed where there is a key.
    Packages {
        /// Their dist.
        dist: Dist,
        /// How many.
        count: usize,
        /// Whether they are signed on the way.
        signed: bool,
    },
    /// Writes the repodata of a dist.
    Describe {
        /// The dist.
        dist: Dist,
    },
    /// Puts the snapshot in its place.
    Place {
        /// Relative to the root.
        place: String,
    },
    /// Makes `latest` lead to it.
    Latest {
        /// To the snapshot.
        name: SnapshotName,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Sources { count } => write!(f, "copy {count} files into sources/"),
            Step::Packages { dist, count, signed: true } => {
                write!(f, "sign and copy {count} packages into rpm/{dist}/")
            }
            Step::Packages { dist, count, signed: false } => write!(f, "copy {count} packages into rpm/{dist}/"),
            Step::Describe { dist } => write!(f, "write the repodata of {dist}"),
            Step::Place { place } => write!(f, "put them in {place}"),
            Step::Latest { name } => write!(f, "flip {LATEST} to {name}"),
        }
    }
}

/// Decides how `input` is staged in the repository as it is now.
///
/// Errors: the number is taken by other bytes; git cannot be read.
pub fn decide(store: &Store, input: &Input, order: Order, git: &Git<'_>, signed: bool) -> Result<Decision> {
    let series = Series::of(&input.info.version);
    let staged = load_staged(store, series)?;
    let equal = staged.iter().rev().find(|snapshot| is_equal(input, &snapshot.manifest));
    let highest = store.snapshots(series)?.last().map_or(0, SnapshotName::pipeline);
    let pipeline = match (order.pipeline, equal) {
        (Some(pipeline), _) => pipeline,
        (None, Some(equal)) => equal.name.pipeline(),
        (None, None) => highest + 1,
    };
    let name = SnapshotName::new(input.info.name.to_string(), series, pipeline);
    let place = store.layout.snapshot(series, &name);
    if place.symlink_metadata().is_ok() {
        return match staged.iter().find(|snapshot| snapshot.name == name).filter(|it| is_equal(input, &it.manifest)) {
            Some(_) => Ok(Decision::Already(name)),
            None => Err(taken(&name, highest).into()),
        };
    }
    let mut notes = Vec::new();
    let merged = match git.find_merged(input.info.commit)? {
        Merged::Into(_) if !order.unmerged => true,
        Merged::Into(_) => false,
        Merged::Not(why) => {
            notes.push(format!("staged as unmerged work: {why}"));
            false
        }
    };
    let latest = merged && may_be_latest(store, series, input.info.commit, pipeline, git, &mut notes)?;
    let plan = plan(&store.layout, input, &name, series, latest, signed);
    Ok(Decision::Stage(Staging { name, series, merged, latest, plan, notes }))
}

fn plan(layout: &Layout, input: &Input, name: &SnapshotName, series: Series, latest: bool, signed: bool) -> Plan<Step> {
    let mut steps = vec![Step::Sources { count: input.sources.len() }];
    for dist in input.dists() {
        let count = input.packages.iter().filter(|package| package.dist == dist).count();
        steps.push(Step::Packages { dist: dist.clone(), count, signed });
        steps.push(Step::Describe { dist });
    }
    steps.push(Step::Place { place: layout.shown(&layout.snapshot(series, name)) });
    steps.extend(latest.then(|| Step::Latest { name: name.clone() }));
    Plan { title: format!("stage {} {} as {name}", input.info.name, input.info.version), steps }
}

/// The snapshots of a series that have manifests, in the order of their pipelines.
fn load_staged(store: &Store, series: Series) -> Result<Vec<Snapshot>> {
    let names = store.snapshots(series)?;
    let known = names
        .iter()
        .filter(|name| store.layout.snapshot(series, name).join(crate::repository::model::layout::MANIFEST).exists());
    known.map(|name| store.snapshot(series, name)).collect()
}

fn is_equal(input: &Input, manifest: &Manifest) -> bool {
    let (commit, version, files) = manifest.content();
    let staged: Vec<(&str, Digest)> = files.into_iter().map(|(path, digest)| (path.as_str(), digest)).collect();
    let mut given: Vec<(String, Digest)> =
        input.sources.iter().map(|(name, source)| (format!("sources/{name}"), source.digest)).collect();
    given.extend(input.packages.iter().map(|package| (package.path.to_string(), package.file.digest)));
    given.sort();
    let given: Vec<(&str, Digest)> = given.iter().map(|(path, digest)| (path.as_str(), *digest)).collect();
    commit == input.info.commit && version == input.info.version && staged == given
}

fn taken(name: &SnapshotName, highest: u32) -> Failure {
    let message = format!("refusing to stage: `{name}` is there already, with other contents");
    let help = format!("a snapshot never changes; choose another number: `--pipeline {}`", highest + 1);
    Failure::new(Exit::Failed, message).help(help)
}

/// `latest` moves forward only: to a higher number, and to a commit that comes after.
fn may_be_latest(
    store: &Store,
    series: Series,
    commit: CommitId,
    pipeline: u32,
    git: &Git<'_>,
    notes: &mut Vec<String>,
) -> Result<bool> {
    let Some(current) = store.latest(series)? else { return Ok(true) };
    if current.pipeline() >= pipeline {
        notes.push(format!("`{LATEST}` stays at {current}: its pipeline is the later one"));
        return Ok(false);
    }
    let earlier = store.snapshot(series, &current)?.manifest.release.commit;
    let succession = git.find_succession(earlier, commit)?;
    if succession == Succession::NotAfter {
        notes.push(format!(
            "`{LATEST}` stays at {current}: its commit {} does not come before this one",
            earlier.short()
        ));
    }
    Ok(succession != Succession::NotAfter)
}

/// Makes the snapshot; its folder.
pub fn apply(
    writer: &mut Writer,
    input: &Input,
    staging: &Staging,
    key: Option<&Key>,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<PathBuf> {
    let Staging { name, series, merged, latest, .. } = staging;
    let layout = writer.store.layout.clone();
    let place = layout.snapshot(*series, name);
    let packages = Prepared::new(input, key, progress)?;
    pages::publish_key(&layout, key)?;
    let date = input.info.date;
    let mut assembly = Assembly::new(&place, date, key)?;
    assembly.write(SNAPSHOT_CHANGELOG, &input.changelog)?;
    progress.begin("copying", Some(packages.items.len() as u64));
    for item in &packages.items {
        assembly.copy(&item.from, item.path.as_str(), item.digest, item.entry.clone())?;
        progress.advance(1);
    }
    progress.end();
    for dist in input.dists() {
        assembly.describe(&dist, &packages.fragments(&dist, date)?)?;
        let mut folders = vec![layout.shown(&place.join(dist_folder(&dist)))];
        if *latest {
            folders.extend(former_snapshots(&writer.store, *series, &dist, now));
        }
        if let Some(mirrorlist) = pages::render_mirrorlist(&layout, &folders) {
            assembly.write(&format!("rpm/{dist}/{}", pages::MIRRORLIST), mirrorlist.as_bytes())?;
        }
    }
    assembly.sum_sources()?;
    let event = writer.store.log.next(now, Deed::Stage { snapshot: name.clone(), series: *series, latest: *latest });
    let head = Head {
        project: input.info.name.clone(),
        series: *series,
        merged: *merged,
        release: release(input, name),
        earlier: Vec::new(),
        event,
    };
    let (manifest, digest) = assembly.finish(head)?;
    if *latest {
        writer.point_latest(*series, name)?;
    }
    writer.record(manifest.event, Some(digest))?;
    pages::write(&writer.store)?;
    Ok(place)
}

fn release(input: &Input, name: &SnapshotName) -> Release {
    let info = &input.info;
    let version: Version = info.version.clone();
    Release { version, commit: info.commit, base: info.base, date: info.date, snapshot: name.clone() }
}

/// What is copied, and from where: packages from a scratch folder where they were signed there.
struct Prepared {
    items: Vec<Item>,
    packages: Vec<(Dist, FilePath, PackageFile)>,
    _scratch: Option<files::Scratch>,
}

struct Item {
    from: PathBuf,
    path: FilePath,
    digest: Digest,
    entry: Option<PackageEntry>,
}

impl Prepared {
    fn new(input: &Input, key: Option<&Key>, progress: &dyn Progress) -> Result<Prepared> {
        let in_sources = input.sources.iter().filter_map(|(name, source)| Some((name, source.package.as_ref()?)));
        let mut packages: Vec<(Option<Dist>, FilePath, &PackageFile)> = Vec::new();
        for DistPackage { path, dist, file } in &input.packages {
            packages.push((Some(dist.clone()), path.clone(), file));
        }
        for (name, file) in in_sources {
            packages.push((None, format!("sources/{name}").parse().map_err(Failure::from)?, file));
        }
        let (paths, scratch) = match key {
            Some(key) => sign_copies(&packages, key, input.info.date, progress)?,
            None => (packages.iter().map(|(.., file)| file.path.clone()).collect(), None),
        };
        let read = read_all(&paths)?;
        let mut items = Vec::new();
        for (name, source) in input.sources.iter().filter(|(_, source)| source.package.is_none()) {
            let path = format!("sources/{name}").parse().map_err(Failure::from)?;
            let from = input.folder.join("sources").join(name);
            items.push(Item { from, path, digest: source.digest, entry: None });
        }
        let mut described = Vec::new();
        for ((dist, path, built), file) in packages.into_iter().zip(read) {
            if file.content != built.content {
                let message = format!("`{}` changed while it was signed", built.path.display());
                return Err(Failure::new(Exit::Failed, message).help("run this again").into());
            }
            let (nevra, unsigned_sha256) = (file.nevra.clone(), built.digest);
            let entry = PackageEntry { nevra, dist: dist.clone(), unsigned_sha256, content: file.content };
            items.push(Item { from: file.path.clone(), path: path.clone(), digest: file.digest, entry: Some(entry) });
            described.extend(dist.filter(|_| file.nevra.is_described()).map(|dist| (dist, path, file)));
        }
        items.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Prepared { items, packages: described, _scratch: scratch })
    }

    /// The elements of the packages of a dist, for its repodata.
    fn fragments(&self, dist: &Dist, date: Timestamp) -> Result<Vec<Fragments>> {
        let folder = dist_folder(dist);
        let of_dist = self.packages.iter().filter(|(of, ..)| of == dist);
        let hrefs = of_dist.filter_map(|(_, path, file)| Some((path.below(&folder)?, file)));
        hrefs.map(|(href, file)| Fragments::of(file, href, date.as_second())).collect()
    }
}

type Copies = (Vec<PathBuf>, Option<files::Scratch>);

/// Signs copies in a scratch folder: a signature is never added to a file in place.
fn sign_copies(
    packages: &[(Option<Dist>, FilePath, &PackageFile)],
    key: &Key,
    date: Timestamp,
    progress: &dyn Progress,
) -> Result<Copies> {
    progress.begin("signing packages", None);
    let scratch = files::remote_scratch()?;
    let mut copies = Vec::new();
    for (_, path, file) in packages {
        copies.push(scratch.copy(&file.path, path.as_str())?);
    }
    if !copies.is_empty() {
        key.sign_packages(&copies, date)?;
    }
    progress.end();
    Ok((copies, Some(scratch)))
}
