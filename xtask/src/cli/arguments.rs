//! The command line: the list of commands and the flags that all of them have. Each command has its own arguments in its own file.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::base::error;
use crate::cli::commands::{
    accept, changelog, completions, config, dist, hold, man, promote, prune, rollback, rpm, spec, stage, status, tag,
    verify, version, yank,
};
use crate::cli::context::Global;
use crate::cli::release_job::ReleaseArgs;

/// Release automation that lives in the repository it releases.
#[derive(Debug, Parser)]
#[command(
    name = "releng",
    version = option_env!("RELENG_BUILD_VERSION").unwrap_or("built from a checkout"),
    after_help = "Exit codes: 0 done · 1 it failed, or the answer is no · 2 usage or configuration · 4 out of date · \
                  5 try again · 6 not enough history · 75 another run holds the lock · 130 interrupted"
)]
pub struct Cli {
    /// Flags that may stand before or after the command.
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the version X.Y.Z that history gives a commit
    Version(version::Args),
    /// Print the changelog
    Changelog(changelog::Args),
    /// Render the spec from its template, or check a rendered one
    Spec(spec::Args),
    /// Make the release: source archives, changelog, spec, source RPM and checksums; and stage it
    Dist(dist::Args),
    /// Make the release and print the path of its source RPM
    Srpm(ReleaseArgs),
    /// Build the binary RPMs of the configured dists, here or on a build farm
    Rpm(rpm::Args),
    /// Stage a release as a snapshot in the unstable channel
    Stage(stage::Args),
    /// Run the acceptance tests on a snapshot and record the results
    Accept(accept::Args),
    /// Make a tested snapshot part of a stable series
    Promote(promote::Args),
    /// Give a stable series the content of an earlier revision
    Rollback(rollback::Args),
    /// Take a package out of its stable series
    Yank(yank::Args),
    /// Print what is staged and stable, and what is due for promotion
    Status(status::Args),
    /// Move old snapshots and revisions into the trash, and empty it
    Prune(prune::Args),
    /// Keep a snapshot whatever the rules of `prune` say
    Hold(hold::Args),
    /// Release the hold on a snapshot
    Unhold(hold::UnholdArgs),
    /// Check every digest, signature, name and rule of a repository
    Verify(verify::Args),
    /// Make the milestone tags that the history owes
    Tag(tag::Args),
    /// Print the effective configuration and where each value comes from
    Config(config::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print the manual page, or write one for each command
    Man(man::Args),
}

impl Cli {
    /// The definition of the whole command line. Its name is the one by which the program was called.
    pub fn definition() -> clap::Command {
        Cli::command().bin_name(error::program())
    }

    /// Parses the arguments of this process. Ends the process on `--help` (exit 0) and on errors of usage (exit 2).
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
