//! The commits of a branch: those that its head has and its base does not have, as `git rev-list head --not base` lists them.
//!
//! The walk is the one by which git finds merge bases: from the newest date to the oldest, each commit passes to its parents
//! from which side it is reached. A commit that both sides reach is common, and so are its ancestors. Dates may be wrong or equal, so
//! the walk visits some more common commits before it ends.

use std::collections::{BinaryHeap, HashSet};

use anyhow::{Context, Result};

use crate::base::progress::Progress;
use crate::git::commit::{Commit, CommitId};
use crate::git::graph::{Graph, Paint};
use crate::git::lineage::take_unclaimed;
use crate::git::repository::Repository;
use crate::git::tree::ObjectId;

/// How many more commits are visited after the last one that only one side reaches. Git visits none.
const EXTRA_COMMITS: usize = 100;

/// By how many seconds clocks may differ.
const CLOCK_SKEW: i64 = 86_400;

const HEAD: u8 = 1;
const BASE: u8 = 2;
const COMMON: u8 = HEAD | BASE;
/// Reached from a common commit, and therefore no merge base.
const OLDER: u8 = 4;

/// The commits of a branch.
#[derive(Clone, Debug)]
pub struct BranchHistory {
    /// The commits that the branch and its base have in common, without their ancestors; the newest first. Several, if the branch
    /// has merged other work that has come into the base since.
    pub merge_bases: Vec<CommitId>,
    /// The commits that the base does not have, children before their parents.
    pub commits: Vec<BranchCommit>,
    /// How many commits the base has that the branch does not have.
    pub behind: usize,
    /// A commit whose parents are missing from a shallow clone. If there is one, the other fields may be wrong.
    pub cut: Option<CommitId>,
}

/// A commit of a branch.
#[derive(Clone, Debug)]
pub struct BranchCommit {
    pub commit: Commit,
    pub merges: Merges,
    /// The tree of the first parent; `None` for a commit without a parent.
    pub tree_before: Option<ObjectId>,
}

impl BranchCommit {
    /// Whether the tree is that of the first parent. False for a commit without a parent.
    pub fn is_empty(&self) -> bool {
        self.tree_before.is_some() && self.tree_before == self.commit.tree()
    }
}

/// What a commit merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merges {
    /// The commit has at most one parent.
    Nothing,
    /// A parent after the first one is a mainline commit of the base.
    Base,
    /// Other work, which may have come into the base since.
    Other,
}

impl Repository {
    /// The commits that `head` has beyond the nearest of `bases`, and the index of that base: the one beyond which `head` has the
    /// fewest commits, the first of several. `None` without bases. Each commit is read once.
    ///
    /// Errors: an object that is missing or damaged; an interrupt.
    pub fn branch_history(
        &self,
        head: CommitId,
        bases: &[CommitId],
        progress: &dyn Progress,
    ) -> Result<Option<(usize, BranchHistory)>> {
        progress.begin("reading commits", None);
        let found = nearest(&mut Graph::open(self, usize::MAX, progress)?, head, bases);
        progress.end();
        found
    }
}

fn nearest(graph: &mut Graph<'_>, head: CommitId, bases: &[CommitId]) -> Result<Option<(usize, BranchHistory)>> {
    let head = graph.node(head)?;
    let mut best: Option<(usize, Sides)> = None;
    for (index, base) in bases.iter().enumerate() {
        let base = graph.node(*base)?;
        let sides = walk(graph, head, base)?;
        if best.as_ref().is_none_or(|(_, best)| sides.count(HEAD) < best.count(HEAD)) {
            best = Some((index, sides));
        }
    }
    let Some((index, sides)) = best else { return Ok(None) };
    let base = graph.node(bases[index])?;
    Ok(Some((index, history(graph, head, base, &sides)?)))
}

/// From which sides each commit of the graph is reached; 0 for those that were not visited.
#[derive(Default)]
struct Sides {
    of: Vec<u8>,
    /// By date, newest first, with the sides at that time. A commit is there again when it is reached from the other side, too.
    queue: BinaryHeap<(i64, usize, u8)>,
    /// How many entries of the queue are reached from one side only.
    one_sided: usize,
}

impl Sides {
    fn count(&self, side: u8) -> usize {
        self.of.iter().filter(|of| **of == side).count()
    }

    fn get(&self, index: usize) -> u8 {
        self.of.get(index).copied().unwrap_or(0)
    }

