//! Release tags in other forms than `X.Y`: recognised, configured, merged, contradicting.

use crate::support::history::History;
use crate::support::program::Sandbox;
use crate::support::site::{Site, UNTESTED};
use crate::version::{answer, patches, refusal, summary, try_answer};

/// A mainline with each of these tags on a commit of its own, and one more commit.
fn tagged_in_turn(tags: &str) -> History {
    let mut history = History::default();
    for tag in tags.split(' ') {
        let commit = history.patches(1);
        history.tag(tag, commit);
    }
    history.patches(1);
    history
}

#[test]
fn the_form_is_that_of_the_five_highest_versions() {
    for (tags, expected) in [
        ("v1.2.3", "1.2.4"),
        ("1.2.3", "1.2.4"),
        ("release-2.4", "2.4.1"),
        ("rel/1.1", "1.1.1"),
        ("356 366", "366.0.1"),
        ("tito-0.6.26-1 tito-0.6.27-1", "0.6.28"),
        ("tito-0.6.27-1 tito-0.6.27-2", "0.6.28"),
        ("rpm-6.0.1-release rpm-6.0.2-release", "6.0.3"),
        ("v1.0 v1.1.0 v1.1.1", "1.1.2"),
        ("0.9 1.0 v1.1 v1.2 v1.3 v1.4 v1.5", "1.5.1"),
        ("v1.0.0 nightly py2-compatibility-break", "1.0.3"),
        ("v1.0 v2.0 v1.5", "1.5.1 tag-not-above-previous"),
        ("1.0 1.1", "1.1.1"),
        ("1.0 v1.1", "1.0.2 other-release-tags"),
        ("a-1.0 b-2.0", "2.0.1 other-release-tags"),
        ("v1.0 v02.05", "1.0.2 bad-tag-spelling"),
        ("5.1.17 5.4.4.0", "5.1.19 other-release-tags"),
        ("v1.0 v1.1-rc1", "1.0.2 pre-release-tag"),
        ("20260817 1.0", "1.0.1"),
    ] {
        let written = tagged_in_turn(tags).write();
        assert_eq!(summary(&answer(&written.open())), expected, "{tags}");
        written.git(&["pack-refs", "--all"]);
        assert_eq!(summary(&answer(&written.open())), expected, "{tags}, packed");
    }
}

#[test]
fn only_tags_that_the_commit_reaches_decide() {
    let mut history = patches(1);
    history.tag("1.0", history.tip());
    let tip = history.patches(1);
    for tag in ["v2.0", "v2.1"] {
        let side = history.on(&[tip], "side");
        history.tag(tag, side);
    }
    assert_eq!(summary(&answer(&history.write().open())), "1.0.1");
}

#[test]
fn tags_without_a_common_form_are_not_enough_for_a_release() {
    let written = tagged_in_turn("1.0 v1.1 rel/1.2").write();
    let failure = answer(&written.open()).require_releasable().unwrap_err();
    assert_eq!(failure.exit, releng::base::error::Exit::NotEnoughHistory);
    assert!(failure.message.contains("`rel/1.2` and `v1.1`"), "{}", failure.message);
    let help = failure.help.unwrap();
    for line in ["`version.tags = [\"rel/X.Y\"]`", "`version.tags = [\"vX.Y\"]`", "`version.tags = [\"X.Y\"]`"] {
        assert!(help.contains(line), "no {line} in {help}");
    }
}

/// The tag v1.0 on the mainline, v1.2.3 on a branch, which is merged.
fn release_branch_merged(prefix: &str, message: &str) -> History {
    let mut history = patches(1);
    history.tag(&format!("{prefix}1.0"), history.tip());
    let fork = history.patches(1);
    let fix = history.on(&[fork], "fix\n\nSem-Ver: api-breaking\n");
    history.tag(&format!("{prefix}1.2.3"), fix);
    let later = history.on(&[fix], message);
    history.merge("merge", &[later]);
    history
}

