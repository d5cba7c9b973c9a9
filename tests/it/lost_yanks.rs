//! A promotion and a yank of the same package, both lost with the log: no revision has the package then, and only the ledger, a snapshot or
//! the pages tell that it was public. It counts as yanked, and a person can say that it was.

use std::fs;

use crate::helps::follow;
use crate::support::site::{Site, text};

const YANKED: &str = "demo-1.0.4-1.el9.noarch";
const SNAPSHOT: &str = "snapshot-demo_1.0_pipeline_4";

/// Revisions 1 to 3, the promotion of 1.0.4 as revision 4, and its yank as revision 5.
fn yanked() -> Site {
    let site = Site::of_three();
    site.promoted("Four", &["el9"]);
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    site
}

fn lose_revisions(site: &Site) {
    for number in [4, 5] {
        fs::remove_dir_all(site.served(&format!("revisions/stable-1.0/{number:06}"))).unwrap();
    }
}

fn lose_manifests(site: &Site) {
    for number in [4, 5] {
        fs::remove_file(site.served(&format!("revisions/stable-1.0/{number:06}/manifest.json"))).unwrap();
    }
}

fn lose_log(site: &Site) {
    fs::remove_file(site.state("log.jsonl")).unwrap();
}

fn lose_state(site: &Site) {
    fs::remove_dir_all(site.state("")).unwrap();
}

/// Recovers; the plan.
#[track_caller]
fn recover(site: &Site) -> String {
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    site.releng(&["recover-log"]).exits(0).prints(&plan);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    plan
}

#[track_caller]
fn is_served(site: &Site) -> bool {
    site.served(&format!("stable/1.0/rpm/el9/noarch/{YANKED}.rpm")).exists()
}

/// The package comes back only if a person names it and asks for it.
#[track_caller]
fn stays_out(site: &Site) {
    let gate = format!("yanked     NO: it has what was yanked: `{YANKED}`");
    let all = site.promote(&[]);
    let named = site.promote(&[SNAPSHOT]).exits(1);
    assert!(!is_served(site) && named.stderr.contains("it has what was yanked"), "{}{}", all.stderr, named.stderr);
    let shown = site.promote(&[SNAPSHOT, "--dry-run"]).exits(1).stdout;
    assert!(shown.contains(&gate) || shown.contains("`demo-1.0.4-1.src`"), "{shown}");
    follow(site.project.path(), &named, "--with-yanked", &[]).exits(0);
    assert!(is_served(site));
    site.releng(&["verify"]).exits(0);
}

#[test]
fn what_came_and_went_with_lost_revisions_stays_out() {
    for lose in [lose_log, lose_state] {
        let site = yanked();
        site.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "it is old"]).exits(0);
        lose_revisions(&site);
        lose(&site);
        let plan = recover(&site);
        assert!(plan.contains(&format!("may have been yanked: `{YANKED}` from stable/1.0")), "{plan}");
        assert!(!plan.contains("may have been yanked: `demo-1.0.1"), "the yank of it is known: {plan}");
        let listed = format!("yanked        {YANKED}, perhaps: an event that was lost may have done it");
        site.releng(&["status"]).exits(0).prints_part(&listed);
        let refused = site.promote(&[]).exits(1);
        refused.says(&[&format!("`{SNAPSHOT}`, of which a lost event may have yanked `{YANKED}`")]);
        stays_out(&site);
    }
}

#[test]
fn one_lost_revision_has_not_both_promoted_and_yanked_a_package() {
    let site = Site::of_three();
    site.promoted("Four", &["el9"]);
    fs::remove_dir_all(site.served("revisions/stable-1.0/000004")).unwrap();
    lose_log(&site);
    let plan = recover(&site);
    assert!(!plan.contains("may have been yanked"), "{plan}");
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
    site.promote(&[]).exits(0);
    assert!(is_served(&site));
}

#[test]
fn a_package_that_no_revision_has_any_more_can_be_yanked_again() {
    for keeps_folders in [false, true] {
        for lose in [lose_log, lose_state] {
            let site = yanked();
            if keeps_folders {
                lose_manifests(&site)
            } else {
                lose_revisions(&site)
            }
            lose(&site);
            let plan = recover(&site);
            assert!(plan.contains(&format!("may have been yanked: `{YANKED}` from stable/1.0")), "{plan}");
            let refused = site.promote(&[]).exits(1).says(&["revisions 4 and 5 of stable/1.0 are lost"]);
            let fill = [("NEVRA", YANKED), ("REASON", "'it burns'")];
            let done = follow(site.project.path(), &refused, "yank", &fill).exits(0);
            done.says(&[&format!("not in revision 3, and is recorded as yanked, so that it stays out: `{YANKED}`")]);
            assert_eq!(site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000006"));
            assert!(text(&site.state("log.jsonl")).contains("\"why\":\"it burns\""));
            site.releng(&["status"]).exits(0).prints_part(&format!("yanked        {YANKED}, 2026-01-02 by event"));
            let again = ["yank", YANKED, "--series", "1.0", "--why", "x"];
            site.releng(&again).exits(0).says(&["was yanked from stable/1.0 already"]);
            site.promote(&[SNAPSHOT]).exits(1).says(&[&format!("`{YANKED}`, yanked by event"), "it burns"]);
            if !keeps_folders {
                site.releng(&["verify"]).exits(0);
                stays_out(&site);
            }
        }
    }
}

#[test]
fn what_a_rollback_leaves_out_of_lost_revisions_stays_out_of_a_promotion() {
    for lose in [lose_log, lose_state] {
        let site = yanked();
        lose_revisions(&site);
        lose(&site);
        recover(&site);
        let refused = site.promote(&[SNAPSHOT]).exits(1);
        follow(site.project.path(), &refused, "rollback", &[]).exits(0);
        stays_out(&site);
        // The next release is promoted as ever.
        site.promoted("Five", &["el9"]);
    }
}

#[test]
fn a_package_that_was_rolled_back_can_be_yanked_and_one_that_never_was_promoted_cannot() {
    let site = Site::of_three();
    site.release("Four", &["el9"]);
    let never = site.releng(&["yank", YANKED, "--why", "it burns"]).exits(1);
    never.says(&["no stable series has the package"]);
    site.promote(&[]).exits(0);
    site.releng(&["rollback", "1.0"]).exits(0);
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0).says(&["is recorded as yanked"]);
    let back = site.releng(&["rollback", "1.0", "--to", "4"]).exits(0);
    back.says(&[&format!("stays out: `{YANKED}`, yanked by event")]);
    assert!(!is_served(&site));
}
