//! Finds the files of a plan where an earlier run has written them, so that `rpm` need not write the archives again.
//!
//! The files depend on the plan (the commit, all texts, the names) and on this program. A memo in the state folder has the
//! digest of the plan and of the size and date of the program, and the digests of the files. It counts only if all files
//! still have these digests.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::base::checksum::{CHECKSUMS_FILE, Digest, digest_of, digest_of_file};
use crate::base::files::{self, TreePath};
use crate::base::plan::Plan;
use crate::rpm::package::map_all;
use crate::rpm::release::made::{Made, Written};
use crate::rpm::release::plan::ReleaseStep;

const FILE: &str = "dist.json";

/// The folder in the state folder in which `rpm` keeps a release until its packages are built. Only then does it replace
/// the folder of the results.
pub fn pending(state: &Path) -> PathBuf {
    state.join("release")
}

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

/// The files that an earlier run of the same plan has written, by the memo in the folder `state`; `None` unless all of them
/// still exist with the same bytes. They are in the folder of the results, or in [`pending`].
pub fn find(state: &Path, plan: &Plan<ReleaseStep>) -> Option<Made> {
    let memo: Memo = serde_json::from_slice(&fs::read(state.join(FILE)).ok()?).ok()?;
    let target = memo.target;
    let is_of_plan = target == target_of(plan)? || target == pending(state);
    if !is_of_plan || !target.join(CHECKSUMS_FILE).is_file() || memo.plan != digest_of_plan(plan)? {
        return None;
    }
    let made = Made {
        target: target.clone(),
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

/// Writes the memo of a plan into the folder `state`, without the packages and their listing: these change without the
/// plan. The caller has locked the folder.
pub fn write_memo(state: &Path, plan: &Plan<ReleaseStep>, made: &Made) -> Result<()> {
    let Some(plan) = digest_of_plan(plan) else { return Ok(()) };
    let memo = Memo {
        target: made.target.clone(),
        plan,
        sources: made.sources.iter().map(FileMemo::of).collect(),
        srpm: made.srpm.as_ref().map(FileMemo::of),
    };
    files::make_folders(&TreePath::top(state))?;
    files::write(&state.join(FILE), &serde_json::to_vec(&memo)?)
}

/// The folder of the results of a plan.
pub fn target_of(plan: &Plan<ReleaseStep>) -> Option<&Path> {
    plan.steps.iter().find_map(|step| match step {
        ReleaseStep::Place { target } => Some(target.as_path()),
        _ => None,
    })
}

fn digest_of_plan(plan: &Plan<ReleaseStep>) -> Option<Digest> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    // The contents of the files depend neither on kept packages nor on the folder of the results.
    let depends = |step: &&ReleaseStep| {
        !matches!(step, ReleaseStep::Keep | ReleaseStep::Folder { .. } | ReleaseStep::Place { .. })
    };
    let steps = plan.steps.iter().filter(depends);
    let steps: Vec<String> = steps.map(|step| format!("{step:?}")).collect();
    let text = format!("{} {}.{}\n{}", program.len(), program.mtime(), program.mtime_nsec(), steps.join("\n"));
    Some(digest_of(text.as_bytes()))
}
