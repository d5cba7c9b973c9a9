//! What a person can do about damage that was found: make a source archive again, take the damaged packages out, go back, stage the
//! release again, or remove what nobody reads now.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::digest::Digest;
use crate::base::error::program;
use crate::base::files::TreePath;
use crate::base::text::shell_word;
use crate::project::config::RepositoryKeys;
use crate::repository::clients::in_flight::{IN_FLIGHT, WITHDRAWN};
use crate::repository::clients::series_package::package_name;
use crate::repository::model::manifest::{LoadedManifest, Manifest, ReleasedVersion, is_statement};
use crate::repository::model::name::{Series, SnapshotName};
use crate::repository::model::store::Store;
use crate::repository::prune::{self, JudgedFolder};
use crate::repository::retention::KeepReason;
use crate::repository::verify::copies::{SoundCopy, find_copies, help_to_link, make_folders};
use crate::repository::verify::finding_id::help_to_put_back;
use crate::repository::verify::tree::FoundFolder;
use crate::repository::verify::unsigned::is_signed;
use crate::repository::verify::{Finding, FindingId, VerifyReport};
use crate::repository::write::described::is_made_here;
use crate::rpm::nevra::Nevra;
use crate::source::archive_name;

/// The most archives that are named one by one.
const NAMED: usize = 5;

/// The most packages that one command takes out.
const YANKED: usize = 50;

/// A next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Another folder has what is damaged.
    Link(Vec<SoundCopy>),
    /// A damaged source archive can be made again from its commit.
    RemakeArchive(DamagedArchive),
    /// Nothing else of a current revision is damaged than these packages and what the program can make again.
    Yank(Series, Vec<Nevra>),
    /// Nothing else of the current revision with this number is damaged than what the program can make again.
    Remake(Series, u32),
    /// Nothing else of the current revision with this number is damaged than statements, which nobody can make again.
    LeaveOut(Series, u32),
    /// The newest revision of a series without findings, of those that were not taken back.
    Rollback(Series, u32),
    /// Something of the current revision with this folder is damaged that nothing here can replace, and no other revision is sound.
    Restore(Series, TreePath),
    /// What is damaged in a current revision is below `withdrawn/` only.
    KeepRevision(Series),
    /// The snapshot that `latest` leads to is damaged; the flags of `dist` that make its release again.
    StageAgain(Series, String),
    /// A damaged snapshot is held.
    Unhold(SnapshotName),
    /// Something is damaged that nothing protects from `prune --damaged`.
    Prune,
}

/// A source archive that is missing or has other content than it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedArchive {
    /// One of several hard links to a file.
    places: Vec<DamagedPlace>,
    /// The name of the file.
    name: String,
    /// The digest by the manifest.
    sha256: Digest,
    /// The flags of `dist` that make the release again.
    flags: String,
}

/// A place of a damaged archive.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DamagedPlace {
    path: TreePath,
    is_missing: bool,
}

impl WayOut {
    /// The way out for a damaged snapshot that `prune` keeps; `None` for what has no other way than that of its series.
    pub fn of_staying(store: &Store, folder: &JudgedFolder) -> Option<WayOut> {
        let name = folder.snapshot.as_ref()?;
        match &folder.reason {
            Some(KeepReason::Held(_)) => Some(WayOut::Unhold(name.clone())),
            Some(KeepReason::Current) => {
                let manifest = store.snapshot(folder.series, name).map(|snapshot| snapshot.manifest);
                let flags = manifest.map_or(" --rpm".to_owned(), |manifest| {
                    let rpm = if manifest.dists().is_empty() { "" } else { " --rpm" };
                    format!("{rpm}{}{}", flags_of(&manifest.release), flag_of_release(&manifest))
                });
                Some(WayOut::StageAgain(folder.series, flags))
            }
            _ => None,
        }
    }

