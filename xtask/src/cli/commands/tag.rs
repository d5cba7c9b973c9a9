//! `tag`: creates missing milestone tags, in the form of the project's release tags.

use std::fmt;

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::base::plan::Plan;
use crate::cli::context::Context;
use crate::git::CommitId;
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
    name: String,
    commit: CommitId,
    subject: String,
}

impl fmt::Display for MissingTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tag {} on {} {}", self.name, self.commit.short(), self.subject)
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
        .map(|(step, name)| MissingTag { name, commit: step.commit.id, subject: step.subject() })
        .collect();
    steps.reverse();
    if steps.is_empty() {
        context.ui.note("all milestone tags exist");
        return Ok(());
    }
    for MissingTag { name, .. } in &steps {
        if let Ok(commit) = repository.resolve(&format!("refs/tags/{name}")) {
            return Err(elsewhere(name, commit).into());
        }
    }
    let plan = Plan { title: "make milestone tags".to_owned(), steps };
    if args.dry_run {
        return context.ui.print(&plan.to_string());
    }
    for tag in &plan.steps {
        repository.tag(&tag.name, tag.commit)?;
        context.ui.print(&format!("{tag}\n"))?;
    }
    let names: Vec<&str> = plan.steps.iter().map(|tag| tag.name.as_str()).collect();
    context.ui.note(&format!("the tags are in this clone only; push them: `git push origin {}`", names.join(" ")));
    Ok(())
}

/// The failure where the tag exists on a commit that the version is not counted from.
fn elsewhere(name: &str, commit: CommitId) -> Failure {
    let message =
        format!("the tag `{name}` exists on commit {}, which is not on the mainline of `HEAD`", commit.short());
    Failure::new(Exit::Failed, message).help(format!(
        "if it was made by mistake, such as on a topic branch, delete it, and on the remote as well, then tag again: \
         `git tag --delete {name} && {} tag`",
        program()
    ))
}
