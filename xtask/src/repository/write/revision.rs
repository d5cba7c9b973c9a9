//! The steps that make a new revision of a stable series: what is linked, what is new, one link replaced at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::checksum::{CHECKSUMS_FILE, digest_in_tree};
use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files::KeptFolder;
use crate::base::number::number_after;
use crate::repository::clients::in_flight::{self, WITHDRAWN};
use crate::repository::clients::keys::changed_keys;
use crate::repository::clients::mirrorlist::{MIRRORLIST, render_mirrorlist};
use crate::repository::clients::root_files::Coming;
use crate::repository::clients::series_package::SeriesPackage;
use crate::repository::keys::signing::Signing;
use crate::repository::model::carried::Carried;
use crate::repository::model::event::NewRevision;
use crate::repository::model::layout::{Channel, Layout, dist_folder, parse_revision, series_changelog};
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::highest_removed_revision;
use crate::repository::model::manifest::{FileEntry, HeadOfFolder, ReleasedVersion, is_source, is_statement};
use crate::repository::model::name::{Dist, FilePath, Series};
use crate::repository::model::store::{Revision, Store};
use crate::repository::pages::facts::FolderSummary;
use crate::repository::pages::folder_facts::AboutFolder;
use crate::repository::pages::load::ComingChange;
use crate::repository::repodata::{self, Fragments};
use crate::repository::sign::{SIGNATURE, signature_of_checksums};
use crate::repository::write::derived;
use crate::repository::write::described::Mending;
use crate::repository::write::pages::{FormerPages, page_steps};
use crate::repository::write::plan::{ChangeStep, NewFolder, link_steps};

/// The contents of a new revision.
pub struct RevisionContents {
    /// The newest release in it.
    pub release: ReleasedVersion,
    /// The releases before that, oldest first.
    pub earlier: Vec<ReleasedVersion>,
    /// Published files, which are linked.
    pub carried: Vec<Carried>,
    /// The changelog of the series, unless it is one of the linked files.
    pub changelog: Option<Vec<u8>>,
    /// The packages of each dist whose repodata is written anew.
    pub described: BTreeMap<Dist, Vec<Fragments>>,
    /// The statement about the promotion.
    pub statement: Option<StatementFile>,
    /// What is damaged in the revision that the files are taken from.
    pub mending: Mending,
}

/// A new statement.
pub struct StatementFile {
    pub path: String,
    pub content: Vec<u8>,
}

/// A revision that has what a command asks for already: the command was repeated, or there is nothing new.
pub struct AlreadyDone {
    pub series: Series,
    pub revision: u32,
    /// In words, with the event that made it so.
    pub why: String,
}

/// Which files of a revision the next one links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// All files but the mirrorlists and `withdrawn/`: the content stays the same.
    Everything,
    /// The packages, the sources and the statements; everything else is written anew.
    PackagesAndSources,
}

/// The files of a revision that the next one links, each at the same path.
pub fn carry(revision: &Revision, take: Take) -> Vec<Carried> {
    let is_taken = |file: &&FileEntry| match take {
        Take::Everything => file.path.file_name() != MIRRORLIST && file.path.below(WITHDRAWN).is_none(),
        Take::PackagesAndSources => file.package.is_some() || is_source(&file.path) || is_statement(&file.path),
    };
    let files = revision.manifest.files.iter().filter(is_taken);
    let carried =
        |file: &FileEntry| Carried { from: revision.path.clone(), entry: file.clone(), to: file.path.clone() };
    files.map(carried).collect()
}

/// The number of the next revision of a series: above every number in the folder and in the log. Errors: no number is left.
pub fn next_number(store: &Store, series: Series) -> Result<u32> {
    let here = store.revisions(series)?.last().copied().unwrap_or(0);
    let highest = here.max(store.log.highest_revision(series)).max(highest_removed_revision(store, series));
    number_after(highest).ok_or_else(|| no_number_left(&format!("revision {highest} of stable/{series}")).into())
}

/// The failure where the number of something is the highest that there can be: a person put it there.
pub fn no_number_left(highest: &str) -> Failure {
    Failure::new(Exit::Failed, format!("no number is left after {highest}")).help(format!(
        "if somebody put it there by hand: move it away; otherwise begin another repository: {}",
        committed("set `repository.root`")
    ))
}

