//! Verifies the log, the ledger, the links and the test results, and compares the tree with them.

use std::path::Path;

use anyhow::Result;

use crate::base::digest::digest_of;
use crate::base::error::program;
use crate::repository::clients::keys::{KeyRepair, describe_foreign, find_key_faults};
use crate::repository::clients::published_address::{find_lost_address, find_old_addresses, help_to_address};
use crate::repository::clients::root_files;
use crate::repository::model::emptied_series::find_emptied;
use crate::repository::model::event::{Event, LogEntry};
use crate::repository::model::layout::{Layout, MANIFEST};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::{LostTarget, find_lost_targets, find_unsettled};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::missing_folder::MissingFolder;
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Store;
use crate::repository::model::test_result::{TestResult, result_files};
use crate::repository::pages::root_pages;
use crate::repository::verify::tree::{FolderName, FoundFolder};
use crate::repository::verify::{Finding, FindingId, VerifyReport, help_to_repair};
use crate::repository::write::recovery::find_unfinished_prune;

/// Checks what is cheap to read, all of one moment: that nothing is missing, the links and the ledger.
pub fn verify_moment(store: &Store, report: &mut VerifyReport) -> Result<()> {
    let current = current_revisions(store)?;
    for MissingFolder { path, event, is_replaced } in store.missing() {
        let is_current = current.iter().any(|(_, current)| *current == path.as_str());
        if is_replaced && !is_current {
            continue; // `tree` reports what is in its place
        }
        let id = if is_current { FindingId::CurrentVanished } else { FindingId::Vanished };
        let how = if is_replaced { "a link or a file is in its place" } else { "it is missing" };
        if let Some((series, _)) = current.iter().find(|(_, current)| *current == path.as_str()) {
            report.drop_dangling(&store.layout.shown(&store.layout.stable(*series)));
        }
        report.add(id, path.to_string(), format!("{how}; event {event} made it"));
    }
    for series in store.series()? {
        verify_links(store, series, report);
    }
    for (item, _) in find_unfinished_prune(store) {
        report.add(
            FindingId::Interrupted,
            store.layout.shown(&item),
            "a prune was interrupted, and it is still in its place",
        );
    }
    verify_ledger_digest(store, report);
    Ok(())
}

/// Checks that the log tells of each revision that a link leads to, and of all that the pages tell of.
pub fn verify_targets(store: &Store, report: &mut VerifyReport) -> Result<()> {
    for lost in find_lost_targets(store)?.into_iter().filter(LostTarget::must_be_recorded) {
        report.replace_dangling(&lost);
    }
    Ok(())
}

/// Checks the `.repo` files, which follow from the tree.
pub fn verify_repo_files(store: &Store, report: &mut VerifyReport) {
    // The files follow from the tree, of which a blocked folder hides a part.
    if store.blocked_folders().is_ok_and(|blocked| !blocked.is_empty()) {
        return;
    }
    if let Some(address) = find_lost_address(store) {
        let what = format!("clients read the repository at `{address}`, and `repository.url` is not configured");
        return report.add_with_step(FindingId::RepoFileDiffers, "*.repo", what, help_to_address(&address));
    }
    for old in find_old_addresses(store) {
        report.add_with_step(FindingId::AddressDiffers, &old.list, old.describe(), old.help());
    }
    for file in root_files::changed(store, None).unwrap_or_default() {
        let what = match file.content {
            None => "it leads to a dist that is not there any more",
            Some(_) if file.path.is_there() => "`releng` would write another content",
            Some(_) => "it is missing",
        };
        report.add(FindingId::RepoFileDiffers, file.name, what);
    }
}

/// Checks the pages of the root, which follow from the log and the manifests.
pub fn verify_pages(store: &Store, report: &mut VerifyReport) {
    let is_blocked = store.blocked_folders().is_ok_and(|blocked| !blocked.is_empty());
    // Without its address, and with a blocked folder, the pages would have other contents than they should.
    if is_blocked || find_lost_address(store).is_some() {
        return;
    }
    for file in root_pages::damaged(store).unwrap_or_default() {
        let is_there = file.path.is_there();
        let what = if is_there { "`releng` would write another content" } else { "it is missing" };
        report.add(FindingId::PageDiffers, file.name, what);
    }
}

