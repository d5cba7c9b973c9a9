//! `dist`: the main job. Writes source archives, changelog, spec, source RPM and checksums of a commit, and stages them.

use anyhow::Result;

use crate::base::clock;
use crate::base::error::program;
use crate::base::interrupt;
use crate::base::number::parse_stated;
use crate::cli::commands::{rpm, stage};
use crate::cli::context::Context;
use crate::cli::pipeline_number::pipeline_of_ci;
use crate::cli::release_job::{ReleaseArgs, ReleaseJob, Reuse, report, require_srpm};
use crate::cli::site::Site;
use crate::repository::keys::rules::{ForcedWay, RefusedStep};
use crate::repository::keys::signing::{SignedChange, Signing};
use crate::repository::model::name::{Dist, Series};
use crate::repository::provenance::snapshot::RunTimes;
use crate::repository::sign::Key;
use crate::repository::stage::{self as staging, ComingRelease, StageOrder};
use crate::rpm::release::{ReleaseInput, SrpmWish};

/// Arguments of `dist`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    release: ReleaseArgs,
    /// Also build the binary RPMs of the configured dists, as `rpm` does
    #[arg(long)]
    rpm: bool,
    /// Do not stage the release
    #[arg(long)]
    no_stage: bool,
    /// Number of the pipeline run [default: the number that the CI system sets, or else the next free number]
    #[arg(long, value_name = "N", conflicts_with = "no_stage", value_parser = parse_stated)]
    pipeline: Option<u32>,
}

/// Makes the release and prints what was written.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let wish = if args.rpm { SrpmWish::Required } else { SrpmWish::IfPossible };
    let job = ReleaseJob::load(context, &args.release, wish)?;
    let build_args = rpm::BuildArgs::default();
    if args.rpm {
        require_srpm(&job.plan)?;
    }
    let has_place = context.workspace()?.work_tree().is_some() || context.stated_repository().is_some();
    // A wrong pipeline number, a missing key and a root that is not mounted are refused before anything is built.
    let staging = if has_place && !args.no_stage { Some(StagingInput::load(context, args, &job.input)?) } else { None };
    if args.release.dry_run {
        context.ui.print(&job.plan.to_string())?;
        if args.rpm {
            rpm::preview(context, &job, &build_args)?;
        }
        return preview_staging(context, args, &job, staging.as_ref());
    }
    let made = if args.rpm { rpm::make_and_build(context, &job, &build_args, Reuse::No)? } else { job.make(context)? };
    report(context, made.files())?;
    match staging {
        Some(StagingInput { site, mut order, key }) => {
            order.run = Some(RunTimes { started: site.now, finished: clock::now()? });
            let staged = stage::run_after_dist(context, &site, &made.target, &order, key.as_ref());
            let state = || format!("`{}` has the release, which is not staged", made.target.display());
            staged.map_err(|error| interrupt::with_state(error, state))
        }
        None if args.no_stage => Ok(()),
        None => {
            context.ui.note(&format!("not staged: {NO_PLACE}"));
            Ok(())
        }
    }
}

const NO_PLACE: &str = "a bare repository has no folder for the repository; name one with `--repository DIR`";

/// Prints how the release would be staged.
fn preview_staging(context: &Context, args: &Args, job: &ReleaseJob, staging: Option<&StagingInput<'_>>) -> Result<()> {
    let how = match staging {
        _ if args.no_stage => return Ok(()),
        None => format!("do not stage it: {NO_PLACE}"),
        Some(StagingInput { site, order, .. }) => stage::preview(site, &job.input, order)?,
    };
    context.ui.print(&format!("{how}\n"))
}

/// What staging needs beside the release.
struct StagingInput<'a> {
    site: Site<'a>,
    order: StageOrder,
    key: Option<Key>,
}

impl<'a> StagingInput<'a> {
    fn load(context: &'a Context, args: &Args, input: &ReleaseInput) -> Result<StagingInput<'a>> {
        let pipeline = args.pipeline.map_or_else(pipeline_of_ci, |pipeline| Ok(Some(pipeline)))?;
        let site = Site::of_release(context, input)?;
        site.store()?.require_root()?;
        let key = site.key()?;
        let number = args.pipeline.map_or(String::new(), |number| format!(" --pipeline {number}"));
        let command = format!("{} stage{number}", program());
        let order = StageOrder { pipeline, command, ..StageOrder::default() };
        let (shape, tests) = (args.release.shape(), &site.config.acceptance);
        let way = ForcedWay { step: RefusedStep::Build(&shape), tests };
        let (series, dists) = (Series::of(input.version()), &site.config.rpm.dists);
        if let (Some(key), Some(keys)) = (&key, site.keys()?) {
            let signing = Signing::new(key.clone(), keys);
            signing.require(&site.store()?, &SignedChange { series, dists, force: None, way })?;
        } else {
            let dists: &[Dist] = if args.rpm { dists } else { &[] };
            let release = ComingRelease { version: input.version(), commit: input.commit(), dists, pipeline };
            staging::require_key(&site.store()?, &release, &site.git(), &way)?;
        }
        Ok(StagingInput { site, order, key })
    }
}
