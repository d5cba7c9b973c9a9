//! The version of small histories that the real git wrote.

use releng::base::error::{Exit, Failure};
use releng::base::progress::Silent;
use releng::git::Repository;
use releng::history::load::find_version;
use releng::history::{
    CountedVersion, LookBack, Milestone, VersionRequest, VersionRules, WarningId, load_version, load_versions,
};

use crate::support::history::{History, Mark, START, git};

pub const BREAK: &str = "change\n\nSem-Ver: api-breaking\n";
const FEATURE: &str = "change\n\nSem-Ver: feature\n";

/// The version of `HEAD`, with every warning.
#[track_caller]
pub fn try_answer(repository: &Repository) -> anyhow::Result<CountedVersion> {
    let commit = repository.head()?;
    load_version(
        repository,
        &VersionRequest { commit, rules: &VersionRules::default(), branch: None, look_back: LookBack::Whole },
        &Silent,
    )
}

/// [`try_answer`] where there is one.
#[track_caller]
pub fn answer(repository: &Repository) -> CountedVersion {
    try_answer(repository).unwrap()
}

/// The version and the ids of the warnings, as `1.2.3 no-tag`.
pub fn summary(answer: &CountedVersion) -> String {
    let ids = answer.warnings.iter().map(|warning| warning.id.name());
    std::iter::once(answer.version.to_string()).chain(ids.map(str::to_owned)).collect::<Vec<_>>().join(" ")
}

/// The failure that a person would see.
#[track_caller]
pub fn refusal(answer: anyhow::Result<CountedVersion>) -> Failure {
    answer.unwrap_err().downcast::<Failure>().unwrap()
}

/// A history with the tag 1.2 on its third commit.
pub fn tagged() -> History {
    let mut history = History::default();
    history.patches(2);
    let base = history.commit("release");
    history.tag("1.2", base);
    history
}

/// [`tagged`] with one more commit.
pub fn tagged_then(message: &[u8]) -> History {
    let mut history = tagged();
    history.commit(message);
    history
}

#[test]
fn versions_and_warnings() {
    type Build = fn() -> History;
    let cases: &[(&str, Build, &str)] = &[
        ("root only", || patches(1), "0.0.1 no-tag"),
        ("no tags", || patches(5), "0.0.5 no-tag"),
        ("lightweight tag", light_tag, "1.2.3"),
        ("annotated tag", annotated_tag, "1.2.3"),
        ("nested tag", nested_tag, "1.2.1"),
        ("tag on the tip", tagged, "1.2.0"),
        ("several tags on one commit", several_tags, "1.10.1 several-tags"),
        ("1.9, then 1.10", tags_in_a_row, "1.10.1"),
        ("tag below the computed version", low_tag, "0.5.0 tag-not-above-previous"),
        ("tag at the version before it", equal_tag, "1.3.0 tag-not-above-previous"),
        ("leading zero", leading_zero, "1.2.2 bad-tag-spelling"),
        ("other shapes", other_shapes, "1.2.2 other-release-tags"),
        ("break", || tagged_then(BREAK.as_bytes()), "2.0.0 untagged-bump"),
        ("feature, then a patch", feature_and_patch, "1.3.1 untagged-bump"),
        ("two breaks", two_breaks, "3.0.0 untagged-bump"),
        ("no final newline", || tagged_then(b"s\n\nSem-Ver: api-breaking"), "2.0.0 untagged-bump"),
        ("mid-body", || tagged_then(b"s\n\nSem-Ver: api-breaking\n\nMore text.\n"), "2.0.0 untagged-bump"),
        ("empty value, prose below", || tagged_then(b"s\n\nSem-Ver:\n\nthis does not break\n"), "1.2.1"),
        ("non-breaking", || tagged_then(b"s\n\nSem-Ver: non-breaking\n"), "1.2.1 negated-break"),
        ("feature and break", || tagged_then(b"s\n\nSem-Ver: feature\nSem-Ver: api-breaking\n"), "2.0.0 untagged-bump"),
        ("unknown value", || tagged_then(b"s\n\nSem-Ver: huge\n"), "1.2.1 unknown-sem-ver-value"),
        ("subject", || tagged_then(b"Sem-Ver: api-breaking\n"), "1.2.1 sem-ver-in-subject"),
        ("indented", || tagged_then(b"s\n\n  Sem-Ver: api-breaking\n"), "1.2.1"),
        ("header on the tagged commit", header_on_tagged, "1.2.0 header-against-tag"),
        ("break tagged 2.0", || break_tagged("1.2", "2.0"), "2.0.0"),
        ("break tagged 1.3", || break_tagged("1.2", "1.3"), "1.3.0 header-against-tag"),
        ("a merge counts once", plain_merge, "1.2.2"),
        ("header on a side commit", side_break, "2.0.0 untagged-bump"),
        ("octopus", octopus, "1.2.1"),
        ("tag merged in", tag_merged_in, "1.0.2 tag-off-mainline"),
        ("older series merged forward", older_series, "2.0.1"),
        ("unrelated root merged", unrelated_root, "1.0.2"),
        ("clock skew", clock_skew, "1.0.3"),
        ("merges back and forth", back_merges, "1.0.2"),
        ("latin1", || tagged_then(b"caf\xe9\n\nna\xefve\n"), "1.2.1"),
    ];
    for (name, build, expected) in cases {
        let written = build().write();
        assert_eq!(summary(&answer(&written.open())), *expected, "{name}");
    }
}

