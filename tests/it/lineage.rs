//! What the steps of a mainline bring in, against `git rev-list C --not C^1`.

use std::collections::BTreeSet;

use releng::base::progress::Silent;
use releng::git::{CommitId, Lineage};

use crate::support::dice::Dice;
use crate::support::history::{History, Mark, START, Written};

/// Merges back and forth, octopuses, unrelated roots, and dates up to `skew` seconds from where they should be.
fn random_history(dice: &mut Dice, size: usize, skew: usize) -> History {
    let mut history = History::default();
    let mut marks = vec![history.commit("root")];
    for place in 1..size {
        let near = |dice: &mut Dice, marks: &[Mark]| marks[marks.len() - 1 - dice.roll(marks.len().min(8))];
        let mut parents = match dice.roll(40) {
            0 => Vec::new(),
            1 => vec![marks[dice.roll(marks.len())]],
            _ => vec![near(dice, &marks)],
        };
        for _ in 0..[0, 0, 1, 1, 2][dice.roll(5)] {
            let other = near(dice, &marks);
            if !parents.is_empty() && !parents.contains(&other) {
                parents.push(other);
            }
        }
        let skewed = dice.roll(2 * skew + 1) as i64 - skew as i64;
        history.dated(START + 3_600 * place as i64 + skewed);
        marks.push(history.on(&parents, format!("commit {place}")));
    }
    history.check_out(marks[marks.len() - 1]);
    history
}

#[track_caller]
fn verify(written: &Written, lineage: &Lineage) {
    let mut last = None;
    for step in &lineage.steps {
        let id = step.commit.id;
        assert_eq!(step.commit.parents().next(), last.or(step.commit.parents().next()), "a gap before {id}");
        last = Some(id);
        let first = format!("{id}^1");
        let mut arguments = vec!["rev-list", "--topo-order"];
        let id = id.to_string();
        arguments.push(&id);
        if step.commit.parents().next().is_some() {
            arguments.extend(["--not", &first]);
        }
        let expected = written.git(&arguments);
        let found = step.commits().map(|commit| commit.id.to_string()).collect::<Vec<_>>();
        assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected.lines().collect(), "{id}");
        assert_eq!(found.len(), expected.lines().count(), "{id} brings in a commit twice");
        for (place, commit) in step.commits().enumerate() {
            let older = step.commits().take(place).flat_map(|child| child.parents());
            let parents = commit.parents().filter(|parent| found[..place].contains(&parent.to_string()));
            assert_eq!(parents.count(), 0, "{} stands after its parent", commit.id);
            assert!(
                place == 0 || older.into_iter().any(|parent| parent == commit.id),
                "{} came from nowhere",
                commit.id
            );
        }
    }
}

#[test]
fn steps_bring_in_what_rev_list_says() {
    let mut dice = Dice(20_200_319);
    for round in 0..40 {
        let history = random_history(&mut dice, 60, [0, 7_200, 10_000_000][round % 3]);
        let written = history.write();
        written.git(&["commit-graph", "write", "--reachable"]);
        let repository = written.open();
        let tip = written.id(history.tip());
        let whole = repository.lineage(tip, |_| false, &Silent).unwrap();
        assert_eq!((whole.base, whole.cut), (None, None));
        verify(&written, &whole);
        let base = whole.steps[dice.roll(whole.steps.len())].commit.id;
        let part = repository.lineage(tip, |id| id == base, &Silent).unwrap();
        assert_eq!(part.base, Some(base));
        verify(&written, &part);
        assert!(ids(&whole).ends_with(&ids(&part)));
    }
}

fn ids(lineage: &Lineage) -> Vec<Vec<CommitId>> {
    lineage.steps.iter().map(|step| step.commits().map(|commit| commit.id).collect()).collect()
}

#[test]
fn what_a_step_brings_in_does_not_depend_on_where_the_walk_ends() {
    let mut dice = Dice(1);
    for skew in [0, 7_200, 80_000] {
        let written = random_history(&mut dice, 4_000, skew).write();
        let repository = written.open();
        let tip = repository.head().unwrap();
        let whole = repository.lineage(tip, |_| false, &Silent).unwrap(); // dates play no part here
        for _ in 0..20 {
            let base = whole.steps[dice.roll(whole.steps.len())].commit.id;
            let part = repository.lineage(tip, |id| id == base, &Silent).unwrap();
            assert!(ids(&whole).ends_with(&ids(&part)), "{base}");
        }
    }
}

#[test]
fn a_budget_ends_the_walk() {
    let mut history = History::default();
    history.patches(10);
    let written = history.write();
    let repository = written.open();
    let tip = written.id(history.tip());
    assert!(repository.lineage_within(9, tip, |_| false, &Silent).unwrap().is_none());
    assert_eq!(repository.lineage_within(10, tip, |_| false, &Silent).unwrap().unwrap().steps.len(), 10);
}

#[test]
fn a_wrong_clock_far_below_the_base_is_seen_through() {
    let mut history = History::default();
    // Hundreds of commits that a clock of 1970 dated: a side branch leaves before them, and comes home at the end.
    let fork = history.patches(5);
    let side = history.dated(START + 1_000_000).on(&[fork], "side");
    for second in 0..300 {
        history.dated(second).commit("from 1970");
    }
    let base = history.patches(5);
    history.merge("merge", &[side]);
    let written = history.write();
    written.git(&["commit-graph", "write", "--reachable"]); // without its generation numbers git is deceived
    let base = written.id(base);
    let lineage = written.open().lineage(written.id(history.tip()), |id| id == base, &Silent).unwrap();
    verify(&written, &lineage);
    assert_eq!(lineage.steps[0].brought_in.len(), 1);
}
