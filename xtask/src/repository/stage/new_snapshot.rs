//! A snapshot that will be made: the steps that fill its folder.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::Failure;
use crate::base::statement::STATEMENT_SUFFIX;
use crate::project::own_version::own_version;
use crate::repository::clients::in_flight::former_snapshots;
use crate::repository::clients::keys::changed_keys;
use crate::repository::clients::mirrorlist::{MIRRORLIST, render_mirrorlist};
use crate::repository::clients::root_files::Coming;
use crate::repository::keys::signing::Signing;
use crate::repository::model::event::Action;
use crate::repository::model::layout::{Channel, SNAPSHOT_CHANGELOG, dist_folder};
use crate::repository::model::manifest::{HeadOfFolder, ReleasedVersion, is_statement_signature};
use crate::repository::model::name::{Dist, FilePath, Series, SnapshotName};
use crate::repository::model::reason::Reason;
use crate::repository::model::store::Store;
use crate::repository::pages::facts::FolderSummary;
use crate::repository::pages::folder_facts::AboutFolder;
use crate::repository::pages::load::ComingChange;
use crate::repository::provenance::snapshot::{RunTimes, StatedSnapshot};
use crate::repository::stage::input::{DistPackage, StageInput};
use crate::repository::stage::latest::latest_step;
use crate::repository::write::derived;
use crate::repository::write::pages::{FormerPages, page_steps};
use crate::repository::write::plan::{ChangePlan, ChangeStep, CopiedFile, NewFolder, NewPackage};

/// What the person or the run that stages it has stated.
pub struct StatedOrder {
    /// The dists that end.
    pub ended: Vec<Dist>,
    /// Whether it counts as unmerged work, whatever git says.
    pub is_unmerged: bool,
    /// The times of the run that made the input.
    pub run: Option<RunTimes>,
}

/// A snapshot that will be made.
pub struct NewSnapshot<'a> {
    pub store: &'a Store,
    pub input: &'a StageInput,
    pub name: SnapshotName,
    pub series: Series,
    pub merged: bool,
    pub order: StatedOrder,
    /// Whether `latest` will lead to it.
    pub latest: bool,
    pub signing: Option<&'a Signing>,
    /// The reason to sign with a key that clients do not have, if it was needed.
    pub force: Option<Reason>,
    pub now: Timestamp,
}

