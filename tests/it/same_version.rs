//! A version that is staged twice, and work that is not merged: where the series has everything, nothing is to be done; and under one
//! name, clients of `latest` get no other package than the series has.

use std::path::Path;

use crate::helps::run_shell;
use crate::promote::refused;
use crate::support::rpms::Rpm;
use crate::support::site::{Site, UNTESTED, require_same};

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";
const SECOND: &str = "snapshot-demo_1.0_pipeline_2";
const THIRD: &str = "snapshot-demo_1.0_pipeline_3";

/// `promote` without the name of a snapshot, which finds nothing to do.
#[track_caller]
fn nothing_to_do(site: &Site, parts: &[&str]) {
    let before = site.trees();
    let args = [&["promote"], UNTESTED].concat();
    for args in [[&args[..], &["--dry-run"]].concat(), args] {
        site.releng(&args).exits(0).says(parts);
    }
    require_same(&before[0], &site.trees()[0]);
}

/// Stages `HEAD` again, with a package of other bytes.
#[track_caller]
fn stage_again(site: &Site, release: &str) -> crate::support::program::Ran {
    site.releng(&["dist", "--no-stage", "--release", release]).exits(0);
    let version = site.releng(&["version"]).exits(0).stdout.trim_end().to_owned();
    let rpm = Rpm::new("demo", &version).release(release).dist("el9").file("/usr/share/demo/other", "x");
    site.add(&rpm, "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0)
}

#[test]
fn a_topic_branch_is_left_out_where_the_rest_is_promoted() {
    let site = Site::new();
    site.project.git(&["checkout", "-q", "-b", "topic"]);
    site.release("On a topic", &["el9"]);
    // Without a series, the reason is what counts.
    refused(&site, &[&["promote", "--major"], UNTESTED].concat(), &[" is not in main", "merge it and fetch"]);
    site.project.git(&["checkout", "-q", "main"]);
    site.promoted("One", &["el9"]);
    nothing_to_do(&site, &["stable/1.0 has 1.0.1 already, and nothing newer is staged\n"]);
    site.project.git(&["checkout", "-q", "topic"]);
    site.release("More of it", &["el9"]);
    let left_out = format!("and nothing newer is staged; left out: `{THIRD}` (1.0.2): commit ");
    nothing_to_do(&site, &[&left_out, " is not in main"]);
    refused(&site, &[&["promote", THIRD], UNTESTED].concat(), &[" is not in main", "merge it and fetch"]);
    // Merged work that is not ready is refused for its own reason.
    site.project.git(&["checkout", "-q", "main"]);
    site.release("Two", &["el9"]);
    site.project.git(&["checkout", "-q", "topic"]);
    site.release("Yet more", &["el9"]);
    let parts = ["passing over `snapshot-demo_1.0_pipeline_5`", "no acceptance test is configured"];
    refused(&site, &["promote"], &parts);
}

#[test]
fn a_version_that_was_built_again_after_its_tag() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.release("Fly\n\nSem-Ver: feature", &["el9"]);
    site.project.git(&["tag", "1.1"]);
    site.promote(&[]).exits(0);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    let left_out = format!("left out: `{THIRD}` (1.1.0), which was built again: the series has it from `{SECOND}`\n");
    nothing_to_do(&site, &["stable/1.0 has 1.1.0 already, and nothing newer is staged; ", &left_out]);
    let named = [&["promote", THIRD], UNTESTED].concat();
    let ran = refused(&site, &named, &[&format!("stable/1.0 already has 1.1.0, from `{SECOND}`; "), "was built again"]);
    assert!(!ran.stderr.contains("--release"), "the archive of a version stays: {}", ran.stderr);
    // A higher release cannot have another archive.
    stage_again(&site, "2");
    let parts = ["`sources/demo-1.1.0.tar.gz` is in stable/1.0 with another content", "release a later commit"];
    let ran = refused(&site, &[&["promote"], UNTESTED].concat(), &parts);
    // The step works.
    site.commit("Go on");
    let command = ran.stderr.split('`').find(|part| part.starts_with("releng dist")).unwrap().replace(" --rpm", "");
    run_shell(site.project.path(), &format!("{command} --no-stage")).exits(0);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0).says(&["(1.1.1)"]);
}

