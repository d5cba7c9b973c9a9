//! Verifies the names and links in the tree, and finds the snapshots and revisions.

use std::path::Path;

use anyhow::Result;

use crate::base::files::TreePath;
use crate::repository::model::blocked::blocked_folder;
use crate::repository::model::layout::{LATEST, Layout, parse_revision};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::own_manifest::{is_of_revision, is_of_snapshot};
use crate::repository::model::store::Store;
use crate::repository::pages::root_pages;
use crate::repository::verify::{FindingId, VerifyReport};

/// A snapshot or revision in the tree.
pub struct FoundFolder {
    /// The folder.
    pub path: TreePath,
    pub series: Series,
    pub name: FolderName,
    /// Whether `latest` or the link of the series leads to it.
    pub is_current: bool,
}

/// The name of a snapshot or the number of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderName {
    Snapshot(SnapshotName),
    Revision(u32),
}

impl FolderName {
    /// The number of a revision.
    pub fn revision(&self) -> Option<u32> {
        match self {
            FolderName::Snapshot(_) => None,
            FolderName::Revision(number) => Some(*number),
        }
    }
}

impl FoundFolder {
    /// Whether a manifest is the one of this folder. That of another one tells nothing of the files here.
    pub fn has_made(&self, manifest: &Manifest) -> bool {
        match &self.name {
            FolderName::Snapshot(name) => is_of_snapshot(manifest, name),
            FolderName::Revision(number) => is_of_revision(manifest, self.series, *number),
        }
    }

    /// The manifest, if it is the one of this folder, and the log has no other digest of it.
    pub fn own_manifest(&self, store: &Store) -> Option<LoadedManifest> {
        let loaded = Manifest::load(&self.path).ok().filter(|loaded| self.has_made(&loaded.manifest))?;
        let entry = match &self.name {
            FolderName::Snapshot(name) => store.log.staging_of(name),
            FolderName::Revision(number) => store.log.making_of(self.series, *number),
        };
        let logged = entry.and_then(|entry| entry.manifest);
        logged.is_none_or(|logged| logged == loaded.digest).then_some(loaded)
    }
}

/// The beginning of the name of a file or folder that a run has not finished.
const UNFINISHED: &str = ".releng-";

/// Checks names and links, and returns the snapshots and revisions.
pub fn verify(store: &Store, report: &mut VerifyReport) -> Result<Vec<FoundFolder>> {
    let layout = &store.layout;
    for blocked in store.blocked_folders()? {
        let what = blocked_folder(&blocked);
        report.add(FindingId::FolderForeign, blocked, what);
    }
    report_other_encodings(report, &layout.root, "")?;
    for folder in ["stable", "unstable", "revisions"] {
        report_other_encodings(report, &layout.root.join(folder), &format!("{folder}/"))?;
    }
    for name in layout.root.names()? {
        let is_folder = ["stable", "unstable", "revisions", ".trash"].contains(&name.as_str());
        let is_repo_file = name.starts_with(&format!("{}-", layout.name)) && name.ends_with(".repo");
        let is_page = root_pages::names().contains(&name);
        judge_name(report, &name, &name, is_folder || is_repo_file || is_page || name == layout.key_name());
    }
    for name in layout.root.join("stable").names()? {
        let path = format!("stable/{name}");
        let series = name.parse::<Series>().ok();
        if judge_name(report, &path, &name, series.is_some())
            && let Some(series) = series
        {
            let is_ours = |target: &Path| {
                parse_revision(target).is_some_and(|number| Layout::revision_target(series, number) == *target)
            };
            judge_link(report, &layout.stable(series), &path, is_ours);
        }
    }
    let mut found = Vec::new();
    for name in names_beside_page(layout, "unstable")? {
        if judge_name(report, &format!("unstable/{name}"), &name, name.parse::<Series>().is_ok()) {
            found.extend(find_snapshots(store, name.parse()?, report)?);
        }
    }
    for name in names_beside_page(layout, "revisions")? {
        let series = name.strip_prefix("stable-").and_then(|series| series.parse::<Series>().ok());
        if judge_name(report, &format!("revisions/{name}"), &name, series.is_some())
            && let Some(series) = series
        {
            found.extend(find_revisions(store, series, report)?);
        }
    }
    Ok(found)
}

/// The names in a folder that has a page of the root, without the page.
fn names_beside_page(layout: &Layout, folder: &str) -> Result<Vec<String>> {
    let pages = root_pages::names();
    let mut names = layout.root.join(folder).names()?;
    names.retain(|name| !pages.contains(&format!("{folder}/{name}")));
    Ok(names)
}

