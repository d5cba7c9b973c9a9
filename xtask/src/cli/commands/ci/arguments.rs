//! The arguments of the commands that run the steps of a stage.

use std::path::PathBuf;

/// Arguments of the commands that run the steps of a stage.
#[derive(Debug, clap::Args)]
pub struct StageArgs {
    /// Branch or commit with which the files are compared [default: for check-patch the nearest branch of `project.branches`, else the first parent of HEAD]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Run only this step, whatever was changed; may be given several times
    #[arg(long, value_name = "STEP")]
    pub only: Vec<String>,
    /// Commit whose configuration has the steps [default: for check-patch the base, else HEAD]
    #[arg(long, value_name = "REV")]
    pub steps_of: Option<String>,
    /// Also write the results to FILE as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Print the steps without running them
    #[arg(long)]
    pub dry_run: bool,
}
