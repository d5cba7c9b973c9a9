//! The folder of the merges, in the state of the repository, which is never served.
//!
//! ```text
//! <state>/<name>/ci/
//!   git/                the branches, the work and the tags of the remote, in a bare repository
//!   lock
//!   merges/000012/
//!     journal.jsonl     what happened
//!     1/                the first try: work/ (the checkout), logs/, release/
//! ```

use std::path::PathBuf;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::files::{LockFile, TreePath};
use crate::base::journal::Journal;
use crate::base::number::{number_after, padded, parse_padded};
use crate::ci::merge::machine::{Merge, MergeEvent, MergePhase};
use crate::ci::merge::request::MergeRequest;
use crate::git::Repository;
use crate::git::remote::{Remote, clear_locks};
use crate::project::trusted::TrustedKeys;

/// The folder of the merges of a project.
#[derive(Clone, Debug)]
pub struct MergeHome {
    folder: TreePath,
    clone_config: PathBuf,
}

/// A merge that is on the disk.
pub struct StoredMerge {
    /// From 1.
    pub number: u32,
    pub journal: Journal<MergeEvent>,
    pub merge: Merge,
}

impl MergeHome {
    /// `state` is the folder of the project in the state of the repository, `clone` the repository that the person works in.
    pub fn new(state: &TreePath, clone: &Repository) -> MergeHome {
        MergeHome { folder: state.join("ci"), clone_config: clone.config_file() }
    }

    /// A remote whose commits are fetched into the bare repository.
    pub fn remote(&self, address: &str) -> Remote {
        let local = self.git().for_programs().to_owned();
        Remote { address: address.to_owned(), local, settings: self.clone_config.clone() }
    }

    /// The bare repository.
    pub fn git(&self) -> TreePath {
        self.folder.join("git")
    }

    /// The keys of trust for a merge: those of the default branch when it was prepared.
    pub fn trusted(&self, number: u32, request: &MergeRequest) -> Result<TrustedKeys> {
        TrustedKeys::of_merge(&Repository::open(self.git().for_programs())?, number, &request.remote)
    }

    /// The folder of a merge.
    pub fn merge(&self, number: u32) -> TreePath {
        self.folder.join("merges").join(padded(number))
    }

    /// The folder of one try of a merge.
    pub fn attempt(&self, number: u32, attempt: u32) -> TreePath {
        self.merge(number).join(attempt.to_string())
    }

    /// Lets no other run change merges. Removes the lock files that a killed run left in the bare repository.
    ///
    /// Errors: another run changes merges (exit 75).
    pub fn lock(&self, command: &str) -> Result<LockFile> {
        let lock = LockFile::take(&self.folder.join("lock"), command, "merging")?;
        if self.git().is_folder() {
            clear_locks(self.git().for_programs())?;
        }
        Ok(lock)
    }

    /// Whether another run has the lock.
    pub fn is_locked(&self) -> bool {
        LockFile::is_held(&self.folder.join("lock"))
    }

    /// The numbers of all merges, in order.
    pub fn numbers(&self) -> Result<Vec<u32>> {
        let names = self.folder.join("merges").names()?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| parse_padded(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The number for a new merge. That of a run that was killed before it wrote its request is used again. The caller has the lock.
    pub fn next_number(&self) -> Result<u32> {
        let last = self.numbers()?.last().copied().unwrap_or(0);
        if last > 0 && self.load(last)?.is_none() {
            return Ok(last);
        }
        Ok(number_after(last).ok_or_else(|| {
            Failure::new(Exit::Failed, format!("no number is left after merge {last}"))
                .help("somebody made this folder by hand: move it away")
        })?)
    }

    /// An empty journal for a new merge, or the one that is there.
    pub fn journal(&self, number: u32) -> Result<Journal<MergeEvent>> {
        Journal::open(self.merge(number).join("journal.jsonl"))
    }

    /// A merge as its journal tells it; `None` where the journal has no complete line: its run was killed before anything happened.
    pub fn load(&self, number: u32) -> Result<Option<StoredMerge>> {
        let journal = self.journal(number)?;
        if journal.lines().is_empty() {
            return Ok(None);
        }
        let merge = Merge::replay(journal.lines().iter().map(|line| &line.entry)).map_err(|wrong| {
            let message = format!("the journal of merge {number} cannot be followed: {wrong}");
            Failure::new(Exit::Failed, message)
                .help(format!("restore `{}` from a backup, or move it away", self.merge(number)))
        })?;
        Ok(Some(StoredMerge { number, journal, merge }))
    }

    /// The merge of the same commit into the same branch that has not ended.
    pub fn find_interrupted(&self, request: &MergeRequest) -> Result<Option<StoredMerge>> {
        let is_same = |other: &MergeRequest| {
            (&other.remote, &other.base, &other.work, other.head)
                == (&request.remote, &request.base, &request.work, request.head)
        };
        Ok(self.all()?.into_iter().find(|stored| stored.merge.next().is_some() && is_same(&stored.merge.request)))
    }

    /// Another merge that the same comment asked for, and that ended without a change of the base: the comment is used up, also where its answer
    /// was deleted on the forge.
    pub fn find_used(&self, stored: &StoredMerge) -> Result<Option<u32>> {
        let request = &stored.merge.request;
        let Some(comment) = &request.comment else { return Ok(None) };
        let is_by_it = |other: &MergeRequest| {
            other.remote == request.remote && other.comment.as_ref().is_some_and(|asked| asked.id == comment.id)
        };
        let has_failed = |merge: &Merge| matches!(merge.phase, MergePhase::Stopped(_) | MergePhase::GivenUp { .. });
        let mut others = self.all()?.into_iter().filter(|other| other.number != stored.number);
        Ok(others.find(|other| has_failed(&other.merge) && is_by_it(&other.merge.request)).map(|used| used.number))
    }

    /// All merges, in order.
    pub fn all(&self) -> Result<Vec<StoredMerge>> {
        let mut all = Vec::new();
        for number in self.numbers()? {
            all.extend(self.load(number)?);
        }
        Ok(all)
    }
}
