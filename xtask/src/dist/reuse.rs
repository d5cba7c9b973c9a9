//! Whether the results of a plan are there already, so that `rpm` need not make the archives again.
//!
//! A plan says all that shapes the results but the program itself: the commit, every text, the names. So the digest of a
//! plan, with the program's size and date, is written beside the digest of the results, and believed only where these are
//! still there, byte for byte.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::apply::{Made, Written};
use super::{CHECKSUMS_FILE, Step};
use crate::files;
use crate::plan::Plan;
use crate::rpm::package::map_all;
use crate::source::checksum::{Digest, digest_of, digest_of_file};

const FILE: &str = "dist.json";

#[derive(PartialEq, Serialize, Deserialize)]
struct Memo {
    target: PathBuf,
    plan: Digest,
    files: Vec<(String, u64, Digest)>,
}

/// What the plan has left before, by the note in the folder `state`, where all of it is still there.
pub fn find(state: &Path, plan: &Plan<Step>) -> Option<Made> {
    let target = target_of(plan).filter(|target| target.join(CHECKSUMS_FILE).is_file())?;
    let memo: Memo = serde_json::from_slice(&fs::read(state.join(FILE)).ok()?).ok()?;
    if memo.target != target || memo.plan != digest_of_plan(plan)? {
        return None;
    }
    let paths: Vec<PathBuf> = memo.files.iter().map(|(file, ..)| target.join(file)).collect();
    let found = map_all(&paths, digest_of_file).ok()?;
    let is_whole = found.iter().zip(&memo.files).all(|(found, (.., digest))| found == digest);
    let written = memo.files.into_iter().map(|(file, size, digest)| Written { file, size, digest });
    is_whole.then(|| Made { target: target.to_owned(), written: written.collect() })
}

/// Notes in the folder `state` what the plan has left. The caller has locked the folder.
pub fn remember(state: &Path, plan: &Plan<Step>, made: &Made) -> Result<()> {
    let Some(plan) = digest_of_plan(plan) else { return Ok(()) };
    // Packages and their listing come and go; the checksums list them.
    let sources = made.written.iter().filter(|written| written.file.starts_with("sources/"));
    let files = sources.map(|Written { file, size, digest }| (file.clone(), *size, *digest)).collect();
    files::make_folders(state)?;
    let target = made.target.clone();
    files::write(&state.join(FILE), &serde_json::to_vec(&Memo { target, plan, files })?)
}

/// Where the results of a plan go.
pub fn target_of(plan: &Plan<Step>) -> Option<&Path> {
    plan.steps.iter().find_map(|step| match step {
        Step::Place { target } => Some(target.as_path()),
        _ => None,
    })
}

fn digest_of_plan(plan: &Plan<Step>) -> Option<Digest> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    // Whether packages are kept, and where the results are, is no part of what is made.
    let steps = plan.steps.iter().filter(|step| !matches!(step, Step::Keep | Step::Place { .. }));
    let steps: Vec<String> = steps.map(|step| format!("{step:?}")).collect();
    let text = format!("{} {}.{}\n{}", program.len(), program.mtime(), program.mtime_nsec(), steps.join("\n"));
    Some(digest_of(text.as_bytes()))
}
