//! A package that was public once keeps its content: whatever is lost with the log, another build of its version is not promoted.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::rpms::Rpm;
use crate::support::site::{Site, text};

const SECOND: &str = "snapshot-demo_1.0_pipeline_2";
const PACKAGE: &str = "demo-1.0.2-1.el9.noarch";

/// Two promoted releases; then their newest revision is lost.
fn without_the_second() -> Site {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    fs::remove_dir_all(site.served("revisions/stable-1.0/000002")).unwrap();
    site
}

fn ledger(site: &Site) -> PathBuf {
    site.state("ledger.json")
}

/// Builds version 1.0.2 again from a rewritten history, with another content, and stages it as `pipeline`.
#[track_caller]
fn another_build_is_refused(site: &Site, pipeline: u32) {
    let before = site.project.git(&["rev-parse", "HEAD"]);
    site.project.git(&["commit", "-q", "--allow-empty", "--amend", "-m", "Two, otherwise"]);
    let version = site.dist();
    assert_eq!(version, "1.0.2");
    site.add(&Rpm::new("demo", &version).dist("el9").file("/usr/share/demo/other", "x"), "el9");
    site.list_builds(str::to_owned);
    site.releng(&["stage"]).exits(0);
    let other = format!("snapshot-demo_1.0_pipeline_{pipeline}");
    let gate = format!("`{PACKAGE}` was in stable before, with another content");
    let gates = site.promote(&[&other, "--dry-run"]).exits(1).stdout;
    assert!(gates.contains(&format!("ledger     NO: {gate}")), "{gates}");
    site.promote(&[&other]).exits(1).says(&[&gate]);
    // What was public is promoted again. Where several revisions may be lost, one may have been a yank.
    site.project.git(&["reset", "-q", "--hard", &before]);
    site.promote(&[SECOND, "--with-yanked"]).exits(0);
    site.releng(&["verify"]).exits(0);
}

/// Recovers, and goes on from the first revision; the plan.
#[track_caller]
fn recovered(site: &Site) -> String {
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    site.releng(&["recover-log"]).exits(0).prints(&plan);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
    site.releng(&["verify"]).exits(0);
    plan
}

#[test]
fn a_whole_ledger_loses_nothing_with_the_log_and_the_newest_revision() {
    let site = without_the_second();
    let before = text(&ledger(&site));
    fs::remove_file(site.state("log.jsonl")).unwrap();
    let plan = recovered(&site);
    let kept = format!("\n    kept: `{PACKAGE}` of stable/1.0, which no revision here has: clients may have it\n");
    assert!(plan.contains(&kept) && !plan.contains("dropped") && !plan.contains("added"), "{plan}");
    assert_eq!(text(&ledger(&site)), before);
    another_build_is_refused(&site, 3);
}

#[test]
fn without_a_ledger_the_snapshots_that_may_have_been_promoted_count() {
    for junk in [None, Some("{\"schema\": \"releng.ledger/1\", \"pack")] {
        let site = without_the_second();
        let before = text(&ledger(&site));
        fs::remove_dir_all(site.state("")).unwrap();
        if let Some(junk) = junk {
            fs::create_dir(site.state("")).unwrap();
            fs::write(ledger(&site), junk).unwrap();
        }
        let plan = recovered(&site);
        let added = format!("\n    added: the packages of `{SECOND}`, which a lost event may have promoted\n");
        assert!(plan.contains(&added), "{plan}");
        assert_eq!(text(&ledger(&site)), before);
        let copy = site.state("ledger.json.replaced-1");
        assert_eq!(copy.exists().then(|| text(&copy)).as_deref(), junk);
        // What is staged later was not promoted by a lost event.
        site.release("Three", &["el9"]);
        site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
        site.project.git(&["reset", "-q", "--hard", "HEAD~1"]);
        another_build_is_refused(&site, 4);
    }
}

