//! Staging: a release becomes an immutable snapshot in `unstable/X.0`, and `latest` leads to it where it is the newest
//! merged work.

pub mod input;

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::git::CommitId;
use crate::repository::clients::in_flight::former_snapshots;
use crate::repository::clients::keys::changed_keys;
use crate::repository::clients::mirrorlist::{MIRRORLIST, render_mirrorlist};
use crate::repository::clients::root_files::{self, Coming};
use crate::repository::commits::{Git, Merged, Succession};
use crate::repository::model::event::Action;
use crate::repository::model::layout::{Channel, LATEST, SNAPSHOT_CHANGELOG, dist_folder};
use crate::repository::model::manifest::{HeadOfFolder, Manifest, ReleasedVersion};
use crate::repository::model::name::{FilePath, Series, SnapshotName};
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::sign::Key;
use crate::repository::write::plan::{ChangePlan, ChangeStep, CopiedFile, NewFolder, NewPackage};
use input::{DistPackage, StageInput};

/// The options of `stage`.
#[derive(Clone, Copy, Debug)]
pub struct StageOrder {
    /// The number of the pipeline run; `None` for the next free one.
    pub pipeline: Option<u32>,
    /// Whether the snapshot counts as unmerged work, whatever git says.
    pub unmerged: bool,
}

/// The decision about an input.
pub enum Staging {
    /// Nothing: there is a snapshot with this content.
    Already(SnapshotName),
    /// It makes a snapshot.
    New { plan: ChangePlan, notes: Vec<String> },
}

/// Decides how `input` is staged in the repository as it is now.
///
/// Errors: the number is taken by other bytes; git cannot be read.
pub fn decide(
    store: &Store,
    input: &StageInput,
    order: StageOrder,
    git: &Git<'_>,
    key: Option<&Key>,
    now: Timestamp,
) -> Result<Staging> {
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
    if store.layout.snapshot(series, &name).symlink_metadata().is_ok() {
        let own = staged.iter().find(|snapshot| snapshot.name == name);
        return match own.filter(|own| is_equal(input, &own.manifest)) {
            Some(_) => Ok(Staging::Already(name)),
            None => Err(taken(&name, highest).into()),
        };
    }
    let mut notes = Vec::new();
    let merged = match git.find_merged(input.info.commit)? {
        Merged::Into(_) => !order.unmerged,
        Merged::Not(why) => {
            notes.push(format!("staged as unmerged work: {why}"));
            false
        }
    };
    let latest = merged && may_be_latest(store, series, input.info.commit, pipeline, git, &mut notes)?;
    let snapshot = NewSnapshot { store, input, name, series, merged, latest, key, now };
    Ok(Staging::New { plan: snapshot.plan()?, notes })
}

/// A snapshot that will be made.
struct NewSnapshot<'a> {
    store: &'a Store,
    input: &'a StageInput,
    name: SnapshotName,
    series: Series,
    merged: bool,
    /// Whether `latest` will lead to it.
    latest: bool,
    key: Option<&'a Key>,
    now: Timestamp,
}

