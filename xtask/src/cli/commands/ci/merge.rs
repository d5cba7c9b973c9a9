//! `ci merge`: makes the merge commit of a branch, tests it, pushes it, and stages its release.

use anyhow::Result;

use crate::base::clock;
use crate::base::error::{Exit, Failure};
use crate::base::files::{self, TreePath};
use crate::base::number::parse_stated;
use crate::base::plan::Plan;
use crate::base::progress::Progress as _;
use crate::ci::merge::home::{MergeHome, StoredMerge};
use crate::ci::merge::machine::{Merge, MergeEvent};
use crate::ci::merge::pipeline::record_request;
use crate::ci::merge::prepare;
use crate::ci::merge::request::{MergeRequest, ProposedWork};
use crate::ci::merge::stages::{MergeStages, base_config, require_boundary};
use crate::cli::commands::ci::merging;
use crate::cli::context::Context;
use crate::cli::pipeline_number::pipeline_of_ci;
use crate::git::remote::Remote;
use crate::git::{BranchName, CommitId, Repository};
use crate::project::config::{CiIsolation, Config};
use crate::project::release;
use crate::project::tree::Tree;

/// How often the tests may run in one merge.
const TRIES: u32 = 3;

/// Arguments of `ci merge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Branch of the remote that is merged
    #[arg(long, value_name = "NAME", required_unless_present = "pull", conflicts_with = "pull")]
    branch: Option<BranchName>,
    /// Number of the pull or merge request that is merged
    #[arg(long, value_name = "N", value_parser = parse_stated)]
    pull: Option<u32>,
    /// Commit that is merged: no other one is, if somebody pushes meanwhile [default: the newest one now]
    #[arg(long, value_name = "COMMIT")]
    head: Option<CommitId>,
    /// Branch of the remote that it is merged into [default: the only branch of `project.branches` on the remote]
    #[arg(long, value_name = "NAME")]
    base: Option<BranchName>,
    /// Name or address of the remote
    #[arg(long, value_name = "REMOTE", default_value = "origin")]
    remote: String,
    /// Print what would be merged and run, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Merges, and prints the id of the merge commit.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let repository = context.workspace()?.repository()?;
    let address = Remote::address_of(&args.remote, repository.opened_at())?;
    if args.dry_run {
        let scratch = files::remote_scratch()?;
        let home = MergeHome::new(&TreePath::top(scratch.path()));
        let request = request(context, args, &home, address, 1)?;
        return preview(context, &home, &request);
    }
    let home = merging::home(context)?;
    let _lock = home.lock("ci merge")?;
    let number = home.next_number()?;
    let request = request(context, args, &home, address, number)?;
    if let Some(interrupted) = home.find_interrupted(&request)? {
        context.ui.note(&format!("merge {} of this commit was interrupted: it goes on", interrupted.number));
        return merging::go_on(context, &home, interrupted);
    }
    let mut stored = StoredMerge { number, journal: home.journal(number)?, merge: Merge::new(request.clone()) };
    record_request(&mut stored, MergeEvent::Requested(Box::new(request)))?;
    merging::go_on(context, &home, stored)
}

