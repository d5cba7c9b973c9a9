//! `rpm`: builds binary RPMs of the source RPM for the configured dists, on this machine or on a build farm.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::base::clock;
use crate::base::error::{Exit, Failure, program};
use crate::base::files;
use crate::base::parallel;
use crate::base::text::last_lines;
use crate::cli::context::Context;
use crate::cli::release_job::{ReleaseArgs, ReleaseJob, Reuse, report, require_srpm};
use crate::project::config::{BackendKind, Dist};
use crate::rpm::builds::{self, Again, BuildOutcome, FailedBuild};
use crate::rpm::release::binaries::{Binaries, BuildOrder};
use crate::rpm::release::{Made, Written, packages, reuse};

/// How many of the last lines of a failed build are shown.
const LAST_LINES: usize = 40;

/// Arguments of `rpm`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    build: BuildArgs,
}

/// The arguments of a build.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct BuildArgs {
    /// Build only for this dist, such as el9; may be repeated [default: all of `rpm.dists`]
    #[arg(long = "dist", value_name = "DIST")]
    dists: Vec<Dist>,
    /// Build with local, mock, container, copr or koji [default: `rpm.backend`]
    #[arg(long, value_name = "BACKEND")]
    backend: Option<BackendKind>,
    /// Number of builds that run on this machine at the same time [default: the number of processors]
    #[arg(long, short, value_name = "N", value_parser = parse_jobs)]
    jobs: Option<u16>,
    /// Build again, even if the packages are already built
    #[arg(long)]
    again: bool,
}

impl BuildArgs {
    /// The arguments that shape a build, to be shown in a command line.
    fn repeated(&self) -> String {
        self.backend.map_or_else(String::new, |backend| format!(" --backend {backend}"))
    }

    fn order(&self) -> Result<BuildOrder> {
        Ok(BuildOrder {
            dists: self.dists.clone(),
            backend: self.backend,
            jobs: self.jobs.map_or_else(parallel::threads, |jobs| Ok(jobs.into()))?,
            again: if self.again { Again::Yes } else { Again::No },
            now: clock::now()?.as_second(),
        })
    }
}

fn parse_jobs(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("it is a number from 1 to {}", u16::MAX))
}

/// Makes the release unless it exists, builds its packages, and prints them.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let job = ReleaseJob::load(context, &args.release)?;
    require_srpm(&job.plan)?;
    if args.release.dry_run {
        context.ui.print(&job.plan.to_string())?;
        return preview(context, &job, &args.build);
    }
    let made = make_and_build(context, &job, &args.build, Reuse::Yes)?;
    report(context, made.packages.iter())
}

/// Prints the plan of the builds. Only where the source RPM exists can earlier builds be found.
pub(super) fn preview(context: &Context, job: &ReleaseJob, args: &BuildArgs) -> Result<()> {
    let (state, order) = (state_folder(context, job)?, args.order()?);
    let binaries = match reuse::find(&state, &job.plan) {
        Some(made) => Some(Binaries::load(&job.input, &job.plan, &made, &order, &state)?),
        None => Binaries::preview(&job.input, &job.plan, &order, &state)?,
    };
    match binaries {
        Some(binaries) => context.ui.print(&binaries.decide()?.to_string()),
        None => context.ui.print("then build its binary RPMs\n"),
    }
}

/// Makes the release and builds its packages. Only when all are built does the release replace the folder of the results.
pub(super) fn make_and_build(context: &Context, job: &ReleaseJob, args: &BuildArgs, reuse: Reuse) -> Result<Made> {
    let state = state_folder(context, job)?;
    let _lock = builds::lock(&state)?;
    let found = if reuse == Reuse::Yes { reuse::find(&state, &job.plan) } else { None };
    let mut made = match found {
        Some(made) => made,
        None => {
            let made = job.make_in(&reuse::pending(&state), context)?;
            reuse::write_memo(&state, &job.plan, &made)?;
            made
        }
    };
    let target = target_of(job)?;
    made.packages = build(context, job, &made, args, &state)?;
    made.checksums = None;
    if made.target != target {
        made.target = target.to_owned();
        reuse::write_memo(&state, &job.plan, &made)?;
    }
    files::remove_if_there(&reuse::pending(&state))?;
    Ok(made)
}

fn state_folder(context: &Context, job: &ReleaseJob) -> Result<PathBuf> {
    Ok(context.workspace()?.state_folder(target_of(job)?))
}

fn target_of(job: &ReleaseJob) -> Result<&Path> {
    reuse::target_of(&job.plan).context("the plan has no folder for its results")
}

fn build(context: &Context, job: &ReleaseJob, made: &Made, args: &BuildArgs, state: &Path) -> Result<Vec<Written>> {
    let order = args.order()?;
    let mut binaries = Binaries::load(&job.input, &job.plan, made, &order, state)?;
    let plan = binaries.decide()?;
    let BuildOutcome { built, failed } = binaries.build(&plan, &context.ui)?;
    if !failed.is_empty() {
        let repeated = args.repeated() + &job.repeated;
        for failed in &failed {
            print_failure(context, failed, &repeated);
        }
        return Err(not_built(&failed, built.len()).into());
    }
    packages::place(target_of(job)?, &made.target, binaries.srpm.digest, &built, &binaries.wanted)
}

/// Prints the last lines of the log of a failed build, and the command that builds it again.
fn print_failure(context: &Context, failed: &FailedBuild, repeated: &str) {
    let FailedBuild { target, why, log, .. } = failed;
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines = last_lines(&text, LAST_LINES);
    context.ui.note(&format!("\n{target}: {why}"));
    for line in &lines {
        context.ui.note(&format!("  {line}"));
    }
    if !lines.is_empty() {
        context.ui.note(&format!("  the whole log: {}", log.display()));
    }
    let project = context.project_flag();
    context.ui.note(&format!("  again: {} {project}rpm --dist {}{repeated}", program(), target.dist));
}

/// Exit 5 if the next run may go on with all missing builds, otherwise 1.
fn not_built(failed: &[FailedBuild], built: usize) -> Failure {
    let names: Vec<String> = failed.iter().map(|failed| format!("{} ({})", failed.target, failed.why)).collect();
    let may_go_on = failed.iter().all(|failed| failed.may_go_on);
    let count = failed.len() + built;
    let message = format!("{} of {count} builds are not done: {}", failed.len(), names.join("; "));
    if may_go_on {
        Failure::new(Exit::TryAgain, message).help("run this again to go on with these builds")
    } else {
        Failure::new(Exit::Failed, message)
            .help("correct the failed builds and run this again; finished builds are kept")
    }
}
