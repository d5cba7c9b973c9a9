//! What a merge that a comment asked for hears from the forge, and what it shows there.

use anyhow::Result;

use crate::ci::merge::answer::{MERGE_STATUS, TryOut, answer};
use crate::ci::merge::home::MergeHome;
use crate::ci::merge::machine::{Merge, MergePhase};
use crate::ci::merge::request::{MergeRequest, ProposedWork};
use crate::ci::merge::stages::base_config;
use crate::ci::respond::again;
use crate::ci::respond::decision::NEEDS_REVIEW;
use crate::ci::respond::reply::{MarkedEffect, marker};
use crate::cli::ci_system::log_address;
use crate::cli::context::Context;
use crate::cli::site::Site;
use crate::forge::model::CommitStatus;
use crate::forge::{self, Forge};
use crate::git::Repository;
use crate::project::config::Config;
use crate::repository::clients::address::encode;
use crate::repository::model::layout::Channel;
use crate::repository::model::name::SnapshotName;

/// Why a merge is not wanted any more; `None` if it is. `config` is that of the base.
pub fn withdrawn(request: &MergeRequest, config: &Config) -> Result<Option<String>> {
    again::why_withdrawn(open(request, config)?.as_ref(), request, config)
}

/// Shows on the forge how a merge has ended, unless it shows that already.
pub fn report(context: &Context, home: &MergeHome, merge: &Merge) -> Result<()> {
    let request = &merge.request;
    let (Some(comment), ProposedWork::Pull { number, .. }) = (&request.comment, &request.work) else { return Ok(()) };
    // The base may be gone. The configuration here says at least which forge it is.
    let fetched = Repository::open(home.git().for_programs())?;
    let config = match fetched.resolve(&request.base.full()) {
        Ok(tip) => base_config(&fetched, tip)?,
        Err(_) => Site::load_or_new(context)?.config,
    };
    let Some(said) = answer(merge, &try_out(context, &config, &fetched, merge)?) else { return Ok(()) };
    let forge = open(request, &config)?;
    let mark = marker(comment.id, MarkedEffect::Ended);
    let status = CommitStatus {
        context: MERGE_STATUS.to_owned(),
        state: said.state,
        description: said.description,
        url: log_address(),
    };
    forge.set_status(request.head, &status)?;
    if let MergePhase::Done { .. } = merge.phase {
        forge.remove_label(*number, NEEDS_REVIEW)?;
    }
    forge.comment(*number, &mark, &format!("{}\n{mark}", said.text)).map(drop)
}

fn open(request: &MergeRequest, config: &Config) -> Result<Box<dyn Forge>> {
    forge::open(&config.ci, &request.remote, &|name| std::env::var(name).ok())
}

/// How people get the release of a merge, if the repository has a public address.
fn try_out(context: &Context, config: &Config, git: &Repository, merge: &Merge) -> Result<TryOut> {
    let MergePhase::Done { snapshot: Some(snapshot), .. } = &merge.phase else { return Ok(TryOut::default()) };
    let site = Site::load_or_new(context)?;
    let site = Site::of_merge(context, config, &site.layout.name, git)?;
    let name: SnapshotName = snapshot.parse()?;
    let (Some(url), Some(series)) = (&site.layout.url, name.series()) else { return Ok(TryOut::default()) };
    let manifest = site.store()?.snapshot(series, &name)?.manifest;
    let file = |dist| format!("{url}/{}.repo", encode(site.layout.repo_id(Channel::Unstable, series, Some(dist))));
    Ok(TryOut { repo_files: manifest.dists().iter().map(file).collect(), package: site.layout.name.to_string() })
}
