//! Shallow clones: the right version, or none.

use releng::base::error::Exit;
use releng::git::Repository;
use releng::history::CountedVersion;

use crate::support::history::Written;
use crate::version::{answer, patches, refusal, summary, tagged, try_answer};

/// Opens a clone of `depth` commits; `refusal` or version as the test wants.
fn shallow(written: &Written, depth: usize) -> anyhow::Result<CountedVersion> {
    let path = written.clone_with(&[&format!("--depth={depth}")]);
    try_answer(&Repository::open(&path).unwrap())
}

#[test]
fn a_shallow_clone_answers_where_it_can() {
    let mut history = tagged();
    history.patches(2);
    let written = history.write();
    assert_eq!(summary(&shallow(&written, 3).unwrap()), "1.2.2");
}

#[test]
fn a_shallow_clone_refuses_where_it_cannot() {
    let mut history = tagged();
    history.patches(2);
    let written = history.write();
    let failure = refusal(shallow(&written, 2));
    assert_eq!(failure.exit, Exit::NotEnoughHistory);
    assert_eq!(failure.help.as_deref(), Some("run `git fetch --unshallow --tags`"));
}

#[test]
fn a_shallow_clone_refuses_where_a_side_branch_is_cut_off() {
    let mut history = patches(1);
    let mut side = history.tip();
    for _ in 0..6 {
        side = history.on(&[side], "side");
    }
    let base = history.patches(1);
    history.tag("1.2", base);
    history.merge("merge", &[side]);
    let written = history.write();
    let failure = refusal(shallow(&written, 2));
    assert!(failure.message.contains("since the `1.2` tag"), "{failure}");
}

#[test]
fn a_shallow_clone_refuses_where_a_root_may_be_older_than_the_base() {
    let mut history = patches(1);
    let side = history.on(&[history.tip()], "side");
    let base = history.patches(6);
    history.tag("1.2", base);
    history.merge("merge", &[side]);
    let written = history.write();
    // The root is in sight by way of the side branch, and nothing in sight says that the base has it too.
    let failure = refusal(shallow(&written, 3));
    assert_eq!(failure.exit, Exit::NotEnoughHistory);
    assert_eq!(summary(&answer(&written.open())), "1.2.1");
}

#[test]
fn the_end_of_a_shallow_clone_is_read_once() {
    let mut history = patches(3);
    let tip = history.patches(2);
    let written = history.write();
    let path = written.clone_with(&["--depth=2"]);
    let repository = Repository::open(&path).unwrap();
    let tip = written.id(tip);
    assert!(repository.is_on_mainline(tip, tip).unwrap());
    // Without the file, the parents of the oldest commit would be missing objects.
    std::fs::remove_file(path.join(".git/shallow")).unwrap();
    let other = "1".repeat(40).parse().unwrap();
    assert!(!repository.is_on_mainline(other, tip).unwrap());
}
