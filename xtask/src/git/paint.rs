//! Separates the ancestors of a tip from those of its base, as `git rev-list tip --not base` does.
//!
//! The algorithm is git's: from the newest date to the oldest, each commit passes its paint to its parents, and the
//! paint of the base wins. The walk may end when no new commit is in the queue: if all dates are right, a commit that
//! becomes old later cannot reach one that was already visited. Dates may be wrong, so the walk visits some more old
//! commits ([`EXTRA_COMMITS`]).

use std::collections::BinaryHeap;

use anyhow::Result;

use crate::git::graph::{Graph, Paint};

/// How many more old commits are visited before the walk ends. Git visits five; a thousand take a few milliseconds, and
/// small repositories are walked completely, so that wrong dates do not matter in them.
const EXTRA_COMMITS: usize = 1_000;
/// By how many seconds clocks may differ before an old commit counts as one of these.
const CLOCK_SKEW: i64 = 86_400;

/// How much of the history of a base is in the clone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BaseHistory {
    /// All that matters here.
    Whole,
    /// A shallow boundary ends it: some ancestors of the base may have been painted new.
    CutOff,
}

/// Paints the commits that `chain` (the mainline from the tip to just above `base`) and `base` reach.
pub(super) fn paint_ancestors(graph: &mut Graph<'_>, chain: &[usize], base: usize) -> Result<BaseHistory> {
    let mut walk = PaintWalk { graph, queue: BinaryHeap::new(), waiting: 0 };
    for &step in chain {
        for parent in walk.graph.parents(step)?.into_iter().skip(1) {
            walk.apply(parent, Paint::New);
        }
    }
    // The base comes last: if it is also a second parent, it stays old.
    walk.apply(base, Paint::Old);
    let mut history = BaseHistory::Whole;
    let mut oldest_new = i64::MAX;
    let mut left = EXTRA_COMMITS;
    while let Some((date, index)) = walk.queue.pop() {
        let paint = walk.graph.nodes[index].paint;
        if paint == Paint::New {
            oldest_new = oldest_new.min(date);
        }
        if walk.waiting > 0 {
            left = EXTRA_COMMITS;
        } else if date < oldest_new.saturating_sub(CLOCK_SKEW) {
            left -= 1;
            if left == 0 {
                break;
            }
        }
        walk.leave(index);
        if paint == Paint::Old && walk.graph.nodes[index].boundary {
            history = BaseHistory::CutOff;
        }
        for parent in walk.graph.parents(index)? {
            walk.apply(parent, paint);
        }
    }
    Ok(history)
}

struct PaintWalk<'g, 'r> {
    graph: &'g mut Graph<'r>,
    /// By date, newest first.
    queue: BinaryHeap<(i64, usize)>,
    /// How many commits of the queue must be visited: the new ones, and those that were visited as new and became old,
    /// with their ancestors.
    waiting: usize,
}

impl PaintWalk<'_, '_> {
    /// Paints a commit, and queues it if its paint changed.
    fn apply(&mut self, index: usize, paint: Paint) {
        let node = &mut self.graph.nodes[index];
        if node.paint == Paint::Old || node.paint == paint {
            return;
        }
        let was_visited = node.paint == Paint::New && !node.waits;
        node.paint = paint;
        self.queue.push((node.date(), index));
        self.leave(index);
        if paint == Paint::New || was_visited {
            self.graph.nodes[index].waits = true;
            self.waiting += 1;
        }
    }

    /// Marks a commit as visited.
    fn leave(&mut self, index: usize) {
        if std::mem::take(&mut self.graph.nodes[index].waits) {
            self.waiting -= 1;
        }
    }
}
