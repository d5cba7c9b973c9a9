//! `ci report`: shows on the forge how the jobs after `ci respond` ended.

use std::path::PathBuf;

use anyhow::Result;

use crate::base::files;
use crate::ci::respond::outcome::{JobResult, outcome_of};
use crate::ci::respond::reply::{MarkedEffect, marker, refused_status};
use crate::cli::ci_system::log_address;
use crate::cli::context::Context;
use crate::cli::decided;
use crate::forge::is_refused;
use crate::forge::model::{CommitStatus, has_marker};

/// Arguments of `ci report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Decision of `ci respond`
    #[arg(long, value_name = "FILE")]
    decision: PathBuf,
    /// How the jobs ended: success, failure, cancelled or skipped
    #[arg(long, value_name = "RESULT")]
    result: JobResult,
}

/// Sets the status, and answers the comment where a merge did not come to its end.
///
/// Errors: the status was not set, after the comment was answered all the same; the comment could not be answered.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let decision = decided::load(&args.decision)?;
    let (Some(outcome), Some(pull), Some(head), Some(name)) =
        (outcome_of(&decision, args.result), decision.pull, decision.head, decision.status.as_deref())
    else {
        context.ui.note("there is nothing to show");
        return Ok(());
    };
    let scratch = files::remote_scratch()?;
    let source = decided::base_source(context, &scratch)?;
    let forge = decided::open_forge(&source.trusted()?, &source.address)?;
    let text = outcome.text.zip(decision.comment);
    if let Some((_, comment)) = &text {
        let own = forge.own_account()?;
        let ended = marker(*comment, MarkedEffect::Ended);
        if forge.comments(pull)?.iter().any(|said| said.author.id == own.id && has_marker(&said.text, &ended)) {
            context.ui.note("the last job of the merge has shown its end");
            return Ok(());
        }
    }
    let status = CommitStatus {
        context: name.to_owned(),
        state: outcome.state,
        description: outcome.description,
        url: log_address(),
    };
    let status = forge.set_status(head, &status);
    if let Some((text, comment)) = text {
        let note = if status.as_ref().is_err_and(is_refused) { refused_status(name) } else { String::new() };
        let mark = marker(comment, MarkedEffect::Failed);
        forge.comment(pull, &mark, &format!("{text}{note}\n\n{mark}"))?;
    }
    status
}
