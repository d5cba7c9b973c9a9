//! Staging: a release becomes an immutable snapshot in `unstable/X.0`, and `latest` leads to it where it is the newest
//! merged work.

mod again;
mod coming;
pub mod input;
pub mod latest;

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::progress::Silent;
use crate::git::CommitId;
use crate::history::Version;
use crate::repository::clients::in_flight::former_snapshots;
use crate::repository::clients::keys::{changed_keys, lost_keys};
use crate::repository::clients::mirrorlist::{MIRRORLIST, render_mirrorlist};
use crate::repository::clients::root_files::Coming;
use crate::repository::commits::{Git, Merged};
use crate::repository::keys::rules::{ForcedWay, RefusedStep};
use crate::repository::keys::signing::{SignedChange, Signing};
use crate::repository::keys::unsigned::{effect_of_no_key, has_signed_latest, is_signed, no_key};
use crate::repository::model::event::Action;
use crate::repository::model::layout::{Channel, LATEST, SNAPSHOT_CHANGELOG, dist_folder};
use crate::repository::model::manifest::{HeadOfFolder, Manifest, ReleasedVersion};
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::pages::facts::FolderSummary;
use crate::repository::pages::folder::AboutFolder;
use crate::repository::pages::load::ComingChange;
use crate::repository::verify::snapshot::check_whole;
use crate::repository::write::derived;
use crate::repository::write::pages::{FormerPages, page_steps};
use crate::repository::write::plan::{ChangePlan, ChangeStep, CopiedFile, NewFolder, NewPackage};
use again::StagedAgain;
pub use coming::{ComingRelease, next_pipeline, require_key};
use input::{DistPackage, StageInput};
use latest::{LatestCandidate, LatestMove, latest_step, require_ended};

/// The options of `stage`.
#[derive(Clone, Debug, Default)]
pub struct StageOrder {
    /// The number of the pipeline run; `None` for the next free one.
    pub pipeline: Option<u32>,
    /// Whether the snapshot counts as unmerged work, whatever git says.
    pub unmerged: bool,
    /// The dists that end: `latest` need not have packages for them any more.
    pub end_dists: Vec<Dist>,
    /// The reason to sign with a key that clients do not have, or to stage without a key.
    pub force: Option<Reason>,
    /// The command that stages the input, for messages.
    pub command: String,
}

