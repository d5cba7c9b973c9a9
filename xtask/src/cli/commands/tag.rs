//! `tag`: creates missing milestone tags `X.Y`.

use std::fmt;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::base::plan::Plan;
use crate::cli::context::Context;
use crate::git::CommitId;
use crate::history::Milestone;
use crate::project::release;

/// Arguments of `tag`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the tags without creating them
    #[arg(long)]
    dry_run: bool,
}

/// A tag that will be made.
struct MissingTag {
    milestone: Milestone,
    commit: CommitId,
    subject: String,
}

impl fmt::Display for MissingTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tag {} on {} {}", self.milestone, self.commit.short(), self.subject)
    }
}

/// Tags the commits that raised X or Y and have no milestone tag, and prints the tags.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let workspace = context.workspace()?;
    let repository = workspace.repository()?;
    let answer = release::count_head(workspace, &context.ui)?;
    answer.require_releasable()?;
    let mut steps: Vec<MissingTag> = answer
        .missing_tags()
        .map(|(step, milestone)| MissingTag { milestone, commit: step.commit.id, subject: step.subject() })
        .collect();
    steps.reverse();
    if steps.is_empty() {
        context.ui.note("all milestone tags exist");
        return Ok(());
    }
    for MissingTag { milestone, .. } in &steps {
        if let Ok(commit) = repository.resolve(&format!("refs/tags/{milestone}")) {
            return Err(elsewhere(*milestone, commit).into());
        }
    }
    let plan = Plan { title: "make milestone tags".to_owned(), steps };
    if args.dry_run {
        return context.ui.print(&plan.to_string());
    }
    for tag in &plan.steps {
        repository.tag(&tag.milestone.to_string(), tag.commit)?;
        context.ui.print(&format!("{tag}\n"))?;
    }
    let names: Vec<String> = plan.steps.iter().map(|tag| tag.milestone.to_string()).collect();
    context.ui.note(&format!("the tags are in this clone only; push them: `git push origin {}`", names.join(" ")));
    Ok(())
}

/// The failure where the tag exists on a commit that the version is not counted from.
fn elsewhere(milestone: Milestone, commit: CommitId) -> Failure {
    let message =
        format!("the tag `{milestone}` exists on commit {}, which is not on the mainline of `HEAD`", commit.short());
    Failure::new(Exit::Failed, message).help(format!(
        "if it was made by mistake, such as on a topic branch, delete it, and on the remote as well, then tag again: \
         `git tag --delete {milestone} && {} tag`",
        program()
    ))
}
