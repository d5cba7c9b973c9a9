//! What a merge that a comment asked for hears from the forge, and what it shows there.

use anyhow::{Context as _, Result};

use crate::base::progress::Progress as _;
use crate::ci::merge::answer::{MERGE_STATUS, TryOut, answer};
use crate::ci::merge::home::MergeHome;
use crate::ci::merge::machine::{Merge, MergePhase};
use crate::ci::merge::request::{MergeRequest, ProposedWork};
use crate::ci::merge::stages::base_config;
use crate::ci::respond::again;
use crate::ci::respond::decision::NEEDS_REVIEW;
use crate::ci::respond::reply::{MarkedEffect, marker, refused_status};
use crate::cli::ci_system::log_address;
use crate::cli::context::Context;
use crate::cli::decided;
use crate::cli::site::Site;
use crate::forge::model::CommitStatus;
use crate::forge::take_refusal;
use crate::git::Repository;
use crate::project::config::Config;
use crate::project::trusted::TrustedKeys;
use crate::repository::clients::address::encode;
use crate::repository::model::layout::Channel;
use crate::repository::model::name::SnapshotName;

/// Why a merge is not wanted any more; `None` if it is. `config` is the one that counts for the base.
pub fn withdrawn(request: &MergeRequest, trusted: &TrustedKeys, config: &Config) -> Result<Option<String>> {
    let forge = decided::open_forge(trusted, &request.remote)?;
    again::why_withdrawn(forge.as_ref(), request, config)
}

/// The warning about a status that the forge refuses.
pub fn without_status(why: &anyhow::Error) -> String {
    format!("the commit does not show its status: {why:#}")
}

/// Shows on the forge how merge `number` has ended, unless it shows that already. The forge is the one of the default branch before the merge: the
/// merged work does not choose where the token is sent.
///
/// The answer is written whatever comes of the status and the label. A status or a label that the forge refuses is a warning.
///
/// Errors: the answer could not be written; the status or the label was not changed, and another try or another token may help.
pub fn report(context: &Context, home: &MergeHome, number: u32, merge: &Merge) -> Result<()> {
    let request = &merge.request;
    let (Some(comment), ProposedWork::Pull { number: pull, .. }) = (&request.comment, &request.work) else {
        return Ok(());
    };
    let trusted = home.trusted(number, request)?;
    let Some(said) = answer(merge, &try_out(context, &trusted, home, merge)?) else { return Ok(()) };
    let forge = decided::open_forge(&trusted, &request.remote)?;
    let mark = marker(comment.id, MarkedEffect::Ended);
    let status = CommitStatus {
        context: MERGE_STATUS.to_owned(),
        state: said.state,
        description: said.description,
        url: log_address(),
    };
    let status = take_refusal(forge.set_status(request.head, &status));
    let label = match merge.phase {
        MergePhase::Done { .. } => take_refusal(forge.remove_label(*pull, NEEDS_REVIEW)),
        _ => Ok(None),
    };
    let note = if let Ok(Some(_)) = status { refused_status(MERGE_STATUS) } else { String::new() };
    forge.comment(*pull, &mark, &format!("{}{note}\n\n{mark}", said.text.trim_end()))?;
    if let Some(why) = status? {
        context.ui.warn(&without_status(&why));
    }
    if let Some(why) = label? {
        context.ui.warn(&format!("the label `{NEEDS_REVIEW}` stays: {why:#}"));
    }
    Ok(())
}

/// How people get the release of a merge, if the repository has a public address.
fn try_out(context: &Context, trusted: &TrustedKeys, home: &MergeHome, merge: &Merge) -> Result<TryOut> {
    let MergePhase::Done { merge: commit, snapshot: Some(snapshot) } = &merge.phase else {
        return Ok(TryOut::default());
    };
    let git = Repository::open(home.git().for_programs())?;
    let base = git.commit(*commit)?.parents().next().with_context(|| format!("{commit} is no merge commit"))?;
    let config = trusted.over(base_config(&git, base)?);
    let site = Site::load_or_new(context)?;
    let site = Site::of_merge(context, &config, &site.layout.name, &git)?;
    let name: SnapshotName = snapshot.parse()?;
    let (Some(url), Some(series)) = (&site.layout.url, name.series()) else { return Ok(TryOut::default()) };
    let manifest = site.store()?.snapshot(series, &name)?.manifest;
    let file = |dist| format!("{url}/{}.repo", encode(site.layout.repo_id(Channel::Unstable, series, Some(dist))));
    Ok(TryOut { repo_files: manifest.dists().iter().map(file).collect(), package: site.layout.name.to_string() })
}