/// The steps that make the revision `new` with these contents. `served_keys` are the keys that clients get then; `None` if they stay the
/// same.
///
/// Errors: a file that would be linked was changed; a package cannot be made.
pub fn revision_steps(
    store: &Store,
    contents: RevisionContents,
    new: &NewRevision,
    signing: Option<&Signing>,
    served_keys: Option<Vec<u8>>,
    now: Timestamp,
) -> Result<Vec<ChangeStep>> {
    let layout = &store.layout;
    let NewRevision { series, number, .. } = *new;
    let RevisionContents { release, earlier, mut carried, changelog, described, statement, mending } = contents;
    carried.retain(|file| !mending.left_out.contains(&file.to));
    let lost_statements = leave_out_statements(&mut carried);
    let former_pages = FormerPages::take_from(&mut carried);
    let dists = dists_of(&carried, &described);
    let coming =
        Coming { channel: Channel::Stable, series, dists: signed_dists(&dists, &carried, &described, signing) };
    require_unchanged(store, &carried)?;
    // Only a mirrorlist leads to `withdrawn/`, and it needs an address.
    // A current revision that is damaged must not prevent the rollback that replaces it.
    let current = store.current(series).ok().flatten();
    if layout.url.is_some() {
        let withdrawn = in_flight::find_withdrawn(store, series, &carried, now)?;
        // A damaged package is of no use to clients, and must not prevent the rollback that removes it.
        let mut kept = KeptFolder::default();
        let is_sound =
            |file: &Carried| find_damage(file, &mut kept).is_none() && !mending.left_out.contains(&file.entry.path);
        carried.extend(withdrawn.into_iter().filter(is_sound));
    }
    let former_pages = former_pages.or_of(current.as_ref());
    let place = layout.revision(series, number);
    let shown = layout.shown(&place);
    let keys = signing.map(Signing::file);
    let (is_signed, may_have_new_packages) = (keys.is_some(), new.promotes() || !described.is_empty());
    let newest = store.newest_stable()?;
    let packages =
        SeriesPackage { layout, series, revision: number, date: release.date, keys: keys.as_deref(), newest };
    let mut described_steps = Vec::new();
    for (dist, fragments) in described {
        if let Some(package) = packages.decide(&dist, &carried)? {
            described_steps.push(ChangeStep::ClientPackage { dist: dist.clone(), package, signed: is_signed });
        }
        let instead_of = mending.repodata.contains(&dist).then_some(mending.revision);
        described_steps.push(ChangeStep::Repodata { dist, carried: fragments, signed: is_signed, instead_of });
    }
    let mirrorlists = mirrorlist_steps(layout, &shown, &dists, &carried);
    // A ledger that cannot be read stops the run.
    let listed = || carried.iter().filter_map(|carried| carried.entry.package.as_ref());
    let with_ledger = may_have_new_packages
        && (described_steps.iter().any(|step| matches!(step, ChangeStep::ClientPackage { .. }))
            || Ledger::load(&layout.ledger()).map_or(true, |ledger| ledger.lacks_any(series, listed())));
    // The content of an earlier revision has its own checksums, which were signed then.
    let has_checksums = carried.iter().any(|carried| carried.to.below("sources") == Some(CHECKSUMS_FILE));
    let packages = carried.iter().filter_map(|carried| Some(carried.entry.package.as_ref()?.nevra.clone())).collect();
    let has_signed_checksums = match has_checksums {
        true => carried.iter().any(|carried| carried.to.as_str() == signature_of_checksums()),
        false => is_signed,
    };
    let mut steps = Vec::new();
    steps.extend(changed_keys(layout, keys).into_iter().map(ChangeStep::RootFile));
    steps.push(ChangeStep::Begin(NewFolder { place, shown: shown.clone(), date: release.date }));
    steps.extend(link_steps(carried));
    let leave_out = |path| ChangeStep::LeaveOut { path, revision: mending.revision };
    steps.extend(mending.left_out.iter().cloned().map(leave_out));
    steps.extend(lost_statements);
    if let Some(content) = changelog {
        steps.push(ChangeStep::Text { path: series_changelog(series), content });
    }
    steps.extend(described_steps);
    steps.extend(mirrorlists);
    if let Some(StatementFile { path, content }) = statement {
        steps.push(ChangeStep::Statement { path, content, signed: is_signed });
    }
    if !has_checksums {
        steps.push(ChangeStep::Checksums { signed: is_signed });
    }
    let head =
        HeadOfFolder { project: layout.name.clone(), series, merged: true, stated_unmerged: false, release, earlier };
    let summary = FolderSummary::of_coming(&head, dists.clone(), packages, has_signed_checksums);
    let about =
        AboutFolder { layout: layout.clone(), channel: Channel::Stable, head: head.clone(), action: new.action() };
    steps.extend(page_steps(about, &dists, &former_pages));
    steps.push(ChangeStep::Finish { head: Box::new(head), action: new.action(), place: shown, with_ledger });
    steps.push(flip_step(layout, series, number));
    // Where repodata is written anew, there may be a new package for clients.
    if with_ledger {
        steps.push(ChangeStep::Ledger);
    }
    steps.push(ChangeStep::Log { action: new.action() });
    let actions = [new.action()];
    let change = ComingChange { actions: &actions, at: now, folder: Some(summary), keys: served_keys };
    steps.extend(derived::steps(store, Some(&coming), &change)?);
    Ok(steps)
}

fn flip_step(layout: &Layout, series: Series, number: u32) -> ChangeStep {
    let link = layout.stable(series);
    ChangeStep::Flip { shown: layout.shown(&link), link, target: Layout::revision_target(series, number) }
}

