//! Verifies the log, the ledger and the test results, and compares the tree with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::base::files;
use crate::repository::clients::root_files;
use crate::repository::model::event::{Action, EventLog};
use crate::repository::model::layout::{Layout, MANIFEST};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::{FilePath, Series};
use crate::repository::model::store::{Store, read_log};
use crate::repository::model::test_result::load_results;
use crate::repository::verify::tree::{FolderName, FoundFolder};
use crate::repository::verify::{FindingId, VerifyReport};

/// Opens the repository. A broken log is a finding, and the store then has an empty log.
pub fn open(layout: &Layout, report: &mut VerifyReport) -> Result<Store> {
    let text = read_log(layout)?;
    let log = match EventLog::parse(&text) {
        Ok(log) => {
            if log.whole < text.len() as u64 {
                report.add(FindingId::Leftover, "log.jsonl", "its last line is incomplete");
            }
            log
        }
        Err(broken) => {
            report.add(FindingId::LogBroken, "log.jsonl", broken.to_string());
            EventLog::default()
        }
    };
    Ok(Store { layout: layout.clone(), log })
}

/// Compares a snapshot or revision with the log.
pub fn verify_folder(store: &Store, found: &FoundFolder, loaded: &LoadedManifest, report: &mut VerifyReport) {
    if report.findings.iter().any(|finding| finding.id == FindingId::LogBroken) {
        return;
    }
    let entry = match &found.name {
        FolderName::Snapshot(name) => store.log.staging_of(name),
        FolderName::Revision(number) => store.log.making_of(found.series, *number),
    };
    let shown = format!("{}/{MANIFEST}", store.layout.shown(&found.path));
    match entry {
        None => {
            report.add(FindingId::LogLacksEvent, shown, format!("the log lacks event {}", loaded.manifest.event.number))
        }
        Some(entry) if entry.manifest != Some(loaded.digest) => {
            report.add(FindingId::ManifestChanged, shown, "the log has another digest of it");
        }
        Some(_) => {}
    }
}

/// Checks the ledger, the links, the test results and the `.repo` files, and that no snapshot or revision is missing.
pub fn verify(store: &Store, folders: &[FoundFolder], report: &mut VerifyReport) -> Result<()> {
    verify_ledger(store, folders, report);
    verify_nothing_vanished(store, folders, report);
    verify_links(store, report);
    verify_results(store, report)?;
    for file in root_files::changed(store, None).unwrap_or_default() {
        if file.path.exists() {
            report.add(FindingId::RepoFileDiffers, file.name, "`releng` would write another content");
        }
    }
    Ok(())
}

fn verify_ledger(store: &Store, folders: &[FoundFolder], report: &mut VerifyReport) {
    let ledger = match Ledger::load(&store.layout.ledger()) {
        Ok(ledger) => ledger,
        Err(error) => return report.add(FindingId::LedgerUnreadable, "ledger.json", format!("{error:#}")),
    };
    for found in folders.iter().filter(|found| matches!(found.name, FolderName::Revision(_))) {
        // A manifest that cannot be read is reported already.
        let Ok(loaded) = Manifest::load(&found.path) else { continue };
        if let Some(nevra) = ledger.missing(found.series, &loaded.manifest) {
            let what = format!("it lacks `{nevra}` of stable/{}, or has another digest of it", found.series);
            report.add(FindingId::LedgerDiffers, "ledger.json", what);
            return;
        }
    }
}

fn verify_nothing_vanished(store: &Store, folders: &[FoundFolder], report: &mut VerifyReport) {
    let present: BTreeSet<&Path> = folders.iter().map(|found| found.path.as_path()).collect();
    let mut pruned = BTreeSet::new();
    for event in store.log.events() {
        if let Action::Prune { items } = &event.action {
            pruned.extend(items.iter().map(FilePath::as_str));
        }
    }
    for event in store.log.events() {
        let path = match (&event.action, event.action.revision()) {
            (_, Some((series, number))) => store.layout.revision(series, number),
            (Action::Stage { snapshot, series, .. }, _) => store.layout.snapshot(*series, snapshot),
            _ => continue,
        };
        let shown = store.layout.shown(&path);
        if !present.contains(path.as_path()) && !pruned.contains(shown.as_str()) {
            report.add(FindingId::Vanished, shown, format!("it is missing; event {} made it", event.number));
        }
    }
}

/// Checks that the link of each series leads to its last revision. A revision that is not in the log yet is unfinished and
/// reported by a different check.
fn verify_links(store: &Store, report: &mut VerifyReport) {
    let last: BTreeMap<Series, u32> = store.log.events().filter_map(|event| event.action.revision()).collect();
    for (series, number) in last {
        let fault = match store.current_number(series) {
            Ok(Some(found)) if found == number || store.log.making_of(series, found).is_none() => continue,
            Ok(Some(found)) => format!("it leads to revision {found}; it should lead to revision {number}"),
            Ok(None) => format!("it is missing; it should lead to revision {number}"),
            Err(_) => continue, // `tree` reports a link with another target.
        };
        let target = Layout::revision_target(series, number);
        let what = format!("{fault}: `ln -sfn {} {series}`", target.display());
        report.add(FindingId::LinkDiffers, store.layout.shown(&store.layout.stable(series)), what);
    }
}

fn verify_results(store: &Store, report: &mut VerifyReport) -> Result<()> {
    let top = store.layout.state.join("results");
    for snapshot in files::names_in(&top)? {
        let folder = top.join(&snapshot);
        let results = match load_results(&folder) {
            Ok(results) => results,
            Err(error) => {
                report.add(FindingId::ResultChanged, format!("results/{snapshot}"), format!("{error:#}"));
                continue;
            }
        };
        for result in results {
            let log = &result.facts.log;
            let is_same = fs::read(folder.join(log)).is_ok_and(|log| digest_of(&log) == result.facts.log_sha256);
            if log.contains('/') || !is_same {
                let shown = format!("results/{snapshot}/{}", log.escape_debug());
                report.add(FindingId::ResultChanged, shown, "it was changed since the test wrote it");
            }
        }
    }
    Ok(())
}
