//! `doctor`: prints what each command needs on this machine and for this configuration, and what is missing.

use anyhow::Result;
use serde_json::json;

use crate::base::clock;
use crate::base::error::{Exit, Failure};
use crate::cli::check_text::render_checks;
use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::doctor::check::{Check, faults};
use crate::doctor::{ExaminedProject, examine};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print only what this command needs, and fail if it cannot run
    #[arg(long = "for", value_name = "COMMAND")]
    command: Option<String>,
    /// Print JSON (schema releng.doctor/1)
    #[arg(long)]
    json: bool,
}

/// Prints the checks. `definition` is that of the whole command line, which has the names of the commands.
///
/// Errors (exit 1): something that the configuration asks for cannot run.
pub fn run(context: &Context, args: &Args, definition: clap::Command) -> Result<()> {
    let command = args.command.as_deref();
    if let Some(command) = command {
        require_command(command, &definition)?;
    }
    let checks = load_checks(context, command)?;
    if args.json {
        context.ui.print(&(render_json(&checks)? + "\n"))?;
    } else {
        context.ui.print_exactly(&render_checks(&checks, context.ui.text_style()))?;
    }
    let faults = faults(&checks);
    if faults.is_empty() {
        return Ok(());
    }
    let what = command.map_or("what the configuration asks for".to_owned(), |command| format!("`{command}`"));
    Err(Failure::new(Exit::Failed, format!("{what} cannot run here: see {}", faults.join(", "))).into())
}

fn require_command(command: &str, definition: &clap::Command) -> Result<(), Failure> {
    let names: Vec<&str> = definition.get_subcommands().map(clap::Command::get_name).collect();
    if names.contains(&command) {
        return Ok(());
    }
    let message = format!("`--for`: there is no command `{}`", command.escape_debug());
    Err(Failure::new(Exit::Usage, message).help(format!("the commands are {}", names.join(", "))))
}

fn load_checks(context: &Context, command: Option<&str>) -> Result<Vec<Check>> {
    let workspace = context.workspace()?;
    let assumed = context.assumed_version()?;
    let site = Site::load_or_new(context);
    let layout = site.as_ref().map(|site| &site.layout);
    let now = clock::now()?;
    examine(&ExaminedProject { workspace, layout, assumed: assumed.as_ref(), now, command })
}

fn render_json(checks: &[Check]) -> Result<String> {
    Ok(serde_json::to_string_pretty(&json!({ "schema": "releng.doctor/1", "checks": checks }))?)
}
