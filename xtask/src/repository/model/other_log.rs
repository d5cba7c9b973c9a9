//! Whether a log is of the repository that it is beside. A person can put the state of another repository of the same project into its
//! place, such as that of a test repository: the names and numbers in such a log are the same, and its lines continue each other.
//!
//! A manifest has the event that made its folder, and an event has the digest of the line before it. So one manifest with the digest in
//! the last line about a folder confirms all lines before it. Where the manifests of most folders have other events than the log, it is
//! the log that is of another repository. If that is a copy of this one, both have the same lines up to an event: these are of this
//! repository, too.

use std::path::Path;

use crate::base::digest::digest_of;
use crate::base::files::TreePath;
use crate::repository::model::event::{Action, BrokenChain, EventLog, LogEntry};
use crate::repository::model::layout::{Layout, MANIFEST, parse_revision};
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::own_manifest::{folder_made_by, is_of_revision, is_of_snapshot};

/// Parses the text of a log up to the first line that was changed, or that is of another repository, and says which it is.
pub fn parse_own(layout: &Layout, text: &[u8]) -> (EventLog, Option<BrokenChain>) {
    let (log, broken) = EventLog::parse_sound(text);
    match find_other(layout, &log) {
        Some(other) => (log.first(other.line - 1, text), Some(other)),
        None => (log, broken),
    }
}

/// What a manifest says about the log.
enum Verdict {
    /// The log has its event.
    Same(u64),
    /// The log has another event with its number.
    Other {
        number: u64,
        /// Whether the line before is the same.
        is_branch: bool,
    },
}

/// The first line that is of another repository.
fn find_other(layout: &Layout, log: &EventLog) -> Option<BrokenChain> {
    if log.entries.is_empty() || is_confirmed(layout, log) {
        return None;
    }
    let verdicts: Vec<(TreePath, Verdict)> =
        own_manifests(layout).into_iter().filter_map(|(folder, loaded)| Some((folder, judge(log, &loaded)?))).collect();
    let branches = verdicts.iter().filter_map(|(_, verdict)| match verdict {
        Verdict::Other { number, is_branch: true } => Some(*number),
        _ => None,
    });
    // The lines before it are those of both repositories, and tell nothing.
    let from = branches.min().unwrap_or(1);
    let same = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Same(number) if *number >= from));
    let is_other = |verdict: &Verdict| matches!(verdict, Verdict::Other { number, .. } if *number >= from);
    let others: Vec<&TreePath> =
        verdicts.iter().filter(|(_, verdict)| is_other(verdict)).map(|(folder, _)| folder).collect();
    if others.len() <= same.count() {
        return None;
    }
    let shown = layout.shown(others.first()?);
    let more = match others.len() - 1 {
        0 => String::new(),
        more => format!(" and of {more} more"),
    };
    let line = log.entries.iter().position(|entry| entry.event.number >= from)? + 1;
    let why = format!("it has other events than the manifest of `{shown}`{more}");
    Some(BrokenChain { line, why, is_other: true })
}

/// Whether the manifest of the last snapshot or revision in the log is there.
fn is_confirmed(layout: &Layout, log: &EventLog) -> bool {
    let removed = log.removed();
    for LogEntry { event, manifest } in log.entries.iter().rev() {
        let Some(folder) = manifest.and_then(|_| folder_made_by(layout, event)) else { continue };
        if !removed.contains(layout.shown(&folder).as_str()) {
            let text = folder.join(MANIFEST).read();
            return text.is_ok_and(|text| Some(digest_of(&text)) == *manifest);
        }
    }
    false
}

/// The folders with manifests of their own, in the order of their names.
fn own_manifests(layout: &Layout) -> Vec<(TreePath, LoadedManifest)> {
    let mut found = Vec::new();
    let mut add = |folder: TreePath, is_own: &dyn Fn(&Manifest) -> bool| {
        let loaded = Manifest::load(&folder).ok().filter(|loaded| is_own(&loaded.manifest));
        found.extend(loaded.map(|loaded| (folder, loaded)));
    };
    let names = |folder: TreePath| folder.names().unwrap_or_default();
    for name in names(layout.root.join("revisions")) {
        let Some(series) = name.strip_prefix("stable-").and_then(|name| name.parse::<Series>().ok()) else { continue };
        for number in names(layout.revisions(series)).iter().filter_map(|name| parse_revision(Path::new(name))) {
            add(layout.revision(series, number), &|manifest| is_of_revision(manifest, series, number));
        }
    }
    for series in names(layout.root.join("unstable")).iter().filter_map(|name| name.parse::<Series>().ok()) {
        for name in names(layout.unstable(series)).iter().filter_map(|name| name.parse::<SnapshotName>().ok()) {
            add(layout.snapshot(series, &name), &|manifest| is_of_snapshot(manifest, &name));
        }
    }
    found
}

/// `None` for an event that the log has lost, or that is newer than the log.
fn judge(log: &EventLog, loaded: &LoadedManifest) -> Option<Verdict> {
    let event = &loaded.manifest.event;
    let number = event.number;
    if log.has(event) || log.entries.iter().any(|entry| entry.manifest == Some(loaded.digest)) {
        return Some(Verdict::Same(number));
    }
    let other = &log.entries.iter().find(|entry| entry.event.number >= number)?.event;
    match other.action {
        Action::Lost { .. } | Action::RecoverLog { .. } => None,
        _ => Some(Verdict::Other { number, is_branch: other.number == number && other.previous == event.previous }),
    }
}
