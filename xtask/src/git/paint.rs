//! Which ancestors of a tip are not ancestors of its base: the question `git rev-list tip --not base` answers.
//!
//! As git does it: from the newest date to the oldest, both sides paint their parents, and the base's paint wins. The
//! walk may end when no commit waits that is only new: under honest dates, what is painted old later cannot reach a
//! commit that was already passed. Dates are not always honest, so the old side goes on for a while ([`PATIENCE`]).

use std::collections::BinaryHeap;

use anyhow::Result;

use crate::git::graph::{Graph, Paint};

/// How many more old commits are looked at before the walk ends, and by how many seconds clocks may differ without
/// counting against them. Git is content with five commits; the price of this many is a few milliseconds, and small
/// repositories are walked whole, so that no date can deceive there.
const PATIENCE: usize = 1_000;
const CLOCK_SKEW: i64 = 86_400;

/// What can be seen of the history of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// As far as it matters.
    InSight,
    /// A shallow boundary cuts it off: some ancestors of the base may have been painted new.
    Hidden,
}

/// Paints what `chain` (the mainline from the tip to just above `base`) and `base` reach.
pub(super) fn paint_ancestors(graph: &mut Graph<'_>, chain: &[usize], base: usize) -> Result<Below> {
    let mut walk = Walk { graph, queue: BinaryHeap::new(), waiting: 0 };
    for &step in chain {
        for parent in walk.graph.parents(step)?.into_iter().skip(1) {
            walk.apply(parent, Paint::New);
        }
    }
    // After the chain: a base that is also a second parent stays old.
    walk.apply(base, Paint::Old);
    let mut below = Below::InSight;
    let mut oldest_new = i64::MAX;
    let mut patience = PATIENCE;
    while let Some((date, index)) = walk.queue.pop() {
        let paint = walk.graph.nodes[index].paint;
        if paint == Paint::New {
            oldest_new = oldest_new.min(date);
        }
        if walk.waiting > 0 {
            patience = PATIENCE;
        } else if date < oldest_new.saturating_sub(CLOCK_SKEW) {
            patience -= 1;
            if patience == 0 {
                break;
            }
        }
        walk.leave(index);
        if paint == Paint::Old && walk.graph.nodes[index].boundary {
            below = Below::Hidden;
        }
        for parent in walk.graph.parents(index)? {
            walk.apply(parent, paint);
        }
    }
    Ok(below)
}

struct Walk<'g, 'r> {
    graph: &'g mut Graph<'r>,
    /// By date, newest first.
    queue: BinaryHeap<(i64, usize)>,
    /// How many commits of the queue have to be looked at: those that are new, and those that were passed as new and are
    /// old after all, as are their ancestors then.
    waiting: usize,
}

impl Walk<'_, '_> {
    /// Paints a commit, and queues it where that is news to its parents.
    fn apply(&mut self, index: usize, paint: Paint) {
        let node = &mut self.graph.nodes[index];
        if node.paint == Paint::Old || node.paint == paint {
            return;
        }
        let was_passed = node.paint == Paint::New && !node.waits;
        node.paint = paint;
        self.queue.push((node.date(), index));
        self.leave(index);
        if paint == Paint::New || was_passed {
            self.graph.nodes[index].waits = true;
            self.waiting += 1;
        }
    }

    /// The commit no longer waits.
    fn leave(&mut self, index: usize) {
        if std::mem::take(&mut self.graph.nodes[index].waits) {
            self.waiting -= 1;
        }
    }
}
