//! A statement below `provenance/` that is lost in all revisions: nobody can make it again, and it stands in the way of nothing.

use std::fs;

use crate::helps::follow;
use crate::support::signed::SignedSite;
use crate::support::site::{Site, UNTESTED};

const LOST: &str = "provenance/promotion-000001.json";

/// Three releases; the statement about the first promotion is lost in all revisions.
fn lost() -> Site {
    let site = Site::of_three();
    lose(&site, 3);
    site
}

fn lose(site: &Site, revisions: u32) {
    for number in 1..=revisions {
        fs::remove_file(site.served(&format!("revisions/stable-1.0/{number:06}/{LOST}"))).unwrap();
    }
}

/// Fails the test unless the current revision is without the statement, and everything is sound after a prune.
#[track_caller]
fn is_left_out(site: &Site) {
    assert!(!site.text("stable/1.0/manifest.json").contains(LOST));
    assert!(site.text("stable/1.0/manifest.json").contains("provenance/promotion-000002.json"));
    site.releng(&["prune", "--damaged"]).exits(0);
    let found = site.releng(&["verify"]);
    assert_eq!(found.code, 0, "{}{}", found.stdout, found.stderr);
}

#[test]
fn verify_names_a_way_out_that_keeps_the_content() {
    let site = lost();
    let found = site.releng(&["verify"]).exits(1);
    let way = "to go on without the damaged statements of stable/1.0, which only a backup has, in a new revision";
    let found = found.says(&[way]);
    assert!(!found.stderr.contains("only a backup helps"), "{}", found.stderr);
    let left = format!("`{LOST}` of revision 3 is damaged, and is left out: nobody can make it again");
    follow(site.project.path(), &found, "rollback", &[]).exits(0).says(&[&left]);
    is_left_out(&site);
    site.releng(&["rollback", "1.0", "--to", "4"]).exits(0).says(&["has the content of revision 4 already"]);
}

#[test]
fn a_yank_a_promotion_and_a_rollback_go_on_without_it() {
    let site = lost();
    let yank = ["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"];
    let plan = site.releng(&[&yank[..], &["--dry-run"]].concat()).exits(0);
    plan.prints_part(&format!("  leave out {LOST} of revision 3: it is damaged\n"));
    site.releng(&yank).exits(0);
    is_left_out(&site);
    let site = lost();
    site.release("Four", &["el9"]);
    site.releng(&[&["promote"], UNTESTED].concat()).exits(0).says(&["nobody can make it again"]);
    is_left_out(&site);
    let site = lost();
    site.releng(&["rollback", "1.0"]).exits(0);
    is_left_out(&site);
}

#[test]
fn its_signature_goes_with_it() {
    let signed = SignedSite::new();
    signed.promoted("One");
    signed.promoted("Two");
    lose(&signed.site, 2);
    let repodata = signed.site.text("stable/1.0/rpm/el9/repodata/repomd.xml");
    let found = signed.releng(&["verify"]).exits(1);
    assert!(found.stderr.contains("rollback 1.0 --to 2"), "{}", found.stderr);
    signed.releng(&["rollback", "1.0", "--to", "2"]).exits(0);
    assert_eq!(signed.site.text("stable/1.0/rpm/el9/repodata/repomd.xml"), repodata, "nothing is signed anew");
    let manifest = signed.site.text("stable/1.0/manifest.json");
    assert!(!manifest.contains(&format!("{LOST}.asc")) && manifest.contains("provenance/promotion-000002.json.asc"));
    signed.releng(&["prune", "--damaged"]).exits(0);
    signed.releng(&["verify"]).exits(0);
}