/// The decision about an input. The notes are for the person who stages.
pub enum Staging {
    /// Nothing: there is a snapshot with this content.
    Already(SnapshotName),
    /// There is a snapshot with this content. What has become known since it was staged is recorded: its commit was merged, or dists end.
    /// Keys that are lost are made again.
    Recorded { title: &'static str, name: SnapshotName, plan: ChangePlan, notes: Vec<String> },
    /// It makes a snapshot. The effects are what clients will see because of a reason that was given.
    New { name: SnapshotName, plan: ChangePlan, notes: Vec<String>, effects: Vec<String> },
}

/// Decides how `input` is staged in the repository as it is now.
///
/// Errors: the number was used before; a dist that ends has packages; git cannot be read.
pub fn decide(
    store: &Store,
    input: &StageInput,
    order: &StageOrder,
    git: &Git<'_>,
    signing: Option<&Signing>,
    now: Timestamp,
) -> Result<Staging> {
    let series = Series::of(&input.info.version);
    let mut notes = Vec::new();
    let named = |pipeline| SnapshotName::new(input.info.name.to_string(), series, pipeline);
    let stated = order.pipeline.map(named);
    let dists = input.dists();
    let packages: Vec<_> = input.identities().collect();
    let (version, commit) = (&input.info.version, input.info.commit);
    let archives = &input.archives()?;
    let (dists, packages) = (&dists[..], &packages[..]);
    let candidate = |name| LatestCandidate { series, name, version, commit, dists, packages, archives };
    let equal = find_equal(store, input, stated.as_ref(), signing, &mut notes)?;
    let why_unmerged = git.find_merged(commit)?.why_not(commit);
    let merged = why_unmerged.is_none() && !order.unmerged;
    notes.extend(why_unmerged.map(|why| format!("staged as unmerged work: {why}")));
    if let Some(own) = equal {
        let name = own.name.clone();
        require_ended(store, &candidate(&name), &order.end_dists, git)?;
        let keys: Vec<ChangeStep> =
            lost_keys(store, signing.map(Signing::file)).into_iter().map(ChangeStep::RootFile).collect();
        if !merged {
            return already(store, name, keys, signing, now);
        }
        let latest = LatestMove::decide(store, &candidate(&name), &order.end_dists, git)?.unless_unsigned(store, &own);
        let record = StagedAgain::decide(store, &own, &order.end_dists, latest.moves)?;
        if record.is_empty() {
            return already(store, name, keys, signing, now);
        }
        notes.extend(latest.note);
        let (title, mut plan) = record.plan(store, &own, now)?;
        plan.steps.splice(0..0, keys);
        return Ok(Staging::Recorded { title, plan, name, notes });
    }
    let name = stated.map_or_else(|| next_pipeline(store, series).map(named), Ok)?;
    let is_there = store.layout.snapshot(series, &name).is_there();
    if is_there || store.log.staging_of(&name).is_some() {
        return Err(used(store, &name, is_there)?.into());
    }
    require_ended(store, &candidate(&name), &order.end_dists, git)?;
    let tests = git.config_of(input.info.commit)?.acceptance;
    let way = ForcedWay { step: RefusedStep::Stage(&order.command), tests: &tests };
    let (mut force, mut effects) = (None, Vec::new());
    if let Some(signing) = signing {
        let change = SignedChange { series, dists, force: order.force.as_ref(), way };
        // Clients of `latest` read their keys from the server. A promotion says what the others see.
        force = signing.require(store, &change)?.map(|forced| forced.reason);
    }
    let mut moves = false;
    if merged {
        let latest = LatestMove::decide(store, &candidate(&name), &order.end_dists, git)?;
        moves = latest.moves;
        notes.extend(latest.note);
    }
    if moves && signing.is_none() && has_signed_latest(store, series) {
        let (place, reason) = (format!("unstable/{series}/{LATEST}"), order.force.clone());
        force = Some(reason.ok_or_else(|| no_key(&place, &way))?);
        effects.push(effect_of_no_key(&place));
    }
    let snapshot =
        NewSnapshot { store, input, name: name.clone(), series, merged, order, force, latest: moves, signing, now };
    Ok(Staging::New { plan: snapshot.plan()?, name, notes, effects })
}

/// That there is a snapshot with the content of the input; `keys` are the files with the keys that are lost.
fn already(
    store: &Store,
    name: SnapshotName,
    keys: Vec<ChangeStep>,
    signing: Option<&Signing>,
    now: Timestamp,
) -> Result<Staging> {
    if keys.is_empty() {
        return Ok(Staging::Already(name));
    }
    let change = ComingChange { actions: &[], at: now, folder: None, keys: signing.map(Signing::file) };
    let mut steps = keys;
    steps.extend(derived::steps(store, None, &change)?);
    let plan = ChangePlan { title: format!("write the keys again; {name} is staged already"), steps };
    Ok(Staging::Recorded { title: "wrote the keys again; staged already:", plan, name, notes: Vec::new() })
}

/// The newest snapshot with the content of the input, and with the name `stated`, if there is one. One that was damaged since is passed
/// over with a note, as is one without signatures if there is a key now.
fn find_equal(
    store: &Store,
    input: &StageInput,
    stated: Option<&SnapshotName>,
    signing: Option<&Signing>,
    notes: &mut Vec<String>,
) -> Result<Option<Snapshot>> {
    for snapshot in store.newest_first(Series::of(&input.info.version), &Silent)? {
        if stated.is_some_and(|stated| *stated != snapshot.name) || !is_equal(input, &snapshot.manifest) {
            continue;
        }
        if signing.is_some() && !is_signed(&snapshot.manifest) {
            notes.push(format!("`{}` has this content too, but it is not signed", snapshot.name));
            continue;
        }
        match check_whole(store, &snapshot)? {
            None => return Ok(Some(snapshot)),
            Some(why) => notes.push(format!("`{}` has this content too, but it is damaged: {why}", snapshot.name)),
        }
    }
    Ok(None)
}

/// The folder of the snapshot that a release would get, and whether its commit is merged. The bytes of the release are not
/// known yet: if a snapshot has the same, nothing is staged.
pub fn preview(
    store: &Store,
    version: &Version,
    commit: CommitId,
    order: &StageOrder,
    git: &Git<'_>,
) -> Result<(TreePath, Merged)> {
    let series = Series::of(version);
    let pipeline = order.pipeline.map_or_else(|| next_pipeline(store, series), Ok)?;
    let name = SnapshotName::new(store.layout.name.to_string(), series, pipeline);
    Ok((store.layout.snapshot(series, &name), git.find_merged(commit)?))
}

/// A snapshot that will be made.
struct NewSnapshot<'a> {
    store: &'a Store,
    input: &'a StageInput,
    name: SnapshotName,
    series: Series,
    merged: bool,
    order: &'a StageOrder,
    /// Whether `latest` will lead to it.
    latest: bool,
    signing: Option<&'a Signing>,
    /// The reason to sign with a key that clients do not have, if it was needed.
    force: Option<Reason>,
    now: Timestamp,
}

