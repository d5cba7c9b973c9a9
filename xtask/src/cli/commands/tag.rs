//! `tag`: the milestone tag `X.Y` where the history owes one.

use anyhow::Result;

use crate::cli::context::Context;
use crate::history::{LookBack, Milestone};
use crate::project::release;

/// Arguments of `tag`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Tags the commits that raised X or Y and bear no tag; prints the tags.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let workspace = context.workspace()?;
    let repository = workspace.repository()?;
    let head = repository.head()?;
    let config = release::config_of(workspace, repository, head, &context.ui)?;
    let answer = release::answer(repository, &config, head, None, LookBack::Bounded, &context.ui)?;
    answer.require_releasable()?;
    let mut owed: Vec<_> = answer.owed().map(|(step, milestone)| (milestone, step.commit.id, step.subject())).collect();
    owed.reverse();
    if owed.is_empty() {
        context.ui.note("no milestone tag is owed");
        return Ok(());
    }
    for (milestone, commit, subject) in &owed {
        let line = format!("tag {milestone} on {} {subject}\n", commit.short());
        if !args.dry_run {
            repository.tag(&milestone.to_string(), *commit)?;
        }
        context.ui.print(&line)?;
    }
    if !args.dry_run {
        let names: Vec<String> = owed.iter().map(|(milestone, ..): &(Milestone, _, _)| milestone.to_string()).collect();
        context.ui.note(&format!("the tags are here only; push them: `git push origin {}`", names.join(" ")));
    }
    Ok(())
}