    /// The common commits that are no ancestors of other ones, the newest first.
    fn merge_bases(&self, graph: &Graph<'_>) -> Vec<CommitId> {
        let mut common: Vec<usize> = (0..self.of.len()).filter(|index| self.of[*index] == COMMON).collect();
        common.sort_by_key(|index| std::cmp::Reverse(graph.nodes[*index].date()));
        common.into_iter().map(|index| graph.nodes[index].id).collect()
    }

    fn reach(&mut self, graph: &Graph<'_>, index: usize, side: u8) {
        let (before, after) = (self.get(index), self.get(index) | side);
        if after != before {
            self.of.resize(self.of.len().max(index + 1), 0);
            self.of[index] = after;
            self.queue.push((graph.nodes[index].date(), index, after));
            self.one_sided += usize::from(after & COMMON != COMMON);
        }
    }
}

fn walk(graph: &mut Graph<'_>, head: usize, base: usize) -> Result<Sides> {
    let mut sides = Sides::default();
    sides.reach(graph, head, HEAD);
    sides.reach(graph, base, BASE);
    let mut left = EXTRA_COMMITS;
    while let Some((_, index, queued_as)) = sides.queue.pop() {
        sides.one_sided -= usize::from(queued_as & COMMON != COMMON);
        let side = sides.get(index);
        let is_common = side & COMMON == COMMON;
        if is_common && sides.one_sided == 0 {
            if left == 0 {
                break;
            }
            left -= 1;
        }
        for parent in graph.parents(index)? {
            sides.reach(graph, parent, if is_common { side | OLDER } else { side });
        }
    }
    Ok(sides)
}

fn history(graph: &mut Graph<'_>, head: usize, base: usize, sides: &Sides) -> Result<BranchHistory> {
    for (index, node) in graph.nodes.iter_mut().enumerate() {
        node.paint = if sides.get(index) == HEAD { Paint::New } else { Paint::Old };
        node.claimed = false;
    }
    let cut =
        (0..graph.nodes.len()).find(|index| matches!(sides.get(*index), HEAD | BASE) && graph.nodes[*index].boundary);
    let mut order = Vec::new();
    if sides.get(head) == HEAD {
        order.push(head);
        order.extend(take_unclaimed(graph, head)?);
    }
    let mainline = merged_mainline(graph, &order, base)?;
    let commits = order.into_iter().map(|index| branch_commit(graph, index, &mainline)).collect::<Result<_>>()?;
    Ok(BranchHistory {
        merge_bases: sides.merge_bases(graph),
        commits,
        behind: sides.count(BASE),
        cut: cut.map(|index| graph.nodes[index].id),
    })
}

/// The mainline of the base as far as the commits of `order` merge commits of it.
fn merged_mainline(graph: &mut Graph<'_>, order: &[usize], base: usize) -> Result<HashSet<usize>> {
    let mut wanted = HashSet::new();
    for index in order {
        let parents = graph.parents(*index)?.into_iter().skip(1);
        wanted.extend(parents.filter(|parent| graph.nodes[*parent].paint == Paint::Old));
    }
    let oldest = wanted.iter().map(|index| graph.nodes[*index].date()).min().unwrap_or(i64::MAX);
    let (mut mainline, mut next) = (HashSet::new(), Some(base));
    while let Some(index) = next.filter(|_| !wanted.is_empty()) {
        if graph.nodes[index].date() < oldest.saturating_sub(CLOCK_SKEW) {
            break;
        }
        if graph.nodes[index].boundary {
            mainline.extend(wanted); // what is older cannot be told apart
            break;
        }
        if wanted.remove(&index) {
            mainline.insert(index);
        }
        next = graph.parents(index)?.first().copied();
    }
    Ok(mainline)
}

fn branch_commit(graph: &mut Graph<'_>, index: usize, mainline: &HashSet<usize>) -> Result<BranchCommit> {
    let parents = graph.parents(index)?;
    let is_of_base = |parent: &usize| mainline.contains(parent);
    let merges = match parents.get(1..) {
        None | Some([]) => Merges::Nothing,
        Some(others) if others.iter().any(is_of_base) => Merges::Base,
        Some(_) => Merges::Other,
    };
    let commit = graph.nodes[index].commit.clone().context("a commit was not read")?;
    let tree_before = parents.first().and_then(|parent| graph.nodes[*parent].commit.as_ref()?.tree());
    Ok(BranchCommit { commit, merges, tree_before })
}
