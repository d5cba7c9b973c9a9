//! `ci merge`: makes the merge commit of a branch, tests it, pushes it, and stages its release.

use anyhow::Result;

use crate::base::files::{self, TreePath};
use crate::base::plan::Plan;
use crate::ci::merge::home::MergeHome;
use crate::ci::merge::machine::MergeEvent;
use crate::ci::merge::pipeline;
use crate::ci::merge::prepare;
use crate::ci::merge::request::MergeRequest;
use crate::ci::merge::stages::{MergeStages, base_config};
use crate::cli::commands::ci::asked::{RequestArgs, TestsRun, ask_for};
use crate::cli::commands::ci::merging;
use crate::cli::commands::ci::parts::{self, MergePart};
use crate::cli::context::Context;
use crate::git::Repository;
use crate::project::config::Config;
use crate::project::tree::Tree;

/// Arguments of `ci merge`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct MergeArgs {
    #[command(subcommand)]
    part: Option<MergePart>,
    #[command(flatten)]
    request: RequestArgs,
    /// Print what would be merged and run, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Merges, and prints the id of the merge commit; or runs a part of that.
pub fn run(context: &Context, args: &MergeArgs) -> Result<()> {
    if let Some(part) = &args.part {
        return parts::run(context, part);
    }
    if args.dry_run {
        let scratch = files::remote_scratch()?;
        let home = MergeHome::new(&TreePath::top(scratch.path()), context.workspace()?.repository()?);
        let request = ask_for(context, &args.request, &home, 1, TestsRun::Here)?;
        return preview(context, &home, &request);
    }
    let home = merging::home(context)?;
    let _lock = home.lock("ci merge")?;
    pipeline::sweep(&home)?;
    let number = home.next_number()?;
    let request = ask_for(context, &args.request, &home, number, TestsRun::Here)?;
    if let Some(interrupted) = merging::find_interrupted(context, &home, &request)? {
        return merging::go_on(context, &home, interrupted);
    }
    merging::go_on(context, &home, pipeline::begin(&home, number, request)?)
}

/// Prints what the merge would do.
fn preview(context: &Context, home: &MergeHome, request: &MergeRequest) -> Result<()> {
    let remote = home.remote(&request.remote);
    let preparation = prepare::prepare(&remote, request, 1, &context.ui)?;
    let title = format!("merge {} at {} into `{}`", request.work, request.head, request.base);
    let mut steps = Vec::new();
    match &preparation.event {
        MergeEvent::Prepared(prepared) => {
            let repository = Repository::open(&remote.local)?;
            let config = home.trusted(1, request)?.over(base_config(&repository, prepared.base)?);
            let version = prepared.version.as_ref().map_or(String::new(), |version| format!(", version {version}"));
            steps.push(format!("make the merge commit of {} and {}{version}", prepared.base, request.head));
            steps.extend(step_lines(&config, &MergeStages::load(&config, Tree::Commit(&repository, prepared.base))?));
            steps.push("ask the remote whether both branches are still the same".to_owned());
            steps.push(format!("push the merge commit to `{}` of {}", request.base, request.remote));
            if config.ci.build_artifacts.is_empty() {
                steps.push("stage nothing: no step makes a release".to_owned());
            } else {
                steps.push(format!("stage the release in `{}`", config.ci.artifacts.as_str()));
            }
        }
        MergeEvent::Stopped(reason) => steps.push(format!("stop: {reason}")),
        _ => {}
    }
    context.ui.print(&Plan { title, steps }.to_string())
}

fn step_lines(config: &Config, stages: &MergeStages) -> Vec<String> {
    let isolation = config.ci.isolation.as_ref().map_or(String::new(), |isolation| format!(" ({isolation})"));
    let mut lines = Vec::new();
    for (stage, steps) in &stages.stages {
        for step in steps {
            lines.push(format!("run {} of {stage}{isolation}: {}", step.name, step.run.join(" ")));
        }
    }
    lines
}