    /// In words, with the command.
    pub fn help(&self) -> String {
        let program = program();
        match self {
            WayOut::Link(copies) => help_to_link(copies),
            WayOut::RemakeArchive(archive) => {
                format!("to make `{}` again, with all links to it: `{}`", archive.name, archive.command())
            }
            WayOut::Yank(series, packages) => {
                let packages = packages.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                format!("to take out only what is damaged: `{program} yank {packages} --series {series} --why REASON`")
            }
            WayOut::Remake(series, number) => {
                format!(
                    "to make what is damaged in stable/{series} again from its packages, in a new revision with the same content: \
                     `{program} rollback {series} --to {number}`"
                )
            }
            WayOut::LeaveOut(series, number) => {
                format!(
                    "to go on without the damaged statements of stable/{series}, which only a backup has, in a new revision with the same \
                     content: `{program} rollback {series} --to {number}`; each other change of the series leaves them out, too"
                )
            }
            WayOut::Rollback(series, revision) => {
                format!("the newest revision without findings: `{program} rollback {series} --to {revision}`")
            }
            WayOut::Restore(series, folder) => {
                format!(
                    "only a backup helps stable/{series}: put back what is damaged in `{folder}`; without a backup, the series begins \
                     again: move this folder away, run `{program} prune --missing`, and promote the releases of the series again, the \
                     lowest version first, each by its name and the first one with `--major`: `{program} promote SNAPSHOT --major`"
                )
            }
            WayOut::KeepRevision(series) => {
                let hours = IN_FLIGHT.as_hours();
                format!(
                    "nothing else of stable/{series} is damaged than `{WITHDRAWN}/`, which is for clients that have read an \
                     earlier state: the next promotion or rollback leaves it out, at the latest the first one after {hours} hours"
                )
            }
            WayOut::StageAgain(series, flags) => {
                format!(
                    "`latest` of series {series} is damaged: stage its release again, which makes another snapshot: `{program} stage` \
                     if `target/dist` has it, else `{program} dist{flags}`; then remove the damaged one: `{program} prune --damaged`"
                )
            }
            WayOut::Unhold(name) => {
                format!("if the held `{name}` may go: `{program} unhold {name} && {program} prune --damaged`")
            }
            WayOut::Prune => {
                format!(
                    "to remove what is damaged and not current, so that no rollback reaches it: `{program} prune --damaged`"
                )
            }
        }
    }
}

impl DamagedArchive {
    /// Makes it again, and writes into the file: with it, all hard links to the file are whole again.
    fn command(&self) -> String {
        let DamagedArchive { places, name, sha256, flags } = self;
        let program = program();
        let put = |DamagedPlace { path, is_missing }: &DamagedPlace| {
            let place = shell_word(&path.to_string());
            let unlocked = if *is_missing { String::new() } else { format!("chmod u+w {place} && ") };
            let made: String = make_folders([path].into_iter()).iter().map(|made| format!("{made} && ")).collect();
            format!("{made}{unlocked}cp target/remade/sources/{name} {place} && chmod a-w {place}")
        };
        let put = places.iter().map(put).collect::<Vec<_>>().join(" && ");
        let made = format!("{program} dist{flags} --no-stage --out target/remade");
        // A tag that came after the build changes the archive.
        let checked = format!("echo '{sha256}  target/remade/sources/{name}' | sha256sum --check --quiet");
        format!("{made} && {checked} && {put}")
    }
}

/// The flags of `dist` that make a release again. Its version may have been stated.
fn flags_of(release: &ReleasedVersion) -> String {
    let stated = if release.base.is_none() { format!(" --assume-version {}", release.version) } else { String::new() };
    format!(" --rev {}{stated}", release.commit)
}

/// The flag of `dist` that gives the packages of a snapshot their release; empty for the default. A package with a version of its own
/// has a release of its own, too.
fn flag_of_release(manifest: &Manifest) -> String {
    let version = manifest.release.version.to_string();
    let own = manifest.packages().filter(|(_, package)| package.nevra.version() == version);
    let number = own.filter_map(|(_, package)| package.nevra.release_number()).max();
    number.filter(|number| *number > 1).map_or(String::new(), |number| format!(" --release {number}"))
}

/// Whether a folder is missing or has other content than its manifest lists.
pub fn is_damaged(store: &Store, found: &FoundFolder, report: &VerifyReport) -> bool {
    has_damage(report, &store.layout.shown(&found.path))
}

