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
        let mut moved = removed_keys(change);
        for file in &change.files {
            let lines = files.entry(&file.path).or_default();
            // From the end, so that the positions of the others stay right.
            for hunk in file.hunks.iter().rev() {
                lines.replace(hunk, change.is_own.then_some(index), &mut moved, &mut touched);
            }
        }
        for (writer, count) in &touched.removed {
            alive[group[*writer]] -= count;
        }
        if !change.is_own {
            continue;
        }
        let mut rewritten: BTreeMap<usize, usize> = BTreeMap::new();
        for (writer, count) in &touched.rewritten {
            *rewritten.entry(group[*writer]).or_default() += count;
        }
        // The first of several with the same number of lines.
        let most = rewritten.iter().max_by_key(|(writer, count)| (**count, usize::MAX - **writer));
        if let Some((&earlier, &lines)) = most.filter(|(_, lines)| is_mostly(**lines, &touched)) {
            let is_between = |writer: &usize| group[*writer] > earlier;
            let near = touched.removed.keys().chain(&touched.beside);
            let can_fold = !near.into_iter().any(is_between) && alive[earlier] + touched.added > 0;
            let removed = touched.counted;
            found.push(Rewrite { commit: change.commit, earlier: changes[earlier].commit, lines, removed, can_fold });
            if can_fold {
                group[index] = earlier;
            }
        }
        alive[group[index]] += touched.added;
    }
    found
}

/// Whether a commit that rewrites `lines` of an earlier one does not do much else.
fn is_mostly(lines: usize, touched: &Touched) -> bool {
    4 * lines >= 3 * touched.counted && touched.added <= 2 * lines
}

/// How often the commit removes which lines: where it adds one of them, it moves or indents the line.
fn removed_keys(change: &CommitChanges) -> HashMap<u64, usize> {
    let mut keys = HashMap::new();
    for key in change.files.iter().flat_map(|file| &file.hunks).flat_map(|hunk| &hunk.removed).flatten() {
        *keys.entry(*key).or_default() += 1;
    }
    keys
}

/// What a commit has touched.
#[derive(Default)]
struct Touched {
    /// How many lines of which commit it has removed.
    removed: BTreeMap<usize, usize>,
    /// Those of them that the other commit has written, and not moved; lines without letters and digits are not counted.
    rewritten: BTreeMap<usize, usize>,
    /// How many lines it has removed that count, also of no commit of the branch.
    counted: usize,
    added: usize,
    /// The commits that have written the lines beside the changed ones.
    beside: BTreeSet<usize>,
}

/// A number of lines by one commit.
#[derive(Clone, Copy)]
struct Part {
    /// None, where the commit has removed lines and added none.
    count: usize,
    /// The index of the commit; `None` for lines that are older than the branch.
    writer: Option<usize>,
    /// Whether the commit has written the lines, and not moved them.
    is_new: bool,
}

/// The lines of a file, by who has written them.
struct Lines {
    parts: Vec<Part>,
}

impl Default for Lines {
    fn default() -> Lines {
        // The number of lines is not known, and not needed.
        Lines { parts: vec![Part { count: usize::MAX / 2, writer: None, is_new: false }] }
    }
}

impl Lines {
    fn replace(
        &mut self,
        hunk: &LineHunk,
        writer: Option<usize>,
        moved: &mut HashMap<u64, usize>,
        touched: &mut Touched,
    ) {
        let from = self.split(hunk.at);
        let mut to = self.split(hunk.at + hunk.removed.len()).max(from);
        while self.parts.get(to).is_some_and(|part| part.count == 0) {
            to += 1;
        }
        let mut keys = hunk.removed.iter();
        for part in &self.parts[from..to] {
            let counted = keys.by_ref().take(part.count).flatten().count();
            touched.counted += counted;
            match part.writer {
                Some(writer) if part.count > 0 => {
                    *touched.removed.entry(writer).or_default() += part.count;
                    if part.is_new && counted > 0 {
                        *touched.rewritten.entry(writer).or_default() += counted;
                    }
                }
                Some(writer) => _ = touched.beside.insert(writer),
                None => {}
            }
        }
        let beside = [from.checked_sub(1).and_then(|before| self.parts.get(before)), self.parts.get(to)];
        touched.beside.extend(beside.into_iter().flatten().filter_map(|part| part.writer));
        touched.added += hunk.added.len();
        self.parts.splice(from..to, parts_of(hunk, writer, moved));
    }

    /// Makes a part begin after `at` lines; the index of the first one that does.
    fn split(&mut self, at: usize) -> usize {
        let mut before = 0;
        for index in 0..self.parts.len() {
            let part = self.parts[index];
            if before == at {
                return index;
            }
            if before + part.count > at {
                self.parts[index].count = at - before;
                self.parts.insert(index + 1, Part { count: part.count - (at - before), ..part });
                return index + 1;
            }
            before += part.count;
        }
        self.parts.len()
    }
}

/// The added lines of a hunk.
fn parts_of(hunk: &LineHunk, writer: Option<usize>, moved: &mut HashMap<u64, usize>) -> Vec<Part> {
    if hunk.added.is_empty() {
        return vec![Part { count: 0, writer, is_new: false }];
    }
    let mut parts: Vec<Part> = Vec::new();
    for key in &hunk.added {
        let left = key.as_ref().and_then(|key| moved.get_mut(key)).filter(|left| **left > 0);
        let is_new = left.map(|left| *left -= 1).is_none();
        match parts.last_mut().filter(|last| last.is_new == is_new) {
            Some(last) => last.count += 1,
            None => parts.push(Part { count: 1, writer, is_new }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::git::change::LineKey;

    /// As many lines, which differ from all others.
    fn keys(count: usize) -> Vec<LineKey> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        (0..count).map(|_| Some(NEXT.fetch_add(1, Ordering::Relaxed))).collect()
    }

    /// `(path, at, removed, added)` for each commit.
    fn found(commits: &[&[(&str, usize, usize, usize)]]) -> Vec<(u8, u8, usize, bool)> {
        let id = |index: usize| CommitId([u8::try_from(index).unwrap(); 20]);
        let changes: Vec<CommitChanges> = commits
            .iter()
            .enumerate()
            .map(|(index, hunks)| {
                let file = |&(path, at, removed, added): &(&str, usize, usize, usize)| FileChange {
                    path: path.as_bytes().to_vec(),
                    // All lines differ.
                    hunks: vec![LineHunk { at, removed: keys(removed), added: keys(added) }],
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
