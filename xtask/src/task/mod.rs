//! The commands, one file each: load, decide, apply, report.

pub mod accept;
pub mod changelog;
pub mod completions;
pub mod config;
pub mod dist;
pub mod hold;
pub mod man;
pub mod promote;
pub mod prune;
pub mod rollback;
pub mod rpm;
mod site;
pub mod spec;
pub mod srpm;
pub mod stage;
pub mod status;
pub mod tag;
pub mod verify;
pub mod version;
pub mod yank;

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
    repository: Option<PathBuf>,
    workspace: OnceCell<Workspace>,
}

impl Context {
    /// From the global flags; nothing is looked for yet.
    pub fn new(ui: Ui, global: Global) -> Context {
        let Global { project, assume_version, repository, .. } = global;
        Context { ui, start: project, assumed_version: assume_version, repository, workspace: OnceCell::new() }
    }

    /// The flag that names the project, as it was given; nothing where it was not.
    pub fn project_flag(&self) -> String {
        match self.start.as_path() {
            start if start == std::path::Path::new(".") => String::new(),
            start => format!("--project {} ", start.display()),
        }
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

impl Context {
    /// The repository stated with `--repository`, else in the variable `RELENG_REPOSITORY`, unless that is empty.
    pub fn stated_repository(&self) -> Option<PathBuf> {
        let stated = std::env::var_os("RELENG_REPOSITORY").filter(|stated| !stated.is_empty());
        self.repository.clone().or(stated.map(PathBuf::from))
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
        Command::Rpm(args) => rpm::run(context, args),
        Command::Stage(args) => stage::run(context, args),
        Command::Accept(args) => accept::run(context, args),
        Command::Promote(args) => promote::run(context, args),
        Command::Rollback(args) => rollback::run(context, args),
        Command::Yank(args) => yank::run(context, args),
        Command::Status(args) => status::run(context, args),
        Command::Prune(args) => prune::run(context, args),
        Command::Hold(args) => hold::run(context, args),
        Command::Unhold(args) => hold::run_unhold(context, args),
        Command::Tag(args) => tag::run(context, args),
        Command::Verify(args) => verify::run(context, args),
        Command::Config(args) => config::run(context, args),
        Command::Completions(args) => completions::run(context, args),
        Command::Man(args) => man::run(context, args),
    }
}
