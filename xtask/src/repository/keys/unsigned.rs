//! What clients refuse because it is not signed. A client that has a key takes neither repodata nor packages without a signature.
//! dnf 4 then ignores the repository, prints "Nothing to do" and exits 0, so that nobody notices.

use crate::base::checksum::CHECKSUMS_FILE;
use crate::base::error::{Exit, Failure, program};
use crate::history::Version;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::rules::ForcedWay;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::name::Series;
use crate::repository::model::store::Store;
use crate::repository::sign::SIGNATURE;

/// The path of the signature that every signed snapshot and revision has.
pub fn signature_of_checksums() -> String {
    format!("sources/{CHECKSUMS_FILE}{SIGNATURE}")
}

/// Whether a snapshot or revision was made with a key.
pub fn is_signed(manifest: &Manifest) -> bool {
    manifest.file(&signature_of_checksums()).is_some()
}

/// Whether the clients of `latest` have a key. One that cannot be read has no clients.
pub fn has_signed_latest(store: &Store, series: Series) -> bool {
    let latest = store.latest(series).ok().flatten().and_then(|name| store.snapshot(series, &name).ok());
    latest.is_some_and(|latest| is_signed(&latest.manifest))
}

/// Why clients would refuse what the promotion of a snapshot publishes; `None` if they take it. `current` is the revision that they
/// have now.
pub fn find_unsigned(
    snapshot: &Manifest,
    current: Option<&Manifest>,
    keys: Option<&KeySet>,
    way: &ForcedWay<'_>,
) -> Option<Failure> {
    match keys {
        None if current.is_some_and(is_signed) => Some(no_key(&format!("stable/{}", snapshot.series), way)),
        Some(_) if !is_signed(snapshot) && snapshot.packages().next().is_some() => {
            let message = "it was staged without a key, and clients that have a key refuse its packages";
            Some(Failure::new(Exit::Failed, message).help(help_with_force(&help_to_build_again(), way)))
        }
        _ => None,
    }
}

/// The failure of a change that would write unsigned repodata for clients of `place` that have a key.
pub fn no_key(place: &str, way: &ForcedWay<'_>) -> Failure {
    let help =
        format!("set `repository.sign` to the key that has signed {place}, commit it, and {}", help_to_build_again());
    unsigned_repodata(place).help(help_with_force(&help, way))
}

/// As [`no_key`], for a command that takes no reason: `yank` and `rollback`.
pub fn no_key_to_undo(series: Series) -> Failure {
    let place = format!("stable/{series}");
    unsigned_repodata(&place)
        .help(format!("set `repository.sign` to the key that has signed {place}, and run the command again"))
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

fn help_to_build_again() -> String {
    format!("build the release and stage it again: `{} dist --rpm`", program())
}

fn help_with_force(help: &str, way: &ForcedWay<'_>) -> String {
    format!("{help}\nto publish it unsigned all the same: {}; clients that have a key then get no upgrade", way.help())
}
