//! Finds what clients read without a signature although what they read before was signed.

use crate::repository::keys;
use crate::repository::keys::unsigned::has_signed_packages;
use crate::repository::model::layout::Layout;
use crate::repository::model::manifest::Manifest;
use crate::repository::sign::signature_of_checksums;
use crate::repository::verify::tree::{FolderName, FoundFolder};
use crate::repository::verify::{FindingId, VerifyReport};

/// Reports a current snapshot or revision without signatures, if an earlier one of its series is signed. A series that was never
/// signed has clients without a key.
pub fn verify(folders: &[FoundFolder], layout: &Layout, report: &mut VerifyReport) {
    for found in folders.iter().filter(|found| found.is_current && !is_signed(found)) {
        let earlier = folders.iter().find(|other| is_earlier(other, found) && is_signed(other));
        if let Some(earlier) = earlier {
            let what = format!("it is not signed, and `{}` is", layout.shown(&earlier.path));
            report.add(FindingId::SignatureMissing, layout.shown(&found.path), what);
        }
    }
}

/// Reports a revision without signatures that has signed packages: clients had the key when these came. A folder by itself has no
/// other proof.
pub fn verify_alone(manifest: &Manifest, shown: &str, report: &mut VerifyReport) {
    let is_revision = manifest.event.action.revision().is_some();
    if is_revision && !keys::unsigned::is_signed(manifest) && has_signed_packages(manifest) {
        report.add(FindingId::SignatureMissing, shown, "it is not signed, and packages in it are");
    }
}

/// Whether a snapshot or revision was made with a key.
pub fn is_signed(found: &FoundFolder) -> bool {
    found.path.join(signature_of_checksums()).is_there()
}

fn is_earlier(one: &FoundFolder, other: &FoundFolder) -> bool {
    one.series == other.series
        && match (&one.name, &other.name) {
            (FolderName::Snapshot(one), FolderName::Snapshot(other)) => one.pipeline() < other.pipeline(),
            (FolderName::Revision(one), FolderName::Revision(other)) => one < other,
            _ => false,
        }
}
