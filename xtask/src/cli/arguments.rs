//! The command line: the list of commands and the flags that all of them have. Each command has its own arguments in its own file.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::base::error;
use crate::cli::commands::{
    accept, announce, changelog, ci, config, dist, doctor, hold, init, lint, promote, prune, recover_log, rollback,
    rpm, spec, stage, status, tag, verify, version, yank,
};
#[cfg(feature = "packaged")]
use crate::cli::commands::{completions, man};
use crate::cli::context::Global;
use crate::cli::release_job::ReleaseArgs;
use crate::project::own_version::{STATED, own_version};

/// Release automation that lives in the repository it releases.
#[derive(Debug, Parser)]
#[command(
    name = "releng",
    version = STATED.unwrap_or("built from a checkout"),
    after_help = "Exit codes: 0 success · 1 failure, or a check did not pass · 2 wrong usage or configuration · \
                  3 the remote does not allow it · 4 a file is out of date · 5 temporary failure, try again · 6 not enough history · \
                  75 another run holds the lock · 130 interrupted"
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
    /// Print the version X.Y.Z of a commit, counted from the git history
    Version(version::Args),
    /// Print the changelog
    Changelog(changelog::Args),
    /// Check the commits of a branch and their messages
    Lint(lint::Args),
    /// Run the steps of the CI process
    Ci(ci::Args),
    /// Render the spec from its template, or check a rendered spec
    Spec(spec::Args),
    /// Make the release (source archives, changelog, spec, source RPM, checksums) and stage it
    Dist(dist::Args),
    /// Make the release and print the path of its source RPM
    Srpm(ReleaseArgs),
    /// Build the binary RPMs of the configured dists, on this machine or on a build farm
    Rpm(rpm::Args),
    /// Stage a release as a snapshot in the unstable channel
    Stage(stage::Args),
    /// Run the acceptance tests on a snapshot and record the results
    Accept(accept::Args),
    /// Add a tested snapshot to a stable series
    Promote(promote::Args),
    /// Write the mail about a promoted release, and send it
    Announce(announce::Args),
    /// Return a stable series to the content of an earlier revision
    Rollback(rollback::Args),
    /// Remove a package from its stable series
    Yank(yank::Args),
    /// Print the snapshots, the stable releases and the promotions that are due
    Status(status::Args),
    /// Move old snapshots and revisions to the trash, and delete what earlier runs moved there
    Prune(prune::Args),
    /// Protect a snapshot from `prune`
    Hold(hold::Args),
    /// Remove the protection that `hold` gave a snapshot
    Unhold(hold::UnholdArgs),
    /// Check the digests, signatures, names and rules of a repository
    Verify(verify::Args),
    /// Put a lost or damaged log together again from the manifests in the repository
    RecoverLog(recover_log::Args),
    /// Create missing milestone tags, in the form of the project's tags
    Tag(tag::Args),
    /// Find out what a project is, and write what it needs to be released
    Init(init::Args),
    /// Print the effective configuration and the origin of each value
    Config(config::Args),
    /// Print what each command needs on this machine, and what is missing
    Doctor(doctor::Args),
    /// Print a completion script for a shell
    #[cfg(feature = "packaged")]
    Completions(completions::Args),
    /// Print the manual page, or write one for each command
    #[cfg(feature = "packaged")]
    Man(man::Args),
}

impl Cli {
    /// The definition of the whole command line. Its name is the one by which the program was called.
    pub fn definition() -> clap::Command {
        Cli::command().bin_name(error::name())
    }

    /// Parses the arguments of this process. Ends the process on `--help` (exit 0) and on errors of usage (exit 2).
    pub fn parse_process() -> Cli {
        let mut definition = Cli::definition();
        // In a checkout, the version is counted in its history: only for a person who wants to see it.
        if std::env::args_os().any(|argument| argument == "--version" || argument == "-V") {
            definition = definition.version(own_version());
        }
        let matches = definition.get_matches();
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
