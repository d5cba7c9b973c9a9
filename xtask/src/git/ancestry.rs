//! Finds out of many commits which are ancestors of a tip, without reading more history than that takes.
//!
//! The walk goes from the newest date to the oldest and remembers what it has seen. A commit that it has not met by the time
//! it is a day before its date is no ancestor. Dates may be wrong, so that the walk visits some more commits first, as in
//! [`crate::git::paint`].

use std::collections::{BinaryHeap, HashSet};

use anyhow::Result;

use crate::base::progress::Progress;
use crate::git::commit::CommitId;
use crate::git::graph::Graph;
use crate::git::repository::Repository;

/// How many commits that are older than the searched one are visited before the search ends.
const EXTRA_COMMITS: usize = 1_000;
/// By how many seconds clocks may differ before a commit counts as older.
const CLOCK_SKEW: i64 = 86_400;

/// A walk through the ancestors of a tip.
pub struct Ancestry<'r> {
    graph: Graph<'r>,
    /// By date, newest first.
    queue: BinaryHeap<(i64, usize)>,
    seen: HashSet<usize>,
    /// The dates of the commits that were visited, in their order.
    visited: Vec<i64>,
}

impl Repository {
    /// The ancestors of `tip`, itself included.
    pub fn ancestry<'r>(&'r self, tip: CommitId, progress: &'r dyn Progress) -> Result<Ancestry<'r>> {
        let mut graph = Graph::open(self, usize::MAX, progress)?;
        let index = graph.node(tip)?;
        let queue = BinaryHeap::from([(graph.nodes[index].date(), index)]);
        Ok(Ancestry { graph, queue, seen: HashSet::from([index]), visited: Vec::new() })
    }
}

impl Ancestry<'_> {
    /// Whether `commit` is the tip or an ancestor of it. Errors: an object that is missing or damaged; an interrupt.
    pub fn has(&mut self, commit: CommitId) -> Result<bool> {
        let wanted = self.graph.node(commit)?;
        let oldest = self.graph.nodes[wanted].date().saturating_sub(CLOCK_SKEW);
        let mut older = self.visited.iter().filter(|date| **date < oldest).count();
        while !self.seen.contains(&wanted) {
            if older >= EXTRA_COMMITS {
                return Ok(false);
            }
            let Some((date, _)) = self.visit()? else { return Ok(false) };
            older += usize::from(date < oldest);
        }
        Ok(true)
    }

    /// The next commit of the walk for which `is_wanted` returns true. A commit that an earlier call has passed is not found.
    pub fn next_of(&mut self, is_wanted: impl Fn(CommitId) -> bool) -> Result<Option<CommitId>> {
        while let Some((_, commit)) = self.visit()? {
            if is_wanted(commit) {
                return Ok(Some(commit));
            }
        }
        Ok(None)
    }

    /// Visits the next commit: its date and id; `None` at the end of the history.
    fn visit(&mut self) -> Result<Option<(i64, CommitId)>> {
        let Some((date, index)) = self.queue.pop() else { return Ok(None) };
        self.visited.push(date);
        for parent in self.graph.parents(index)? {
            if self.seen.insert(parent) {
                self.queue.push((self.graph.nodes[parent].date(), parent));
            }
        }
        Ok(Some((date, self.graph.nodes[index].id)))
    }
}
