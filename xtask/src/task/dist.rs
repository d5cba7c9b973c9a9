//! `dist`: the main job. From a commit to verified source archives, changelog, spec, source RPM and checksums.

use std::path::PathBuf;

use anyhow::Result;

use super::site::pipeline_of_ci;
use super::{Context, rpm, stage};
use crate::dist::apply::{Made, Written, apply};
use crate::dist::{self, Input, Step, Vendoring, decide};
use crate::error::Failure;
use crate::plan::Plan;
use crate::repository::stage::Order;
use crate::ui::human_size;

/// What every command that makes a release is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ReleaseArgs {
    /// The commit to release; default: HEAD
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// The release of spec and source RPM: 2 and above for repackaging without a change of code
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..))]
    release: u32,
    /// Leave the vendor archive out, and the source RPM where it needs it
    #[arg(long)]
    no_vendor: bool,
    /// Where to leave the results; default: target/dist in the project
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Say what would be done
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `dist`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    release: ReleaseArgs,
    /// Build the binary RPMs of the configured dists, too, as `rpm` does
    #[arg(long)]
    rpm: bool,
    /// Stage no snapshot of it
    #[arg(long)]
    no_stage: bool,
    /// The number of the pipeline run; default: that of the CI system, else the next one
    #[arg(long, value_name = "N", conflicts_with = "no_stage", value_parser = clap::value_parser!(u32).range(..1_000_000_000))]
    pipeline: Option<u32>,
}

/// Makes the release and prints what was written.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let job = Job::load(context, &args.release)?;
    let orders = rpm::Orders::default();
    if args.rpm {
        rpm::require_srpm(&job.plan)?;
    }
    if args.release.dry_run {
        context.ui.print(&job.plan.to_string())?;
        if args.rpm {
            rpm::preview(context, &job, &orders)?;
        }
        return if args.no_stage { Ok(()) } else { context.ui.print("then stage it\n") };
    }
    let made = if args.rpm { rpm::make_and_build(context, &job, &orders, Reuse::No)? } else { job.make(context)? };
    report(context, &made.written)?;
    if args.no_stage {
        return Ok(());
    }
    if context.workspace()?.work_tree().is_none() && context.stated_repository().is_none() {
        context.ui.note("not staged: a bare repository has no place for it; name one with `--repository DIR`");
        return Ok(());
    }
    let pipeline = args.pipeline.map_or_else(pipeline_of_ci, |pipeline| Ok(Some(pipeline)))?;
    stage::run_after_dist(context, &made.target, Order { pipeline, unmerged: false })
}

impl ReleaseArgs {
    fn repeated(&self) -> String {
        let rev = self.rev.iter().map(|rev| format!(" --rev {rev}"));
        let release = (self.release != 1).then(|| format!(" --release {}", self.release));
        let out = self.out.iter().map(|out| format!(" --out {}", out.display()));
        rev.chain(release).chain(out).collect()
    }
}

/// A release that is decided on.
pub(super) struct Job {
    /// What it consists of.
    pub input: Input,
    /// What there is to do.
    pub plan: Plan<Step>,
    /// The flags that shape the release, as they were given.
    pub repeated: String,
}

impl Job {
    /// Loads the release of a commit and decides on the files.
    pub fn load(context: &Context, args: &ReleaseArgs) -> Result<Job> {
        let order = dist::Order {
            rev: args.rev.clone(),
            release: args.release,
            out: args.out.clone(),
            vendoring: if args.no_vendor { Vendoring::LeftOut } else { Vendoring::Made },
            assumed_version: context.assumed_version()?,
        };
        let workspace = context.workspace()?;
        let input = Input::load(workspace, &order, &context.ui)?;
        let plan = decide(workspace, &input, &order, &context.ui)?;
        Ok(Job { input, plan, repeated: args.repeated() })
    }

    /// Writes the files aside, and puts them in place.
    pub fn make(&self, context: &Context) -> Result<Made> {
        apply(context.workspace()?.repository()?, &self.input, &self.plan, &context.ui)
    }
}

/// Whether a release that is there already will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// It is made anew.
    No,
    /// It will.
    Yes,
}

/// Loads the release of a commit, decides on the files, writes them aside, puts them in place; `None` for a dry run, which
/// prints the plan. `accept` looks at the plan first.
pub(super) fn make(
    context: &Context,
    args: &ReleaseArgs,
    accept: impl FnOnce(&Plan<Step>) -> Result<(), Failure>,
) -> Result<Option<Made>> {
    let job = Job::load(context, args)?;
    accept(&job.plan)?;
    if args.dry_run {
        context.ui.print(&job.plan.to_string())?;
        return Ok(None);
    }
    job.make(context).map(Some)
}

/// Prints what was written.
pub(super) fn report(context: &Context, written: &[Written]) -> Result<()> {
    let rows: Vec<[String; 3]> = written
        .iter()
        .map(|Written { file, size, digest }| {
            let mut digest = digest.to_string();
            if context.ui.stdout_is_terminal() {
                digest.truncate(16); // the whole would wrap, and stands in SHA256SUMS
            }
            [file.clone(), human_size(*size), digest]
        })
        .collect();
    context.ui.print_table(&rows)
}
