//! The release that `dist`, `srpm` and `rpm` make: its flags, its plan, its files.

use std::path::PathBuf;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::plan::Plan;
use crate::base::size::human_size;
use crate::cli::context::Context;
use crate::rpm::release::{self, Input, Made, Step, Vendoring, Written, apply, decide};

/// What every command that makes a release is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ReleaseArgs {
    /// Commit to release [default: HEAD]
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Release number of the spec and the source RPM; 2 and above repackage the same code [default: 1]
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..))]
    release: u32,
    /// Make no vendor archive, and no source RPM if the spec needs the vendor archive
    #[arg(long)]
    no_vendor: bool,
    /// Folder for the results [default: target/dist in the project]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the plan without carrying it out
    #[arg(long)]
    pub dry_run: bool,
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
pub struct Job {
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
        let order = release::Order {
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
pub enum Reuse {
    /// It is made anew.
    No,
    /// It will.
    Yes,
}

/// Loads the release of a commit, decides on the files, writes them aside, puts them in place; `None` for a dry run, which
/// prints the plan. `accept` looks at the plan first.
pub fn make(
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

/// `Err` where the plan makes no source RPM.
pub fn require_srpm(plan: &Plan<Step>) -> Result<(), Failure> {
    if plan.steps.iter().any(|step| matches!(step, Step::Srpm { .. })) {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "there is no source RPM: the project has no spec template, or it was left out")
        .help("write a template, `packaging/<name>.spec.in`; and do without `--no-vendor` where it needs the archive"))
}

/// Prints what was written.
pub fn report<'w>(context: &Context, written: impl Iterator<Item = &'w Written>) -> Result<()> {
    let rows: Vec<[String; 3]> = written
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
