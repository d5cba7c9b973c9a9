//! `srpm`: the source RPM, and its path for the program that builds it.

use anyhow::Result;

use super::{Context, dist};
use crate::dist::Step;
use crate::error::{Exit, Failure};
use crate::plan::Plan;

/// Makes the release like `dist` and prints the path of its source RPM, so that
/// `mock --rebuild "$(cargo xtask srpm)"` works.
pub fn run(context: &Context, args: &dist::Args) -> Result<()> {
    let Some(made) = dist::make(context, args, require_srpm)? else { return Ok(()) };
    for srpm in made.written.iter().filter(|written| written.file.ends_with(".src.rpm")) {
        context.ui.print(&format!("{}\n", made.target.join(&srpm.file).display()))?;
    }
    Ok(())
}

/// `Err` where the plan makes no source RPM.
fn require_srpm(plan: &Plan<Step>) -> Result<(), Failure> {
    if plan.steps.iter().any(|step| matches!(step, Step::Srpm { .. })) {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "there is no source RPM: the project has no spec template, or it was left out")
        .help("write a template, `packaging/<name>.spec.in`; and do without `--no-vendor` where it needs the archive"))
}
