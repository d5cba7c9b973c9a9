//! `srpm`: makes the source RPM, and prints its path for a program that builds it.

use anyhow::Result;

use crate::cli::context::Context;
use crate::cli::release_job::{ReleaseArgs, make, require_srpm};

/// Makes the release like `dist` and prints the path of its source RPM, so that
/// `mock --rebuild "$(cargo xtask srpm)"` works.
pub fn run(context: &Context, args: &ReleaseArgs) -> Result<()> {
    let Some(made) = make(context, args, require_srpm)? else { return Ok(()) };
    if let Some(srpm) = &made.srpm {
        context.ui.print(&format!("{}\n", made.target.join(&srpm.file).display()))?;
    }
    Ok(())
}