/// Compares the served keys with the copy in the state. That both are lost is reported where they are read.
pub fn verify_keys(store: &Store, report: &mut VerifyReport) {
    let faults = find_key_faults(store);
    for repair in faults.repairs {
        match repair {
            KeyRepair::Served(file) => {
                let is_there = file.path.is_there();
                let what = if is_there { "the copy in the state has another content" } else { "it is missing" };
                report.add(FindingId::KeysDiffer, file.name, what);
            }
            KeyRepair::Copy(file) => report.add(FindingId::KeyCopyDiffers, file.name, "it is missing"),
            KeyRepair::Older(_) => {}
        }
    }
    for key in faults.foreign {
        report.add(FindingId::KeysDiffer, store.layout.key_name(), describe_foreign(&store.layout, &key));
    }
    if let Some(why) = faults.damage {
        report.add(FindingId::KeyCopyDiffers, Layout::key_copy_name(), why);
    }
}

/// Checks that the links of a series lead where the log says. `tree` reports a link that leads out of the repository.
fn verify_links(store: &Store, series: Series, report: &mut VerifyReport) {
    let layout = &store.layout;
    let shown = layout.shown(&layout.stable(series));
    if let Some(unsettled) = find_unsettled(store, series) {
        report.drop_dangling(&shown);
        let lost = unsettled.newest().map(|number| layout.shown(&layout.revision(series, number)));
        let (what, step) = (unsettled.describe(), unsettled.help());
        report.add_with_step(FindingId::CurrentVanished, lost.unwrap_or(shown), what, step);
    } else if let Some(emptied) = find_emptied(store, series) {
        if report.drop_dangling(&shown) {
            report.add_with_step(FindingId::CurrentVanished, shown, emptied.describe(), emptied.plain_help());
        }
    } else if let (Ok(linked), Ok(Some(wanted))) = (store.linked_revision(series), store.current_number(series))
        && linked != Some(wanted)
        // The next command leaves a link to what is missing as it is.
        && layout.revision(series, wanted).is_folder()
        && !report.lacks_target_of(&shown)
    {
        let target = Layout::revision_target(series, wanted);
        let linked = linked.map(|linked| Layout::revision_target(series, linked));
        if !report.amend_foreign_link(&shown, &target) {
            let what =
                format!("{}; by the log, it should lead to `{}`", how_it_is(linked.as_deref()), target.display());
            report.add(FindingId::LinkDiffers, shown, what);
        }
    }
    if let (Ok(linked), Ok(Some(wanted))) = (store.linked_latest(series), store.latest(series))
        && linked.as_ref() != Some(&wanted)
        && !report.amend_foreign_link(&layout.shown(&layout.latest(series)), Path::new(&wanted.to_string()))
    {
        let shown = layout.shown(&layout.latest(series));
        let linked = linked.map(|linked| linked.to_string());
        let what = format!(
            "{}; by the log, it should lead to `{wanted}`",
            how_it_is(linked.as_ref().map(std::path::Path::new))
        );
        let id = if report.drop_dangling(&shown) { FindingId::LinkDangling } else { FindingId::LinkDiffers };
        report.add_with_step(id, shown, what, help_to_repair());
    }
}

fn how_it_is(linked: Option<&std::path::Path>) -> String {
    linked.map_or("it is missing".to_owned(), |linked| format!("it leads to `{}`", linked.display()))
}

fn verify_ledger_digest(store: &Store, report: &mut VerifyReport) {
    let Some(wanted) = store.log.ledger() else { return };
    let what = match store.layout.ledger().read_if_there() {
        Ok(Some(text)) if digest_of(&text) == wanted => return,
        Ok(Some(_)) => "it is not the one that the last promotion wrote".to_owned(),
        Ok(None) => "it is missing".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    report.add(FindingId::LedgerDiffers, "ledger.json", what);
}

/// The last event of the log, if it differs from the one in the manifest whose digest its line has: no later line confirms it, and what it
/// says would put the blame on sound folders. In words.
pub fn find_changed_end(store: &Store, folders: &[FoundFolder]) -> Option<String> {
    let last = store.log.entries.last()?;
    // A folder with an event of its own is not the one that the last event made.
    let may_be_last = |found: &&FoundFolder| entry_of(store, found).is_none_or(|entry| entry == last);
    folders.iter().filter(may_be_last).find_map(|found| {
        let loaded = Manifest::load(&found.path).ok()?;
        let own = &loaded.manifest.event;
        let is_made_by_last = last.manifest == Some(loaded.digest) && own.number == last.event.number;
        (is_made_by_last && *own != last.event).then(|| differs(own, &shown_manifest(store, found)))
    })
}

fn differs(event: &Event, manifest: &str) -> String {
    format!("event {} differs from the one in `{manifest}`", event.number)
}

fn shown_manifest(store: &Store, found: &FoundFolder) -> String {
    format!("{}/{MANIFEST}", store.layout.shown(&found.path))
}

/// The entry of the event that made a folder.
fn entry_of<'s>(store: &'s Store, found: &FoundFolder) -> Option<&'s LogEntry> {
    match &found.name {
        FolderName::Snapshot(name) => store.log.staging_of(name),
        FolderName::Revision(number) => store.log.making_of(found.series, *number),
    }
}