impl NewSnapshot<'_> {
    /// The plan that makes it.
    pub fn plan(&self) -> Result<ChangePlan> {
        let NewSnapshot { store, input, name, series, latest, .. } = self;
        let layout = &store.layout;
        let place = layout.snapshot(*series, name);
        let shown = layout.shown(&place);
        let ended = self.order.ended.clone();
        let force = self.force.as_ref().map(ToString::to_string);
        let action = Action::Stage { snapshot: name.clone(), series: *series, latest: *latest, ended, force };
        let mut steps = Vec::new();
        steps.extend(changed_keys(layout, self.signing.map(Signing::file)).into_iter().map(ChangeStep::RootFile));
        steps.push(ChangeStep::Begin(NewFolder { place, shown: shown.clone(), date: input.info.date }));
        steps.push(ChangeStep::Text { path: SNAPSHOT_CHANGELOG.to_owned(), content: input.changelog.clone() });
        steps.extend(self.source_steps()?);
        steps.extend(self.dist_steps(&shown));
        let facts = Box::new(self.facts());
        steps.push(ChangeStep::SnapshotStatement { facts, signed: self.signing.is_some() });
        steps.push(ChangeStep::Checksums { signed: self.signing.is_some() });
        let (head, dists) = (self.head(), input.dists());
        let of_dists = input.packages.iter().map(|package| package.file.nevra.clone());
        let summary = FolderSummary::of_coming(&head, dists.clone(), of_dists.collect(), self.signing.is_some());
        let about = AboutFolder {
            layout: layout.clone(),
            channel: Channel::Unstable,
            head: head.clone(),
            action: action.clone(),
        };
        steps.extend(page_steps(about, &dists, &FormerPages::default()));
        let (head, with_ledger) = (Box::new(head), false);
        steps.push(ChangeStep::Finish { head, action: action.clone(), place: shown, with_ledger });
        if *latest {
            steps.push(latest_step(store, *series, name));
        }
        steps.push(ChangeStep::Log { action: action.clone() });
        let dists = dists.into_iter().map(|dist| (dist, self.signing.is_some())).collect::<BTreeMap<_, _>>();
        let coming = latest.then_some(Coming { channel: Channel::Unstable, series: *series, dists });
        let (actions, keys) = ([action], self.signing.map(Signing::file));
        let change = ComingChange { actions: &actions, at: self.now, folder: Some(summary), keys };
        steps.extend(derived::steps(store, coming.as_ref(), &change)?);
        Ok(ChangePlan { title: format!("stage {} {} as {name}", input.info.name, input.info.version), steps })
    }

    /// The steps that fill `sources/`.
    fn source_steps(&self) -> Result<Vec<ChangeStep>> {
        const FOLDER: &str = "sources/";
        let (mut files, mut packages) = (Vec::new(), Vec::new());
        let (mut statements, signed) = (Vec::new(), self.signing.is_some());
        for (name, source) in &self.input.sources {
            let to: FilePath = format!("{FOLDER}{name}").parse().map_err(Failure::from)?;
            match &source.package {
                None if is_statement_signature(&to) => {} // the repository signs with its own key
                None if signed && name.ends_with(STATEMENT_SUFFIX) => {
                    let content = self.input.read(name, source)?;
                    statements.push(ChangeStep::Statement { path: to.to_string(), content, signed });
                }
                Some(file) => packages.push(NewPackage { file: file.clone(), to, dist: None }),
                None => {
                    let from = self.input.folder.join(FOLDER).join(name).for_programs().to_owned();
                    files.push(CopiedFile { from, to, digest: source.digest });
                }
            }
        }
        let mut steps = vec![ChangeStep::Copy { folder: FOLDER.to_owned(), files }];
        if !packages.is_empty() {
            steps.push(ChangeStep::Packages { folder: FOLDER.to_owned(), packages, signed });
        }
        steps.extend(statements);
        Ok(steps)
    }

    /// The steps that fill `rpm/<dist>/`; the snapshot will be at `place`, below the root.
    fn dist_steps(&self, place: &str) -> Vec<ChangeStep> {
        let (layout, signed) = (&self.store.layout, self.signing.is_some());
        let mut steps = Vec::new();
        for dist in self.input.dists() {
            let of_dist = self.input.packages.iter().filter(|package| package.dist == dist);
            let new = |package: &DistPackage| NewPackage {
                file: package.file.clone(),
                to: package.path.clone(),
                dist: Some(dist.clone()),
            };
            let packages = of_dist.map(new).collect();
            let folder = dist_folder(&dist);
            steps.push(ChangeStep::Packages { folder: format!("{folder}/"), packages, signed });
            steps.push(ChangeStep::Repodata { dist: dist.clone(), carried: Vec::new(), signed, instead_of: None });
            let mut folders = vec![format!("{place}/{folder}")];
            if self.latest {
                folders.extend(former_snapshots(self.store, self.series, &dist, self.now));
            }
            if let Some(list) = render_mirrorlist(layout, &folders) {
                steps.push(ChangeStep::Text { path: format!("{folder}/{MIRRORLIST}"), content: list.into_bytes() });
            }
        }
        steps
    }

    fn facts(&self) -> StatedSnapshot {
        let info = &self.input.info;
        StatedSnapshot {
            project: info.name.to_string(),
            snapshot: self.name.clone(),
            version: info.version.clone(),
            commit: info.commit,
            packaging: info.packaging.clone(),
            listing: self.input.listing.clone(),
            run: self.order.run,
            tool: own_version().to_owned(),
        }
    }

    fn head(&self) -> HeadOfFolder {
        let info = &self.input.info;
        let release = ReleasedVersion {
            version: info.version.clone(),
            commit: info.commit,
            base: info.base,
            date: info.date,
            snapshot: self.name.clone(),
            packaging: info.packaging.clone(),
        };
        let (project, series, merged) = (info.name.clone(), self.series, self.merged);
        let stated_unmerged = self.order.is_unmerged;
        HeadOfFolder { project, series, merged, stated_unmerged, release, earlier: Vec::new() }
    }
}
