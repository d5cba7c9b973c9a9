//! The gates of a promotion that ask git, the dists and rpm.

use std::path::Path;

use crate::promote::unpromotable;
use crate::support::rpms::Rpm;
use crate::support::site::Site;

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

#[test]
fn unmerged_work() {
    let site = Site::new();
    site.commit("Go on").build(&["el9"]);
    site.releng(&["stage", "--unmerged"]).exits(0);
    unpromotable(&site, &["it was staged with `--unmerged`", "to stage it without this flag: `"]);
    site.releng(&["stage"]).exits(0).says(&[&format!("recorded as merged: unstable/1.0/{FIRST} (1.0.1)")]);
    assert_eq!(std::fs::read_link(site.served("unstable/1.0/latest")).unwrap(), Path::new(FIRST));
    site.releng(&["stage"]).exits(0).says(&[&format!("{FIRST} (1.0.1) is staged already")]);
    site.promote(&[]).exits(0);
}

#[test]
fn what_was_merged_after_it_was_staged() {
    let site = Site::new();
    site.project.git(&["checkout", "-q", "-b", "topic"]);
    site.release("Go on", &["el9"]);
    assert!(!site.served("unstable/1.0/latest").exists());
    unpromotable(&site, &["commit ", " is not in main", "help: merge it and fetch the branch, then promote again"]);
    site.project.git(&["branch", "-f", "main", "topic"]);
    site.promote(&["--dry-run"]).exits(0).says(&[]);
    // To stage it again records it, and `latest` leads to it.
    site.releng(&["stage"]).exits(0).says(&["recorded as merged"]);
    assert_eq!(std::fs::read_link(site.served("unstable/1.0/latest")).unwrap(), Path::new(FIRST));
    site.releng(&["verify"]).exits(0);
    site.promote(&[]).exits(0);
    // If the branch loses the commit later, the promotion is refused.
    site.release("More", &["el9"]);
    site.project.git(&["branch", "-f", "main", "topic"]);
    site.releng(&["stage"]).exits(0);
    site.project.git(&["branch", "-f", "main", "topic~1"]);
    unpromotable(&site, &[" is not in main"]);
}

#[test]
fn sources_alone_do_not_take_the_place_of_packages() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.release("Two", &[]);
    unpromotable(&site, &["it has no packages for el9", "dist --rpm"]);
    let configured = Site::with("[rpm]\ndists = [\"el9\"]\n");
    configured.release("One", &[]);
    unpromotable(&configured, &["it has no packages for el9"]);
}

#[test]
fn each_dist_needs_packages_and_not_any() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.release("Two", &["el9"]);
    let two = "snapshot-demo_1.0_pipeline_2";
    unpromotable(
        &site,
        &[
            "it has no packages for el8",
            &format!("promote {two} --major --untested 'a test of the tool' --end-dist el8`"),
        ],
    );
    let configured = Site::with("[rpm]\ndists = [\"el8\", \"el9\"]\n");
    configured.release("One", &["el9"]);
    unpromotable(&configured, &["it has no packages for el8"]);
    // A dist that has ended keeps what it has, now and later.
    site.promote(&[two, "--end-dist", "el8"]).exits(0);
    site.promoted("Three", &["el9"]);
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("stable/1.0    1.0.3  revision 3, el8 1.0.1, el9 1.0.3, "), "{status}");
}

#[test]
fn above_is_what_rpm_calls_above() {
    let site = Site::new();
    site.commit("One");
    let version = site.dist();
    site.add(&Rpm::new("demo", &version).dist("el9").epoch(1), "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    site.release("Two", &["el9"]);
    unpromotable(
        &site,
        &["stable/1.0 already has `demo-1:1.0.1-1.el9.noarch`, which is not older than `demo-1.0.2-1.el9.noarch`"],
    );
}

#[test]
fn a_milestone_that_is_not_tagged() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    assert_eq!(site.release("Fly\n\nSem-Ver: feature", &["el9"]), "1.1.0");
    unpromotable(&site, &["the tag `1.1` is missing", "help: create it: `", "and push the tag"]);
    site.project.git(&["tag", "1.1"]);
    site.promote(&[]).exits(0).says(&["(minor)"]);
}

#[test]
fn all_closed_gates_are_named_and_what_no_test_can_open_is_first() {
    let site = Site::new();
    site.release("One", &["el9"]);
    site.promoted("Two", &["el8", "el9"]);
    let refused = site.releng(&["promote", FIRST]).exits(1).says(&[
        "(1.0.1): stable/1.0 already has 1.0.2",
        "the gate `packages` is closed, too: it has no packages for el8",
        "the gate `tested` is closed, too: no acceptance test is configured for a patch promotion",
        "help: promote a newer snapshot",
    ]);
    assert!(!refused.stderr.contains("[[acceptance]]"), "{}", refused.stderr);
}
