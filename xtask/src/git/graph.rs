//! The commits that a walk has read, each once, and their state in the walk.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use git2::ObjectType;

use crate::base::interrupt;
use crate::base::progress::Progress;
use crate::git::commit::{Commit, CommitId};
use crate::git::repository::{ObjectDatabase, Repository};

/// How many commits are read between two checks for an interrupt.
const STRIDE: usize = 256;

/// On which side of the base a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// Not visited yet.
    None,
    /// An ancestor of the tip, and so far not of the base.
    New,
    /// The base or an ancestor of it.
    Old,
}

/// The commits read so far.
pub(super) struct Graph<'r> {
    odb: ObjectDatabase<'r>,
    boundary: &'r HashSet<CommitId>,
    budget: usize,
    progress: &'r dyn Progress,
    index: HashMap<CommitId, usize>,
    pub(super) nodes: Vec<Node>,
}

/// A commit of the graph and its state in the walk.
pub(super) struct Node {
    pub(super) id: CommitId,
    pub(super) commit: Option<Commit>,
    pub(super) paint: Paint,
    /// Whether it is in the queue of [`crate::git::paint`], which must not end before it is visited.
    pub(super) waits: bool,
    /// Whether it is assigned to a mainline commit.
    pub(super) claimed: bool,
    /// Whether a shallow clone ends here: the parents are named and missing.
    pub(super) boundary: bool,
}

impl Node {
    /// The committer's date, in seconds since 1970.
    pub(super) fn date(&self) -> i64 {
        self.commit.as_ref().map_or(0, |commit| commit.committer().seconds())
    }

    pub(super) fn parent_ids(&self) -> impl Iterator<Item = CommitId> + '_ {
        self.commit.iter().filter(|_| !self.boundary).flat_map(Commit::parents)
    }
}

/// Error: the walk would have to read more commits than its limit.
#[derive(Debug)]
pub(super) struct OverBudget;

impl std::fmt::Display for OverBudget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the walk is longer than its limit")
    }
}

impl std::error::Error for OverBudget {}

impl<'r> Graph<'r> {
    pub(super) fn open(repository: &'r Repository, budget: usize, progress: &'r dyn Progress) -> Result<Graph<'r>> {
        let odb = repository.odb()?;
        let boundary = repository.shallow_boundary()?;
        Ok(Graph { odb, boundary, budget, progress, index: HashMap::new(), nodes: Vec::new() })
    }

    /// The index of a commit in `nodes`; reads the commit if it is new.
    pub(super) fn node(&mut self, id: CommitId) -> Result<usize> {
        if let Some(&index) = self.index.get(&id) {
            return Ok(index);
        }
        let index = self.nodes.len();
        if index >= self.budget {
            return Err(OverBudget.into());
        }
        if index.is_multiple_of(STRIDE) {
            interrupt::check()?;
            self.progress.advance(STRIDE as u64);
        }
        let raw = self.odb.read(id, ObjectType::Commit).with_context(|| format!("cannot read commit `{id}`"))?;
        let commit = Commit::new(id, raw);
        let boundary = self.boundary.contains(&id);
        self.index.insert(id, index);
        self.nodes.push(Node { id, commit: Some(commit), paint: Paint::None, waits: false, claimed: false, boundary });
        Ok(index)
    }

    /// The parents of a commit, first parent first; reads those that are new. None at a shallow boundary.
    pub(super) fn parents(&mut self, index: usize) -> Result<Vec<usize>> {
        let ids = self.nodes[index].parent_ids().collect::<Vec<_>>();
        ids.into_iter().map(|id| self.node(id)).collect()
    }
}
