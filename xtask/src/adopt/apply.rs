//! Writes the files of a plan.

use anyhow::Result;

use crate::adopt::plan::AdoptStep;
use crate::base::files;
use crate::base::plan::Plan;

/// Writes each file whole, in the order of the plan. A run that is killed leaves the rest to the next one.
///
/// Errors: a file cannot be written, or has appeared since the plan was made.
pub fn apply(plan: &Plan<AdoptStep>) -> Result<()> {
    for AdoptStep { path, file, .. } in &plan.steps {
        let mode = if file.is_executable { 0o777 } else { 0o666 };
        files::write_new(path, file.content.as_bytes(), mode)?;
    }
    Ok(())
}