/// `count` plain commits.
pub fn patches(count: usize) -> History {
    let mut history = History::default();
    history.patches(count);
    history
}

fn light_tag() -> History {
    let mut history = tagged();
    history.patches(3);
    history
}

fn annotated_tag() -> History {
    let mut history = patches(2);
    history.annotate("1.2", history.tip());
    history.patches(3);
    history
}

fn nested_tag() -> History {
    let mut history = patches(2);
    history.nest("1.2", history.tip());
    history.patches(1);
    history
}

fn several_tags() -> History {
    let mut history = patches(2);
    history.tag("1.9", history.tip());
    history.annotate("1.10", history.tip());
    history.patches(1);
    history
}

fn tags_in_a_row() -> History {
    let mut history = patches(1);
    history.tag("1.9", history.tip());
    let tip = history.patches(2);
    history.tag("1.10", tip);
    history.patches(1);
    history
}

fn low_tag() -> History {
    let mut history = patches(1);
    history.tag("0.4", history.tip());
    history.commit(BREAK);
    let tip = history.patches(1);
    history.tag("0.5", tip);
    history
}

fn equal_tag() -> History {
    let mut history = tagged_then(FEATURE.as_bytes());
    let tip = history.patches(1);
    history.tag("1.3", tip);
    history
}

fn leading_zero() -> History {
    let mut history = tagged();
    let odd = history.patches(1);
    history.tag("02.05", odd);
    history.patches(1);
    history
}

fn other_shapes() -> History {
    let mut history = tagged();
    let odd = history.patches(1);
    for name in ["v1.3", "1.3.0", "rel/1.3", "1.3-rc1"] {
        history.tag(name, odd);
    }
    history.patches(1);
    history
}

fn feature_and_patch() -> History {
    let mut history = tagged_then(FEATURE.as_bytes());
    history.patches(1);
    history
}

fn two_breaks() -> History {
    let mut history = tagged_then(BREAK.as_bytes());
    history.commit(BREAK);
    history
}

fn header_on_tagged() -> History {
    let mut history = patches(1);
    let tip = history.commit(BREAK);
    history.tag("1.2", tip);
    history
}

fn break_tagged(before: &str, after: &str) -> History {
    let mut history = patches(1);
    history.tag(before, history.tip());
    let tip = history.commit(BREAK);
    history.tag(after, tip);
    history
}

fn plain_merge() -> History {
    let mut history = tagged();
    let mut side = history.tip();
    for _ in 0..3 {
        side = history.on(&[side], "side\n");
    }
    history.patches(1);
    history.merge("merge", &[side]);
    history
}

/// A break on a side branch, merged.
pub fn side_break() -> History {
    let mut history = tagged();
    let side = history.on(&[history.tip()], "s\n\nSem-ver: py2-breaking");
    history.merge("merge", &[side]);
    history
}

fn octopus() -> History {
    let mut history = tagged();
    let fork = history.tip();
    let arms: Vec<Mark> = (0..3).map(|arm| history.on(&[fork], format!("arm {arm}"))).collect();
    history.merge("octopus", &arms);
    history
}

fn tag_merged_in() -> History {
    let mut history = patches(1);
    history.tag("1.0", history.tip());
    let side = history.on(&[history.tip()], "side");
    history.tag("1.1", side);
    history.patches(1);
    history.merge("merge", &[side]);
    history
}

fn older_series() -> History {
    let mut history = patches(1);
    let fork = history.tip();
    history.tag("1.0", fork);
    let fix = history.on(&[fork], "fix of 1.x");
    history.tag("1.1", fix);
    let tip = history.patches(1);
    history.tag("2.0", tip);
    history.merge("merge 1.1 forward", &[fix]);
    history
}

fn unrelated_root() -> History {
    let mut history = patches(1);
    history.tag("1.0", history.tip());
    history.patches(1);
    let root = history.on(&[], "another root");
    history.merge("subtree", &[root]);
    history
}

fn clock_skew() -> History {
    let mut history = patches(1);
    history.tag("1.0", history.tip());
    for place in 1..=3 {
        history.dated(START - 86_400 * place).commit("earlier and earlier");
    }
    history
}

fn back_merges() -> History {
    let mut history = patches(1);
    history.tag("1.0", history.tip());
    let topic = history.on(&[history.tip()], "topic");
    let merged = history.merge("merge topic", &[topic]);
    let back = history.on(&[topic, merged], "merge main into topic");
    let topic = history.on(&[back], "more topic");
    history.merge("merge topic again", &[topic]);
    history
}

