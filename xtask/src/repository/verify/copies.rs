//! Damaged files of which another folder of the repository has a whole copy: a new link to it puts them back.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::digest::Digest;
use crate::base::error::program;
use crate::base::files::TreePath;
use crate::base::text::shell_word;
use crate::repository::model::layout::MANIFEST;
use crate::repository::model::store::Store;
use crate::repository::verify::tree::FoundFolder;
use crate::repository::verify::{Finding, FindingId, VerifyReport};

/// The most files that one command puts back.
const LINKED: usize = 20;

/// A damaged file, and a whole one with the content that it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundCopy {
    pub from: TreePath,
    pub to: TreePath,
    /// The path of the damaged file in findings.
    pub shown: String,
}

/// The copies for the files that are missing or changed.
pub fn find_copies(store: &Store, folders: &[FoundFolder], report: &VerifyReport) -> Vec<SoundCopy> {
    let is_lost = |finding: &&Finding| matches!(finding.id, FindingId::FileMissing | FindingId::FileChanged);
    let lost: Vec<&Finding> = report.findings.iter().filter(is_lost).collect();
    if lost.is_empty() {
        return Vec::new();
    }
    let has_finding = |path: &str| report.findings.iter().any(|finding| finding.path == path);
    let mut sound: BTreeMap<Digest, TreePath> = BTreeMap::new();
    let mut wanted = Vec::new();
    for found in folders {
        // A manifest that was changed, or copied from another folder, tells nothing.
        let Some(loaded) = found.own_manifest(store) else { continue };
        let folder = store.layout.shown(&found.path);
        if has_finding(&folder) || has_finding(&format!("{folder}/{MANIFEST}")) {
            continue;
        }
        for file in &loaded.manifest.files {
            let (shown, place) = (format!("{folder}/{}", file.path), found.path.join(&file.path));
            if lost.iter().any(|finding| finding.path == shown) {
                wanted.push((file.sha256, place, shown));
            } else if !has_finding(&shown) {
                sound.entry(file.sha256).or_insert(place);
            }
        }
    }
    let copy = |(sha256, to, shown): (Digest, TreePath, String)| {
        sound.get(&sha256).map(|from| SoundCopy { from: from.clone(), to, shown })
    };
    wanted.into_iter().filter_map(copy).collect()
}

/// The commands that put files back, for a shell.
pub fn help_to_link(copies: &[SoundCopy]) -> String {
    let word = |path: &TreePath| shell_word(&path.to_string());
    let link = |copy: &SoundCopy| format!("ln -f {} {}", word(&copy.from), word(&copy.to));
    let copied = || copies.iter().take(LINKED);
    let mut commands = make_folders(copied().map(|copy| &copy.to));
    commands.extend(copied().map(link));
    let commands = commands.join(" && ");
    let more = match copies.len().saturating_sub(LINKED) {
        0 => String::new(),
        more => format!("; for {more} more: `{} verify` again", program()),
    };
    format!("another folder has what is damaged; to put it back: `{commands}`{more}")
}

/// The commands for a shell that make the folders of files that are to be put back, where these are gone, too.
pub fn make_folders<'p>(files: impl Iterator<Item = &'p TreePath>) -> Vec<String> {
    let folders: BTreeSet<String> = files
        .filter_map(TreePath::parent)
        .filter(|folder| !folder.is_folder())
        .map(|folder| folder.to_string())
        .collect();
    folders.iter().map(|folder| format!("mkdir -p {}", shell_word(folder))).collect()
}