/// The steps that write the mirrorlist of each dist: the folder in the revision, and the one below `withdrawn/`.
fn mirrorlist_steps(layout: &Layout, place: &str, dists: &[Dist], carried: &[Carried]) -> Vec<ChangeStep> {
    let mut steps = Vec::new();
    for dist in dists {
        let (folder, withdrawn) = (dist_folder(dist), format!("{WITHDRAWN}/{dist}"));
        let mut folders = vec![format!("{place}/{folder}")];
        if carried.iter().any(|carried| carried.to.below(&withdrawn).is_some()) {
            folders.push(format!("{place}/{withdrawn}"));
        }
        if let Some(list) = render_mirrorlist(layout, &folders) {
            steps.push(ChangeStep::Text { path: format!("{folder}/{MIRRORLIST}"), content: list.into_bytes() });
        }
    }
    steps
}

/// The dists of a revision with these files.
pub fn dists_of(carried: &[Carried], described: &BTreeMap<Dist, Vec<Fragments>>) -> Vec<Dist> {
    let carried = carried.iter().filter_map(|carried| carried.to.below("rpm")?.split('/').next()?.parse().ok());
    let mut dists: Vec<Dist> = carried.chain(described.keys().cloned()).collect();
    dists.sort();
    dists.dedup();
    dists
}

/// For each dist, whether its repodata will be signed.
fn signed_dists(
    dists: &[Dist],
    carried: &[Carried],
    described: &BTreeMap<Dist, Vec<Fragments>>,
    signing: Option<&Signing>,
) -> BTreeMap<Dist, bool> {
    let is_signed = |dist: &Dist| {
        let signature = repodata::signature_of_index(dist);
        if described.contains_key(dist) {
            signing.is_some()
        } else {
            carried.iter().any(|carried| carried.to.as_str() == signature)
        }
    };
    dists.iter().map(|dist| (dist.clone(), is_signed(dist))).collect()
}

/// Takes the damaged statements of a revision out of what the next one links, each with its signature, and says so in steps. Nobody can
/// make one again, so it must not prevent the change that repairs the series.
fn leave_out_statements(carried: &mut Vec<Carried>) -> Vec<ChangeStep> {
    let statement_of = |path: &FilePath| path.as_str().strip_suffix(SIGNATURE).unwrap_or(path.as_str()).to_owned();
    let revision_of = |file: &Carried| file.from.file_name().and_then(|name| parse_revision(Path::new(name)));
    let is_damaged = |file: &&Carried| {
        let read = || digest_in_tree(&file.from.join(&file.entry.path)).ok();
        is_statement(&file.to) && revision_of(file).is_some() && read() != Some(file.entry.sha256)
    };
    let damaged: BTreeSet<String> = carried.iter().filter(is_damaged).map(|file| statement_of(&file.to)).collect();
    let is_left_out = |file: &Carried| damaged.contains(&statement_of(&file.to));
    let (left_out, kept): (Vec<_>, Vec<_>) = std::mem::take(carried).into_iter().partition(is_left_out);
    *carried = kept;
    let step = |file: Carried| ChangeStep::LeaveOut { revision: revision_of(&file).unwrap_or_default(), path: file.to };
    left_out.into_iter().map(step).collect()
}

/// `Err` for the first file that is not as its manifest lists it: it would become part of the new revision.
pub fn require_unchanged(store: &Store, carried: &[Carried]) -> Result<(), Failure> {
    let mut kept = KeptFolder::default();
    for file in carried {
        if let Some(damage) = find_damage(file, &mut kept) {
            let path = store.layout.shown(&file.from.join(&file.entry.path));
            let help = format!("see what else is wrong: `{} verify`", program());
            return Err(Failure::new(Exit::Failed, format!("`{path}` {damage} since it was put there")).help(help));
        }
    }
    Ok(())
}

/// The damage of a published file, such as `was changed`. A file with the size and date of its manifest is taken for sound; one
/// with another date, such as a restored copy, is read.
fn find_damage(file: &Carried, kept: &mut KeptFolder) -> Option<&'static str> {
    let Carried { from, entry, .. } = file;
    let path = from.join(&entry.path);
    let Ok(found) = kept.look(&path) else { return Some("is missing") };
    let is_same = found.is_file() && found.len() == entry.size;
    let has_digest = || digest_in_tree(&path).ok() == Some(entry.sha256);
    if is_same && (found.mtime() == entry.date.as_second() || has_digest()) {
        return None;
    }
    Some("was changed")
}

/// `Err` where two different files would have one path.
pub fn require_apart(carried: &[Carried]) -> Result<(), Failure> {
    let mut seen: BTreeMap<&FilePath, &FileEntry> = BTreeMap::new();
    for carried in carried {
        if let Some(other) = seen.insert(&carried.to, &carried.entry).filter(|it| it.sha256 != carried.entry.sha256) {
            let message = format!("`{}` is already in the series with other contents", other.path);
            return Err(Failure::new(Exit::Failed, message).help("release it under a version or release of its own"));
        }
    }
    Ok(())
}
