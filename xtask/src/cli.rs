//! The command line: the list of commands and the flags that all of them have. Each task owns its own arguments.

use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error;
use crate::history::Version;
use crate::task;
use crate::ui::{Color, Talk};

/// Release automation that lives in the repository it releases.
#[derive(Debug, Parser)]
#[command(
    name = "releng",
    version = option_env!("RELENG_BUILD_VERSION").unwrap_or("built from a checkout"),
    after_help = "Exit codes: 0 done · 1 it failed, or the answer is no · 2 usage or configuration · 4 out of date · \
                  5 try again · 6 not enough history · 75 another run holds the lock · 130 interrupted"
)]
pub struct Cli {
    /// The flags before or after any command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The flags that every command has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The project: this folder or the nearest one above it with `packaging/release.toml`, `.release.json` or `.git`
    #[arg(long, global = true, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub project: PathBuf,
    /// State the version instead of counting it from history [env: RELENG_VERSION]
    #[arg(long, global = true, value_name = "X.Y.Z")]
    pub assume_version: Option<Version>,
    /// The folder that is served, in place of `repository.root`; its state is beside it [env: RELENG_REPOSITORY]
    #[arg(long, global = true, value_name = "DIR")]
    pub repository: Option<PathBuf>,
    /// No progress, notes or summaries; results, warnings and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to use colour: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    pub color: Color,
}

impl Global {
    /// How much to say.
    pub fn talk(&self) -> Talk {
        if self.quiet { Talk::Quiet } else { Talk::Normal }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the version X.Y.Z that history gives a commit
    Version(task::version::Args),
    /// Print the changelog
    Changelog(task::changelog::Args),
    /// Render the spec from its template, or check a rendered one
    Spec(task::spec::Args),
    /// Make the release: source archives, changelog, spec, source RPM and checksums; and stage it
    Dist(task::dist::Args),
    /// Make the release and print the path of its source RPM
    Srpm(task::dist::ReleaseArgs),
    /// Build the binary RPMs of the configured dists, here or on a build farm
    Rpm(task::rpm::Args),
    /// Stage a release as a snapshot in the unstable channel
    Stage(task::stage::Args),
    /// Run the acceptance tests on a snapshot and record the results
    Accept(task::accept::Args),
    /// Make a tested snapshot part of a stable series
    Promote(task::promote::Args),
    /// Give a stable series the content of an earlier revision
    Rollback(task::rollback::Args),
    /// Take a package out of its stable series
    Yank(task::yank::Args),
    /// Print what is staged and stable, and what is due for promotion
    Status(task::status::Args),
    /// Move old snapshots and revisions into the trash, and empty it
    Prune(task::prune::Args),
    /// Keep a snapshot whatever the rules of `prune` say
    Hold(task::hold::Args),
    /// Release the hold on a snapshot
    Unhold(task::hold::UnholdArgs),
    /// Check every digest, signature, name and rule of a repository
    Verify(task::verify::Args),
    /// Make the milestone tags that the history owes
    Tag(task::tag::Args),
    /// Print the effective configuration and where each value comes from
    Config(task::config::Args),
    /// Print a completion script for a shell
    Completions(task::completions::Args),
    /// Print the manual page, or write one for each command
    Man(task::man::Args),
}

impl Cli {
    /// The definition of the whole command line, named as the person called the program.
    pub fn definition() -> clap::Command {
        Cli::command().bin_name(error::program())
    }

    /// Parses the arguments of this process; on `--help` and on errors of usage the process ends here (exit 0 and 2).
    pub fn parse_process() -> Cli {
        let matches = Cli::definition().get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::definition().debug_assert();
    }
}
