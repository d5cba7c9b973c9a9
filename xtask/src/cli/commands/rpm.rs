//! `rpm`: the source RPM becomes binary RPMs for the configured dists, here or on a build farm.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::base::clock;
use crate::base::error::{Exit, Failure, program};
use crate::base::parallel;
use crate::cli::context::Context;
use crate::cli::release_job::{Job, ReleaseArgs, Reuse, report, require_srpm};
use crate::project::config::{BackendKind, Dist};
use crate::rpm::builds::{self, Again, Failed, Outcome};
use crate::rpm::release::binaries::{Binaries, Order};
use crate::rpm::release::{Made, Written, packages, reuse};

/// How many of the last lines of a failed build are shown.
const LAST_LINES: usize = 40;

/// Arguments of `rpm`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    orders: Orders,
}

/// What is built, by whom and how.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Orders {
    /// Build only for this dist, such as el9; may be repeated [default: all of `rpm.dists`]
    #[arg(long = "dist", value_name = "DIST")]
    dists: Vec<Dist>,
    /// Build with local, mock, container, copr or koji [default: `rpm.backend`]
    #[arg(long, value_name = "BACKEND")]
    backend: Option<BackendKind>,
    /// Number of builds that run on this machine at the same time [default: the number of processors]
    #[arg(long, short, value_name = "N")]
    jobs: Option<std::num::NonZero<u16>>,
    /// Build again, even if the packages are already built
    #[arg(long)]
    again: bool,
}

impl Orders {
    /// The flags that shape a build, as they were given.
    fn repeated(&self) -> String {
        self.backend.map_or_else(String::new, |backend| format!(" --backend {backend}"))
    }

    fn order(&self) -> Result<Order> {
        Ok(Order {
            dists: self.dists.clone(),
            backend: self.backend,
            jobs: self.jobs.map_or_else(parallel::threads, |jobs| jobs.get().into()),
            again: if self.again { Again::Yes } else { Again::No },
            now: clock::now()?.as_second(),
        })
    }
}

/// Makes the release where it is not there, builds it, and prints what was built.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let job = Job::load(context, &args.release)?;
    require_srpm(&job.plan)?;
    if args.release.dry_run {
        context.ui.print(&job.plan.to_string())?;
        return preview(context, &job, &args.orders);
    }
    let made = make_and_build(context, &job, &args.orders, Reuse::Yes)?;
    report(context, made.packages.iter())
}

/// Prints what would be built; what is built already is known only where the source RPM is there.
pub(super) fn preview(context: &Context, job: &Job, orders: &Orders) -> Result<()> {
    let (state, order) = (state_folder(context, job)?, orders.order()?);
    let binaries = match reuse::find(&state, &job.plan) {
        Some(made) => Some(Binaries::load(&job.input, &job.plan, &made, &order, &state)?),
        None => Binaries::foresee(&job.input, &job.plan, &order, &state)?,
    };
    match binaries {
        Some(binaries) => context.ui.print(&binaries.decide()?.to_string()),
        None => context.ui.print("then build its binary RPMs\n"),
    }
}

/// Makes the release, builds its source RPM, and puts the packages beside it; what is there then.
pub(super) fn make_and_build(context: &Context, job: &Job, orders: &Orders, again: Reuse) -> Result<Made> {
    let state = state_folder(context, job)?;
    let _lock = builds::lock(&state)?;
    let found = if again == Reuse::Yes { reuse::find(&state, &job.plan) } else { None };
    let mut made = match found {
        Some(made) => made,
        None => {
            let made = job.make(context)?;
            reuse::remember(&state, &job.plan, &made)?;
            made
        }
    };
    made.packages = build(context, job, &made, orders, &state)?;
    made.checksums = None;
    Ok(made)
}

fn state_folder(context: &Context, job: &Job) -> Result<PathBuf> {
    let target = reuse::target_of(&job.plan).context("the plan has no place for its results")?;
    Ok(context.workspace()?.state_folder(target))
}

fn build(context: &Context, job: &Job, made: &Made, orders: &Orders, state: &Path) -> Result<Vec<Written>> {
    let order = orders.order()?;
    let mut binaries = Binaries::load(&job.input, &job.plan, made, &order, state)?;
    let plan = binaries.decide()?;
    let Outcome { built, failed } = binaries.build(&plan, &context.ui)?;
    if !failed.is_empty() {
        failed.iter().for_each(|failed| tell(context, failed, &(orders.repeated() + &job.repeated)));
        return Err(not_built(&failed, built.len()).into());
    }
    packages::place(&made.target, binaries.srpm.digest, &built, &binaries.wanted)
}

/// Shows the end of what a failed build said, and how to build it once more.
fn tell(context: &Context, failed: &Failed, flags: &str) {
    let Failed { target, why, log, .. } = failed;
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    context.ui.note(&format!("\n{target}: {why}"));
    for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
        context.ui.note(&format!("  {line}"));
    }
    if !lines.is_empty() {
        context.ui.note(&format!("  the whole log: {}", log.display()));
    }
    let project = context.project_flag();
    context.ui.note(&format!("  again: {} {project}rpm --dist {}{flags}", program(), target.dist));
}

/// Exit 1 where a build has failed, 5 where the next run may go on with all that is missing.
fn not_built(failed: &[Failed], built: usize) -> Failure {
    let names: Vec<String> = failed.iter().map(|failed| format!("{} ({})", failed.target, failed.why)).collect();
    let may_go_on = failed.iter().all(|failed| failed.may_go_on);
    let count = failed.len() + built;
    let message = format!("{} of {count} builds are not done: {}", failed.len(), names.join("; "));
    let help = match may_go_on {
        true => "run this again: it goes on where it was",
        false => "what is built is kept; correct the others and run this again",
    };
    Failure::new(if may_go_on { Exit::TryAgain } else { Exit::Failed }, message).help(help)
}
