//! The mainline of a branch: the chain of first parents, read as far as it was asked for.

use std::collections::HashSet;

use crate::git::commit::CommitId;

/// The commits of a mainline that were read.
#[derive(Debug)]
pub struct Mainline {
    known: HashSet<CommitId>,
    /// The next older commit; `None` if all were read.
    next: Option<CommitId>,
}

impl Mainline {
    /// The mainline of a branch with this newest commit, of which nothing was read.
    pub fn from(tip: CommitId) -> Mainline {
        Mainline { known: HashSet::new(), next: Some(tip) }
    }

    /// Whether the mainline has a commit. `first_parent` reads the first parent of a commit; `None` for a root or where a shallow clone
    /// ends.
    pub fn has<E>(
        &mut self,
        commit: CommitId,
        first_parent: impl Fn(CommitId) -> Result<Option<CommitId>, E>,
    ) -> Result<bool, E> {
        while !self.known.contains(&commit)
            && let Some(next) = self.next
        {
            self.next = first_parent(next)?;
            self.known.insert(next);
        }
        Ok(self.known.contains(&commit))
    }
}
