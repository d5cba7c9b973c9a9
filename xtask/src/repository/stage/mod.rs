//! Staging: a release becomes an immutable snapshot in `unstable/X.0`, and `latest` leads to it where it is the newest
//! merged work.

mod again;
mod coming;
pub mod input;
pub mod latest;
mod new_snapshot;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::base::progress::Silent;
use crate::git::CommitId;
use crate::history::Version;
use crate::repository::clients::keys::lost_keys;
use crate::repository::commits::{Git, Merged};
use crate::repository::keys::rules::{ForcedWay, RefusedStep};
use crate::repository::keys::signing::{SignedChange, Signing};
use crate::repository::keys::unsigned::{effect_of_no_key, has_signed_latest, is_signed, no_key};
use crate::repository::model::layout::LATEST;
use crate::repository::model::manifest::{Manifest, is_statement_signature};
use crate::repository::model::name::{Dist, Series, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::pages::load::ComingChange;
use crate::repository::provenance::snapshot::RunTimes;
use crate::repository::verify::snapshot::check_whole;
use crate::repository::write::derived;
use crate::repository::write::plan::{ChangePlan, ChangeStep};
use again::StagedAgain;
pub use coming::{ComingRelease, next_pipeline, require_key};
use input::StageInput;
use latest::{LatestCandidate, LatestMove, require_ended};
use new_snapshot::{NewSnapshot, StatedOrder};

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
    /// The times of the run that made the input; `None` if another one made it.
    pub run: Option<RunTimes>,
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
    require_own(store, series, input.info.commit, git)?;
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
    let stated = StatedOrder { ended: order.end_dists.clone(), is_unmerged: order.unmerged, run: order.run };
    let snapshot = NewSnapshot {
        store,
        input,
        name: name.clone(),
        series,
        merged,
        order: stated,
        force,
        latest: moves,
        signing,
        now,
    };
    Ok(Staging::New { plan: snapshot.plan()?, name, notes, effects })
}

/// Errors: the commit seems to be of another project than the releases of the series, so that it could not be promoted.
fn require_own(store: &Store, series: Series, commit: CommitId, git: &Git<'_>) -> Result<()> {
    let Some(current) = store.current(series).ok().flatten() else { return Ok(()) };
    let others: Vec<CommitId> = current.manifest.releases().map(|release| release.commit).collect();
    match git.find_foreign(commit, series, &others)? {
        Some(foreign) => Err(foreign.into()),
        None => Ok(()),
    }
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

fn is_equal(input: &StageInput, manifest: &Manifest) -> bool {
    let staged = manifest.input();
    let mut given: Vec<(String, Digest)> =
        input.sources.iter().map(|(name, source)| (format!("sources/{name}"), source.digest)).collect();
    given.retain(|(path, _)| !path.parse().is_ok_and(|path| is_statement_signature(&path)));
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
