//! The commands, one file each: load, decide, apply, report.

pub mod changelog;
pub mod completions;
pub mod config;
pub mod dist;
pub mod man;
pub mod spec;
pub mod srpm;
pub mod version;

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::Result;

use crate::cli::{Command, Global};
use crate::history::Version;
use crate::ui::Ui;
use crate::workspace::Workspace;

/// What every command is given: the terminal, the project, the global flags.
pub struct Context {
    /// The terminal.
    pub ui: Ui,
    start: PathBuf,
    assumed_version: Option<Version>,
    workspace: OnceCell<Workspace>,
}

impl Context {
    /// From the global flags; nothing is looked for yet.
    pub fn new(ui: Ui, global: Global) -> Context {
        Context { ui, start: global.project, assumed_version: global.assume_version, workspace: OnceCell::new() }
    }

    /// The project, found at the first call.
    pub fn workspace(&self) -> Result<&Workspace> {
        if let Some(workspace) = self.workspace.get() {
            return Ok(workspace);
        }
        let workspace = Workspace::discover(&self.start)?;
        Ok(self.workspace.get_or_init(|| workspace))
    }

    /// The version stated with `--assume-version`.
    pub fn assumed_version(&self) -> Option<&Version> {
        self.assumed_version.as_ref()
    }
}

/// Runs a command.
pub fn run(context: &Context, command: &Command) -> Result<()> {
    match command {
        Command::Version(args) => version::run(context, args),
        Command::Changelog(args) => changelog::run(context, args),
        Command::Spec(args) => spec::run(context, args),
        Command::Dist(args) => dist::run(context, args),
        Command::Srpm(args) => srpm::run(context, args),
        Command::Config(args) => config::run(context, args),
        Command::Completions(args) => completions::run(context, args),
        Command::Man(args) => man::run(context, args),
    }
}
