//! `rpm`: builds binary RPMs of the source RPM for the configured dists, on this machine or on a build farm.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::base::clock;
use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, TreePath};
use crate::base::interrupt;
use crate::base::number::parse_stated_to;
use crate::base::parallel;
use crate::cli::context::Context;
use crate::cli::log_end::LogEnd;
use crate::cli::release_job::{ReleaseArgs, ReleaseJob, Reuse, report, require_srpm};
use crate::project::config::{BackendKind, Dist};
use crate::rpm::builds::{self, Again, BuildOutcome, FailedBuild};
use crate::rpm::release::binaries::{Binaries, BuildOrder};
use crate::rpm::release::{Made, SrpmWish, Written, packages, reuse};

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
    parse_stated_to(text, u16::MAX.into())?.try_into().map_err(|_| format!("it is above {}", u16::MAX))
}

/// Makes the release unless it exists, builds its packages, and prints them.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let job = ReleaseJob::load(context, &args.release, SrpmWish::Required)?;
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
        Some(binaries) => context.ui.print(&binaries.decide()?.to_string())?,
        None => context.ui.print("then build its binary RPMs\n")?,
    }
    context.ui.print(&format!(
        "  keep the builds in {}, and the release in {} until all are built\n  \
         put the release with rpm/ and builds.json in {}\n",
        builds::place(&state).display(),
        reuse::pending(&state).display(),
        target_of(job)?.display()
    ))
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
    let built = build(context, job, &made, args, &state);
    let unchanged = || format!("`{}` was not changed", target.display());
    made.packages = built.map_err(|error| interrupt::with_state(error, unchanged))?;
    made.checksums = None;
    if made.target != target {
        made.target = target.to_owned();
        reuse::write_memo(&state, &job.plan, &made)?;
    }
    files::remove_if_there(&TreePath::in_own_folder(&reuse::pending(&state)))?;
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
        let command = |failed: &FailedBuild| {
            format!("{} rpm --dist {}{}{}", program(), failed.target.dist, args.repeated(), job.repeated)
        };
        return Err(not_built(&failed, built.len(), command).into());
    }
    packages::place(target_of(job)?, &made.target, binaries.srpm.digest, &built, &binaries.wanted)
}

/// The failure of a run with failed builds: the causes, the last lines of each log, the logs, and the command that builds again.
/// Exit 5 if the next run may go on with all missing builds, otherwise 1.
fn not_built(failed: &[FailedBuild], built: usize, command: impl Fn(&FailedBuild) -> String) -> Failure {
    let may_go_on = failed.iter().all(|failed| failed.may_go_on);
    let (mut causes, mut details, mut help) = (Vec::new(), Vec::new(), Vec::new());
    for build in failed {
        let FailedBuild { target, why, log, .. } = build;
        causes.push(format!("{target} ({why})"));
        if let Some(mut end) = LogEnd::load(&format!("log of {target}"), log, LAST_LINES) {
            details.append(&mut end.details);
            help.push(end.help);
        }
        if !may_go_on {
            help.push(format!("correct it, and build again: `{}`", command(build)));
        }
    }
    let count = failed.len() + built;
    let (exit, what) = if may_go_on { (Exit::TryAgain, "are not done yet") } else { (Exit::Failed, "failed") };
    if may_go_on {
        help.push("run the same command again: it goes on with these builds".to_owned());
    }
    let message = format!("{} of {count} builds {what}: {}", failed.len(), causes.join("; "));
    Failure::new(exit, message).details(details.join("\n")).help(help.join("\n"))
}
