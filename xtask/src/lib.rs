//! `releng`: release automation that lives in the repository it releases.
//!
//! The map of the house, in the order of a release:
//!
//! * [`cli`] lists the commands; [`task`] has one file for each: load, decide, apply, report.
//! * [`history`]: the version and the changelog, from commits and tags. [`source`]: the archives. [`rpm`]: the spec
//!   and the source RPM. [`dist`]: all of it, planned and applied.
//! * [`repository`]: what clients install from.
//! * [`workspace`] and [`project`]: where we are, and what is released there. [`ui`]: the terminal.
//! * the ground they stand on: [`error`], [`config`], [`milestone`], [`plan`], [`progress`], [`interrupt`], [`clock`], [`digest`], [`files`],
//!   [`parallel`], [`process`], [`report`], [`git`].
//!
//! ARCHITECTURE.md has the invariants, `tests/it/architecture.rs` keeps them.

pub mod cli;
pub mod clock;
pub mod config;
pub mod digest;
pub mod dist;
pub mod error;
pub mod files;
pub mod git;
pub mod history;
pub mod interrupt;
pub mod milestone;
pub mod parallel;
pub mod plan;
pub mod process;
pub mod progress;
pub mod project;
pub mod release;
pub mod report;
pub mod repository;
pub mod rpm;
pub mod source;
pub mod task;
pub mod ui;
pub mod workspace;

use std::process::ExitCode;

use crate::cli::Cli;
use crate::error::{Exit, Failure};
use crate::task::Context;
use crate::ui::Ui;

/// Runs the command line of this process: parse, run, print the error, exit code.
pub fn main() -> ExitCode {
    error::set_program(&program_name());
    let cli = Cli::parse_process();
    let ui = Ui::new(cli.global.talk(), cli.global.color);
    let context = Context::new(ui, cli.global);
    let done = interrupt::install().map_err(anyhow::Error::from).and_then(|()| task::run(&context, &cli.command));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context.ui.error(&error);
            let exit = error.chain().find_map(|cause| Some(cause.downcast_ref::<Failure>()?.exit));
            ExitCode::from(exit.unwrap_or(Exit::Failed) as u8)
        }
    }
}

/// `cargo xtask` where cargo runs us, else the name the program was called by.
fn program_name() -> String {
    if std::env::var_os("CARGO_MANIFEST_DIR").is_some() {
        return "cargo xtask".to_owned();
    }
    let called = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = called.as_ref().and_then(|path| path.file_name()?.to_str());
    name.unwrap_or("releng").to_owned()
}