/// Whether the digest in the last line of the log was changed, and not the manifest: no later line confirms that line, and the manifest fits
/// the folder, which has no findings so far.
fn is_changed_digest(store: &Store, entry: &LogEntry, loaded: &LoadedManifest, report: &VerifyReport) -> bool {
    let rendered = loaded.manifest.render().map(|text| digest_of(&text));
    store.log.entries.last() == Some(entry)
        && entry.event == loaded.manifest.event
        && report.findings.is_empty()
        && rendered.is_ok_and(|digest| digest == loaded.digest)
}

/// Compares a snapshot or revision with the log. `report` has the other findings about it.
pub fn verify_folder(store: &Store, found: &FoundFolder, loaded: &LoadedManifest, report: &mut VerifyReport) {
    let shown = shown_manifest(store, found);
    let own = &loaded.manifest.event;
    if !found.has_made(&loaded.manifest) {
        report.findings.clear();
    }
    let is_by_manifest = |finding: &Finding| finding.id.is_by_manifest();
    match entry_of(store, found) {
        None if store.log.has(own) => {
            let what = format!("somebody copied it there: the log has event {} for another folder", own.number);
            let folder = store.layout.shown(&found.path);
            if found.is_current {
                report.add_with_step(FindingId::NameForeign, folder, what, help_to_read_folder());
            } else {
                report.add(FindingId::NameForeign, folder, what);
            }
        }
        // Nothing vouches for the manifest: what it says of the files is no reason to move or replace one.
        None => {
            let is_unfit = report.findings.iter().any(is_by_manifest);
            report.findings.retain(|finding| !is_by_manifest(finding));
            let what = format!("the log lacks event {}", own.number);
            if is_unfit {
                let what = format!(
                    "{what}, and the files beside the manifest are not those that it lists: without the log, nothing tells which \
                     of them was changed"
                );
                report.add(FindingId::ManifestUnfit, shown, what);
            } else {
                report.add(FindingId::LogLacksEvent, shown, what);
            }
        }
        Some(entry) if entry.manifest != Some(loaded.digest) && is_changed_digest(store, entry, loaded, report) => {
            let what = format!(
                "event {}, the last one, has another digest of `{shown}`, which fits the files beside it",
                own.number
            );
            report.add(FindingId::LogBroken, "log.jsonl", what);
        }
        Some(entry) if entry.manifest != Some(loaded.digest) => {
            report.findings.retain(|finding| !is_by_manifest(finding));
            let what = "the log has another digest of it, so the files beside it are not judged";
            report.add(FindingId::ManifestChanged, shown, what);
        }
        Some(entry) if entry.event != *own => {
            report.add(FindingId::LogBroken, "log.jsonl", differs(own, &shown));
        }
        Some(_) => {}
    }
}

/// What to do about a folder with the manifest of another one, where a link leads to it.
fn help_to_read_folder() -> String {
    format!(
        "clients read it: leave it where it is, put its own `{MANIFEST}` back from a backup, and run `{} recover-log`; without a backup, \
         make another revision",
        program()
    )
}

/// Checks that the ledger has what the revisions have.
pub fn verify_ledger(store: &Store, folders: &[FoundFolder], report: &mut VerifyReport) {
    let ledger = match Ledger::load(&store.layout.ledger()) {
        Ok(ledger) => ledger,
        Err(error) => return report.add(FindingId::LedgerUnreadable, "ledger.json", format!("{error:#}")),
    };
    // The next writer adds the packages of a revision that a link leads to, or removes one that was never visible.
    let is_logged = |found: &&FoundFolder| entry_of(store, found).is_some();
    for found in folders.iter().filter(is_logged).filter(|found| matches!(found.name, FolderName::Revision(_))) {
        // A manifest that cannot be read or was changed is reported already.
        let Ok(loaded) = Manifest::load(&found.path) else { continue };
        let logged = entry_of(store, found).and_then(|entry| entry.manifest);
        if logged.is_some_and(|logged| logged != loaded.digest) {
            continue;
        }
        if let Some(nevra) = ledger.missing(found.series, &loaded.manifest) {
            let what = format!("it lacks `{nevra}` of stable/{}, or has another digest of it", found.series);
            report.add(FindingId::LedgerDiffers, "ledger.json", what);
            return;
        }
    }
}

