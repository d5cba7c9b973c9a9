//! Writes the files of a plan.

use std::fs;

use anyhow::{Context, Result};

use crate::adopt::plan::AdoptStep;
use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::plan::Plan;

/// Writes each file whole, in the order of the plan. A run that is killed leaves the rest to the next one.
///
/// Errors: a file cannot be written, or has appeared or changed since the plan was made.
pub fn apply(plan: &Plan<AdoptStep>) -> Result<()> {
    for AdoptStep { path, shown, file } in &plan.steps {
        let Some(before) = &file.before else {
            let mode = if file.is_executable { 0o777 } else { 0o666 };
            files::write_new(path, file.content.as_bytes(), mode)?;
            continue;
        };
        let now = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        if now != before.as_bytes() {
            let message = format!("`{shown}` was changed while this ran");
            return Err(Failure::new(Exit::TryAgain, message).help("run the same command again").into());
        }
        files::write(path, file.content.as_bytes())?;
    }
    Ok(())
}
