//! `latest` where the git repository lacks the commit of a snapshot: another machine has staged it.

use crate::support::program::{Ran, run_in};
use crate::support::site::Site;

const NEWEST: &str = "snapshot-demo_1.0_pipeline_1";

fn shell(site: &Site, script: &str) -> Ran {
    run_in(site.project.path(), "sh", &["-c", script], &[]).exits(0)
}

fn latest(site: &Site) -> String {
    site.link("unstable/1.0/latest").display().to_string()
}

/// A site with 1.0.2 staged, the release of 1.0.1 in `target/one`, and in `target/stale.git` a clone without the last commit.
fn two() -> Site {
    let site = Site::new();
    site.commit("One").dist();
    shell(&site, "cp -a target/dist target/one && cp -a .git target/stale.git");
    site.release("Two", &[]);
    shell(&site, "cp -a .git target/whole.git");
    site
}

#[test]
fn latest_does_not_go_to_a_lower_version_where_git_lacks_a_commit() {
    let site = two();
    shell(&site, "rm -rf .git && cp -a target/stale.git .git");
    let note = format!("`latest` stays at `{NEWEST}`: it has 1.0.2, which is above 1.0.1, and git lacks a commit");
    let stage = ["stage", "--from", "target/one"];
    site.releng(&[&stage[..], &["--dry-run"]].concat()).exits(0).says(&[&note]);
    site.releng(&stage).exits(0).says(&[&note, "`git fetch --tags && releng stage`"]);
    assert_eq!(latest(&site), NEWEST);
    site.releng(&["verify"]).exits(0);
    // A later release of the clone is no lower version.
    shell(&site, "rm -rf .git && cp -a target/whole.git .git");
    site.release("Three", &[]);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_3");
}

#[test]
fn the_newest_release_comes_back_when_it_is_staged_again() {
    let site = two();
    shell(&site, "cp -a target/dist target/two");
    // Without its commit on a branch, `latest` goes on; so it did in a clone that had not fetched.
    site.project.git(&["reset", "-q", "--hard", "HEAD~1"]);
    site.releng(&["stage", "--from", "target/one"]).exits(0);
    assert_eq!(latest(&site), "snapshot-demo_1.0_pipeline_2");
    site.project.git(&["reset", "-q", "--hard", "ORIG_HEAD"]);
    site.releng(&["stage", "--from", "target/two"]).exits(0);
    assert_eq!(latest(&site), NEWEST);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn another_project_is_not_promoted_into_a_series() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    shell(&site, "cp -a .git target/own.git");
    for git in [
        &["checkout", "-q", "--orphan", "other"][..],
        &["commit", "-q", "-m", "Begin another project"],
        &["branch", "-M", "main"],
        &["tag", "-f", "1.0"],
        &["update-ref", "-d", "ORIG_HEAD"],
        &["reflog", "expire", "--expire=now", "--all"],
        &["gc", "-q", "--prune=now"],
    ] {
        site.project.git(git);
    }
    site.commit("A").commit("B").build(&["el9"]);
    let says = ["the git repository has no commit of the releases in stable/1.0: is it another project?"];
    site.releng(&["stage", "--dry-run"]).exits(1).says(&says);
    site.releng(&["stage"]).exits(1).says(&says);
    // The history was rewritten: with a commit of the old one, it is the same project.
    let fetch = || drop(site.project.git(&["fetch", "-q", "--no-tags", "target/own.git", "main"]));
    fetch();
    site.releng(&["stage"]).exits(0);
    // A clone that has never fetched it promotes nothing.
    shell(&site, "rm .git/FETCH_HEAD && git gc -q --prune=now");
    site.promote(&[]).exits(1).says(&says);
    fetch();
    site.promote(&[]).exits(0);
}