fn find_snapshots(store: &Store, series: Series, report: &mut VerifyReport) -> Result<Vec<FoundFolder>> {
    let folder = store.layout.unstable(series);
    let latest = folder.join(LATEST).read_link().ok().flatten();
    report_other_encodings(report, &folder, &format!("unstable/{series}/"))?;
    let mut found = Vec::new();
    for name in folder.names()? {
        let path = format!("unstable/{series}/{name}");
        if name == LATEST {
            let is_ours = |target: &Path| target.to_str().is_some_and(|target| target.parse::<SnapshotName>().is_ok());
            judge_link(report, &folder.join(&name), &path, is_ours);
            continue;
        }
        let snapshot = name.parse::<SnapshotName>().ok();
        let fits = snapshot.as_ref().is_some_and(|name| name.series().is_none_or(|of| of == series));
        if judge_name(report, &path, &name, fits)
            && judge_folder(report, &folder.join(&name), &path)
            && let Some(snapshot) = snapshot
        {
            let is_current = latest.as_deref() == Some(Path::new(&name));
            found.push(FoundFolder {
                path: folder.join(&name),
                series,
                name: FolderName::Snapshot(snapshot),
                is_current,
            });
        }
    }
    Ok(found)
}

fn find_revisions(store: &Store, series: Series, report: &mut VerifyReport) -> Result<Vec<FoundFolder>> {
    let folder = store.layout.revisions(series);
    let current = store.layout.stable(series).read_link().ok().flatten().and_then(|target| parse_revision(&target));
    report_other_encodings(report, &folder, &format!("revisions/stable-{series}/"))?;
    let mut found = Vec::new();
    for name in folder.names()? {
        let number = parse_revision(Path::new(&name));
        let path = format!("revisions/stable-{series}/{name}");
        if judge_name(report, &path, &name, number.is_some())
            && judge_folder(report, &folder.join(&name), &path)
            && let Some(number) = number
        {
            let is_current = current == Some(number);
            found.push(FoundFolder {
                path: folder.join(&name),
                series,
                name: FolderName::Revision(number),
                is_current,
            });
        }
    }
    Ok(found)
}

/// Reports the names in a folder that are not UTF-8; `shown` is the path of the folder, with a final `/`.
fn report_other_encodings(report: &mut VerifyReport, folder: &TreePath, shown: &str) -> Result<()> {
    for name in folder.names_in_other_encodings()? {
        judge_name(report, &format!("{shown}{name}"), &name, false);
    }
    Ok(())
}

/// Reports a name that the layout does not have, and returns whether it has the name.
fn judge_name(report: &mut VerifyReport, path: &str, name: &str, is_ours: bool) -> bool {
    if name.starts_with(UNFINISHED) {
        report.add(FindingId::Leftover, path, "a killed run left it");
        return false;
    }
    if !is_ours {
        report.add(FindingId::NameForeign, path.escape_debug().to_string(), "`releng` makes no file of this name here");
    }
    is_ours
}

/// Reports a link or a file in the place of a snapshot or revision, and returns whether a folder is there or a run has just removed it.
fn judge_folder(report: &mut VerifyReport, path: &TreePath, shown: &str) -> bool {
    let is_replaced = path.look().is_ok_and(|found| !found.is_dir());
    if is_replaced {
        report.add(FindingId::FolderForeign, shown, blocked_folder(shown));
    }
    !is_replaced
}

fn judge_link(report: &mut VerifyReport, link: &TreePath, shown: &str, is_ours: impl Fn(&Path) -> bool) {
    match link.read_link() {
        Err(_) => report.add(FindingId::LinkForeign, shown, "a folder or a file is in the place of the link"),
        Ok(None) => {} // a run has just removed it
        Ok(Some(target)) if !is_ours(&target) => {
            report.add(
                FindingId::LinkForeign,
                shown,
                format!("it leads to `{}`, which is no place of the series", target.display()),
            );
        }
        Ok(Some(target)) if !link.parent().is_some_and(|folder| leads_to_folder(&folder, &target)) => {
            report.add(
                FindingId::LinkDangling,
                shown,
                format!("it leads to `{}`, where no folder is", target.display()),
            );
        }
        Ok(Some(_)) => {}
    }
}

/// Whether there is a folder at the target of one of our links, which are in `folder`.
fn leads_to_folder(folder: &TreePath, target: &Path) -> bool {
    match target.strip_prefix("..") {
        Ok(below) => folder.parent().is_some_and(|above| above.join(below).is_folder()),
        Err(_) => folder.join(target).is_folder(),
    }
}