/// The request, after the remote was asked what it has.
///
/// Errors: the remote does not have the work or the base; it has another commit than the stated one; the configuration of the base says
/// nothing of tests, or of the boundary around them.
fn request(context: &Context, args: &Args, home: &MergeHome, remote: String, number: u32) -> Result<MergeRequest> {
    let repository = context.workspace()?.repository()?;
    let local = Remote { address: remote.clone(), local: home.git().for_programs().to_owned() };
    let base = match &args.base {
        Some(base) => base.clone(),
        None => only_base(context, repository)?,
    };
    let work = find_work(args, &local)?;
    let mut request = MergeRequest {
        remote,
        base,
        work,
        head: CommitId([0; 20]),
        by: repository.identity()?,
        at: clock::now()?,
        pipeline: pipeline_of_ci()?,
        tries: TRIES,
    };
    context.ui.begin("fetching", None);
    let tips = prepare::fetch(&local, &request, number);
    context.ui.end();
    let tips = tips?;
    let Some(base) = tips.base else {
        let message = format!("`{}` has no branch `{}`", args.remote, request.base);
        return Err(Failure::new(Exit::Usage, message).help("name the branch to merge into: `--base NAME`").into());
    };
    let Some(head) = tips.head else {
        let message = format!("`{}` has no {}", args.remote, request.work);
        return Err(Failure::new(Exit::Usage, message)
            .help(format!("push it first; `git ls-remote {}` lists what is there", args.remote))
            .into());
    };
    if args.head.is_some_and(|stated| stated != head) {
        let message = format!("{} is at {head} now", request.work);
        return Err(Failure::new(Exit::TryAgain, message)
            .help("look at the new commit, and state that one: `--head COMMIT`")
            .into());
    }
    request.head = head;
    let fetched = Repository::open(&local.local)?;
    let config = base_config(&fetched, base)?;
    if *require_boundary(&config)? == CiIsolation::None {
        context.ui.warn("`ci.isolation` is `none`: the tests of the work can do whatever you can do on this machine");
    }
    MergeStages::load(&config, Tree::Commit(&fetched, base))?;
    Ok(request)
}

/// The only branch of the remote that work is merged into.
fn only_base(context: &Context, repository: &Repository) -> Result<BranchName> {
    let config = release::config_of(context.workspace()?, repository, repository.head()?, &context.ui)?;
    let branches = repository.branches_matching(&config.project.branches)?;
    let names: Vec<&str> = branches
        .iter()
        .map(|branch| branch.name.split_once('/').map_or(branch.name.as_str(), |(_, name)| name))
        .collect();
    match names.as_slice() {
        [only] => Ok(only.parse()?),
        names => {
            let patterns = config.project.branches.join(", ");
            let message = match names {
                [] => format!("no branch of the remote matches `project.branches` ({patterns})"),
                names => format!("several branches match `project.branches`: {}", names.join(", ")),
            };
            Err(Failure::new(Exit::Usage, message).help("name the branch to merge into: `--base NAME`").into())
        }
    }
}

/// The work by the arguments. A forge keeps the work of a pull request at a reference of its own.
fn find_work(args: &Args, remote: &Remote) -> Result<ProposedWork> {
    let Some(number) = args.pull else {
        return match &args.branch {
            Some(branch) => Ok(ProposedWork::Branch(branch.clone())),
            None => {
                Err(Failure::new(Exit::Usage, "nothing is named to merge").help("`--branch NAME` or `--pull N`").into())
            }
        };
    };
    remote.make_local()?;
    let candidates = [format!("refs/pull/{number}/head"), format!("refs/merge-requests/{number}/head")];
    let there = remote.list(&candidates.each_ref().map(String::as_str))?;
    match candidates.into_iter().find(|name| there.contains_key(name)) {
        Some(reference) => Ok(ProposedWork::Pull { number, reference }),
        None => {
            let message = format!("`{}` has no pull request {number}", args.remote);
            Err(Failure::new(Exit::Usage, message)
                .help("a server without pull requests has branches: `--branch NAME`")
                .into())
        }
    }
}

/// Prints what the merge would do.
fn preview(context: &Context, home: &MergeHome, request: &MergeRequest) -> Result<()> {
    let remote = Remote { address: request.remote.clone(), local: home.git().for_programs().to_owned() };
    let preparation = prepare::prepare(&remote, request, 1, &context.ui)?;
    let title = format!("merge {} at {} into `{}`", request.work, request.head, request.base);
    let mut steps = Vec::new();
    match &preparation.event {
        MergeEvent::Prepared(prepared) => {
            let repository = Repository::open(&remote.local)?;
            let config = base_config(&repository, prepared.base)?;
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
