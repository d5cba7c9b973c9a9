//! What a person can do about damage that was found: take the damaged packages out, go back, or remove what nobody reads now.

use anyhow::Result;

use crate::base::error::program;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;
use crate::repository::verify::tree::FoundFolder;
use crate::repository::verify::unsigned::is_signed;
use crate::repository::verify::{Finding, FindingId, VerifyReport};
use crate::rpm::nevra::Nevra;

/// The most packages that are named one by one.
const NAMED: usize = 5;

/// A next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// The damage of a current revision is in this package. There is one step for each damaged package.
    Yank(Series, Nevra),
    /// The newest revision of a series without findings.
    Rollback(Series, u32),
    /// Something that is neither current nor `latest` is damaged.
    Prune,
}

impl WayOut {
    /// In words, with the command.
    pub fn help(&self) -> String {
        let program = program();
        match self {
            WayOut::Yank(series, package) => {
                format!("to take out only what is damaged: `{program} yank {package} --series {series} --why REASON`")
            }
            WayOut::Rollback(series, revision) => {
                format!("the newest revision without findings: `{program} rollback {series} --to {revision}`")
            }
            WayOut::Prune => {
                format!(
                    "to remove what is damaged and not current, so that no rollback reaches it: `{program} prune --damaged`"
                )
            }
        }
    }
}

/// Whether a folder is missing or has other content than its manifest lists.
pub fn is_damaged(store: &Store, found: &FoundFolder, report: &VerifyReport) -> bool {
    has_damage(report, &store.layout.shown(&found.path))
}

/// The ways out of what was found in the whole repository.
///
/// Of a current revision that is damaged: its damaged packages, if everything else is sound and they are few, and the newest revision
/// to go back to. In a series with signed revisions, it is a signed one.
pub fn find(store: &Store, folders: &[FoundFolder], report: &VerifyReport) -> Result<Vec<WayOut>> {
    let mut ways = Vec::new();
    for series in store.series()? {
        let Some(number) = store.current_number(series).ok().flatten() else { continue };
        let folder = store.layout.revision(series, number);
        let shown = store.layout.shown(&folder);
        if !has_damage(report, &shown) {
            continue;
        }
        let damaged = Manifest::load(&folder).ok().and_then(|it| damaged_packages(report, &shown, &it.manifest));
        ways.extend(damaged.into_iter().flatten().map(|package| WayOut::Yank(series, package)));
        let of_series = || folders.iter().filter(|found| found.series == series && found.name.revision().is_some());
        let must_be_signed = of_series().any(is_signed);
        let sound = of_series().filter(|found| is_sound(report, &store.layout.shown(&found.path)));
        let sound = sound.filter(|found| is_signed(found) || !must_be_signed);
        let newest = sound.filter_map(|found| found.name.revision()).max();
        ways.extend(newest.map(|number| WayOut::Rollback(series, number)));
    }
    if folders.iter().any(|found| !found.is_current && is_damaged(store, found, report)) {
        ways.push(WayOut::Prune);
    }
    Ok(ways)
}

/// The damaged packages of a revision; `None` if something else is damaged, too, or if they are many.
fn damaged_packages(report: &VerifyReport, shown: &str, manifest: &Manifest) -> Option<Vec<Nevra>> {
    let mut packages = Vec::new();
    for finding in damage_below(report, shown) {
        let path = finding.path.strip_prefix(shown)?.strip_prefix('/')?;
        let package = manifest.packages().find(|(file, _)| file.path.as_str() == path);
        packages.push(package?.1.nevra.clone());
    }
    packages.sort();
    packages.dedup();
    (packages.len() <= NAMED).then_some(packages)
}

fn damage_below<'a>(report: &'a VerifyReport, folder: &'a str) -> impl Iterator<Item = &'a Finding> {
    report.findings.iter().filter(move |finding| finding.id.is_damage() && is_below(finding, folder))
}

fn has_damage(report: &VerifyReport, folder: &str) -> bool {
    damage_below(report, folder).next().is_some()
}

fn is_sound(report: &VerifyReport, folder: &str) -> bool {
    let mut found = report.findings.iter().filter(|finding| finding.id != FindingId::PackageUnsigned);
    !found.any(|finding| is_below(finding, folder))
}

fn is_below(finding: &Finding, folder: &str) -> bool {
    finding.path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
