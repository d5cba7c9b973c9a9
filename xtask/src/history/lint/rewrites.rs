//! Finds commits of a branch that rewrite lines which an earlier commit of the branch has written.
//!
//! For each file, a list of parts keeps which commit has written which lines. The commits are applied to it in their order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::git::CommitId;
use crate::git::change::{FileChange, LineHunk};

/// The changes of a commit on the first-parent chain of a branch.
pub struct CommitChanges {
    pub commit: CommitId,
    /// Whether the lines are the commit's own: not those of a merge.
    pub is_own: bool,
    pub files: Vec<FileChange>,
}

/// A commit that mostly rewrites lines of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    pub commit: CommitId,
    /// The commit that has written most of the lines.
    pub earlier: CommitId,
    /// How many lines of it are rewritten.
    pub lines: usize,
    /// How many lines the commit removes in all.
    pub removed: usize,
    /// Whether the commit can be moved next to the earlier one: no commit between them has touched the lines or those beside
    /// them, and something is left of the two.
    pub can_fold: bool,
}

/// The rewrites among `changes`, which are in the order of the commits, oldest first.
pub fn find_rewrites(changes: &[CommitChanges]) -> Vec<Rewrite> {
    let mut files: HashMap<&[u8], Lines> = HashMap::new();
    // A commit that is folded into an earlier one belongs to it from then on. The index is that of the earlier one.
    let mut group: Vec<usize> = (0..changes.len()).collect();
    // How many lines of each group are in the files now.
    let mut alive = vec![0_usize; changes.len()];
    let mut found = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let mut touched = Touched::default();
        let mut added = 0;
        for file in &change.files {
            let lines = files.entry(&file.path).or_default();
            // From the end, so that the positions of the others stay right.
            for hunk in file.hunks.iter().rev() {
                lines.replace(*hunk, change.is_own.then_some(index), &mut touched);
                added += hunk.added;
            }
        }
        let mut rewritten: BTreeMap<usize, usize> = BTreeMap::new();
        for (writer, count) in &touched.removed {
            alive[group[*writer]] -= count;
            *rewritten.entry(group[*writer]).or_default() += count;
        }
        if !change.is_own {
            continue;
        }
        // The first of several with the same number of lines.
        let most = rewritten.iter().max_by_key(|(writer, count)| (**count, usize::MAX - **writer));
        let most = most.map(|(writer, count)| (*writer, *count));
        // A commit that adds much more than it rewrites is a step of its own.
        if let Some((earlier, lines)) =
            most.filter(|(_, lines)| 2 * lines > touched.removed_in_all && added <= 2 * lines)
        {
            let is_between = |writer: &usize| group[*writer] > earlier;
            let near = touched.removed.keys().chain(&touched.beside);
            let can_fold = !near.into_iter().any(is_between) && alive[earlier] + added > 0;
            let (commit, removed) = (change.commit, touched.removed_in_all);
            found.push(Rewrite { commit, earlier: changes[earlier].commit, lines, removed, can_fold });
            if can_fold {
                group[index] = earlier;
            }
        }
        alive[group[index]] += added;
    }
    found
}

/// What a commit has touched.
#[derive(Default)]
struct Touched {
    /// How many lines of which commit it has removed.
    removed: BTreeMap<usize, usize>,
    /// With those that no commit of the branch has written.
    removed_in_all: usize,
    /// The commits that have written the lines beside the changed ones.
    beside: BTreeSet<usize>,
}

/// The lines of a file, by who has written them.
struct Lines {
    /// Numbers of lines, with the index of the commit; `None` for lines that are older than the branch. A part without lines is a
    /// place where the commit has removed some.
    parts: Vec<(usize, Option<usize>)>,
}

impl Default for Lines {
    fn default() -> Lines {
        // The number of lines is not known, and not needed.
        Lines { parts: vec![(usize::MAX / 2, None)] }
    }
}

