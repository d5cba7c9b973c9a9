//! `srpm`: makes the source RPM, and prints its path for a program that builds it.

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::release_job::{ReleaseArgs, ReleaseJob, require_srpm};
use crate::rpm::release::SrpmWish;

/// Makes the release like `dist` and prints the path of its source RPM, so that
/// `mock --rebuild "$(cargo xtask srpm)"` works.
pub fn run(context: &Context, args: &ReleaseArgs) -> Result<()> {
    let job = ReleaseJob::load(context, args, SrpmWish::Required)?;
    require_srpm(&job.plan)?;
    if args.dry_run {
        return context.ui.print(&job.plan.to_string());
    }
    let made = job.make(context)?;
    if let Some(srpm) = &made.srpm {
        context.ui.print(&format!("{}\n", made.target.join(&srpm.file).display()))?;
    }
    Ok(())
}
