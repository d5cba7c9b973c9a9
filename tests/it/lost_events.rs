//! What `recover-log` says of events that nothing in the repository tells any more.

use crate::support::site::Site;

const YANKED: &str = "demo-1.0.2-1.el9.noarch";

/// Loses the log, and with it an event that no manifest has; the plan of the recovery, which is then carried out.
#[track_caller]
fn recover(site: &Site) -> String {
    std::fs::remove_file(site.state("log.jsonl")).unwrap();
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    let note = "may be holds, ends of dists, or records that a commit was merged";
    let ran = site.releng(&["recover-log"]).exits(0).prints(&plan);
    assert_eq!(plan.contains("; lost: "), ran.stderr.contains(note), "{plan}{}", ran.stderr);
    plan
}

#[test]
fn a_package_that_a_lost_event_may_have_yanked_is_named() {
    let site = Site::of_three();
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    site.promoted("Four", &["el9"]);
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000004")).unwrap();
    let plan = recover(&site);
    let expected = format!(
        "from the old log; lost: 7\n    a lost event can be a hold or its end, a prune, a record that a commit was merged or that a \
         dist ended, or the event of a snapshot or revision that is gone, such as a yank\n    may have been yanked: `{YANKED}` from \
         stable/1.0; if so, yank it again after a rollback that brings it back\n"
    );
    assert!(plan.ends_with(&expected), "{plan}");
    // The log does not know of it, so a rollback brings it back, and a yank takes it out again.
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
    assert!(site.served(&format!("stable/1.0/rpm/el9/noarch/{YANKED}.rpm")).exists());
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    assert!(!site.served(&format!("stable/1.0/rpm/el9/noarch/{YANKED}.rpm")).exists());
}

#[test]
fn what_a_known_event_explains_was_not_yanked() {
    // A known yank, and a lost hold.
    let site = Site::of_three();
    site.releng(&["hold", "--why", "a customer"]).exits(0);
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    let plan = recover(&site);
    assert!(plan.contains("; lost: 7\n") && !plan.contains("may have been yanked"), "{plan}");
    // A rollback, and a lost hold.
    let site = Site::of_three();
    site.releng(&["hold", "--why", "a customer"]).exits(0);
    site.releng(&["rollback", "1.0"]).exits(0);
    let plan = recover(&site);
    assert!(plan.contains("; lost: 7\n") && !plan.contains("may have been yanked"), "{plan}");
    // A lost yank that was taken back.
    let site = Site::of_three();
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    site.releng(&["rollback", "1.0", "--to", "3", "--with-yanked"]).exits(0);
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000004")).unwrap();
    let plan = recover(&site);
    assert!(plan.contains("; lost: 7\n") && !plan.contains("may have been yanked"), "{plan}");
    // Nothing is lost.
    let site = Site::of_three();
    let plan = recover(&site);
    assert!(!plan.contains("lost"), "{plan}");
}

#[test]
fn a_series_whose_only_revision_is_gone_begins_again() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000001")).unwrap();
    site.releng(&["prune", "--missing"]).exits(0);
    let again = ["promote", "snapshot-demo_1.0_pipeline_1", "--major", "--untested", "it is gone"];
    site.releng(&again).exits(0).says(&["promoted snapshot-demo_1.0_pipeline_1 (1.0.1) to stable/1.0"]);
    assert!(site.served("stable/1.0/sources/demo-1.0.1.tar.gz").is_file());
    site.releng(&again).exits(0).says(&["is in stable/1.0 already"]);
    site.releng(&["verify"]).exits(0);
}
