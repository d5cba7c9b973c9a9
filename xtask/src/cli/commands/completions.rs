//! `completions`: a completion script, from the definition of the command line.

use anyhow::Result;
use clap_complete::Shell;

use crate::cli::context::Context;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shell to print the script for
    shell: Shell,
}

/// Prints the script for the program `releng`, which an installed package has; `cargo xtask` itself is completed by
/// cargo's own script.
pub fn run(context: &Context, args: &Args, definition: clap::Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition.clone(), "releng", &mut script);
    context.ui.print_exactly(&String::from_utf8_lossy(&script))
}