impl NewSnapshot<'_> {
    fn plan(&self) -> Result<ChangePlan> {
        let NewSnapshot { store, input, name, series, latest, .. } = self;
        let layout = &store.layout;
        let place = layout.snapshot(*series, name);
        let shown = layout.shown(&place);
        let action = Action::Stage { snapshot: name.clone(), series: *series, latest: *latest };
        let mut steps = Vec::new();
        steps.extend(changed_keys(layout, self.key).map(ChangeStep::RootFile));
        steps.push(ChangeStep::Begin(NewFolder { place, shown: shown.clone(), date: input.info.date }));
        steps.push(ChangeStep::Text { path: SNAPSHOT_CHANGELOG.to_owned(), content: input.changelog.clone() });
        steps.extend(self.source_steps()?);
        steps.extend(self.dist_steps(&shown));
        steps.push(ChangeStep::Checksums { signed: self.key.is_some() });
        steps.push(ChangeStep::Finish { head: Box::new(self.head()), action: action.clone(), place: shown });
        if *latest {
            let link = layout.latest(*series);
            let shown = layout.shown(&link);
            steps.push(ChangeStep::Flip { link, target: name.to_string().into(), shown });
        }
        steps.push(ChangeStep::Log { action });
        if *latest {
            let dists = input.dists().into_iter().map(|dist| (dist, self.key.is_some())).collect::<BTreeMap<_, _>>();
            let coming = Coming { channel: Channel::Unstable, series: *series, dists };
            steps.extend(root_files::changed(store, Some(&coming))?.into_iter().map(ChangeStep::RootFile));
        }
        Ok(ChangePlan { title: format!("stage {} {} as {name}", input.info.name, input.info.version), steps })
    }

    /// The steps that fill `sources/`.
    fn source_steps(&self) -> Result<Vec<ChangeStep>> {
        const FOLDER: &str = "sources/";
        let (mut files, mut packages) = (Vec::new(), Vec::new());
        for (name, source) in &self.input.sources {
            let to: FilePath = format!("{FOLDER}{name}").parse().map_err(Failure::from)?;
            match &source.package {
                Some(file) => packages.push(NewPackage { file: file.clone(), to, dist: None }),
                None => {
                    let from = self.input.folder.join(FOLDER).join(name);
                    files.push(CopiedFile { from, to, digest: source.digest });
                }
            }
        }
        let mut steps = vec![ChangeStep::Copy { folder: FOLDER.to_owned(), files }];
        if !packages.is_empty() {
            let signed = self.key.is_some();
            steps.push(ChangeStep::Packages { folder: FOLDER.to_owned(), packages, signed });
        }
        Ok(steps)
    }

    /// The steps that fill `rpm/<dist>/`; the snapshot will be at `place`, below the root.
    fn dist_steps(&self, place: &str) -> Vec<ChangeStep> {
        let (layout, signed) = (&self.store.layout, self.key.is_some());
        let mut steps = Vec::new();
        for dist in self.input.dists() {
            let of_dist = self.input.packages.iter().filter(|package| package.dist == dist);
            let new = |package: &DistPackage| NewPackage {
                file: package.file.clone(),
                to: package.path.clone(),
                dist: Some(dist.clone()),
            };
            let packages = of_dist.map(new).collect();
            let folder = dist_folder(&dist);
            steps.push(ChangeStep::Packages { folder: format!("{folder}/"), packages, signed });
            steps.push(ChangeStep::Repodata { dist: dist.clone(), carried: Vec::new(), signed });
            let mut folders = vec![format!("{place}/{folder}")];
            if self.latest {
                folders.extend(former_snapshots(self.store, self.series, &dist, self.now));
            }
            if let Some(list) = render_mirrorlist(layout, &folders) {
                steps.push(ChangeStep::Text { path: format!("{folder}/{MIRRORLIST}"), content: list.into_bytes() });
            }
        }
        steps
    }

    fn head(&self) -> HeadOfFolder {
        let info = &self.input.info;
        let release = ReleasedVersion {
            version: info.version.clone(),
            commit: info.commit,
            base: info.base,
            date: info.date,
            snapshot: self.name.clone(),
        };
        let (project, series, merged) = (info.name.clone(), self.series, self.merged);
        HeadOfFolder { project, series, merged, release, earlier: Vec::new() }
    }
}

/// The snapshots of a series that have manifests, in the order of their pipelines.
fn load_staged(store: &Store, series: Series) -> Result<Vec<Snapshot>> {
    let names = store.snapshots(series)?;
    let known = names.iter().filter(|name| store.has_manifest(series, name));
    known.map(|name| store.snapshot(series, name)).collect()
}

fn is_equal(input: &StageInput, manifest: &Manifest) -> bool {
    let staged = manifest.input();
    let mut given: Vec<(String, Digest)> =
        input.sources.iter().map(|(name, source)| (format!("sources/{name}"), source.digest)).collect();
    given.extend(input.packages.iter().map(|package| (package.path.to_string(), package.file.digest)));
    given.sort();
    let given: Vec<(&str, Digest)> = given.iter().map(|(path, digest)| (path.as_str(), *digest)).collect();
    staged.commit == input.info.commit && *staged.version == input.info.version && staged.files == given
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
