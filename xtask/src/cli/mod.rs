//! The command line: parse the arguments, run the command, print the error, give the exit code.
//!
//! [`arguments`] lists the commands; [`commands`] has one file for each. All of them get a [`context`]; those about the
//! repository load a [`site`]. Only [`ui`] prints.

pub mod arguments;
mod base_rev;
mod check_text;
mod ci_system;
pub mod commands;
pub mod context;
mod decided;
mod download_check;
mod forge_release;
mod full_disk;
mod linted_branch;
mod log_end;
mod overview_text;
mod pipeline_number;
mod preview;
mod release_job;
mod site;
mod spec_check;
pub mod ui;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::base::error::{self, Call, Exit, Failure};
use crate::base::interrupt;
use crate::base::parallel;
use crate::base::text::shell_word;
use crate::base::threads;
use arguments::{Cli, Command};
use commands::{
    accept, announce, changelog, ci, config, dist, doctor, hold, init, lint, promote, prune, recover_log, rollback,
    rpm, spec, srpm, stage, status, tag, verify, version, yank,
};
#[cfg(feature = "packaged")]
use commands::{completions, man};
use context::{Context, Global};
use ui::{Color, Talk, Ui};

/// Runs the command line of this process. A panic was printed where it happened.
pub fn main() -> ExitCode {
    match threads::run_with_stack(run_process) {
        Ok(exit) => exit.unwrap_or(ExitCode::from(Exit::Failed as u8)),
        Err(refused) => {
            Ui::new(Talk::Normal, Color::Auto).error(&refused.into());
            ExitCode::from(Exit::Failed as u8)
        }
    }
}

fn run_process() -> ExitCode {
    error::set_name(&program_name());
    let cli = Cli::parse_process();
    error::set_call(this_call(&cli.global));
    let ui = Ui::new(cli.global.talk(), cli.global.color);
    let context = Context::new(ui, cli.global);
    match start(&context, &cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context.ui.error(&error);
            let exit = error.chain().find_map(|cause| Some(cause.downcast_ref::<Failure>()?.exit));
            ExitCode::from(exit.unwrap_or(Exit::Failed) as u8)
        }
    }
}

/// Runs a command after the signals and the variables of all commands are in order.
fn start(context: &Context, command: &Command) -> Result<()> {
    interrupt::install()?;
    parallel::threads()?;
    run(context, command).map_err(interrupt::or_interrupted)
}

/// `cargo xtask` under cargo, else the name that the program was called by.
fn program_name() -> String {
    if std::env::var_os("CARGO_MANIFEST_DIR").is_some() {
        return "cargo xtask".to_owned();
    }
    let called = std::env::args_os().next().map(PathBuf::from);
    let name = called.as_ref().and_then(|path| path.file_name()?.to_str());
    name.unwrap_or("releng").to_owned()
}

/// The command line of this process.
fn this_call(global: &Global) -> Call {
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| format!(" {}", shell_word(&word.to_string_lossy())));
    let whole = format!("{}{}", error::name(), words.collect::<String>());
    Call { program: format!("{}{}", error::name(), global.repeated()), whole }
}

/// Runs a command.
pub fn run(context: &Context, command: &Command) -> Result<()> {
    match command {
        Command::Version(args) => version::run(context, args),
        Command::Changelog(args) => changelog::run(context, args),
        Command::Lint(args) => lint::run(context, args),
        Command::Ci(args) => ci::run(context, args),
        Command::Spec(args) => spec::run(context, args),
        Command::Dist(args) => dist::run(context, args),
        Command::Srpm(args) => srpm::run(context, args),
        Command::Rpm(args) => rpm::run(context, args),
        Command::Stage(args) => stage::run(context, args),
        Command::Accept(args) => accept::run(context, args),
        Command::Promote(args) => promote::run(context, args),
        Command::Announce(args) => announce::run(context, args),
        Command::Rollback(args) => rollback::run(context, args),
        Command::Yank(args) => yank::run(context, args),
        Command::Status(args) => status::run(context, args),
        Command::Prune(args) => prune::run(context, args),
        Command::Hold(args) => hold::run(context, args),
        Command::Unhold(args) => hold::run_unhold(context, args),
        Command::RecoverLog(args) => recover_log::run(context, args),
        Command::Tag(args) => tag::run(context, args),
        Command::Verify(args) => verify::run(context, args),
        Command::Init(args) => init::run(context, args),
        Command::Config(args) => config::run(context, args),
        Command::Doctor(args) => doctor::run(context, args, Cli::definition()),
        #[cfg(feature = "packaged")]
        Command::Completions(args) => completions::run(context, args, Cli::definition()),
        #[cfg(feature = "packaged")]
        Command::Man(args) => man::run(context, args, Cli::definition()),
    }
}
