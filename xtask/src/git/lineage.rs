//! The mainline back to a base, and the commits that each merge on it brought in.
//!
//! A version needs `git rev-list C --not C^1` for every mainline commit C since the base. One walk for each would read
//! the same commits many times; here every commit is read once. First comes the first-parent chain. Then, if there is a
//! base, [`crate::git::paint`] separates its ancestors from the new commits. Last, each new commit is assigned to the
//! oldest mainline commit that reaches it.

use anyhow::{Context, Result};

use crate::base::progress::Progress;
use crate::git::commit::{Commit, CommitId};
use crate::git::graph::{Graph, OverBudget, Paint};
use crate::git::paint::{BaseHistory, paint_ancestors};
use crate::git::repository::Repository;

/// A stretch of the mainline: from a tip back to a base, or to the root.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// The commit at which the caller stopped the walk; `None` if the walk reached the end of the first-parent chain.
    pub base: Option<CommitId>,
    /// The mainline commits after the base, oldest first.
    pub steps: Vec<MainlineStep>,
    /// A commit whose parents are needed here and are missing from a shallow clone. If there is one, `steps` may lack
    /// commits, or have commits of other steps.
    pub cut: Option<CommitId>,
}

/// A mainline commit, and the commits that it brought in: `git rev-list C --not C^1`, without C.
#[derive(Clone, Debug)]
pub struct MainlineStep {
    pub commit: Commit,
    /// Each commit once, children before their parents.
    pub brought_in: Vec<Commit>,
}

impl MainlineStep {
    /// The step's own commit, then those it brought in.
    pub fn commits(&self) -> impl Iterator<Item = &Commit> {
        std::iter::once(&self.commit).chain(&self.brought_in)
    }
}

impl Repository {
    /// The mainline from `tip` back to the nearest commit for which `stop` returns true (`tip` included), or to its
    /// end.
    ///
    /// Errors: an object that is missing or damaged; an interrupt.
    pub fn lineage(&self, tip: CommitId, stop: impl Fn(CommitId) -> bool, progress: &dyn Progress) -> Result<Lineage> {
        let lineage = self.lineage_within(usize::MAX, tip, stop, progress)?;
        lineage.context("the history has more commits than this machine can count")
    }

    /// [`Repository::lineage`] with a limit: `None` if it would have to read more than `budget` commits.
    pub fn lineage_within(
        &self,
        budget: usize,
        tip: CommitId,
        stop: impl Fn(CommitId) -> bool,
        progress: &dyn Progress,
    ) -> Result<Option<Lineage>> {
        progress.begin("reading commits", None);
        let loaded = load(&mut Graph::open(self, budget, progress)?, tip, stop);
        progress.end();
        match loaded {
            Ok(lineage) => Ok(Some(lineage)),
            Err(error) if error.is::<OverBudget>() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn load(graph: &mut Graph<'_>, tip: CommitId, stop: impl Fn(CommitId) -> bool) -> Result<Lineage> {
    let (chain, base) = first_parents(graph, tip, stop)?;
    let base_history = match base {
        Some(base) => paint_ancestors(graph, &chain, base)?,
        None => BaseHistory::Whole,
    };
    let mut lineage = Lineage { base: base.map(|base| graph.nodes[base].id), steps: Vec::new(), cut: None };
    for &step in chain.iter().rev() {
        let brought_in = take_unclaimed(graph, step)?;
        // If the history of the base is cut off, its missing part may reach a root that seems to be unrelated.
        let hides = |index: &usize| {
            let node = &graph.nodes[*index];
            node.boundary || (base_history == BaseHistory::CutOff && node.parent_ids().next().is_none())
        };
        let cut = std::iter::once(step).chain(brought_in.iter().copied()).find(hides);
        lineage.cut = lineage.cut.or(cut.map(|index| graph.nodes[index].id));
        let commit = graph.nodes[step].commit.take().context("a commit is a step twice")?;
        let brought_in = brought_in.into_iter().filter_map(|index| graph.nodes[index].commit.take()).collect();
        lineage.steps.push(MainlineStep { commit, brought_in });
    }
    Ok(lineage)
}

/// The first-parent chain from `tip`, newest first, and the commit at which `stop` ended it.
fn first_parents(
    graph: &mut Graph<'_>,
    tip: CommitId,
    stop: impl Fn(CommitId) -> bool,
) -> Result<(Vec<usize>, Option<usize>)> {
    let mut chain = Vec::new();
    let mut next = Some(tip);
    while let Some(id) = next {
        let index = graph.node(id)?;
        if stop(id) {
            return Ok((chain, Some(index)));
        }
        graph.nodes[index].paint = Paint::New;
        chain.push(index);
        next = graph.nodes[index].parent_ids().next();
    }
    Ok((chain, None))
}

/// The new commits that `step` reaches and that no earlier call returned, without `step`. Children come first, and the
/// ancestors of the first parent before those of the others.
pub(super) fn take_unclaimed(graph: &mut Graph<'_>, step: usize) -> Result<Vec<usize>> {
    graph.nodes[step].claimed = true;
    // A depth-first walk leaves a commit after all its ancestors: the reverse has children first.
    let mut left = Vec::new();
    let mut open = vec![(step, graph.parents(step)?)];
    while let Some((index, parents)) = open.last_mut() {
        match parents.pop() {
            Some(parent) => {
                let node = &mut graph.nodes[parent];
                if node.paint != Paint::Old && !node.claimed {
                    node.claimed = true;
                    let parents = graph.parents(parent)?;
                    open.push((parent, parents));
                }
            }
            None => {
                left.push(*index);
                open.pop();
            }
        }
    }
    left.pop(); // `step` itself
    left.reverse();
    Ok(left)
}