/// The next steps for the findings in the whole repository. A step that keeps more comes first.
pub fn find(store: &Store, folders: &[FoundFolder], report: &VerifyReport, now: Timestamp) -> Result<Vec<WayOut>> {
    let copies = find_copies(store, folders, report);
    // What other folders have needs no other step.
    let has_copy = |finding: &&Finding| copies.iter().any(|copy| copy.shown == finding.path);
    let findings = report.findings.iter().filter(|finding| !has_copy(finding)).cloned().collect();
    let rest = &VerifyReport { findings, ..VerifyReport::default() };
    let mut ways: Vec<WayOut> = if copies.is_empty() { Vec::new() } else { vec![WayOut::Link(copies)] };
    ways.extend(find_archives(store, folders, rest).into_iter().take(NAMED).map(WayOut::RemakeArchive));
    for series in store.series()? {
        if let Some(number) = store.current_number(series).ok().flatten() {
            ways.extend(find_for_current(store, folders, [report, rest], series, number));
        }
    }
    // What prevents the judgement is a finding, too.
    let judged = prune::judge(store, &RepositoryKeys::default(), now).unwrap_or_default();
    let mut can_prune = false;
    for folder in judged.iter().filter(|folder| has_damage(rest, &store.layout.shown(&folder.path))) {
        if folder.reason.as_ref().is_some_and(KeepReason::keeps_damaged) {
            ways.extend(WayOut::of_staying(store, folder));
        } else {
            can_prune = true;
        }
    }
    if can_prune {
        ways.push(WayOut::Prune);
    }
    Ok(ways)
}

/// Gives each finding one next step: the way out of a series whose current revision does not exist becomes that of its finding, and damaged files
/// have no other steps than the ways out.
pub fn move_to_findings(ways: &mut Vec<WayOut>, report: &mut VerifyReport) {
    let is_vanished = |finding: &&mut Finding| finding.id == FindingId::CurrentVanished && finding.step.is_none();
    for finding in report.findings.iter_mut().filter(is_vanished) {
        let is_its_own = |way: &WayOut| {
            let (WayOut::Rollback(series, _) | WayOut::Restore(series, _)) = way else { return false };
            finding.path.starts_with(&format!("revisions/stable-{series}/"))
        };
        let found = ways.iter().position(is_its_own).map(|at| ways.remove(at));
        finding.step = found.map(|way| match way {
            WayOut::Rollback(..) => format!("put it back from a backup; or go back to {}", way.help()),
            _ => way.help(),
        });
    }
    // What is said of any folder must not contradict the commands for this one.
    let has_way = |finding: &&mut Finding| finding.id.is_damage_of_file() && finding.step.is_none();
    if !ways.is_empty() {
        for finding in report.findings.iter_mut().filter(has_way) {
            finding.step = Some(help_to_put_back());
        }
    }
}

/// The ways out of the damage of a current revision: its damaged packages, if everything else is sound and they are few, and the newest
/// revision to go back to. In a series with signed revisions, it is a signed one. The second report is without what another folder has.
fn find_for_current(
    store: &Store,
    folders: &[FoundFolder],
    [report, rest]: [&VerifyReport; 2],
    series: Series,
    number: u32,
) -> Vec<WayOut> {
    let folder = store.layout.revision(series, number);
    let shown = store.layout.shown(&folder);
    if !has_damage(report, &shown) {
        return Vec::new();
    }
    let withdrawn = format!("{shown}/{WITHDRAWN}");
    if damage_below(report, &shown).all(|finding| is_below(finding, &withdrawn)) {
        return vec![WayOut::KeepRevision(series)];
    }
    let (mut ways, mut is_mendable) = (Vec::new(), false);
    if let Ok(revision) = store.revision(series, number)
        && let Some(damage) = find_mendable(store, rest, &shown, &revision.manifest)
    {
        is_mendable = true;
        match damage.packages.as_slice() {
            [] if damage.has_own_files => ways.push(WayOut::Remake(series, number)),
            [] if damage.has_statements => ways.push(WayOut::LeaveOut(series, number)),
            [] => {}
            // The new revision gets new ones of the damaged files that the program makes.
            [..] => ways.push(WayOut::Yank(series, damage.packages)),
        }
    }
    let of_series = || folders.iter().filter(|found| found.series == series && found.name.revision().is_some());
    let must_be_signed = of_series().any(is_signed);
    let sound = of_series().filter(|found| is_sound(report, &store.layout.shown(&found.path)));
    let sound = sound.filter(|found| is_signed(found) || !must_be_signed);
    match store.newest_like(series, number, sound.filter_map(|found| found.name.revision())) {
        Some(newest) => ways.push(WayOut::Rollback(series, newest)),
        None if !is_mendable => ways.push(WayOut::Restore(series, folder)),
        None => {}
    }
    ways
}