#[test]
fn latest_keeps_to_the_packages_of_the_series() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    let stays = stage_again(&site, "1");
    let note = format!("`latest` stays at `{FIRST}`: `demo-1.0.1-1.el9.noarch` was promoted with another content");
    stays.says(&[&note, "clients must not get two packages of one name", "build it with a higher release: `releng "]);
    assert_eq!(site.link("unstable/1.0/latest"), Path::new(FIRST));
    site.releng(&["status"]).exits(0).prints_part(&note);
    nothing_to_do(&site, &[&format!("left out: `{SECOND}` (1.0.1), which was built again")]);
    let named = [&["promote", SECOND], UNTESTED].concat();
    let ran = refused(&site, &named, &["`demo-1.0.1-1.el9.noarch`", "with a higher release"]);
    // The step works: the command has the number of the next release.
    let command = ran.stderr.split('`').find(|part| part.contains("--release")).unwrap();
    assert_eq!(command, "releng dist --rpm --release 2");
    stage_again(&site, "2");
    assert_eq!(site.link("unstable/1.0/latest"), Path::new("snapshot-demo_1.0_pipeline_3"));
    site.promote(&[]).exits(0).says(&["promoted snapshot-demo_1.0_pipeline_3"]);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_release_without_packages_that_is_built_again_is_no_other_one() {
    let site = Site::with("[project]\nname = \"demo\"\n");
    site.project.git(&["rm", "-q", "packaging/demo.spec.in"]);
    site.promoted("One", &[]);
    site.release("Fly\n\nSem-Ver: feature", &[]);
    site.project.git(&["tag", "1.1"]);
    site.promote(&[]).exits(0);
    site.build(&[]);
    site.releng(&["stage"]).exits(0);
    nothing_to_do(&site, &["stable/1.0 has 1.1.0 already", &format!("left out: `{THIRD}` (1.1.0), which was built")]);
    refused(&site, &[&["promote", THIRD], UNTESTED].concat(), &["already has 1.1.0", "was built again"]);
}

#[test]
fn what_a_merge_brought_in_is_no_release_of_the_branch() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.project.git(&["checkout", "-q", "-b", "topic"]);
    site.commit("A");
    site.commit("B");
    assert_eq!(site.release("C", &["el9"]), "1.0.4");
    site.project.git(&["checkout", "-q", "main"]);
    site.commit("Two");
    site.project.git(&["merge", "-q", "--no-ff", "-m", "Merge the topic", "topic"]);
    let why = " came into main by a merge, and is not on its mainline";
    nothing_to_do(&site, &[&format!("left out: `{SECOND}` (1.0.4): commit "), why]);
    let named = [&["promote", SECOND], UNTESTED].concat();
    refused(&site, &named, &[why, "help: release the merge: check out main, then `releng dist --rpm`"]);
    site.releng(&["stage"]).exits(0).says(&["is staged already"]);
    assert_eq!(site.link("unstable/1.0/latest"), Path::new(FIRST));
    // The help leads on: the merge has the version of the branch.
    assert_eq!(site.build(&["el9"]), "1.0.3");
    site.releng(&["stage"]).exits(0);
    assert_eq!(site.link("unstable/1.0/latest"), Path::new(THIRD));
    site.promote(&[]).exits(0).says(&["(1.0.3)"]);
    // A branch that is only moved forward has its work on the mainline.
    site.project.git(&["checkout", "-q", "-b", "straight"]);
    assert_eq!(site.release("D", &["el9"]), "1.0.4");
    site.project.git(&["checkout", "-q", "main"]);
    site.project.git(&["merge", "-q", "--ff-only", "straight"]);
    site.promote(&[]).exits(0).says(&["promoted snapshot-demo_1.0_pipeline_4 (1.0.4)"]);
}

#[test]
fn a_version_of_another_commit_is_not_said_to_be_built_again() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    site.project.git(&["reset", "-q", "--hard", "HEAD~1"]);
    assert_eq!(site.release("Another two", &["el9"]), "1.0.2");
    let archive = "`sources/demo-1.0.2.tar.gz` is in stable/1.0 with another content";
    site.releng(&["status"]).exits(0).prints_part(&format!("`latest` stays at `{SECOND}`: {archive}"));
    let ran = refused(&site, &[&["promote"], UNTESTED].concat(), &[archive, "release a later commit"]);
    assert!(!ran.stderr.contains("built again"), "{}", ran.stderr);
    site.release("Three", &["el9"]);
    site.promote(&[]).exits(0).says(&["(1.0.3)"]);
}

#[test]
fn a_higher_release_of_a_version_leaves_nothing_to_promote() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    stage_again(&site, "2");
    site.promote(&[]).exits(0);
    nothing_to_do(&site, &["stable/1.0 has 1.0.1 already, and nothing newer is staged"]);
}

#[test]
fn a_higher_release_that_was_staged_twice_leaves_nothing_to_promote() {
    let site = Site::new();
    site.release("One", &["el9"]);
    stage_again(&site, "2");
    site.promote(&[]).exits(0);
    nothing_to_do(&site, &["stable/1.0 has 1.0.1 already, and nothing newer is staged"]);
}
