//! Compares the files of a snapshot or revision with its manifest. The gate of a promotion uses the first difference, `verify`
//! reports all.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::base::checksum::digest_in_tree;
use crate::base::files::TreePath;
use crate::base::parallel;
use crate::repository::model::layout::MANIFEST;
use crate::repository::model::manifest::{FileEntry, Manifest};
use crate::source::archive_name;
use crate::source::unpack;

/// The files of a folder, compared with the manifest.
pub struct FolderFiles<'a> {
    /// The files that are as the manifest lists them.
    pub sound: Vec<&'a FileEntry>,
    /// The listed files with other bytes, and those that are a link or a folder instead of a file.
    pub changed: Vec<&'a FileEntry>,
    /// The listed files that do not exist.
    pub missing: Vec<&'a FileEntry>,
    /// The files that the manifest does not list, relative to the folder.
    pub foreign: Vec<String>,
}

impl<'a> FolderFiles<'a> {
    /// Reads every file of a folder.
    pub fn compare(folder: &TreePath, manifest: &'a Manifest) -> Result<FolderFiles<'a>> {
        let mut found = BTreeSet::new();
        list_files(folder, "", &mut found)?;
        found.remove(MANIFEST);
        let mut present = Vec::new();
        let mut missing = Vec::new();
        for file in &manifest.files {
            if found.remove(file.path.as_str()) {
                present.push(file);
            } else {
                missing.push(file);
            }
        }
        let foreign = found.into_iter().collect();
        let mut files = FolderFiles { sound: Vec::new(), changed: Vec::new(), missing, foreign };
        let check = |(): &mut (), file: &'a FileEntry| {
            let path = folder.join(&file.path);
            let is_file = path.look().is_ok_and(|found| found.is_file());
            Ok((file, is_file && digest_in_tree(&path)? == file.sha256))
        };
        let keep = |(file, is_sound)| {
            if is_sound {
                files.sound.push(file);
            } else {
                files.changed.push(file);
            }
            Ok(())
        };
        parallel::ordered_map(present.into_iter(), parallel::threads()?, || Ok(()), check, keep)?;
        Ok(files)
    }
}

/// Adds the relative paths of all files and links below `top` to `found`. Links are not followed.
fn list_files(top: &TreePath, below: &str, found: &mut BTreeSet<String>) -> Result<()> {
    let folder = top.join(below);
    for name in folder.names()? {
        let path = folder.join(&name);
        if path.look().with_context(|| format!("cannot look at `{path}`"))?.is_dir() {
            list_files(top, &format!("{below}{name}/"), found)?;
        } else {
            found.insert(format!("{below}{name}"));
        }
    }
    found.extend(folder.names_in_other_encodings()?.into_iter().map(|name| format!("{below}{name}")));
    Ok(())
}

/// The path of the source archive of the last release, relative to the folder.
pub fn archive(manifest: &Manifest) -> String {
    format!("sources/{}.tar.gz", archive_name(&manifest.project, &manifest.release.version))
}

/// The reason why the changelog `name` of a folder differs from the one in the source archive; `None` if they are equal.
pub fn find_wrong_changelog(folder: &TreePath, manifest: &Manifest, name: &str) -> Result<Option<String>> {
    let path = folder.join(name);
    let changelog = path.read()?;
    Ok(match unpack::read_facts(&folder.join(archive(manifest))) {
        Ok(facts) if facts.changelog == changelog => None,
        Ok(_) => Some("it differs from the changelog in the source archive".to_owned()),
        Err(error) => Some(format!("{error:#}")),
    })
}
