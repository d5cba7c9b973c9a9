//! The branch that `lint` checks.

use std::collections::HashMap;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::base::text::one_line;
use crate::cli::base_rev::resolve_base;
use crate::cli::context::Context;
use crate::git::reach::GitBranch;
use crate::git::{BranchCommit, BranchHistory, CommitId, Merges, Missing, Repository};
use crate::history::lint::{CommitChanges, Rewrite, find_rewrites};
use crate::project::config::Config;

/// The base of the branch, and what the branch has beyond it. `command` is the one that is run, for messages.
pub fn load(
    context: &Context,
    command: &str,
    base: Option<&str>,
    repository: &Repository,
    config: &Config,
    head: CommitId,
) -> Result<(GitBranch, BranchHistory)> {
    let mut bases = match base {
        Some(base) => vec![GitBranch { name: base.to_owned(), tip: resolve_base(context, repository, base)? }],
        None => repository.branches_matching(&config.project.branches)?,
    };
    let tips: Vec<CommitId> = bases.iter().map(|base| base.tip).collect();
    let Some((nearest, history)) = repository.branch_history(head, &tips, &context.ui)? else {
        let patterns = config.project.branches.join(", ");
        return Err(Failure::new(Exit::Usage, format!("no branch matches `project.branches` ({patterns})"))
            .help(format!("name the branch that the commits are meant for: `{} {command} --base REV`", program()))
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

/// The subjects of the commits, decoded, as one line of clean text.
pub fn subjects(history: &BranchHistory) -> HashMap<CommitId, String> {
    let subject = |entry: &BranchCommit| (entry.commit.id, one_line(&entry.commit.decode(entry.commit.subject())));
    history.commits.iter().map(subject).collect()
}

/// Of longer branches, only the messages are read, because nobody squashes them by hand.
const LONGEST_COMPARED: usize = 100;

/// The commits of the branch that rewrite earlier ones. A note says where this cannot be found out.
pub fn load_rewrites(
    context: &Context,
    repository: &Repository,
    head: CommitId,
    history: &BranchHistory,
) -> Result<Vec<Rewrite>> {
    let skip = |why: &str| context.ui.note(&format!("`rewrites-own-branch` is not checked: {why}"));
    if history.commits.len() > LONGEST_COMPARED {
        skip(&format!("the branch has more than {LONGEST_COMPARED} commits"));
        return Ok(Vec::new());
    }
    let by_id: HashMap<CommitId, &BranchCommit> =
        history.commits.iter().map(|entry| (entry.commit.id, entry)).collect();
    let mut changes = Vec::new();
    let mut next = by_id.get(&head);
    while let Some(entry) = next {
        if let Some(tree) = entry.commit.tree() {
            let files = match repository.line_changes(entry.tree_before, tree) {
                Ok(files) => files,
                Err(error) => match error.chain().find_map(|cause| cause.downcast_ref::<Missing>()) {
                    Some(missing) => {
                        skip(&missing.to_string());
                        return Ok(Vec::new());
                    }
                    None => return Err(error),
                },
            };
            changes.push(CommitChanges { commit: entry.commit.id, is_own: entry.merges == Merges::Nothing, files });
        }
        next = entry.commit.parents().next().and_then(|parent| by_id.get(&parent));
    }
    changes.reverse();
    Ok(find_rewrites(&changes))
}
