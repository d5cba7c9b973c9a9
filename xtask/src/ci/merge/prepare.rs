//! The first step: the base and the work are fetched, the branch is checked, and the merge commit is made.

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::progress::Progress;
use crate::ci::merge::machine::{MergeEvent, PreparedMerge, StopReason};
use crate::ci::merge::request::MergeRequest;
use crate::ci::merge::stages::{MergeStages, base_config};
use crate::git::merge::{MergeParts, TrialMerge};
use crate::git::remote::Remote;
use crate::git::{CommitId, Repository};
use crate::history::lifted::lift_headers;
use crate::history::lint::{LintFinding, LintedBranch, Severity, lint_branch, lint_message};
use crate::history::{LookBack, Version};
use crate::project::definition::load_config;
use crate::project::release;
use crate::project::tree::Tree;
use crate::project::trusted::TrustedKeys;

/// What the first step decides.
pub struct Preparation {
    pub event: MergeEvent,
    /// What `lint` found, for a person.
    pub findings: Vec<LintFinding>,
}

impl Preparation {
    fn stopped(reason: StopReason) -> Preparation {
        Preparation { event: MergeEvent::Stopped(reason), findings: Vec::new() }
    }
}

/// The newest commits of the base and of the work, after both, the default branch and all tags were fetched. A commit that is not there is `None`.
pub struct FetchedTips {
    pub base: Option<CommitId>,
    pub head: Option<CommitId>,
}

/// Where the bare repository keeps the work of merge `number`.
fn kept_head(number: u32) -> String {
    format!("refs/releng/merges/{number}/head")
}

/// Where the bare repository keeps the merge commit of merge `number`.
fn kept_merge(number: u32) -> String {
    format!("refs/releng/merges/{number}/merge")
}

/// Fetches the base, the work, the default branch and all tags; tags that are gone are removed. The base becomes a branch of the bare repository, by which merged commits are found.
///
/// Errors: the remote cannot be reached (exit 5).
pub fn fetch(remote: &Remote, request: &MergeRequest, number: u32) -> Result<FetchedTips> {
    remote.make_local()?;
    let (base, work) = (request.base.full(), request.work.reference());
    let (default, refspec_of_default) = TrustedKeys::refspec_of_merge(number);
    let there = remote.list(&[&base, &work, default])?;
    remote.follow_tags()?;
    let mut refspecs = Vec::new();
    let has = |name: &str| there.contains_key(name);
    if has(&base) {
        refspecs.push(format!("+{base}:{base}"));
    }
    if has(&work) {
        refspecs.push(format!("+{work}:{}", kept_head(number)));
    }
    if has(default) {
        refspecs.push(refspec_of_default);
    }
    if !refspecs.is_empty() {
        remote.fetch(&refspecs)?;
    }
    let repository = Repository::open(&remote.local)?;
    let tip = |name: &str, local: &str| if has(name) { repository.resolve(local).map(Some) } else { Ok(None) };
    Ok(FetchedTips { base: tip(&base, &base)?, head: tip(&work, &kept_head(number))? })
}

/// Makes the merge commit of a request, or says why there can be none.
pub fn prepare(remote: &Remote, request: &MergeRequest, number: u32, progress: &dyn Progress) -> Result<Preparation> {
    let tips = fetch(remote, request, number)?;
    let Some(base) = tips.base else { return Ok(Preparation::stopped(StopReason::NoBase)) };
    if tips.head != Some(request.head) {
        return Ok(Preparation::stopped(StopReason::HeadMoved { now: tips.head }));
    }
    let repository = Repository::open(&remote.local)?;
    if repository.is_ancestor(request.head, base)? {
        return Ok(Preparation::stopped(StopReason::AlreadyMerged));
    }
    let config = base_config(&repository, base)?;
    let Some((_, history)) = repository.branch_history(request.head, &[base], progress)? else {
        return Ok(Preparation::stopped(StopReason::NoBase));
    };
    if history.merge_bases.is_empty() && history.cut.is_none() {
        return Ok(Preparation::stopped(StopReason::Unrelated));
    }
    let base_name = request.base.as_str();
    let branch = LintedBranch { head: request.head, base_name, base, history: &history, rewrites: &[] };
    let mut findings = lint_branch(&branch, &config.lint);
    let lifted = lift_headers(history.commits.iter().rev().map(|entry| &entry.commit), config.version.headers);
    let message = request.message(&lifted);
    findings.extend(lint_message(message.as_bytes(), &config.lint));
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors > 0 {
        return Ok(Preparation { event: MergeEvent::Stopped(StopReason::Lint { errors }), findings });
    }
    let event = match make(&repository, request, base, &message, number, progress)? {
        Ok(prepared) => MergeEvent::Prepared(prepared),
        Err(reason) => MergeEvent::Stopped(reason),
    };
    Ok(Preparation { event, findings })
}

