//! `ci status`: lists the merges and how far they are.

use anyhow::Result;
use serde::Serialize;

use crate::base::error::program;
use crate::base::journal::JournalLine;
use crate::ci::merge::home::StoredMerge;
use crate::ci::merge::machine::{MergeEvent, MergePhase};
use crate::cli::commands::ci::merging;
use crate::cli::context::Context;
use crate::git::CommitId;

/// Arguments of `ci status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print all merges as JSON (schema releng.merges/1)
    #[arg(long)]
    json: bool,
}

/// How many merges that have ended are shown to a person.
const SHOWN: usize = 10;

#[derive(Serialize)]
struct MergesJson<'a> {
    schema: &'static str,
    /// Whether a run changes merges now.
    running: bool,
    merges: Vec<MergeJson<'a>>,
}

#[derive(Serialize)]
struct MergeJson<'a> {
    number: u32,
    state: &'static str,
    /// The step that is next; none at the end.
    next: Option<String>,
    work: String,
    head: CommitId,
    base: &'a str,
    attempt: u32,
    merge: Option<CommitId>,
    snapshot: Option<&'a str>,
    why: Option<String>,
    events: &'a [JournalLine<MergeEvent>],
}

/// Prints the merges, the oldest first.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let home = merging::home(context)?;
    let (merges, running) = (home.all()?, home.is_locked());
    if args.json {
        let merges = merges.iter().map(json).collect();
        let all = MergesJson { schema: "releng.merges/1", running, merges };
        return context.ui.print(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    }
    let ended = merges.iter().filter(|stored| stored.merge.next().is_none()).count();
    let mut left_out = ended.saturating_sub(SHOWN);
    let mut rows = Vec::new();
    for stored in &merges {
        if stored.merge.next().is_none() && left_out > 0 {
            left_out -= 1;
            continue;
        }
        let request = &stored.merge.request;
        let at = stored.journal.lines().last().map_or(request.at, |line| line.time);
        rows.push([
            stored.number.to_string(),
            stored.merge.phase.name().to_owned(),
            at.to_string(),
            format!("{} {} into {}", request.work, request.head.short(), request.base),
            detail(stored).unwrap_or_default(),
        ]);
    }
    if rows.is_empty() {
        context.ui.note("nothing was merged here yet");
    }
    context.ui.print_table(&rows)?;
    let waiting = merges.len() - ended;
    match (running, waiting) {
        (true, _) => context.ui.note("a run is merging now"),
        (false, 0) => {}
        (false, _) => context.ui.note(&format!("interrupted merges go on by `{} ci recover`", program())),
    }
    Ok(())
}

/// More about the state of a merge.
fn detail(stored: &StoredMerge) -> Option<String> {
    match &stored.merge.phase {
        MergePhase::Done { merge, snapshot } => {
            Some(format!("{} {}", merge.short(), snapshot.as_deref().unwrap_or("without a release")))
        }
        MergePhase::Stopped(reason) => Some(reason.to_string()),
        MergePhase::GivenUp { why } => Some(why.clone()),
        _ => Some(format!("next: {}", stored.merge.clone().resumed().next()?)),
    }
}

fn json(stored: &StoredMerge) -> MergeJson<'_> {
    let merge = &stored.merge;
    let (commit, snapshot) = match &merge.phase {
        MergePhase::Prepared(prepared)
        | MergePhase::Tested(prepared, _)
        | MergePhase::Confirmed(prepared, _)
        | MergePhase::Landed(prepared, _) => (Some(prepared.merge), None),
        MergePhase::Done { merge, snapshot } => (Some(*merge), snapshot.as_deref()),
        MergePhase::Requested | MergePhase::Stopped(_) | MergePhase::GivenUp { .. } => (None, None),
    };
    let why = match &merge.phase {
        MergePhase::Stopped(reason) => Some(reason.to_string()),
        MergePhase::GivenUp { why } => Some(why.clone()),
        _ => None,
    };
    MergeJson {
        number: stored.number,
        state: merge.phase.name(),
        next: merge.clone().resumed().next().map(|step| step.to_string()),
        work: merge.request.work.to_string(),
        head: merge.request.head,
        base: merge.request.base.as_str(),
        attempt: merge.attempt,
        merge: commit,
        snapshot,
        why,
        events: stored.journal.lines(),
    }
}
