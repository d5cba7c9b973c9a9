//! `ci`: the CI process. A CI system only calls its commands.

mod arguments;
mod asked;
mod lint_step;
mod merge;
mod merging;
mod on_forge;
mod output;
mod parts;
mod recover;
mod report;
mod respond;
mod status;
mod steps;
mod subject;

use anyhow::Result;

use crate::ci::stage::CiStage;
use crate::cli::commands::ci::arguments::StageArgs;
use crate::cli::context::Context;

/// Arguments of `ci`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: CiCommand,
}

/// The commands of the CI process.
#[derive(Debug, clap::Subcommand)]
enum CiCommand {
    /// Lint the branch, and run the steps for a branch that is proposed
    CheckPatch(StageArgs),
    /// Run the steps for a merge commit
    CheckMerged(StageArgs),
    /// Run the steps that make the release of a merge commit
    BuildArtifacts(StageArgs),
    /// Merge a branch: test the merge commit, push exactly that commit, stage its release
    Merge(merge::MergeArgs),
    /// Decide about an event of a forge, such as a comment, and answer it
    Respond(respond::Args),
    /// Show on the forge how the jobs after `ci respond` ended
    Report(report::Args),
    /// Carry interrupted merges on to their end
    Recover(recover::Args),
    /// Print the merges and how far they are
    Status(status::Args),
}

/// Runs a command of the CI process.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    match &args.command {
        CiCommand::CheckPatch(args) => steps::run(context, CiStage::CheckPatch, args),
        CiCommand::CheckMerged(args) => steps::run(context, CiStage::CheckMerged, args),
        CiCommand::BuildArtifacts(args) => steps::run(context, CiStage::BuildArtifacts, args),
        CiCommand::Merge(args) => merge::run(context, args),
        CiCommand::Respond(args) => respond::run(context, args),
        CiCommand::Report(args) => report::run(context, args),
        CiCommand::Recover(args) => recover::run(context, args),
        CiCommand::Status(args) => status::run(context, args),
    }
}
