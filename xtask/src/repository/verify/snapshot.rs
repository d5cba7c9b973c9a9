//! Whether a snapshot is whole: every file that its manifest lists, and no other, as it was when it was staged.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::files;
use crate::parallel;
use crate::repository::layout::{MANIFEST, SNAPSHOT_CHANGELOG};
use crate::repository::manifest::Manifest;
use crate::repository::store::{Snapshot, Store};
use crate::source::checksum::digest_of_file;
use crate::source::unpack;

/// Why a snapshot is not what was staged; `None` where it is.
pub fn check_whole(store: &Store, snapshot: &Snapshot) -> Result<Option<String>> {
    match store.log.staging_of(&snapshot.name) {
        None => return Ok(Some("the log does not know it".to_owned())),
        Some(entry) if entry.manifest != Some(snapshot.digest) => {
            return Ok(Some(format!("its `{MANIFEST}` was changed since it was staged")));
        }
        Some(_) => {}
    }
    if let Some(why) = find_changed(&snapshot.path, &snapshot.manifest)? {
        return Ok(Some(why));
    }
    check_changelog(snapshot)
}

/// The first file below `folder` that is not as the manifest lists it.
pub fn find_changed(folder: &Path, manifest: &Manifest) -> Result<Option<String>> {
    let listed: BTreeSet<String> = manifest.files.iter().map(|file| file.path.to_string()).collect();
    let mut found = BTreeSet::new();
    list_files(folder, "", &mut found)?;
    found.remove(MANIFEST);
    if let Some(missing) = listed.difference(&found).next() {
        return Ok(Some(format!("`{missing}` is missing, or no file")));
    }
    if let Some(foreign) = found.difference(&listed).next() {
        return Ok(Some(format!("`{}` is not in its manifest", foreign.escape_debug())));
    }
    let mut changed = None;
    let check = |(): &mut (), file: &crate::repository::manifest::FileEntry| {
        let path = folder.join(&file.path);
        let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        Ok((!is_file || digest_of_file(&path)? != file.sha256).then(|| file.path.clone()))
    };
    let keep = |path| {
        changed = changed.take().or(path);
        Ok(())
    };
    parallel::ordered_map(manifest.files.iter(), parallel::threads(), || Ok(()), check, keep)?;
    Ok(changed.map(|path| format!("`{path}` was changed")))
}

/// What is below `top` and is no folder, by relative path; a link is not followed.
pub fn list_files(top: &Path, below: &str, found: &mut BTreeSet<String>) -> Result<()> {
    let folder = top.join(below);
    for name in files::names_in(&folder)? {
        let path = folder.join(&name);
        let kind =
            fs::symlink_metadata(&path).with_context(|| format!("cannot look at `{}`", path.display()))?.file_type();
        if kind.is_dir() {
            list_files(top, &format!("{below}{name}/"), found)?;
        } else {
            found.insert(format!("{below}{name}"));
        }
    }
    Ok(())
}

/// Compares the changelog with the one in the source archive.
pub fn check_changelog(snapshot: &Snapshot) -> Result<Option<String>> {
    let manifest = &snapshot.manifest;
    let top = crate::source::archive_name(&manifest.project, &manifest.release.version);
    let archive = format!("sources/{top}.tar.gz");
    if manifest.file(&archive).is_none() {
        return Ok(Some(format!("it has no `{archive}`")));
    }
    let facts = match unpack::read_facts(&snapshot.path.join(archive), &top) {
        Ok(facts) => facts,
        Err(error) => return Ok(Some(format!("{error:#}"))),
    };
    let path = snapshot.path.join(SNAPSHOT_CHANGELOG);
    let changelog = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(match changelog == facts.changelog {
        _ if changelog.is_empty() => Some("its changelog is empty".to_owned()),
        true => None,
        false => Some(format!("`{SNAPSHOT_CHANGELOG}` is not the changelog in its source archive")),
    })
}
