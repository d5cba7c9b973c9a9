//! Reads what the pages of the root need to know of a manifest. A manifest of thousands of packages is read for it at each change: what
//! is not needed is passed over.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;

use crate::base::digest::{Digest, digest_of};
use crate::repository::model::manifest::ReleasedVersion;
use crate::repository::model::name::Dist;
use crate::repository::pages::facts::FolderSummary;
use crate::repository::pages::links::PAGE;
use crate::repository::sign::signature_of_checksums;
use crate::rpm::nevra::Nevra;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ShortManifest<'a> {
    merged: bool,
    release: ReleasedVersion,
    #[serde(default)]
    earlier: Vec<ReleasedVersion>,
    #[serde(borrow)]
    files: Vec<ShortFile<'a>>,
}

#[derive(Deserialize)]
struct ShortFile<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(default)]
    package: Option<ShortPackage>,
}

#[derive(Deserialize)]
struct ShortPackage {
    nevra: Nevra,
}

/// What is in a manifest with the digest `logged`; `None` if it is another one.
pub fn summarize(manifest: &[u8], logged: Digest) -> Option<FolderSummary> {
    if digest_of(manifest) != logged {
        return None;
    }
    let ShortManifest { merged, release, earlier, files } = serde_json::from_slice(manifest).ok()?;
    let has = |path: &str| files.iter().any(|file| file.path == path);
    let (signed, page) = (has(&signature_of_checksums()), has(PAGE));
    let folders: BTreeSet<&str> =
        files.iter().filter_map(|file| file.path.strip_prefix("rpm/")?.split('/').next()).collect();
    let mut dists: Vec<Dist> = folders.into_iter().filter_map(|dist| dist.parse().ok()).collect();
    dists.sort();
    let packages = files.into_iter().filter_map(|file| Some(file.package?.nevra)).collect();
    Some(FolderSummary { release, earlier, merged, dists, packages, signed, page })
}
