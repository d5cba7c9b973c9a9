//! The state of another repository of the same project is in the place of that of this one: it is the log that is wrong, and not what is
//! served. Nothing advises to remove a sound folder, nothing is written, and what is said leads out.

use std::path::Path;

use crate::helps::follow;
use crate::support::program::run_in;
use crate::support::signed::SignedSite;
use crate::support::site::{Site, UNTESTED, require_same, text, tree};

const LATER: &str = "2026-01-03T03:04:05Z";
const HELD: &str = "snapshot-demo_1.0_pipeline_1";

fn copy(from: &Path, to: &Path) {
    run_in(Path::new("/"), "cp", &["-a", from.to_str().unwrap(), to.to_str().unwrap()], &[]).exits(0);
}

/// Puts a copy of the state `from` into the place of that of `site`, which is kept; where.
fn replace_state(site: &Site, from: &Path) -> std::path::PathBuf {
    let own = site.project.join("target/own-state");
    std::fs::rename(site.state(""), &own).unwrap();
    copy(from, &site.state(""));
    own
}

/// A repository of the same project with other releases.
fn other() -> Site {
    let other = Site::new();
    for message in ["A", "B", "C", "D"] {
        other.commit(message).build(&["el9"]);
        other.releng_at(LATER, &["stage"]).exits(0);
        other.releng_at(LATER, &[&["promote", "--major"], UNTESTED].concat()).exits(0);
    }
    other
}

/// Releases and promotes in a copy of the repository, and gives the folder with its state; nothing here changes.
fn state_of_copy(site: &Site) -> std::path::PathBuf {
    let places = ["target/repository", "target/repository-state"].map(|place| site.project.join(place));
    let kept = ["target/kept", "target/kept-state"].map(|place| site.project.join(place));
    places.iter().zip(&kept).for_each(|(place, kept)| copy(place, kept));
    site.commit("In the copy").build(&["el9"]);
    site.releng_at(LATER, &["stage"]).exits(0);
    site.releng_at(LATER, &[&["promote"], UNTESTED].concat()).exits(0);
    site.releng_at(LATER, &["hold", "--why", "a trial"]).exits(0);
    let state = site.project.join("target/state-of-copy");
    copy(&site.state(""), &state);
    for (place, kept) in places.iter().zip(&kept) {
        std::fs::remove_dir_all(place).unwrap();
        std::fs::rename(kept, place).unwrap();
    }
    state
}

/// Fails the test unless each command says that the log is of another repository, and none of them writes or advises to remove anything.
#[track_caller]
fn is_suspect(site: &Site, from_line: &str) {
    let said = format!("is of another repository: from line {from_line} on, it has other events than the manifest of");
    let help = ["remove nothing: `", "correct `repository.state`", "recover-log`"];
    let before = site.trees();
    let found = site.releng(&["verify"]).exits(1).says(&help);
    assert!(found.stdout.starts_with(&format!("log-foreign: log.jsonl: it {said}")), "{}", found.stdout);
    assert_eq!(found.stdout.lines().count(), 1, "{}", found.stdout);
    let status = site.releng(&["status"]).exits(0).prints_part(&format!("the log {said}")).stdout;
    let doctor = site.releng(&["doctor"]).exits(1).prints_part(&said).stdout;
    for text in [&found.stderr, &status, &doctor] {
        for advice in ["prune", "move it", "move them", "away", "rollback"] {
            assert!(!text.contains(advice), "{advice}: {text}");
        }
    }
    for args in [
        &["stage"][..],
        &["promote"],
        &["promote", "--due"],
        &["prune", "--damaged"],
        &["prune", "--missing"],
        &["rollback", "1.0"],
        &["rollback", "1.0", "--to", "1"],
        &["yank", "demo-1.0.1-1.el9.noarch", "--why", "x"],
        &["hold", HELD, "--why", "x"],
        &["accept", HELD],
    ] {
        site.releng(args).exits(1).says(&[&said]).says(&help);
        site.releng(&[args, &["--dry-run"]].concat()).exits(1).says(&[&said]);
    }
    let after = site.trees();
    let without_lock = |[served, mut state]: [std::collections::BTreeMap<String, String>; 2]| {
        state.remove("lock");
        [served, state]
    };
    let (before, after) = (without_lock(before), without_lock(after));
    before.iter().zip(&after).for_each(|(before, after)| require_same(before, after));
}

