//! What clients refuse because it is not signed. A client that has a key takes neither repodata nor packages without a signature.
//! dnf 4 then ignores the repository, prints "Nothing to do" and exits 0, so that nobody notices.

use std::collections::BTreeSet;

use crate::base::error::{Exit, Failure, committed, program};
use crate::base::files::TreePath;
use crate::history::Version;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::rules::ForcedWay;
use crate::repository::model::layout::LATEST;
use crate::repository::model::manifest::{FileEntry, LoadedManifest, Manifest, PackageEntry};
use crate::repository::model::name::Series;
use crate::repository::model::store::{Revision, Store};
use crate::repository::sign::signature_of_checksums;

/// Whether a snapshot or revision was made with a key.
pub fn is_signed(manifest: &Manifest) -> bool {
    manifest.file(&signature_of_checksums()).is_some()
}

/// Whether the clients of `latest` have a key. One that cannot be read has no clients, and neither has one that the log does not have.
pub fn has_signed_latest(store: &Store, series: Series) -> bool {
    let latest = store.latest(series).ok().flatten().and_then(|name| store.snapshot(series, &name).ok());
    latest.is_some_and(|latest| is_signed(&latest.manifest) && store.log.vouches_for(latest.digest))
}

/// Something that is not signed, for clients that have a key.
pub struct UnsignedChange {
    /// Why it is not published without a reason.
    pub failure: Failure,
    /// What clients see if it is.
    pub effect: String,
}

/// Why clients would refuse what the promotion of a snapshot publishes; `None` if they take it. `current` is the revision that they
/// have now.
pub fn find_unsigned(
    snapshot: &Manifest,
    current: Option<&Manifest>,
    keys: Option<&KeySet>,
    way: &ForcedWay<'_>,
) -> Option<UnsignedChange> {
    match keys {
        None if current.is_some_and(is_signed) => {
            let place = format!("stable/{}", snapshot.series);
            Some(UnsignedChange { failure: no_key(&place, way), effect: effect_of_no_key(&place) })
        }
        Some(_) if !is_signed(snapshot) && snapshot.packages().next().is_some() => {
            let message = "it was staged without a key, and clients that have a key refuse its packages";
            let failure = Failure::new(Exit::Failed, message).help(help_with_force(&help_to_build_again(), way));
            let effect = "clients that have a key refuse to install the packages of the snapshot, which are not signed";
            Some(UnsignedChange { failure, effect: effect.to_owned() })
        }
        _ => None,
    }
}

/// What clients of `place` that have a key see if nothing is signed any more.
pub fn effect_of_no_key(place: &str) -> String {
    format!(
        "clients of {place} that have a key ignore what is not signed: dnf 4 prints \"Nothing to do\" and exits 0, until a person \
         sets `gpgcheck=0` and `repo_gpgcheck=0` on each of them"
    )
}

/// What clients of a series refuse now, because they have a key and it is not signed, with the next step.
pub fn find_refused(store: &Store, series: Series, current: Option<&Revision>) -> Vec<Failure> {
    let (program, mut refused) = (program(), Vec::new());
    if let Some(Revision { number, manifest, .. }) = current {
        refused.extend(if is_signed(manifest) { unsigned_packages(manifest) } else { None });
        let mut earlier = store.revisions(series).unwrap_or_default();
        earlier.retain(|other| other < number);
        let folders = earlier.iter().rev().map(|number| store.layout.revision(series, *number));
        if !is_signed(manifest) && (has_signed_packages(manifest) || has_signed(store, folders)) {
            let step = format!("stage the next release, and promote it: `{program} dist --rpm`; `{program} promote`");
            refused.push(not_signed(&format!("stable/{series}"), &step));
        }
    }
    let latest = store.latest(series).ok().flatten();
    if let Some(latest) = latest.and_then(|latest| store.snapshot(series, &latest).ok())
        && !is_signed(&latest.manifest)
    {
        let mut earlier = store.snapshots(series).unwrap_or_default();
        earlier.retain(|other| other.pipeline() < latest.name.pipeline());
        if has_signed(store, earlier.iter().rev().map(|name| store.layout.snapshot(series, name))) {
            let step = format!("stage a release: `{program} dist --rpm`");
            refused.push(not_signed(&format!("unstable/{series}/{LATEST}"), &step));
        }
    }
    refused
}