#[test]
fn a_merged_tag_raises_the_step_that_merges_it() {
    // The break is in v1.2.3 already.
    let mut history = release_branch_merged("v", "later");
    assert_eq!(summary(&answer(&history.write().open())), "1.2.4");
    history.patches(2);
    assert_eq!(summary(&answer(&history.write().open())), "1.2.6");
    let feature = release_branch_merged("v", "later\n\nSem-Ver: feature\n");
    assert_eq!(summary(&answer(&feature.write().open())), "1.3.0 untagged-bump");
    // Without a tag on the mainline.
    let mut alone = patches(2);
    let side = alone.on(&[alone.tip()], "side");
    alone.tag("v3.1.0", side);
    alone.merge("merge", &[side]);
    let written = alone.write();
    let counted = answer(&written.open());
    assert_eq!((summary(&counted).as_str(), counted.require_releasable().is_ok()), ("3.1.1", true));
    // A lower one changes nothing.
    let mut lower = tagged_in_turn("v1.0 v2.0");
    let side = lower.on(&[lower.tip()], "side");
    lower.tag("v1.1", side);
    lower.merge("merge", &[side]);
    assert_eq!(summary(&answer(&lower.write().open())), "2.0.2");
}

#[test]
fn merged_milestones_do_not_count() {
    let mut history = patches(1);
    history.tag("1.0", history.tip());
    let side = history.on(&[history.tip()], "side");
    history.tag("1.1", side);
    history.merge("merge", &[side]);
    assert_eq!(summary(&answer(&history.write().open())), "1.0.1 tag-off-mainline");
}

#[test]
fn a_release_of_another_branch_is_named() {
    // A release branch that came off the mainline after its last tag, and is not merged.
    let mut history = tagged_in_turn("v1.0.0");
    let fork = history.tip();
    let side = history.on(&[fork], "release 1.1");
    history.tag("v1.1.0", side);
    history.patches(1);
    assert_eq!(summary(&answer(&history.write().open())), "1.0.2 unmerged-tags");
    // On the branch of an older release that has a tag of its own, later releases are not expected.
    let older = history.on(&[fork], "release 1.0.7");
    history.tag("v1.0.7", older);
    history.check_out(older);
    history.patches(1);
    assert_eq!(summary(&answer(&history.write().open())), "1.0.8");
    // The same version twice.
    let mut twice = tagged_in_turn("v1.0.0");
    let side = twice.on(&[twice.tip()], "other");
    twice.tag("v1.0.1", side);
    assert_eq!(summary(&answer(&twice.write().open())), "1.0.1 unmerged-tags");
}

#[test]
fn a_shallow_clone_answers_with_the_tags_that_it_has() {
    let written = tagged_in_turn("v1.0 v1.1").write();
    let clone = written.clone_with(&["--depth=2"]);
    assert_eq!(summary(&answer(&releng::git::Repository::open(&clone).unwrap())), "1.1.1");
    let untagged = tagged_in_turn("v1.0");
    let mut untagged = untagged;
    untagged.patches(3);
    let clone = untagged.write();
    let path = clone.clone_with(&["--depth=2"]);
    let failure = refusal(try_answer(&releng::git::Repository::open(&path).unwrap()));
    assert!(failure.message.contains("since a release tag"), "{}", failure.message);
}

const NAMED: &str = "Name: demo\nVersion: @@VERSION@@\nRelease: 1\nSummary: s\nLicense: MIT\n%description\n";

#[test]
fn of_a_repository_with_several_packages_the_tags_with_the_own_name_count() {
    let project = Sandbox::unreleased(&[("demo.spec.in", NAMED)]);
    project.git(&["tag", "demo-1.4-1"]);
    project.git(&["tag", "demo-configs-44.2-1"]);
    project.commit("Go on", &[]);
    let explained = project.releng(&["version", "--explain"]).exits(0).stdout;
    assert!(explained.starts_with("1.4.1 is the version"), "{explained}");
    assert!(explained.contains("release tags: `demo-X.Y-R`, recognised from the tags\n"), "{explained}");
    project.releng(&["version", "--at", "1.4.1"]).exits(0).says_nothing();
    // The configuration of the other package.
    let other = "[project]\nname = \"demo-configs\"\n[version]\ntags = [\"{name}-X.Y-R\"]\n";
    project.commit("Configure", &[("packaging/release.toml", other)]);
    let json = project.releng(&["version", "--json"]).exits(0).stdout;
    assert!(json.contains("\"version\":\"44.2.2\"") && json.contains("\"base\":\"demo-configs-44.2-1\""), "{json}");
    assert!(json.contains("\"tags\":{\"forms\":[\"demo-configs-X.Y-R\"],\"origin\":\"configured\"}"), "{json}");
}

