//! The log, the ledger, the results of tests, and whether the tree is what they say.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

use crate::base::digest::digest_of;
use crate::base::files;
use crate::repository::clients::root_files;
use crate::repository::model::event::{Action, Log};
use crate::repository::model::layout::{Layout, MANIFEST};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;
use crate::repository::model::test_result::load_results;
use crate::repository::verify::folder::Checked;
use crate::repository::verify::tree::{Found, Which};
use crate::repository::verify::{Id, Report};

/// Reads the log; a broken one is a finding, and an empty log is taken in its place.
pub fn open(layout: &Layout, report: &mut Report) -> Result<Store> {
    let path = layout.log();
    let text = match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        text => text.with_context(|| format!("cannot read `{}`", path.display()))?,
    };
    let log = match Log::parse(&text) {
        Ok(log) => {
            if log.whole < text.len() as u64 {
                report.add(Id::Leftover, "log.jsonl", "its last line was not finished");
            }
            log
        }
        Err(broken) => {
            report.add(Id::LogBroken, "log.jsonl", broken.to_string());
            Log::default()
        }
    };
    Ok(Store { layout: layout.clone(), log })
}

/// Compares a snapshot or revision with the log.
pub fn verify_folder(store: &Store, found: &Found, checked: &Checked, report: &mut Report) {
    if report.findings.iter().any(|finding| finding.id == Id::LogBroken) {
        return;
    }
    let entry = match &found.which {
        Which::Snapshot(name) => store.log.staging_of(name),
        Which::Revision(number) => store.log.making_of(found.series, *number),
    };
    let shown = format!("{}/{MANIFEST}", store.layout.shown(&found.path));
    match entry {
        None => report.add(Id::LogLacksEvent, shown, format!("the log lacks event {}", checked.manifest.event.number)),
        Some(entry) if entry.manifest != Some(checked.digest) => {
            report.add(Id::ManifestChanged, shown, "it is not the one that the log knows");
        }
        Some(_) => {}
    }
}

/// Checks the ledger, the results and the `.repo` files, and that nothing has vanished.
pub fn verify(store: &Store, folders: &[Found], report: &mut Report) -> Result<()> {
    verify_ledger(store, folders, report);
    verify_nothing_vanished(store, folders, report);
    verify_links(store, report);
    verify_results(store, report)?;
    for file in root_files::changed(store, None).unwrap_or_default() {
        if file.path.exists() {
            report.add(Id::RepoFileDiffers, file.name, "it is not the one this repository would write");
        }
    }
    Ok(())
}

fn verify_ledger(store: &Store, folders: &[Found], report: &mut Report) {
    let ledger = match Ledger::load(&store.layout.ledger()) {
        Ok(ledger) => ledger,
        Err(error) => return report.add(Id::LedgerUnreadable, "ledger.json", format!("{error:#}")),
    };
    for found in folders.iter().filter(|found| matches!(found.which, Which::Revision(_))) {
        // One that cannot be read has been reported.
        let Ok((manifest, _)) = Manifest::load(&found.path) else { continue };
        if let Some(nevra) = ledger.missing(found.series, &manifest) {
            let what = format!("it does not have `{nevra}` of stable/{} as it is there", found.series);
            report.add(Id::LedgerDiffers, "ledger.json", what);
            return;
        }
    }
}

fn verify_nothing_vanished(store: &Store, folders: &[Found], report: &mut Report) {
    let pruned = |path: &str| {
        store.log.events().any(|event| match &event.action {
            Action::Prune { items } => items.iter().any(|item| item.as_str() == path),
            _ => false,
        })
    };
    for event in store.log.events() {
        let path = match (&event.action, event.action.revision()) {
            (_, Some((series, number))) => store.layout.revision(series, number),
            (Action::Stage { snapshot, series, .. }, _) => store.layout.snapshot(*series, snapshot),
            _ => continue,
        };
        let shown = store.layout.shown(&path);
        if !folders.iter().any(|found| found.path == path) && !pruned(&shown) {
            report.add(Id::Vanished, shown, format!("event {} made it, and it is not here", event.number));
        }
    }
}

/// Whether each series leads to the revision that was made last. One that the log does not know yet is unfinished, and said
/// so elsewhere.
fn verify_links(store: &Store, report: &mut Report) {
    let mut last: BTreeMap<Series, u32> = BTreeMap::new();
    last.extend(store.log.events().filter_map(|event| event.action.revision()));
    for (series, number) in last {
        let found = match store.current_number(series) {
            Ok(Some(found)) if found == number || store.log.making_of(series, found).is_none() => continue,
            Ok(Some(found)) => format!("it leads to revision {found}"),
            Ok(None) => "it is gone".to_owned(),
            Err(_) => continue, // a link to something else, which is a finding of its own
        };
        let target = Layout::revision_target(series, number);
        let what = format!("{found}, and the log has {number} last: `ln -sfn {} {series}`", target.display());
        report.add(Id::LinkDiffers, store.layout.shown(&store.layout.stable(series)), what);
    }
}

fn verify_results(store: &Store, report: &mut Report) -> Result<()> {
    let top = store.layout.state.join("results");
    for snapshot in files::names_in(&top)? {
        let folder = top.join(&snapshot);
        let results = match load_results(&folder) {
            Ok(results) => results,
            Err(error) => {
                report.add(Id::ResultChanged, format!("results/{snapshot}"), format!("{error:#}"));
                continue;
            }
        };
        for result in results {
            let log = &result.facts.log;
            let is_same = fs::read(folder.join(log)).is_ok_and(|log| digest_of(&log) == result.facts.log_sha256);
            if log.contains('/') || !is_same {
                let shown = format!("results/{snapshot}/{}", log.escape_debug());
                report.add(Id::ResultChanged, shown, "it is not what the test said");
            }
        }
    }
    Ok(())
}