/// Makes the merge commit and counts its version.
fn make(
    repository: &Repository,
    request: &MergeRequest,
    base: CommitId,
    message: &str,
    number: u32,
    progress: &dyn Progress,
) -> Result<Result<PreparedMerge, StopReason>> {
    let tree = match repository.try_merge(base, request.head)? {
        TrialMerge::Clean(tree) => tree,
        TrialMerge::Conflicts(paths) => return Ok(Err(StopReason::Conflicts { paths })),
    };
    let parts = MergeParts { base, head: request.head, tree, message, by: &request.by, at: request.at };
    let merge = repository.write_merge(&parts)?;
    repository.keep(&kept_merge(number), merge)?;
    // The merge commit was written after the repository was opened.
    let repository = Repository::open(repository.opened_at())?;
    let makes_release =
        MergeStages::load(&base_config(&repository, base)?, Tree::Commit(&repository, base))?.make_release();
    let version = match count(&repository, merge, request.base.as_str(), progress)? {
        Ok(version) => Some(version),
        Err(why) if makes_release => return Ok(Err(StopReason::NoVersion { why })),
        Err(_) => None,
    };
    Ok(Ok(PreparedMerge { base, merge, tree, version }))
}

/// Makes a merge commit again that another run has made.
///
/// Errors: the remote has one of its parents no more; the request makes another merge commit.
pub fn remake(
    remote: &Remote,
    request: &MergeRequest,
    prepared: &PreparedMerge,
    number: u32,
    progress: &dyn Progress,
) -> Result<()> {
    fetch(remote, request, number)?;
    let repository = Repository::open(&remote.local)?;
    for parent in [prepared.base, request.head] {
        if !repository.has_commit(parent) {
            let message = format!("the remote has commit {parent} no more, of which the merge commit is made");
            return Err(Failure::new(Exit::TryAgain, message)
                .help("somebody pushed meanwhile: prepare the merge again")
                .into());
        }
    }
    repository.keep(&kept_head(number), request.head)?;
    let config = base_config(&repository, prepared.base)?;
    let history = repository.branch_history(request.head, &[prepared.base], progress)?;
    let commits = history.iter().flat_map(|(_, history)| history.commits.iter().rev());
    let message = request.message(&lift_headers(commits.map(|entry| &entry.commit), config.version.headers));
    match make(&repository, request, prepared.base, &message, number, progress)? {
        Ok(made) if made == *prepared => Ok(()),
        _ => {
            let message = format!("the request does not make the merge commit {}", prepared.merge);
            Err(Failure::new(Exit::Failed, message)
                .help("use one version of releng for all parts of a merge, and prepare the merge again")
                .into())
        }
    }
}

/// The version of a commit of the branch `branch`, or why there is none.
fn count(
    repository: &Repository,
    commit: CommitId,
    branch: &str,
    progress: &dyn Progress,
) -> Result<Result<Version, String>> {
    let config = match load_config(Tree::Commit(repository, commit)) {
        Ok(config) => config.unwrap_or_default(),
        Err(error) => {
            let failure = error.downcast::<Failure>()?;
            return Ok(Err(format!("the configuration of the work is wrong: {}", failure.message)));
        }
    };
    match release::count_version(repository, &config, commit, Some(branch), LookBack::Whole, progress) {
        Ok(counted) => {
            Ok(counted.require_releasable().map(|()| counted.version.clone()).map_err(|failure| failure.message))
        }
        Err(error) => match error.downcast_ref::<Failure>() {
            Some(failure) if failure.exit != Exit::Interrupted => Ok(Err(failure.message.clone())),
            _ => Err(error),
        },
    }
}

/// Removes what the bare repository keeps for a merge that has ended.
pub fn forget(repository: &Repository, number: u32) -> Result<()> {
    repository.release(&kept_head(number))?;
    repository.release(&TrustedKeys::kept_for(number))?;
    repository.release(&kept_merge(number))
}