/// Reports the only folder whose event the log lacks as what an interrupted run left, if the event is the next one of the log: the next
/// writer finishes that change, with its ledger, or removes a revision that was never visible.
pub fn mark_interrupted(store: &Store, folders: &[FoundFolder], report: &mut VerifyReport) {
    let lacks = |found: &&FoundFolder| entry_of(store, found).is_none();
    let lacking = folders.iter().filter(lacks).filter_map(|found| Some((found, Manifest::load(&found.path).ok()?)));
    let lacking: Vec<_> = lacking.filter(|(_, loaded)| !store.log.has(&loaded.manifest.event)).collect();
    let [(found, LoadedManifest { manifest, .. })] = &lacking[..] else { return };
    if !store.log.is_next(&manifest.event) {
        return;
    }
    // No run that makes a revision removes the link: where it is gone, the revision was visible.
    let is_link_lost = store.log.highest_revision(found.series) > 0
        && store.linked_revision(found.series).is_ok_and(|linked| linked.is_none());
    let is_visible = found.is_current || found.name.revision().is_none() || is_link_lost;
    if is_link_lost {
        let link = store.layout.shown(&store.layout.stable(found.series));
        report.findings.retain(|finding| finding.id != FindingId::LinkDiffers || finding.path != link);
    }
    let (id, what) = if is_visible {
        (FindingId::Interrupted, format!("a run was interrupted: {}", manifest.event.action))
    } else {
        (
            FindingId::Leftover,
            format!("a killed run left it before it was visible; its event would have been: {}", manifest.event.action),
        )
    };
    let shown = shown_manifest(store, found);
    let lacks_event = |id: FindingId| matches!(id, FindingId::LogLacksEvent | FindingId::ManifestUnfit);
    for finding in report.findings.iter_mut().filter(|it| lacks_event(it.id) && it.path == shown) {
        (finding.id, finding.path, finding.what) = (id, store.layout.shown(&found.path), what.clone());
    }
    if is_visible && manifest.event.ledger.is_some() {
        report.findings.retain(|finding| finding.id != FindingId::LedgerDiffers);
    }
}

/// The current revision of each series, relative to the root.
fn current_revisions(store: &Store) -> Result<Vec<(Series, String)>> {
    let mut current = Vec::new();
    for series in store.series()? {
        let number = store.current_number(series).ok().flatten();
        current.extend(number.map(|number| (series, store.layout.shown(&store.layout.revision(series, number)))));
    }
    Ok(current)
}

/// What to do about a changed result of the tests of a snapshot, whose name is that of a folder: a new result does not replace it.
fn help_to_result(store: &Store, snapshot: &str, files: &str) -> String {
    let is_there = |name: &SnapshotName| store.find_series(name).is_ok();
    match snapshot.parse::<SnapshotName>().ok().filter(is_there) {
        Some(name) => format!("move {files} away, and accept the snapshot again: `{} accept {name}`", program()),
        None => format!("move {files} away: there is no such snapshot any more"),
    }
}

/// Checks the results of the acceptance tests.
pub fn verify_results(store: &Store, report: &mut VerifyReport) -> Result<()> {
    let top = store.layout.state.join("results");
    for snapshot in top.names()? {
        let folder = top.join(&snapshot);
        let files = match result_files(&folder) {
            Ok(files) => files,
            Err(error) => {
                let (shown, step) =
                    (format!("results/{snapshot}"), help_to_result(store, &snapshot, &format!("`{folder}`")));
                report.add_with_step(FindingId::ResultChanged, shown, format!("{error:#}"), step);
                continue;
            }
        };
        for file in files {
            let shown = store.layout.shown_in_state(&file);
            let result = match TestResult::load(&file) {
                Ok(result) => result,
                Err(error) => {
                    let step = help_to_result(store, &snapshot, &format!("`{file}`"));
                    report.add_with_step(FindingId::ResultChanged, shown, format!("{error:#}"), step);
                    continue;
                }
            };
            let log = &result.facts.log;
            let said = folder.join(log).read();
            let what = match &said {
                Ok(said) if digest_of(said) == result.facts.log_sha256 && !log.contains('/') => continue,
                Err(_) if !log.contains('/') && !folder.join(log).is_there() => "it is missing",
                _ => "it was changed since the test wrote it",
            };
            let log = log.escape_debug();
            let step = help_to_result(store, &snapshot, &format!("`{file}` and `{log}` beside it"));
            report.add_with_step(FindingId::ResultChanged, format!("results/{snapshot}/{log}"), what, step);
        }
    }
    Ok(())
}
