//! `stage`: makes a release a snapshot in `unstable/`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::error::this_call;
use crate::base::files::TreePath;
use crate::base::number::parse_stated;
use crate::base::progress::Progress;
use crate::ci::merge::pipeline::MergedRelease;
use crate::cli::context::Context;
use crate::cli::pipeline_number::pipeline_of_ci;
use crate::cli::site::{Access, RunMode, Site};
use crate::repository::commits::Merged;
use crate::repository::model::name::{Dist, Series};
use crate::repository::model::reason::Reason;
use crate::repository::sign::Key;
use crate::repository::stage::input::StageInput;
use crate::repository::stage::{self, StageOrder, Staging, next_pipeline};
use crate::rpm::release::ReleaseInput;

/// Arguments of `stage`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder that `dist` made, in this job or in another one [default: target/dist in the project]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Number of the pipeline run [default: the number that the CI system sets, or else the next free number]
    #[arg(long, value_name = "N", value_parser = parse_stated)]
    pipeline: Option<u32>,
    /// Stage the release as unmerged work: it never becomes `latest` and cannot be promoted
    #[arg(long)]
    unmerged: bool,
    /// Let `latest` lead to a release without packages for this dist, which has ended; may be repeated
    #[arg(long, value_name = "DIST")]
    end_dist: Vec<Dist>,
    /// Sign with a key that clients do not have, because the key before is lost or has expired, or publish what is not signed to
    /// clients that have a key; the log records the reason
    #[arg(long, value_name = "REASON")]
    force: Option<Reason>,
    /// Print the plan without carrying it out
    #[arg(long)]
    dry_run: bool,
}

/// Stages a folder and prints the path of the snapshot.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let folder = match &args.from {
        Some(folder) => std::path::absolute(folder)?,
        None => context.workspace()?.root.join("target/dist"),
    };
    let pipeline = args.pipeline.map_or_else(pipeline_of_ci, |pipeline| Ok(Some(pipeline)))?;
    let order = StageOrder {
        pipeline,
        unmerged: args.unmerged,
        end_dists: args.end_dist.clone(),
        force: args.force.clone(),
        command: this_call().to_owned(),
        run: None,
    };
    let site = Site::load_or_new(context)?;
    let input = StageInput::load(&folder, site.config.rpm.portable_noarch, &context.ui)?;
    input.require_name(&site.layout.name)?;
    let key = site.key()?;
    match stage(context, &site, &input, &order, RunMode::of(args.dry_run), key.as_ref())? {
        Some(place) => context.ui.print(&format!("{place}\n")),
        None => Ok(()),
    }
}

/// Stages the release that `dist` has just made, in its repository.
pub(super) fn run_after_dist(
    context: &Context,
    site: &Site<'_>,
    folder: &Path,
    order: &StageOrder,
    key: Option<&Key>,
) -> Result<()> {
    let input = StageInput::load(folder, site.config.rpm.portable_noarch, &context.ui)?;
    stage(context, site, &input, order, RunMode::Change, key).map(drop)
}

/// Stages the release of a merge commit, in the repository that the configuration of the base names; the name of the snapshot.
pub(in crate::cli::commands) fn run_after_merge(context: &Context, release: &MergedRelease<'_>) -> Result<String> {
    let input = StageInput::load(release.folder, release.config.rpm.portable_noarch, &context.ui)?;
    let site = Site::of_merge(context, release.config, &input.info.name, release.git)?;
    // Merges land in another order than the runs of a CI system are numbered, and a run may be repeated.
    let next = next_pipeline(&site.store()?, Series::of(&input.info.version))?;
    let pipeline = release.pipeline.filter(|stated| *stated >= next);
    let order = StageOrder { pipeline, command: this_call().to_owned(), ..StageOrder::default() };
    let key = site.key()?;
    let place = stage(context, &site, &input, &order, RunMode::Change, key.as_ref())?;
    let name = place.as_ref().and_then(TreePath::file_name);
    Ok(name.unwrap_or_default().to_owned())
}

/// How the release of `dist` would be staged, as a sentence.
pub(super) fn preview(site: &Site<'_>, input: &ReleaseInput, order: &StageOrder) -> Result<String> {
    site.warn_of_new();
    let (place, merged) = stage::preview(&site.store()?, input.version(), input.commit(), order, &site.git())?;
    let shown = site.layout.shown(&place);
    Ok(match merged {
        Merged::Into(branch) => format!("then stage it as {shown}: merged into {branch}"),
        merged => {
            let why = merged.why_not(input.commit()).unwrap_or_default();
            format!("then stage it as {shown}, unmerged work: {why}")
        }
    })
}

/// Stages a release; the folder of the snapshot, where there is one then.
fn stage(
    context: &Context,
    site: &Site<'_>,
    input: &StageInput,
    order: &StageOrder,
    mode: RunMode,
    key: Option<&Key>,
) -> Result<Option<TreePath>> {
    let mut access = match mode {
        RunMode::Preview => Access::Preview(site.preview("stage")?),
        RunMode::Change => site.access_new("stage")?,
    };
    let signing = site.signing(key)?;
    let version = &input.info.version;
    let (name, plan, notes, effects, done) =
        match stage::decide(access.store(), input, order, &site.git(), signing.as_ref(), site.now)? {
            Staging::New { name, plan, notes, effects } => (name, plan, notes, effects, "staged"),
            Staging::Recorded { title, name, plan, notes } => (name, plan, notes, Vec::new(), title),
            Staging::Already(name) => {
                context.ui.note(&format!("{name} ({version}) is staged already"));
                return Ok((mode == RunMode::Change).then(|| site.layout.snapshot(Series::of(version), &name)));
            }
        };
    for note in &notes {
        context.ui.note(note);
    }
    for effect in &effects {
        context.ui.warn(effect);
    }
    site.warn_of_new();
    site.carry_out(&mut access, &plan, signing.as_ref())?;
    if mode == RunMode::Preview {
        return Ok(None);
    }
    let place = site.layout.snapshot(Series::of(version), &name);
    context.ui.note(&format!("{done} {} ({version})", site.layout.shown(&place)));
    Ok(Some(place))
}
