//! The release that `dist`, `srpm` and `rpm` make: its arguments, its plan and its files.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::number::parse_stated;
use crate::base::plan::Plan;
use crate::base::size::human_size;
use crate::base::text::shell_word;
use crate::cli::context::Context;
use crate::rpm::release::{
    self, Made, ReleaseInput, ReleaseStep, SrpmWish, Vendoring, Written, apply, apply_in, decide,
};

/// The arguments of all commands that make a release.
#[derive(Clone, Debug, clap::Args)]
pub struct ReleaseArgs {
    /// Commit to release [default: HEAD]
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Release number of the spec and the source RPM; 2 and above repackage the same code [default: 1]
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true, value_parser = parse_stated)]
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
    /// The arguments that shape the release and name its folder, to be shown in a command line.
    fn repeated(&self) -> String {
        let mut args = self.shape();
        if let Some(out) = &self.out {
            args += &format!(" --out {}", shell_word(&out.to_string_lossy()));
        }
        args
    }

    /// The arguments that shape the release, to be shown in a command line.
    pub fn shape(&self) -> String {
        let mut args = String::new();
        if let Some(rev) = &self.rev {
            args += &format!(" --rev {}", shell_word(rev));
        }
        if self.release != 1 {
            args += &format!(" --release {}", self.release);
        }
        args
    }
}

/// A release with its plan.
pub struct ReleaseJob {
    pub input: ReleaseInput,
    pub plan: Plan<ReleaseStep>,
    /// The arguments that shape the release, to be shown in a command line.
    pub repeated: String,
}

impl ReleaseJob {
    /// Loads the release of a commit and plans its files.
    pub fn load(context: &Context, args: &ReleaseArgs, srpm: SrpmWish) -> Result<ReleaseJob> {
        let order = release::ReleaseOrder {
            rev: args.rev.clone(),
            release: args.release,
            out: args.out.clone(),
            vendoring: if args.no_vendor { Vendoring::LeftOut } else { Vendoring::Made },
            srpm,
            assumed_version: context.assumed_version()?,
        };
        let workspace = context.workspace()?;
        let input = ReleaseInput::load(workspace, &order, &context.ui)?;
        let plan = decide(workspace, &input, &order, &context.ui)?;
        Ok(ReleaseJob { input, plan, repeated: args.repeated() })
    }

    /// Carries out the plan in the folder `place`, and leaves the folder of the results unchanged.
    pub fn make_in(&self, place: &Path, context: &Context) -> Result<Made> {
        apply_in(place, context.workspace()?.repository()?, &self.input, &self.plan, &context.ui)
    }

    /// Carries out the plan.
    pub fn make(&self, context: &Context) -> Result<Made> {
        apply(context.workspace()?.repository()?, &self.input, &self.plan, &context.ui)
    }
}

/// Whether to reuse a release that an earlier run has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    No,
    Yes,
}

/// `Err` where the plan makes no source RPM.
pub fn require_srpm(plan: &Plan<ReleaseStep>) -> Result<(), Failure> {
    if plan.steps.iter().any(|step| matches!(step, ReleaseStep::Srpm { .. })) {
        return Ok(());
    }
    let message = "there is no source RPM: the project has no spec, `rpm.srpm` is `\"none\"`, or it was left out";
    Err(Failure::new(Exit::Usage, message).help(
        "write a template, `packaging/<name>.spec.in`, and commit it; or put a spec into a folder of yours: `--packaging DIR`; omit \
         `--no-vendor` if the spec needs the vendor archive",
    ))
}

/// Prints a table of written files.
pub fn report<'w>(context: &Context, written: impl Iterator<Item = &'w Written>) -> Result<()> {
    let rows: Vec<[String; 3]> = written
        .map(|Written { file, size, digest }| {
            let mut digest = digest.to_string();
            if context.ui.stdout_is_terminal() {
                digest.truncate(16); // all 64 digits would wrap the line; SHA256SUMS has them
            }
            [file.clone(), human_size(*size), digest]
        })
        .collect();
    context.ui.print_table(&rows)
}
