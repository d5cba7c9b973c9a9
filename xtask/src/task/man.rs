//! `man`: the manual pages, from the definition of the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap_mangen::Man;

use super::Context;
use crate::cli::Cli;
use crate::files;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write `releng.1` and a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the main page, or writes all pages.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    // A page describes the installed program, whoever asks for it.
    let mut definition = Cli::definition().bin_name("releng");
    definition.build();
    match &args.out {
        None => context.ui.print(&String::from_utf8_lossy(&render(&definition)?)),
        Some(folder) => write_pages(&definition, folder),
    }
}

fn write_pages(definition: &clap::Command, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create the folder `{}`", folder.display()))?;
    files::write(&folder.join("releng.1"), &render(definition)?)?;
    for command in definition.get_subcommands() {
        let page = format!("releng-{}.1", command.get_name());
        files::write(&folder.join(page), &render(command)?)?;
    }
    Ok(())
}

fn render(command: &clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    // The date of a page is that of its source, which is not known here; an empty one keeps the bytes the same.
    Man::new(command.clone()).date("").render(&mut page)?;
    Ok(page)
}