#[test]
fn an_old_ledger_with_an_old_log_is_no_proof_that_nothing_was_promoted() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.release("Two", &["el9"]);
    let old = ["log.jsonl", "ledger.json"].map(|file| (file, text(&site.state(file))));
    site.promote(&[]).exits(0);
    let newer = text(&ledger(&site));
    fs::remove_dir_all(site.served("revisions/stable-1.0/000002")).unwrap();
    for (file, content) in old {
        fs::write(site.state(file), content).unwrap();
    }
    let plan = recovered(&site);
    assert!(plan.contains(&format!("added: the packages of `{SECOND}`")), "{plan}");
    assert_eq!(text(&ledger(&site)), newer);
    another_build_is_refused(&site, 3);
}

#[test]
fn a_lost_promotion_that_was_rolled_back_stays_in_the_ledger() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    let before = text(&ledger(&site));
    site.releng(&["rollback", "1.0"]).exits(0);
    fs::remove_dir_all(site.served("revisions/stable-1.0/000002")).unwrap();
    fs::remove_dir_all(site.state("")).unwrap();
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    assert!(plan.contains(&format!("added: the packages of `{SECOND}`")), "{plan}");
    assert_eq!(text(&ledger(&site)), before);
    another_build_is_refused(&site, 3);
}

#[test]
fn a_snapshot_that_no_lost_event_can_have_promoted_is_not_added() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    let before = text(&ledger(&site));
    site.release("Three", &["el9"]);
    fs::remove_dir_all(site.state("")).unwrap();
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    assert!(!plan.contains("added"), "{plan}");
    assert_eq!(text(&ledger(&site)), before);
}

#[test]
fn a_ledger_that_the_log_vouches_for_counts_more_than_a_manifest() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    let before = text(&ledger(&site));
    let path = "revisions/stable-1.0/000002/manifest.json";
    let mut manifest: Value = serde_json::from_str(&site.text(path)).unwrap();
    let files = manifest["files"].as_array_mut().unwrap();
    let file = files.iter_mut().find(|file| file["path"].as_str().unwrap().ends_with(&format!("{PACKAGE}.rpm")));
    file.unwrap()["package"]["content"] = Value::from("0".repeat(64));
    let changed = serde_json::to_string_pretty(&manifest).unwrap() + "\n";
    site.tamper(path, |content| *content = changed.clone().into_bytes());
    fs::remove_file(site.state("log.jsonl")).unwrap();
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    assert!(
        plan.contains(&format!("kept: `{PACKAGE}` of stable/1.0, of which a manifest has another content")),
        "{plan}"
    );
    assert_eq!(text(&ledger(&site)), before);
    site.releng(&["verify"]).exits(1).prints_part("000002");
}

#[test]
fn a_repository_without_a_promotion_is_whole_without_a_ledger() {
    let site = Site::new();
    site.release("One", &["el9"]);
    assert!(!ledger(&site).exists());
    site.releng(&["recover-log", "--dry-run"]).exits(0).says(&["the log and the ledger are whole"]);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    // After a promotion, it is missed.
    site.promote(&[]).exits(0);
    let before = text(&ledger(&site));
    fs::remove_file(ledger(&site)).unwrap();
    site.releng(&["recover-log"]).exits(0).prints_part("write ledger.json");
    assert_eq!(text(&ledger(&site)), before);
}

#[test]
fn a_number_is_not_used_again_where_nothing_tells_of_it() {
    // The log, the ledger, the revision and the link to it.
    let site = without_the_second();
    fs::remove_dir_all(site.state("")).unwrap();
    fs::remove_file(site.served("stable/1.0")).unwrap();
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    let used = "`stable/1.0` is missing, too: revisions after 1 may be lost, and the next one has a number above 101";
    assert!(plan.contains(used) && plan.contains(&format!("added: the packages of `{SECOND}`")), "{plan}");
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
    assert_eq!(site.link("stable/1.0"), PathBuf::from("../revisions/stable-1.0/000102"));
    another_build_is_refused(&site, 3);
    // Where the log is whole, a missing link loses nothing.
    let site = Site::of_three();
    fs::remove_file(site.served("stable/1.0")).unwrap();
    fs::remove_file(ledger(&site)).unwrap();
    site.releng(&["recover-log"]).exits(0);
    site.promoted("Four", &["el9"]);
    assert_eq!(site.link("stable/1.0"), PathBuf::from("../revisions/stable-1.0/000004"));
}