#[test]
fn a_milestone_on_a_tree_is_ignored_with_a_warning() {
    let written = tagged().write();
    written.git(&["tag", "1.5", "HEAD^{tree}"]);
    written.git(&["tag", "-a", "-m", "tree", "1.6", "HEAD^{tree}"]);
    assert_eq!(summary(&answer(&written.open())), "1.2.0 tag-not-a-commit");
    written.git(&["pack-refs", "--all"]);
    assert_eq!(summary(&answer(&written.open())), "1.2.0 tag-not-a-commit");
}

#[test]
fn packed_tags_count_like_loose_ones() {
    for build in [light_tag, annotated_tag, nested_tag] {
        let written = build().write();
        let loose = summary(&answer(&written.open()));
        written.git(&["pack-refs", "--all"]);
        assert_eq!(summary(&answer(&written.open())), loose);
    }
}

#[test]
fn replace_refs_play_no_part() {
    let mut history = tagged_then(BREAK.as_bytes());
    let harmless = history.on(&[history.tip()], "harmless");
    let written = history.write();
    written.git(&["replace", &written.id(history.tip()).to_string(), &written.id(harmless).to_string()]);
    assert_eq!(answer(&written.open()).version.to_string(), "2.0.0");
}

#[test]
fn an_unborn_head_is_no_version() {
    let written = History::default().write();
    let failure = refusal(try_answer(&written.open()));
    assert_eq!(failure.exit, Exit::NotEnoughHistory);
    assert!(failure.message.contains("no commit yet"));
}

#[test]
fn linked_work_trees_and_detached_heads_answer_too() {
    let written = light_tag().write();
    let path = written.clone_with(&[]);
    git(&path, &["checkout", "-q", "--detach", "HEAD~1"]);
    assert_eq!(answer(&Repository::open(&path).unwrap()).version.to_string(), "1.2.2");
    git(&path, &["worktree", "add", "-q", "--detach", "../linked", "origin/main"]);
    let linked = Repository::open(&written.folder.path().join("linked")).unwrap();
    assert_eq!(answer(&linked).version.to_string(), "1.2.3");
}

#[test]
fn a_declared_beginning_is_counted_from() {
    let written = patches(3).write();
    let repository = written.open();
    let count = |initial: Option<Milestone>, branch| {
        let rules = &VersionRules { initial, ..VersionRules::default() };
        let commit = repository.head().unwrap();
        let request = VersionRequest { commit, rules, branch, look_back: LookBack::Bounded };
        load_version(&repository, &request, &Silent).unwrap()
    };
    let declared = count("0.1".parse().ok(), Some("v0"));
    assert_eq!(summary(&declared), "0.1.3");
    assert!(declared.require_releasable().is_ok());
    let other_branch = count("0.1".parse().ok(), Some("v1"));
    assert!(other_branch.warnings.iter().any(|warning| warning.id == WarningId::MajorNotOfBranch));
    assert_eq!(other_branch.require_releasable().unwrap_err().exit, Exit::Failed);
    let undeclared = count(None, Some("main"));
    assert_eq!(undeclared.require_releasable().unwrap_err().exit, Exit::NotEnoughHistory);
}

#[test]
fn the_commits_of_a_version_come_newest_first() {
    let mut history = patches(1);
    history.tag("1.0", history.tip());
    let older = history.patches(1);
    history.commit(BREAK);
    let base = history.patches(1);
    history.tag("v1.0.0", base); // not a milestone
    let written = history.write();
    written.git(&["tag", "0.9", &written.id(base).to_string()]);
    let steps = load_versions(&written.open(), written.id(history.tip()), &VersionRules::default(), &Silent).unwrap();
    let versions = steps.iter().map(|step| step.version.to_string()).collect::<Vec<_>>();
    assert_eq!(versions, ["0.9.0", "2.0.0", "1.0.1", "1.0.0"]);
    let found = find_version(&steps, &"1.0.1".parse().unwrap());
    assert_eq!(found.iter().map(|step| step.commit.id).collect::<Vec<_>>(), [written.id(older)]);
}

#[test]
fn a_bounded_look_back_reads_fewer_commits() {
    let mut history = patches(2_100);
    history.tag("0.0", history.tip());
    let written = history.write();
    let repository = written.open();
    let rules = &VersionRules::default();
    let request = |look_back| VersionRequest { commit: repository.head().unwrap(), rules, branch: None, look_back };
    let quick = load_version(&repository, &request(LookBack::Bounded), &Silent).unwrap();
    assert_eq!(summary(&quick), "0.0.0");
    let whole = load_version(&repository, &request(LookBack::Whole), &Silent).unwrap();
    assert_eq!(summary(&whole), "0.0.0 tag-not-above-previous");
}
