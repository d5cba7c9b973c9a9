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
use crate::error::{Exit, Failure};
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
        let assumed_version = global.assume_version;
        Context { ui, start: global.project, assumed_version, workspace: OnceCell::new() }
    }

    /// The project, found at the first call.
    pub fn workspace(&self) -> Result<&Workspace> {
        if let Some(workspace) = self.workspace.get() {
            return Ok(workspace);
        }
        let workspace = Workspace::discover(&self.start)?;
        Ok(self.workspace.get_or_init(|| workspace))
    }

    /// The version stated with `--assume-version`, else in the variable `RELENG_VERSION`, unless that is empty.
    pub fn assumed_version(&self) -> Result<Option<Version>, Failure> {
        if self.assumed_version.is_some() {
            return Ok(self.assumed_version.clone());
        }
        let stated = std::env::var_os("RELENG_VERSION").unwrap_or_default().to_string_lossy().into_owned();
        let parsed = (!stated.is_empty()).then(|| stated.parse()).transpose();
        parsed.map_err(|why| Failure::new(Exit::Usage, format!("`RELENG_VERSION` is `{stated}`: {why}")))
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
