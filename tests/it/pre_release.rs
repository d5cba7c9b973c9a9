//! Pre-releases, which do not exist yet: their tags and versions are named.

use crate::support::history::History;
use crate::support::program::Sandbox;
use crate::version::{answer, summary, tagged};

/// The milestone 1.2, a commit, and a pre-release tag on it.
fn with_tag(tag: &str) -> History {
    let mut history = tagged();
    let commit = history.patches(1);
    history.annotate(tag, commit);
    history
}

#[test]
fn a_pre_release_tag_since_the_base_is_a_warning() {
    for tag in ["v1.3.0-rc1", "1.3-rc1", "1.3.0rc2", "release-1.3.0-beta", "1.3.0-alpha.1"] {
        let mut history = with_tag(tag);
        assert_eq!(summary(&answer(&history.write().open())), "1.2.1 pre-release-tag", "{tag}");
        let commit = history.patches(1);
        assert_eq!(summary(&answer(&history.write().open())), "1.2.2 pre-release-tag", "{tag}, one commit later");
        history.tag("1.3", commit);
        assert_eq!(summary(&answer(&history.write().open())), "1.3.0", "{tag} before the milestone");
    }
    for tag in ["nightly", "1.3-a1b2c3"] {
        assert_eq!(summary(&answer(&with_tag(tag).write().open())), "1.2.1", "{tag}");
    }
    let mut history = with_tag("1.3-rc1");
    history.tag("1.3.0-1", history.tip());
    assert_eq!(summary(&answer(&history.write().open())), "1.3.0", "the release has come");
}

#[test]
fn a_pre_release_tag_that_cannot_be_read_does_no_harm() {
    let written = with_tag("1.3-rc1").write();
    let id = written.git(&["rev-parse", "1.3-rc1"]);
    let path = written.path.join(format!("objects/{}/{}", &id[..2], &id.trim_end()[2..]));
    std::fs::remove_file(path).unwrap();
    assert_eq!(summary(&answer(&written.open())), "1.2.1");
}

#[test]
fn the_tag_and_the_version_of_a_pre_release_are_named() {
    let project = Sandbox::released(&[("a", "1\n")]);
    project.commit("Go on", &[]);
    project.git(&["tag", "v1.1.0-rc1"]);
    let ran = project.releng(&["version"]).exits(0).says(&["the tag `v1.1.0-rc1`", "there are no pre-releases yet"]);
    assert_eq!(ran.stdout, "1.0.1\n");
    project.releng(&["version", "--strict"]).exits(1).says(&["pre-release-tag"]);
    for version in ["1.1.0~rc1", "1.1.0-rc1"] {
        project.releng(&["version", "--assume-version", version]).exits(2).says(&["there are no pre-releases yet"]);
    }
}
