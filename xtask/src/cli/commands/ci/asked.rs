//! What a person or a CI system asks to be merged.

use std::path::PathBuf;

use anyhow::Result;

use crate::base::clock;
use crate::base::error::{Exit, Failure};
use crate::base::number::parse_stated;
use crate::base::progress::Progress as _;
use crate::ci::merge::boundary;
use crate::ci::merge::home::MergeHome;
use crate::ci::merge::prepare;
use crate::ci::merge::request::{MergeRequest, ProposedWork, references_of};
use crate::ci::merge::stages::{MergeStages, base_config, require_boundary};
use crate::ci::respond::order::MergeOrder;
use crate::cli::context::Context;
use crate::cli::decided;
use crate::cli::pipeline_number::pipeline_of_ci;
use crate::git::remote::Remote;
use crate::git::{BranchName, CommitId, Repository};
use crate::project::config::CiIsolation;
use crate::project::tree::Tree;
use crate::project::trusted::TrustedKeys;

/// How often the tests may run in one merge.
const TRIES: u32 = 3;

/// What is merged into what.
#[derive(Debug, clap::Args)]
pub struct RequestArgs {
    /// Branch of the remote that is merged
    #[arg(long, value_name = "NAME", required_unless_present_any = ["pull", "decision"], conflicts_with = "pull")]
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
    /// Decision of `ci respond`, which says what is merged and who asked for it: the forge is asked again, and hears of the end
    #[arg(long, value_name = "FILE", conflicts_with_all = ["branch", "pull", "head", "base"])]
    decision: Option<PathBuf>,
    /// Name or address of the remote
    #[arg(long, value_name = "REMOTE", default_value = "origin")]
    remote: String,
}

/// Where the tests of a merge run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TestsRun {
    /// In this run, behind the boundary of the configuration.
    Here,
    /// In another job, which has its own boundary.
    Elsewhere,
}

/// The request, after the remote was asked what it has.
///
/// Errors: the remote does not have the work or the base; it has another commit than the stated one; the configuration of the base says
/// nothing of tests, or that of the default branch nothing of the boundary around those that run here.
pub fn ask_for(
    context: &Context,
    args: &RequestArgs,
    home: &MergeHome,
    number: u32,
    tests: TestsRun,
) -> Result<MergeRequest> {
    let repository = context.workspace()?.repository()?;
    let remote = Remote::address_of(&args.remote, repository.opened_at())?;
    let local = home.remote(&remote);
    let order = args.decision.as_deref().map(|path| decided::load_order(context, path)).transpose()?;
    let base = match (&order, &args.base) {
        (Some(order), _) => order.base.clone(),
        (None, Some(base)) => base.clone(),
        (None, None) => only_base(repository, &local)?,
    };
    let pull = order.as_ref().map(|order| order.pull).or(args.pull);
    let work = find_work(args, pull, &local)?;
    let stated = order.as_ref().map(|order| order.head).or(args.head);
    let (by, at, comment) = match order {
        Some(MergeOrder { by, at, comment, .. }) => (by, at, Some(comment)),
        None => (repository.identity()?, clock::now()?, None),
    };
    let (head, pipeline) = (CommitId([0; 20]), pipeline_of_ci()?);
    let mut request = MergeRequest { remote, base, work, head, by, at, comment, pipeline, tries: TRIES };
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
    if stated.is_some_and(|stated| stated != head) {
        let message = format!("{} is at {head} now", request.work);
        return Err(Failure::new(Exit::TryAgain, message)
            .help("look at the new commit, and state that one: `--head COMMIT`")
            .into());
    }
    request.head = head;
    let fetched = Repository::open(&local.local)?;
    let config = home.trusted(number, &request)?.over(base_config(&fetched, base)?);
    if tests == TestsRun::Here && *require_boundary(&config)? == CiIsolation::None {
        context.ui.warn("`ci.isolation` is `none`: the tests of the work can do whatever you can do on this machine");
    }
    MergeStages::load(&config, Tree::Commit(&fetched, base))?;
    if tests == TestsRun::Here {
        boundary::try_out(&config)?;
    }
    Ok(request)
}

/// The only branch of the remote that work is merged into.
fn only_base(repository: &Repository, remote: &Remote) -> Result<BranchName> {
    let trusted = TrustedKeys::ask(remote, repository)?;
    let branches = repository.branches_matching(trusted.branches())?;
    let names: Vec<&str> = branches
        .iter()
        .map(|branch| branch.name.split_once('/').map_or(branch.name.as_str(), |(_, name)| name))
        .collect();
    match names.as_slice() {
        [only] => Ok(only.parse()?),
        names => {
            let patterns = trusted.branches().join(", ");
            let message = match names {
                [] => format!("no branch of the remote matches `project.branches` ({patterns})"),
                names => format!("several branches match `project.branches`: {}", names.join(", ")),
            };
            Err(Failure::new(Exit::Usage, message).help("name the branch to merge into: `--base NAME`").into())
        }
    }
}

/// The work by the arguments. A forge keeps the work of a pull request at a reference of its own.
fn find_work(args: &RequestArgs, pull: Option<u32>, remote: &Remote) -> Result<ProposedWork> {
    let Some(number) = pull else {
        return match &args.branch {
            Some(branch) => Ok(ProposedWork::Branch(branch.clone())),
            None => {
                Err(Failure::new(Exit::Usage, "nothing is named to merge").help("`--branch NAME` or `--pull N`").into())
            }
        };
    };
    remote.make_local()?;
    let candidates = references_of(number);
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