#[test]
fn the_form_is_configured() {
    let project = Sandbox::unreleased(&[]);
    for tag in ["v1.0.0", "2026.1", "2.0"] {
        project.git(&["tag", tag]);
    }
    let dist = ["dist", "--no-stage"];
    let configure = |text: &str| project.commit("Configure", &[("packaging/release.toml", text)]);
    configure("project.name = \"demo\"\n");
    project.releng(&dist).exits(6).says(&["`2026.1` and `v1.0.0`", "version.tags = [\"X.Y\"]", "ignore-tags"]);
    configure("project.name = \"demo\"\nversion.tags = [\"vX.Y.Z\"]\n");
    project.releng(&["version"]).exits(0).prints("1.0.2\n").says_nothing();
    project.releng(&dist).exits(0);
    project.releng(&["version", "--explain"]).exits(0).prints_part("release tags: `vX.Y.Z`, as `version.tags` says\n");
    configure("project.name = \"demo\"\nversion.ignore-tags = [\"20*\", \"v*\"]\n");
    project.releng(&["version"]).exits(0).prints("2.0.3\n");
    configure("version.tags = [\"{name}-X.Y\"]\n");
    project.releng(&["version"]).exits(2).says(&["`{name}-X.Y` needs the name of the project", "set `project.name`"]);
    configure("project.name = \"demo\"\nversion.tags = [\"{name}-X.Y\"]\n");
    project.git(&["tag", "demo-3.0"]);
    project.releng(&["version"]).exits(0).prints("3.0.0\n");
    configure("version.tags = [\"v\"]\n");
    project.releng(&["version"]).exits(2).says(&["line 1: `version.tags`: `v` is not a form of tags"]);
}

#[test]
fn tags_with_the_name_of_another_project_are_configured() {
    let project = Sandbox::unreleased(&[("demo.spec.in", NAMED)]);
    project.git(&["tag", "oldname-1.4"]);
    let refused = project.releng(&["dist", "--no-stage"]).exits(6);
    refused.says(&["`oldname-1.4` is not a release tag of this project", "version.tags = [\"oldname-X.Y\"]"]);
    project.commit("Configure", &[("packaging/release.toml", "version.tags = [\"oldname-X.Y\"]\n")]);
    project.releng(&["dist", "--no-stage"]).exits(0);
    project.releng(&["version"]).exits(0).prints("1.4.1\n");
}

#[test]
fn a_project_with_pre_releases_only_has_no_release_tag() {
    let project = Sandbox::unreleased(&[("demo.spec.in", NAMED)]);
    project.git(&["tag", "v1.0-rc1"]);
    project.releng(&["dist", "--no-stage"]).exits(6).says(&["`v1.0-rc1` is a pre-release"]);
}

#[test]
fn a_form_of_four_numbers_is_configured() {
    let project = Sandbox::unreleased(&[]);
    project.git(&["tag", "5.1.17"]);
    project.commit("More", &[("packaging/release.toml", "project.name = \"demo\"\n")]);
    project.git(&["tag", "5.4.4.0"]);
    project.commit("More", &[]);
    let refused = project.releng(&["dist", "--no-stage"]).exits(6);
    refused.says(&["the tag `5.4.4.0` on commit", "is above 5.1.19", "version.tags = [\"X.Y.Z\", \"X.Y.Z.R\"]"]);
    let text = "project.name = \"demo\"\nversion.tags = [\"X.Y.Z\", \"X.Y.Z.R\"]\n";
    project.commit("Configure", &[("packaging/release.toml", text)]);
    project.releng(&["dist", "--no-stage"]).exits(0);
    project.releng(&["version"]).exits(0).prints("5.4.6\n");
}

