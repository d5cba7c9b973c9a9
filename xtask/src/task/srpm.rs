//! `srpm`: the source RPM, and its path for the program that builds it.

use anyhow::Result;

use super::{Context, dist};
use crate::error::{Exit, Failure};

/// Makes the release like `dist` and prints the path of its source RPM, so that
/// `mock --rebuild "$(cargo xtask srpm)"` works.
pub fn run(context: &Context, args: &dist::Args) -> Result<()> {
    let Some(made) = dist::make(context, args)? else { return Ok(()) };
    let srpm = made.written.iter().find(|written| written.file.ends_with(".src.rpm")).ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no source RPM: the project has no spec template, or it was left out").help(
            "write a template, `packaging/<name>.spec.in`; and do without `--no-vendor` where it needs the archive",
        )
    })?;
    context.ui.print(&format!("{}\n", made.target.join(&srpm.file).display()))
}
