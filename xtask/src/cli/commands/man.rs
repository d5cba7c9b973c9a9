//! `man`: the manual pages, from the definition of the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap_mangen::Man;

use crate::base::files;
use crate::base::plan::Plan;
use crate::cli::context::Context;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write `releng.1` and a page for each command to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the names of the pages without writing them
    #[arg(long, requires = "out")]
    dry_run: bool,
}

/// Prints the main page, or writes all pages.
pub fn run(context: &Context, args: &Args, definition: clap::Command) -> Result<()> {
    // A page is about the installed program, also where `cargo xtask` prints it.
    let mut definition = definition.bin_name("releng");
    definition.build();
    match &args.out {
        None => context.ui.print_exactly(&String::from_utf8_lossy(&render(&definition)?)),
        Some(folder) => write_pages(context, args, &definition, folder),
    }
}

fn write_pages(context: &Context, args: &Args, definition: &clap::Command, folder: &Path) -> Result<()> {
    let mut pages = Vec::new();
    collect_pages(definition, "releng", &mut pages);
    if args.dry_run {
        let steps = pages.iter().map(|(name, _)| format!("write {}", folder.join(name).display())).collect();
        return context.ui.print(&Plan { title: "write the manual pages".to_owned(), steps }.to_string());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create the folder `{}`", folder.display()))?;
    pages.iter().try_for_each(|(name, command)| files::write(&folder.join(name), &render(command)?))
}

/// The pages of a command and of those below it, by name.
fn collect_pages(command: &clap::Command, name: &str, pages: &mut Vec<(String, clap::Command)>) {
    pages.push((format!("{name}.1"), command.clone()));
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        collect_pages(inner, &format!("{name}-{}", inner.get_name()), pages);
    }
}

fn render(command: &clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    // A page has no date, so that its bytes are the same in every run.
    Man::new(command.clone()).date("").render(&mut page)?;
    Ok(page)
}
