//! `ci recover`: carries interrupted merges on to their end, or gives one up.

use anyhow::Result;

use crate::base::error::{Exit, Failure, program};
use crate::base::number::parse_stated;
use crate::base::progress::Progress as _;
use crate::ci::merge::home::MergeHome;
use crate::ci::merge::land;
use crate::ci::merge::machine::{MergeEvent, MergePhase, MergeStep};
use crate::ci::merge::pipeline::{self, record};
use crate::cli::commands::ci::{merging, on_forge};
use crate::cli::context::Context;
use crate::repository::model::reason::Reason;

/// Arguments of `ci recover`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End this merge where it is, instead of carrying all merges on
    #[arg(long, value_name = "N", value_parser = parse_stated, requires = "why")]
    give_up: Option<u32>,
    /// Why it is given up; `ci status` shows it
    #[arg(long, value_name = "TEXT", requires = "give_up")]
    why: Option<Reason>,
}

/// Carries on all merges that have not ended, in their order; the first failure is reported after all were tried.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    let home = merging::home(context)?;
    let _lock = home.lock("ci recover")?;
    if let (Some(number), Some(why)) = (args.give_up, &args.why) {
        return give_up(context, &home, number, why);
    }
    pipeline::sweep(&home)?;
    let (mut failure, mut count) = (None, 0);
    for stored in home.all()?.into_iter().filter(|stored| stored.merge.next().is_some()) {
        count += 1;
        if let Err(error) = merging::go_on(context, &home, stored) {
            let is_interrupt = error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::Interrupted);
            if is_interrupt {
                return Err(error);
            }
            if let Some(earlier) = failure.replace(error) {
                context.ui.error(&earlier);
            }
        }
    }
    if count == 0 {
        context.ui.note("no merge was interrupted");
    }
    failure.map_or(Ok(()), Err)
}

fn give_up(context: &Context, home: &MergeHome, number: u32, why: &Reason) -> Result<()> {
    let Some(mut stored) = home.load(number)? else {
        let message = format!("there is no merge {number}");
        return Err(Failure::new(Exit::Usage, message).help(format!("`{} ci status` lists them", program())).into());
    };
    if stored.merge.next().is_none() {
        let message = format!("merge {number} has ended already");
        return Err(Failure::new(Exit::Usage, message).help(format!("`{} ci status` shows how", program())).into());
    }
    // A run that was killed may have pushed. Without an answer of the remote, the merge is given up all the same.
    if let MergePhase::Tested(prepared, _) | MergePhase::Confirmed(prepared, _) = stored.merge.clone().resumed().phase {
        let remote = home.remote(&stored.merge.request.remote);
        if let Ok(MergeEvent::Landed) = land::confirm(&remote, &stored.merge.request, &prepared) {
            record(&mut stored, MergeEvent::Landed)?;
        }
    }
    if let MergePhase::Landed(prepared, tested) = &stored.merge.phase {
        let (base, merge) = (&stored.merge.request.base, prepared.merge);
        context.ui.warn(&match tested.release {
            None => format!("`{base}` has the merge commit {merge}"),
            Some(_) => format!(
                "`{base}` has the merge commit {merge}, and its release is not staged; to stage it: \
                 `git fetch --tags && {0} dist --no-stage --rev {merge} && {0} stage`",
                program()
            ),
        });
    }
    record(&mut stored, MergeEvent::GivenUp { why: why.to_string() })?;
    if stored.merge.next() == Some(MergeStep::Report) {
        // The forge may be gone for good.
        let event = match on_forge::report(context, home, number, &stored.merge) {
            Ok(()) => MergeEvent::Reported,
            Err(error) => {
                context.ui.warn(&format!("the forge does not show it: {error:#}"));
                MergeEvent::GivenUp { why: why.to_string() }
            }
        };
        record(&mut stored, event)?;
    }
    pipeline::remove_checkouts(home, &stored);
    context.ui.note(&format!("merge {number} was given up"));
    Ok(())
}
