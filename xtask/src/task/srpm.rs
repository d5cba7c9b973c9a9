//! `srpm`: the source RPM, and its path for the program that builds it.

use anyhow::Result;

use super::{Context, dist, rpm};

/// Makes the release like `dist` and prints the path of its source RPM, so that
/// `mock --rebuild "$(cargo xtask srpm)"` works.
pub fn run(context: &Context, args: &dist::ReleaseArgs) -> Result<()> {
    let Some(made) = dist::make(context, args, rpm::require_srpm)? else { return Ok(()) };
    for srpm in made.written.iter().filter(|written| written.file.ends_with(".src.rpm")) {
        context.ui.print(&format!("{}\n", made.target.join(&srpm.file).display()))?;
    }
    Ok(())
}