#[test]
fn a_log_of_another_repository_is_the_suspect_and_not_the_folders() {
    let (site, other) = (Site::of_three(), other());
    let own = replace_state(&site, &other.state(""));
    is_suspect(&site, "1");
    std::fs::remove_dir_all(site.state("")).unwrap();
    std::fs::rename(own, site.state("")).unwrap();
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_log_of_another_repository_is_put_together_from_the_manifests_alone() {
    let (site, other) = (Site::of_three(), other());
    let own = replace_state(&site, &other.state(""));
    let found = site.releng(&["verify"]).exits(1);
    let put = follow(site.project.path(), &found, "recover-log", &[]).exits(0);
    let kept = ["write log.jsonl.replaced-1, a copy of the old log, which is of another repository\n", "6 events from"];
    assert!(kept.iter().all(|part| put.stdout.contains(part)) && !put.stdout.contains("not used"), "{}", put.stdout);
    site.releng(&["verify"]).exits(0);
    assert_eq!(text(&site.state("ledger.json")), text(&own.join("ledger.json")), "no package of the other one");
    for file in ["log.jsonl", "ledger.json"] {
        assert_eq!(
            text(&site.state(&format!("{file}.replaced-1"))),
            text(&other.state(file)),
            "it may be the only copy"
        );
    }
    site.promoted("Four", &["el9"]);
    site.releng(&["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"]).exits(0);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn the_log_of_a_copy_of_this_repository_counts_up_to_where_both_part() {
    let site = Site::of_three();
    site.releng(&["hold", HELD, "--why", "a customer"]).exits(0);
    let copied = state_of_copy(&site);
    site.promoted("Four", &["el9"]);
    replace_state(&site, &copied);
    is_suspect(&site, "8");
    let found = site.releng(&["verify"]).exits(1);
    follow(site.project.path(), &found, "recover-log", &[]).exits(0);
    site.releng(&["verify"]).exits(0);
    let log = text(&site.state("log.jsonl"));
    assert!(log.contains("a customer") && !log.contains("a trial"), "{log}");
}

#[test]
fn keys_of_another_repository_are_not_served() {
    let [signed, other] = [SignedSite::new(), SignedSite::new()];
    for message in ["One", "Two"] {
        signed.promoted(message);
        other.site.commit(message).build(&["el9"]);
        other.releng_at(LATER, &["stage"]).exits(0);
        other.releng_at(LATER, &[&["promote", "--major"], UNTESTED].concat()).exits(0);
    }
    let served = signed.site.text("RPM-GPG-KEY-demo");
    replace_state(&signed.site, &other.site.state(""));
    let found = signed.releng(&["verify"]).exits(1);
    assert!(found.stdout.starts_with("log-foreign: ") && found.stdout.lines().count() == 1, "{}", found.stdout);
    signed.promote(&[]).exits(1).says(&["is of another repository"]);
    signed.releng(&["recover-log"]).exits(0);
    assert_eq!(signed.site.text("RPM-GPG-KEY-demo"), served);
    signed.releng(&["verify"]).exits(0);
    signed.promoted("Three");
    assert_eq!(signed.site.text("RPM-GPG-KEY-demo"), served);
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_single_folder_of_another_repository_does_not_make_the_log_a_suspect() {
    let (site, other) = (Site::of_three(), other());
    let folder = "revisions/stable-1.0/000003";
    std::fs::remove_dir_all(site.served(folder)).unwrap();
    copy(&other.served(folder), &site.served(folder));
    let found = site.releng(&["verify"]).exits(1);
    assert!(found.stdout.starts_with(&format!("manifest-changed: {folder}/")), "{}", found.stdout);
    follow(site.project.path(), &found, "rollback", &[]).exits(0);
    let sound = tree(&site.served("revisions/stable-1.0/000002"));
    site.releng(&["prune", "--damaged"]).exits(0);
    site.releng(&["verify"]).exits(0);
    require_same(&sound, &tree(&site.served("revisions/stable-1.0/000002")));
}