#[test]
fn merged_tags_can_be_left_out() {
    let project = Sandbox::unreleased(&[("packaging/release.toml", "project.name = \"demo\"\n")]);
    project.git(&["tag", "v1.0"]);
    project.git(&["switch", "-q", "-c", "release"]);
    project.commit("Release", &[]);
    project.git(&["tag", "v1.1"]);
    project.git(&["switch", "-q", "main"]);
    project.commit("Go on", &[]);
    project.git(&["merge", "-q", "-m", "Merge", "release"]);
    project.releng(&["version", "--explain"]).exits(0).prints_part("merges the tag v1.1\n");
    project.releng(&["version", "--json"]).exits(0).prints_part("\"merged\":\"v1.1\"");
    project.releng(&["changelog", "--since", "v1.1"]).exits(0).prints_part("- 1.1.1-1\n");
    let changes = project.releng(&["changelog", "--since", "1.1"]).exits(0).stdout;
    assert!(!changes.contains("Go on"), "{changes}");
    let text = "project.name = \"demo\"\nversion.merged-tags = false\n";
    project.commit("Configure", &[("packaging/release.toml", text)]);
    project.releng(&["version"]).exits(0).prints("1.0.3\n").says(&["merged-tags"]);
    let refused = project.releng(&["dist", "--no-stage"]).exits(6);
    refused.says(&["`v1.1`", "does not count", "to count merged tags"]);
    project.commit("Count them", &[("packaging/release.toml", "project.name = \"demo\"\n")]);
    project.releng(&["dist", "--no-stage"]).exits(0);
}

#[test]
fn tags_are_made_in_the_form_of_the_project() {
    for (tag, expected) in
        [("v1.2.3", "v1.3.0"), ("demo-1.2.3-1", "demo-1.3.0-1"), ("1.2", "1.3"), ("rel/1.2", "rel/1.3")]
    {
        let project = Sandbox::unreleased(&[("demo.spec.in", NAMED)]);
        project.git(&["tag", tag]);
        project.commit("Fly\n\nSem-Ver: feature", &[]);
        let warned = project.releng(&["version"]).exits(0).prints("1.3.0\n");
        warned.says(&[&format!("has no tag `{expected}`"), &format!("git tag -m {expected} {expected}")]);
        project.releng(&["tag"]).exits(0).prints_part(&format!("tag {expected} on "));
        assert_eq!(project.git(&["tag", "--points-at", "HEAD"]), expected);
        project.releng(&["version", "--strict"]).exits(0).prints("1.3.0\n");
    }
}

#[test]
fn a_changelog_begins_after_a_release() {
    let project = Sandbox::unreleased(&[("demo.spec.in", NAMED)]);
    project.git(&["tag", "v1.2.3"]);
    project.commit("One", &[]);
    project.commit("Two", &[]);
    project.git(&["tag", "v1.2.5"]);
    project.commit("Three", &[]);
    for (since, first) in [("v1.2.3", "One"), ("1.2.3", "One"), ("v1.2.5", "Three"), ("1.2.4", "Two")] {
        let changes = project.releng(&["changelog", "--since", since]).exits(0).stdout;
        let subjects: Vec<&str> = changes.lines().filter_map(|line| line.split_once(": ").map(|it| it.1)).collect();
        assert_eq!(subjects.last(), Some(&first), "{since}: {changes}");
    }
    project.releng(&["changelog", "--since", "v7.0.0"]).exits(2).says(&["no commit of this mainline has the version"]);
    project
        .releng(&["changelog", "--since", "other-1"])
        .exits(2)
        .says(&["`other-1` is not a release", "a tag `vX.Y.Z`"]);
    project.releng(&["changelog", "--since", "no"]).exits(2);
}

#[test]
fn a_release_of_another_branch_stops_a_promotion() {
    let site = Site::new();
    site.project.git(&["tag", "--delete", "1.0"]);
    site.project.git(&["tag", "v1.0.0"]);
    site.project.git(&["switch", "-q", "-c", "release"]);
    site.commit("Release");
    site.project.git(&["tag", "v1.1.0"]);
    site.project.git(&["switch", "-q", "main"]);
    site.commit("Go on").build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    let promote = [&["promote", "--major"], UNTESTED].concat();
    let parts = ["the tag `v1.1.0` on commit `", "is above it", "help: merge the commit of that tag"];
    site.releng(&promote).exits(1).says(&parts);
    site.project.git(&["merge", "-q", "-m", "Merge", "release"]);
    assert_eq!(site.build(&["el9"]), "1.1.1");
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
}
