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

use crate::base::checksum::{Digest, digest_of, digest_of_file};
use crate::base::files;
use crate::base::plan::Plan;
use crate::rpm::package::map_all;
use crate::rpm::release::made::{CHECKSUMS_FILE, Made, Written};
use crate::rpm::release::plan::Step;

const FILE: &str = "dist.json";

#[derive(Serialize, Deserialize)]
struct Memo {
    target: PathBuf,
    plan: Digest,
    sources: Vec<FileMemo>,
    srpm: Option<FileMemo>,
}

#[derive(Serialize, Deserialize)]
struct FileMemo {
    file: String,
    size: u64,
    digest: Digest,
}

impl FileMemo {
    fn of(written: &Written) -> FileMemo {
        FileMemo { file: written.file.clone(), size: written.size, digest: written.digest }
    }

    fn written(self) -> Written {
        Written { file: self.file, size: self.size, digest: self.digest }
    }
}

/// What the plan has left before, by the note in the folder `state`, where all of it is still there.
pub fn find(state: &Path, plan: &Plan<Step>) -> Option<Made> {
    let target = target_of(plan).filter(|target| target.join(CHECKSUMS_FILE).is_file())?;
    let memo: Memo = serde_json::from_slice(&fs::read(state.join(FILE)).ok()?).ok()?;
    if memo.target != target || memo.plan != digest_of_plan(plan)? {
        return None;
    }
    let made = Made {
        target: target.to_owned(),
        sources: memo.sources.into_iter().map(FileMemo::written).collect(),
        srpm: memo.srpm.map(FileMemo::written),
        packages: Vec::new(),
        checksums: None,
    };
    let paths: Vec<PathBuf> = made.files().map(|written| target.join(&written.file)).collect();
    let found = map_all(&paths, digest_of_file).ok()?;
    let is_whole = found.iter().zip(made.files()).all(|(found, written)| *found == written.digest);
    is_whole.then_some(made)
}

/// Notes in the folder `state` which sources the plan has left: packages and their listing change without it. The caller has
/// locked the folder.
pub fn remember(state: &Path, plan: &Plan<Step>, made: &Made) -> Result<()> {
    let Some(plan) = digest_of_plan(plan) else { return Ok(()) };
    let memo = Memo {
        target: made.target.clone(),
        plan,
        sources: made.sources.iter().map(FileMemo::of).collect(),
        srpm: made.srpm.as_ref().map(FileMemo::of),
    };
    files::make_folders(state)?;
    files::write(&state.join(FILE), &serde_json::to_vec(&memo)?)
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