/// That clients have a key and no key is configured, so that each command that would write something for them refuses; `None` if no clients
/// have one.
pub fn find_unset_key(store: &Store) -> Option<Failure> {
    let mut places = Vec::new();
    for series in store.series().unwrap_or_default() {
        let current = store.current(series).ok().flatten();
        if current.is_some_and(|current| is_signed(&current.manifest)) {
            places.push(format!("stable/{series}"));
        } else if has_signed_latest(store, series) {
            places.push(format!("unstable/{series}/{LATEST}"));
        }
    }
    let first = places.first()?;
    Some(unsigned_repodata(&places.join(", ")).help(help_to_sign(first)))
}

/// Whether one of the folders is signed, and what it has is merged. One that cannot be read is reported elsewhere.
fn has_signed(store: &Store, mut folders: impl Iterator<Item = TreePath>) -> bool {
    folders.any(|folder| {
        let loaded = Manifest::load(&folder);
        loaded.is_ok_and(|LoadedManifest { manifest, digest }| {
            manifest.merged && is_signed(&manifest) && store.log.vouches_for(digest)
        })
    })
}

/// Whether packages for clients are signed: the key has signed the series before.
pub fn has_signed_packages(manifest: &Manifest) -> bool {
    packages_for_clients(manifest).any(|(file, package)| file.sha256 != package.unsigned_sha256)
}

fn packages_for_clients(manifest: &Manifest) -> impl Iterator<Item = (&FileEntry, &PackageEntry)> {
    manifest.packages().filter(|(file, _)| file.path.below("rpm").is_some())
}

fn not_signed(place: &str, step: &str) -> Failure {
    let message = format!(
        "{place} is not signed, and clients that have a key ignore it: dnf 4 prints \"Nothing to do\" and exits 0"
    );
    Failure::new(Exit::Failed, message).help(format!(
        "{}; then {step}; or end signing: a person sets `gpgcheck=0` and `repo_gpgcheck=0` on each client",
        committed("set `repository.sign` to the key that has signed it before")
    ))
}

/// The packages of a signed revision that clients refuse to install.
fn unsigned_packages(manifest: &Manifest) -> Option<Failure> {
    let unsigned = packages_for_clients(manifest).filter(|(file, package)| file.sha256 == package.unsigned_sha256);
    let names: BTreeSet<String> = unsigned.map(|(_, package)| package.nevra.to_string()).collect();
    let first = names.first()?;
    let (series, count) = (manifest.series, names.len());
    let message = format!(
        "clients that have a key refuse to install what is not signed, of stable/{series}: {count} {}, such as `{first}`",
        if count == 1 { "package" } else { "packages" }
    );
    Some(Failure::new(Exit::Failed, message).help(format!(
        "take it out: `{} yank {first} --series {series} --why REASON`; \"Turning signing on later\" in docs/maintainer.md has \
         the steps",
        program()
    )))
}

/// The failure of a change that would write unsigned repodata for clients of `place` that have a key.
pub fn no_key(place: &str, way: &ForcedWay<'_>) -> Failure {
    let help = format!("{}; then {}", help_to_sign(place), help_to_build_again());
    unsigned_repodata(place).help(help_with_force(&help, way))
}

/// As [`no_key`], for a command that takes no reason: `yank` and `rollback`.
pub fn no_key_to_undo(series: Series) -> Failure {
    let place = format!("stable/{series}");
    unsigned_repodata(&place).help(format!("{}; then run the command again", help_to_sign(&place)))
}

/// The failure of a rollback to a revision without signatures.
pub fn unsigned_revision(series: Series, version: &Version) -> Failure {
    let message = format!("clients of stable/{series} have a key, and the revision with {version} is not signed");
    Failure::new(Exit::Failed, message).help(format!(
        "promote a newer release instead; or take packages out: `{} yank NEVRA --series {series} --why REASON`",
        program()
    ))
}

fn unsigned_repodata(place: &str) -> Failure {
    let message = format!("clients of {place} have a key, and nothing would be signed: `repository.sign` is not set");
    Failure::new(Exit::Failed, message)
}

fn help_to_sign(place: &str) -> String {
    committed(&format!("set `repository.sign` to the key that has signed {place}"))
}

fn help_to_build_again() -> String {
    format!("build the release and stage it again: `{} dist --rpm`", program())
}

fn help_with_force(help: &str, way: &ForcedWay<'_>) -> String {
    format!("{help}\nto publish it unsigned all the same: {}; clients that have a key then get no upgrade", way.help())
}
