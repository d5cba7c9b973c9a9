//! What is recorded where a snapshot is staged again that is there already.

use anyhow::Result;
use jiff::Timestamp;

use crate::repository::clients::root_files::Coming;
use crate::repository::model::ended_dists::ended_dists;
use crate::repository::model::event::Action;
use crate::repository::model::layout::Channel;
use crate::repository::model::name::Dist;
use crate::repository::model::store::{Snapshot, Store};
use crate::repository::pages::load::ComingChange;
use crate::repository::repodata;
use crate::repository::stage::latest::latest_step;
use crate::repository::write::derived;
use crate::repository::write::plan::{ChangePlan, ChangeStep};

/// What is recorded about a snapshot that is staged again.
pub(super) struct StagedAgain {
    /// Whether it was staged before its commit was merged.
    merges: bool,
    /// The dists that end now.
    ended: Vec<Dist>,
    /// Whether `latest` leads to it from now on. A dist that a promotion has ended may have kept it from that.
    latest: bool,
}

impl StagedAgain {
    /// `moves` is whether `latest` may lead to the snapshot.
    pub(super) fn decide(store: &Store, own: &Snapshot, end_dists: &[Dist], moves: bool) -> Result<StagedAgain> {
        let series = own.manifest.series;
        let before = ended_dists(store, series);
        let ended = end_dists.iter().filter(|dist| !before.contains(dist)).cloned().collect();
        let latest = moves && store.latest(series)?.as_ref() != Some(&own.name);
        Ok(StagedAgain { merges: !own.manifest.merged && !store.log.was_merged(&own.name), ended, latest })
    }

    /// Whether there is nothing to record.
    pub(super) fn is_empty(&self) -> bool {
        !self.merges && !self.latest && self.ended.is_empty()
    }

    /// The steps, and what they do in words. The log is first: the next writer completes an interrupted run.
    pub(super) fn plan(self, store: &Store, own: &Snapshot, now: Timestamp) -> Result<(&'static str, ChangePlan)> {
        let (series, snapshot, latest) = (own.manifest.series, own.name.clone(), self.latest);
        let (title, what) = match (self.merges, self.ended.is_empty()) {
            (true, _) => ("recorded as merged:", "is merged"),
            (false, false) => ("recorded that dists end with", "ends dists"),
            (false, true) => ("made latest:", "is latest"),
        };
        let records_merge = self.merges || self.ended.is_empty();
        let mut actions = Vec::new();
        if !self.ended.is_empty() {
            let (snapshot, ended) = (snapshot.clone(), self.ended);
            actions.push(Action::EndDists { snapshot, series, latest: latest && !records_merge, ended });
        }
        if records_merge {
            actions.push(Action::Merge { snapshot, series, latest });
        }
        let mut steps: Vec<ChangeStep> = actions.iter().cloned().map(|action| ChangeStep::Log { action }).collect();
        let mut coming = None;
        if latest {
            steps.push(latest_step(store, series, &own.name));
            let is_signed = |dist: &Dist| own.manifest.file(&repodata::signature_of_index(dist)).is_some();
            let dists = own.manifest.dists().into_iter().map(|dist| (dist.clone(), is_signed(&dist))).collect();
            coming = Some(Coming { channel: Channel::Unstable, series, dists });
        }
        let change = ComingChange { actions: &actions, at: now, folder: None, keys: None };
        steps.extend(derived::steps(store, coming.as_ref(), &change)?);
        Ok((title, ChangePlan { title: format!("record that {} {what}", own.name), steps }))
    }
}