/// The damaged source archives, those of current revisions first, each with all its places. Of several hard links to a file, one is listed.
fn find_archives(store: &Store, folders: &[FoundFolder], report: &VerifyReport) -> Vec<DamagedArchive> {
    let mut archives: Vec<DamagedArchive> = Vec::new();
    let mut known = BTreeSet::new();
    let is_current = |found: &&FoundFolder| found.is_current && found.name.revision().is_some();
    let (current, others): (Vec<_>, Vec<_>) = folders.iter().partition(is_current);
    for found in current.into_iter().chain(others).filter(|found| is_damaged(store, found, report)) {
        let Some(LoadedManifest { manifest, .. }) = found.own_manifest(store) else { continue };
        let shown = store.layout.shown(&found.path);
        for finding in damage_below(report, &shown) {
            let Some((release, name)) = find_release(&manifest, &shown, finding) else { continue };
            let place = found.path.join(format!("sources/{name}"));
            let is_missing = match place.look() {
                // Another link to a file that is listed already.
                Ok(file) if file.is_file() && !known.insert((file.dev(), file.ino())) => continue,
                Ok(file) if file.is_file() => false,
                Ok(_) => continue,
                Err(_) => true,
            };
            let Some(sha256) = manifest.file(&format!("sources/{name}")).map(|file| file.sha256) else { continue };
            let place = DamagedPlace { path: place, is_missing };
            match archives.iter_mut().find(|archive| archive.sha256 == sha256) {
                Some(archive) => archive.places.push(place),
                None => archives.push(DamagedArchive { places: vec![place], name, sha256, flags: flags_of(release) }),
            }
        }
    }
    archives
}

/// The release whose source archive a finding is about, and the name of the archive.
fn find_release<'m>(manifest: &'m Manifest, shown: &str, finding: &Finding) -> Option<(&'m ReleasedVersion, String)> {
    let name = finding.path.strip_prefix(shown)?.strip_prefix("/sources/")?;
    let is_archive = |release: &&ReleasedVersion| {
        let top = archive_name(&manifest.project, &release.version);
        [".tar.gz", ".zip"].iter().any(|suffix| name.strip_suffix(suffix) == Some(&top))
    };
    manifest.releases().find(is_archive).map(|release| (release, name.to_owned()))
}

/// Damage of a revision that the next one can do without.
#[derive(Default)]
struct MendableDamage {
    /// Sorted. They are taken out.
    packages: Vec<Nevra>,
    /// Whether a file is damaged that the program makes again: repodata, checksums, a mirrorlist, the changelog, a package for clients.
    has_own_files: bool,
    /// Whether a statement below `provenance/` is damaged: it is left out.
    has_statements: bool,
}

/// What is damaged in a revision; `None` if something is damaged that the next revision cannot do without, or if the packages are many.
/// What is below `withdrawn/` does not count, nor do source archives, which can be made again.
fn find_mendable(store: &Store, report: &VerifyReport, shown: &str, manifest: &Manifest) -> Option<MendableDamage> {
    let clients = package_name(&store.layout);
    let mut damage = MendableDamage::default();
    for finding in damage_below(report, shown) {
        let path = finding.path.strip_prefix(shown)?.strip_prefix('/')?;
        if path.starts_with(&format!("{WITHDRAWN}/")) || find_release(manifest, shown, finding).is_some() {
            continue;
        }
        let listed = manifest.file(path)?;
        // Otherwise the manifest lists a file that was wrong from the beginning.
        let is_changed = matches!(finding.id, FindingId::FileChanged | FindingId::FileMissing);
        match &listed.package {
            Some(package) if package.nevra.name() == clients && is_changed => damage.has_own_files = true,
            Some(package) => damage.packages.push(package.nevra.clone()),
            None if is_made_here(listed) && is_changed => damage.has_own_files = true,
            None if is_statement(&listed.path) && is_changed => damage.has_statements = true,
            None => return None,
        }
    }
    damage.packages.sort();
    damage.packages.dedup();
    (damage.packages.len() <= YANKED).then_some(damage)
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
