//! The commits that a walk has read, each once, and what the walk knows of them.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use git2::{ObjectType, Odb};

use crate::base::interrupt;
use crate::base::progress::Progress;
use crate::git::commit::{Commit, CommitId};
use crate::git::repository::{Repository, read_object};

/// How many commits are read between two looks at what goes on outside.
const STRIDE: usize = 256;

/// What is known of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// Nothing yet.
    None,
    /// An ancestor of the tip; not of the base, as far as is known.
    New,
    /// The base or an ancestor of it.
    Old,
}

/// The commits read so far.
pub(super) struct Graph<'r> {
    odb: Odb<'r>,
    boundary: HashSet<CommitId>,
    budget: usize,
    progress: &'r dyn Progress,
    index: HashMap<CommitId, usize>,
    pub(super) nodes: Vec<Node>,
}

/// A commit of the graph and what the walk knows of it.
pub(super) struct Node {
    pub(super) id: CommitId,
    pub(super) commit: Option<Commit>,
    pub(super) paint: Paint,
    /// It stands in the queue of the painting, which must not end before its turn.
    pub(super) waits: bool,
    /// A step owns it.
    pub(super) claimed: bool,
    /// A shallow clone was cut off here: its parents are named and absent.
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

/// The walk would have to read more commits than it was given.
#[derive(Debug)]
pub(super) struct OverBudget;

impl std::fmt::Display for OverBudget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the walk is longer than its budget")
    }
}

impl std::error::Error for OverBudget {}

impl<'r> Graph<'r> {
    pub(super) fn open(repository: &'r Repository, budget: usize, progress: &'r dyn Progress) -> Result<Graph<'r>> {
        let odb = repository.inner.odb().context("cannot open the object database")?;
        let boundary = repository.shallow_boundary()?;
        Ok(Graph { odb, boundary, budget, progress, index: HashMap::new(), nodes: Vec::new() })
    }

    /// The place of a commit in `nodes`, read if need be.
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
        let object = read_object(&self.odb, id, ObjectType::Commit);
        let object = object.with_context(|| format!("cannot read commit `{id}`"))?;
        let commit = Commit::new(id, object.data().to_vec());
        let boundary = self.boundary.contains(&id);
        self.index.insert(id, index);
        self.nodes.push(Node { id, commit: Some(commit), paint: Paint::None, waits: false, claimed: false, boundary });
        Ok(index)
    }

    /// The parents of a commit, first parent first, read if need be; none at a shallow boundary.
    pub(super) fn parents(&mut self, index: usize) -> Result<Vec<usize>> {
        let ids = self.nodes[index].parent_ids().collect::<Vec<_>>();
        ids.into_iter().map(|id| self.node(id)).collect()
    }
}