impl NewSnapshot<'_> {
    fn plan(&self) -> Result<ChangePlan> {
        let NewSnapshot { store, input, name, series, latest, .. } = self;
        let layout = &store.layout;
        let place = layout.snapshot(*series, name);
        let shown = layout.shown(&place);
        let ended = self.order.end_dists.clone();
        let force = self.force.as_ref().map(ToString::to_string);
        let action = Action::Stage { snapshot: name.clone(), series: *series, latest: *latest, ended, force };
        let mut steps = Vec::new();
        steps.extend(changed_keys(layout, self.signing.map(Signing::file)).into_iter().map(ChangeStep::RootFile));
        steps.push(ChangeStep::Begin(NewFolder { place, shown: shown.clone(), date: input.info.date }));
        steps.push(ChangeStep::Text { path: SNAPSHOT_CHANGELOG.to_owned(), content: input.changelog.clone() });
        steps.extend(self.source_steps()?);
        steps.extend(self.dist_steps(&shown));
        steps.push(ChangeStep::Checksums { signed: self.signing.is_some() });
        let (head, dists) = (self.head(), input.dists());
        let of_dists = input.packages.iter().map(|package| package.file.nevra.clone());
        let summary = FolderSummary::of_coming(&head, dists.clone(), of_dists.collect(), self.signing.is_some());
        let about = AboutFolder {
            layout: layout.clone(),
            channel: Channel::Unstable,
            head: head.clone(),
            action: action.clone(),
        };
        steps.extend(page_steps(about, &dists, &FormerPages::default()));
        let (head, with_ledger) = (Box::new(head), false);
        steps.push(ChangeStep::Finish { head, action: action.clone(), place: shown, with_ledger });
        if *latest {
            steps.push(latest_step(store, *series, name));
        }
        steps.push(ChangeStep::Log { action: action.clone() });
        let dists = dists.into_iter().map(|dist| (dist, self.signing.is_some())).collect::<BTreeMap<_, _>>();
        let coming = latest.then_some(Coming { channel: Channel::Unstable, series: *series, dists });
        let (actions, keys) = ([action], self.signing.map(Signing::file));
        let change = ComingChange { actions: &actions, at: self.now, folder: Some(summary), keys };
        steps.extend(derived::steps(store, coming.as_ref(), &change)?);
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
                    let from = self.input.folder.join(FOLDER).join(name).for_programs().to_owned();
                    files.push(CopiedFile { from, to, digest: source.digest });
                }
            }
        }
        let mut steps = vec![ChangeStep::Copy { folder: FOLDER.to_owned(), files }];
        if !packages.is_empty() {
            let signed = self.signing.is_some();
            steps.push(ChangeStep::Packages { folder: FOLDER.to_owned(), packages, signed });
        }
        Ok(steps)
    }

    /// The steps that fill `rpm/<dist>/`; the snapshot will be at `place`, below the root.
    fn dist_steps(&self, place: &str) -> Vec<ChangeStep> {
        let (layout, signed) = (&self.store.layout, self.signing.is_some());
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
            steps.push(ChangeStep::Repodata { dist: dist.clone(), carried: Vec::new(), signed, instead_of: None });
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
            packaging: info.packaging.clone(),
        };
        let (project, series, merged) = (info.name.clone(), self.series, self.merged);
        let stated_unmerged = self.order.unmerged;
        HeadOfFolder { project, series, merged, stated_unmerged, release, earlier: Vec::new() }
    }
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

/// The error for a number that was used before.
fn used(store: &Store, name: &SnapshotName, is_there: bool) -> Result<Failure> {
    let series = name.series().unwrap_or(Series { major: 0 });
    let what =
        if is_there { "is there already, with other contents or damaged" } else { "was staged before, and is gone" };
    let message = format!("refusing to stage: `{name}` {what}");
    let next = next_pipeline(store, series)?;
    let help = format!("a number is never used twice; choose another one: `--pipeline {next}`");
    Ok(Failure::new(Exit::Failed, message).help(help))
}
