//! What a snapshot or revision has against what its manifest says: for the gate of a promotion, which wants one reason, and
//! for `verify`, which wants all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::base::checksum::digest_of_file;
use crate::base::files;
use crate::base::parallel;
use crate::repository::model::layout::MANIFEST;
use crate::repository::model::manifest::{FileEntry, Manifest};
use crate::source::unpack;

/// The files of a folder, sorted out by the manifest.
pub struct Files<'a> {
    /// As the manifest lists them.
    pub sound: Vec<&'a FileEntry>,
    /// Listed, and there with other bytes, or as something else than a file.
    pub changed: Vec<&'a FileEntry>,
    /// Listed, and not there.
    pub missing: Vec<&'a FileEntry>,
    /// There, and not listed; relative to the folder.
    pub foreign: Vec<String>,
}

impl<'a> Files<'a> {
    /// Reads every file of a folder.
    pub fn compare(folder: &Path, manifest: &'a Manifest) -> Result<Files<'a>> {
        let mut found = BTreeSet::new();
        list_files(folder, "", &mut found)?;
        found.remove(MANIFEST);
        let (present, missing): (Vec<&FileEntry>, Vec<&FileEntry>) =
            manifest.files.iter().partition(|file| found.remove(file.path.as_str()));
        let mut files = Files { sound: Vec::new(), changed: Vec::new(), missing, foreign: found.into_iter().collect() };
        let check = |(): &mut (), file: &'a FileEntry| {
            let path = folder.join(&file.path);
            let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
            Ok((file, is_file && digest_of_file(&path)? == file.sha256))
        };
        let keep = |(file, is_sound)| {
            if is_sound {
                files.sound.push(file)
            } else {
                files.changed.push(file)
            }
            Ok(())
        };
        parallel::ordered_map(present.into_iter(), parallel::threads(), || Ok(()), check, keep)?;
        Ok(files)
    }
}

/// What is below `top` and is no folder, by relative path; a link is not followed.
fn list_files(top: &Path, below: &str, found: &mut BTreeSet<String>) -> Result<()> {
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

/// The source archive of what was released last, relative to the folder.
pub fn archive(manifest: &Manifest) -> String {
    format!("sources/{}.tar.gz", crate::source::archive_name(&manifest.project, &manifest.release.version))
}

/// Why the changelog `name` of a folder is not the one in its source archive; `None` where it is.
pub fn find_wrong_changelog(folder: &Path, manifest: &Manifest, name: &str) -> Result<Option<String>> {
    let top = crate::source::archive_name(&manifest.project, &manifest.release.version);
    let path = folder.join(name);
    let changelog = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(match unpack::read_facts(&folder.join(archive(manifest)), &top) {
        Ok(facts) if facts.changelog == changelog => None,
        Ok(_) => Some("it is not the one in the source archive".to_owned()),
        Err(error) => Some(format!("{error:#}")),
    })
}