impl Lines {
    fn replace(&mut self, hunk: LineHunk, writer: Option<usize>, touched: &mut Touched) {
        let from = self.split(hunk.at);
        let mut to = self.split(hunk.at + hunk.removed).max(from);
        while self.parts.get(to).is_some_and(|(count, _)| *count == 0) {
            to += 1;
        }
        for (count, by) in &self.parts[from..to] {
            touched.removed_in_all += count;
            match by {
                Some(by) if *count > 0 => *touched.removed.entry(*by).or_default() += count,
                Some(by) => _ = touched.beside.insert(*by),
                None => {}
            }
        }
        let beside = [from.checked_sub(1).and_then(|before| self.parts.get(before)), self.parts.get(to)];
        touched.beside.extend(beside.into_iter().flatten().filter_map(|(_, by)| *by));
        self.parts.splice(from..to, [(hunk.added, writer)]);
    }

    /// Makes a part begin after `at` lines; the index of the first one that does.
    fn split(&mut self, at: usize) -> usize {
        let mut before = 0;
        for index in 0..self.parts.len() {
            let (count, by) = self.parts[index];
            if before == at {
                return index;
            }
            if before + count > at {
                self.parts[index].0 = at - before;
                self.parts.insert(index + 1, (count - (at - before), by));
                return index + 1;
            }
            before += count;
        }
        self.parts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(path, at, removed, added)` for each commit.
    fn found(commits: &[&[(&str, usize, usize, usize)]]) -> Vec<(u8, u8, usize, bool)> {
        let id = |index: usize| CommitId([u8::try_from(index).unwrap(); 20]);
        let changes: Vec<CommitChanges> = commits
            .iter()
            .enumerate()
            .map(|(index, hunks)| {
                let file = |&(path, at, removed, added): &(&str, usize, usize, usize)| FileChange {
                    path: path.as_bytes().to_vec(),
                    hunks: vec![LineHunk { at, removed, added }],
                };
                CommitChanges { commit: id(index), is_own: true, files: hunks.iter().map(file).collect() }
            })
            .collect();
        let short = |found: Rewrite| (found.commit.0[0], found.earlier.0[0], found.lines, found.can_fold);
        find_rewrites(&changes).into_iter().map(short).collect()
    }

    #[test]
    fn rewritten_lines_are_found() {
        // The same lines; lines that moved; lines that are older than the branch.
        assert_eq!(found(&[&[("a", 5, 1, 3)], &[("a", 5, 3, 3)]]), [(1, 0, 3, true)]);
        assert_eq!(found(&[&[("a", 5, 0, 3)], &[("a", 0, 0, 9)], &[("a", 15, 2, 1)]]), [(2, 0, 2, true)]);
        assert_eq!(found(&[&[("a", 5, 0, 3)], &[("a", 9, 2, 2)]]), []);
        // Most of what is removed must be the branch's, and the rest must not be much more.
        assert_eq!(found(&[&[("a", 5, 0, 2)], &[("a", 5, 4, 2)]]), []);
        assert_eq!(found(&[&[("a", 5, 0, 2)], &[("a", 5, 1, 20)]]), []);
        assert_eq!(found(&[&[("a", 5, 0, 2)], &[("b", 5, 1, 1)]]), []);
    }

    #[test]
    fn a_rewrite_is_folded_where_nothing_is_between() {
        let add = &[("a", 10, 0, 3)][..];
        // Another commit wrote the line beside it, removed the line beside it, or is far away.
        assert_eq!(found(&[add, &[("a", 13, 0, 1)], &[("a", 10, 3, 3)]]), [(2, 0, 3, false)]);
        assert_eq!(found(&[add, &[("a", 13, 1, 0)], &[("a", 10, 3, 3)]]), [(2, 0, 3, false)]);
        assert_eq!(found(&[add, &[("a", 20, 1, 1)], &[("a", 10, 3, 3)]]), [(2, 0, 3, true)]);
        // A rewrite of a rewrite belongs to the first one.
        assert_eq!(found(&[add, &[("a", 10, 3, 3)], &[("a", 10, 3, 3)]]), [(1, 0, 3, true), (2, 0, 3, true)]);
        // Nothing would be left of the two.
        assert_eq!(found(&[add, &[("a", 10, 3, 0)]]), [(1, 0, 3, false)]);
    }
}
