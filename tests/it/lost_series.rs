//! What is said where no revision of a series is left, where a killed run and a lost link come together, and of what nothing confirms.

use std::fs;

use crate::helps::follow;
use crate::support::program::Ran;
use crate::support::site::{Site, text};

/// Three promoted releases, and a fourth one that is staged; then no revision is left.
fn without_revisions() -> Site {
    let site = Site::of_three();
    site.release("Four", &["el9"]);
    fs::remove_dir_all(site.served("revisions/stable-1.0")).unwrap();
    site
}

fn lose_log(site: &Site) {
    fs::remove_file(site.state("log.jsonl")).unwrap();
}

/// Runs the command of a help, and then that of its own refusal if packages may have been yanked.
#[track_caller]
fn promote_by(site: &Site, refused: &Ran, part: &str) {
    let ran = follow(site.project.path(), refused, part, &[]);
    if ran.code != 0 {
        follow(site.project.path(), &ran, "--with-yanked", &[]).exits(0);
    }
}

/// Each command names the releases in their order, and following them brings back all of them.
#[track_caller]
fn begins_again(site: &Site) {
    let says = [
        "stable/1.0 had revisions, and none of them is left",
        "the lowest version first, because it cannot follow a higher one, and leave out what was yanked: `releng promote \
         snapshot-demo_1.0_pipeline_1",
        "then each by its name: snapshot-demo_1.0_pipeline_2 (1.0.2), snapshot-demo_1.0_pipeline_3 (1.0.3)\n",
    ];
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(!status.contains("nothing yet"), "{status}");
    assert!(says.iter().all(|part| status.contains(part)) && !status.contains("\nnext "), "{status}");
    for command in [&["rollback", "1.0"][..], &["rollback", "1.0", "--to", "3"]] {
        site.releng(command).exits(1).says(&says);
    }
    let refused = site.promote(&[]).exits(1).says(&says);
    let fourth = site.promote(&["snapshot-demo_1.0_pipeline_4", "--dry-run"]);
    let passed = "stable/1.0 had lower versions, which cannot follow any more: 1.0.1 (`snapshot-demo_1.0_pipeline_1`)";
    assert!(fourth.stderr.contains(passed), "{}{}", fourth.stdout, fourth.stderr);
    promote_by(site, &refused, "promote snapshot-demo_1.0_pipeline_1");
    for name in ["snapshot-demo_1.0_pipeline_2", "snapshot-demo_1.0_pipeline_3"] {
        site.promote(&[name, "--with-yanked"]).exits(0);
    }
    site.promote(&[]).exits(0);
    for version in 1..=4 {
        let package = format!("stable/1.0/rpm/el9/noarch/demo-1.0.{version}-1.el9.noarch.rpm");
        assert!(site.served(&package).exists(), "{package}");
    }
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_series_without_a_revision_begins_again_with_its_lowest_release() {
    let site = without_revisions();
    let says = ["its revision 3 is missing", "prune --missing`: then `status` says which releases to promote"];
    for command in [&["rollback", "1.0"][..], &["rollback", "1.0", "--to", "2"], &["promote"]] {
        site.releng(command).exits(1).says(&says);
    }
    let refused = site.releng(&["rollback", "1.0"]).exits(1);
    follow(site.project.path(), &refused, "prune --missing", &[]).exits(0);
    begins_again(&site);
    // With the log.
    let site = without_revisions();
    lose_log(&site);
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    let again = "without it, the series begins again: `releng status` has the commands";
    assert!(plan.contains(again) && !plan.contains("rollback --to"), "{plan}");
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("the next command that changes the repository removes it"), "{status}");
    let found = site.releng(&["verify"]).exits(1).stdout;
    assert!(
        found.starts_with("current-vanished: stable/1.0: stable/1.0 had revisions") && found.lines().count() == 1,
        "{found}"
    );
    begins_again(&site);
    // And with the link.
    let site = without_revisions();
    lose_log(&site);
    fs::remove_file(site.served("stable/1.0")).unwrap();
    fs::remove_file(site.served("index.json")).unwrap();
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    let again = "its revisions are lost, and the next one has a number above 100";
    assert!(plan.contains(again) && !plan.contains("rollback --to"), "{plan}");
    site.releng(&["prune"]).exits(0);
    begins_again(&site);
}

#[test]
fn a_killed_yank_whose_link_was_removed_is_named_and_finished() {
    let site = Site::of_three();
    let log = text(&site.state("log.jsonl"));
    site.releng(&["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"]).exits(0);
    fs::write(site.state("log.jsonl"), &log).unwrap();
    fs::remove_file(site.served("stable/1.0")).unwrap();
    let what = "a run was interrupted: yanked demo-1.0.2-1.el9.noarch from stable/1.0, revision 4";
    let found = site.releng(&["verify"]).exits(1).says(&["the next command that changes the repository finishes it"]);
    assert_eq!(found.stdout, format!("interrupted: revisions/stable-1.0/000004: {what}\n"));
    site.releng(&["status"]).exits(0).prints_part(what);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    site.releng(&["hold", "--why", "x", "--dry-run"]).exits(0).says(&["the run will first finish the change"]);
    follow(site.project.path(), &found, "prune", &[]).exits(0);
    assert!(!site.served("stable/1.0/rpm/el9/noarch/demo-1.0.2-1.el9.noarch.rpm").exists());
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_plan_names_the_manifests_that_nothing_confirms() {
    let recover = |site: &Site| site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    let newest =
        "event 6, promoted snapshot-demo_1.0_pipeline_3 (1.0.3) to stable/1.0, revision 3: only manifests tell so";
    let site = Site::of_three();
    fs::remove_file(site.state("ledger.json")).unwrap();
    assert!(!recover(&site).contains("not confirmed"), "the log confirms it");
    lose_log(&site);
    let plan = recover(&site);
    assert!(plan.contains(&format!("not confirmed: {newest}")), "{plan}");
    fs::remove_dir_all(site.served("revisions/stable-1.0/000002")).unwrap();
    let plan = recover(&site);
    let before = "not confirmed: event 3, staged snapshot-demo_1.0_pipeline_2 as latest; ";
    assert!(plan.contains(&format!("{before}{newest}")), "{plan}");
}
