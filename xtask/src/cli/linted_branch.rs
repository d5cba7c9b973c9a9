//! The branch that `lint` checks.

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::cli::context::Context;
use crate::git::reach::GitBranch;
use crate::git::{BranchHistory, CommitId, Repository};
use crate::project::config::Config;

/// The base of the branch, and what the branch has beyond it.
pub fn load(
    context: &Context,
    base: Option<&str>,
    repository: &Repository,
    config: &Config,
    head: CommitId,
) -> Result<(GitBranch, BranchHistory)> {
    let mut bases = match base {
        Some(base) => vec![GitBranch { name: base.to_owned(), tip: repository.resolve(base)? }],
        None => repository.branches_matching(&config.project.branches)?,
    };
    let tips: Vec<CommitId> = bases.iter().map(|base| base.tip).collect();
    let Some((nearest, history)) = repository.branch_history(head, &tips, &context.ui)? else {
        let patterns = config.project.branches.join(", ");
        return Err(Failure::new(Exit::Usage, format!("no branch matches `project.branches` ({patterns})"))
            .help(format!("name the branch that the commits are meant for: `{} lint --base REV`", program()))
            .into());
    };
    let base = bases.swap_remove(nearest);
    if let Some(cut) = history.cut {
        let (cut, base) = (cut.short(), base.name);
        let message = format!("shallow clone: it ends at `{cut}`, before the branch and `{base}` meet");
        return Err(Failure::new(Exit::NotEnoughHistory, message).help("run `git fetch --unshallow`").into());
    }
    Ok((base, history))
}
