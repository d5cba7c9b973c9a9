//! The served `index.json` can be the last to tell of a revision, a snapshot or a yank. What it tells is taken in before it is written again;
//! and since anybody can have changed it who may write there, it keeps things out and brings nothing in.

use std::fs;

use serde_json::{Value, json};

use crate::helps::follow;
use crate::support::site::{Site, text};

const YANKED: &str = "demo-1.0.2-1.el9.noarch";
const INDEX: &str = "index.json";

/// Three releases, and a yank as revision 4. Then the state is from before it, and the revision and the link are lost.
fn with_an_old_state() -> Site {
    let site = Site::of_three();
    let files = ["log.jsonl", "ledger.json"].map(|file| (file, text(&site.state(file))));
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    for (file, content) in files {
        fs::write(site.state(file), content).unwrap();
    }
    fs::remove_dir_all(site.served("revisions/stable-1.0/000004")).unwrap();
    fs::remove_file(site.served("stable/1.0")).unwrap();
    site
}

/// Recovers; the plan.
#[track_caller]
fn recover(site: &Site) -> String {
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    site.releng(&["recover-log"]).exits(0).prints(&plan);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    plan
}

/// What became of a version, by the pages.
#[track_caller]
fn state_of(site: &Site, version: &str) -> String {
    let index: Value = serde_json::from_str(&site.text(INDEX)).unwrap();
    let versions = index["series"][0]["versions"].as_array().unwrap();
    versions.iter().find(|it| it["version"] == version).unwrap()["state"].as_str().unwrap().to_owned()
}

fn change_index(site: &Site, change: impl Fn(&mut Value)) {
    site.tamper(INDEX, |content| {
        let mut index: Value = serde_json::from_slice(content).unwrap();
        change(&mut index);
        *content = serde_json::to_vec_pretty(&index).unwrap();
    });
}

#[test]
fn pages_that_are_newer_than_the_log_stop_every_command_until_they_are_read() {
    let site = with_an_old_state();
    let says =
        ["`index.json` tells of `revisions/stable-1.0/000004`, which is not there, and the log does not tell of it"];
    let before = site.text(INDEX);
    for command in
        [&["prune"][..], &["hold", "--why", "x"], &["rollback", "1.0", "--to", "2"], &["stage"], &["promote"]]
    {
        site.releng(command).exits(1).says(&says);
        site.releng(&[command, &["--dry-run"]].concat()).exits(1).says(&says);
    }
    assert!(site.releng(&["status"]).exits(0).stdout.contains(says[0]));
    let found = site.releng(&["verify"]).exits(1).stdout;
    let finding = "log-lacks-event: index.json: it tells of `revisions/stable-1.0/000004`, which does not exist";
    assert!(found.contains(finding) && !found.contains("page-differs"), "{found}");
    assert_eq!(site.text(INDEX), before);
    let refused = site.releng(&["prune"]).exits(1);
    let plan = follow(site.project.path(), &refused, "recover-log", &[]).exits(0).stdout;
    for part in [says[0].split(", and").next().unwrap(), &format!("may have been yanked: `{YANKED}`")] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert_eq!((&*state_of(&site, "1.0.3"), &*state_of(&site, "1.0.2")), ("unknown", "yanked"));
    assert!(site.text("index.html").contains(">perhaps yanked</span>"));
    let listed = format!("yanked        {YANKED}, perhaps: an event that was lost may have done it");
    site.releng(&["status"]).exits(0).prints_part(&listed);
    // The number is not used again, and the package stays out of what a person decides on.
    site.promote(&[]).exits(1).says(&["revision 4 of stable/1.0 is lost, and so is its event"]);
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0).says(&[&format!("stays out: `{YANKED}`")]);
    assert_eq!(site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000005"));
    assert!(!site.served(&format!("stable/1.0/rpm/el9/noarch/{YANKED}.rpm")).exists());
    assert_eq!((&*state_of(&site, "1.0.3"), &*state_of(&site, "1.0.2")), ("current", "yanked"));
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_test_does_not_write_pages_that_are_newer_than_the_log() {
    let site = Site::with("[[acceptance]]\nname = \"works\"\nrun = [\"true\"]\n");
    site.release("One", &["el9"]);
    let log = text(&site.state("log.jsonl"));
    site.release("Two", &["el9"]);
    fs::write(site.state("log.jsonl"), log).unwrap();
    fs::remove_dir_all(site.served("unstable/1.0/snapshot-demo_1.0_pipeline_2")).unwrap();
    let before = site.text(INDEX);
    site.releng(&["accept", "snapshot-demo_1.0_pipeline_1"]).exits(0).says(&["which is not there"]);
    assert_eq!(site.text(INDEX), before);
}

#[test]
fn a_snapshot_number_is_not_given_twice_where_only_pages_or_results_have_it() {
    let fourth = "unstable/1.0/snapshot-demo_1.0_pipeline_4";
    for keeps_pages in [true, false] {
        let site = Site::with("[[acceptance]]\nname = \"works\"\nrun = [\"true\"]\n");
        for message in ["One", "Two", "Three", "Four"] {
            site.release(message, &["el9"]);
        }
        site.releng(&["accept"]).exits(0);
        fs::remove_dir_all(site.served(fourth)).unwrap();
        fs::remove_file(site.served("unstable/1.0/latest")).unwrap();
        if keeps_pages {
            fs::remove_dir_all(site.state("")).unwrap();
        } else {
            fs::remove_file(site.served(INDEX)).unwrap();
            fs::remove_file(site.state("log.jsonl")).unwrap();
        }
        let plan = recover(&site);
        let told = format!("`index.json` tells of `{fourth}`, which is not there: put it back from a backup");
        assert_eq!(plan.contains(&told), keeps_pages, "{plan}");
        site.release("Five", &["el9"]);
        assert_eq!(site.link("unstable/1.0/latest"), std::path::Path::new("snapshot-demo_1.0_pipeline_5"));
        site.releng(&["verify"]).exits(0);
    }
}

#[test]
fn changed_pages_leave_a_number_out_and_bring_nothing_in() {
    let site = Site::of_three();
    let sound = site.text(INDEX);
    // What no page of this program says tells nothing.
    change_index(&site, |index| index["series"][0]["current"]["revision"] = json!(999_999_999));
    site.releng(&["hold", "--why", "x"]).exits(0);
    site.tamper(INDEX, |content| *content = sound.replace("\"revision\": 3", "\"revision\": -3").into_bytes());
    site.releng(&["unhold", "snapshot-demo_1.0_pipeline_3"]).exits(0);
    assert_eq!(site.text(INDEX), sound);
    change_index(&site, |index| {
        let events = index["series"][0]["events"].as_array_mut().unwrap();
        let packages = ["demo-1.0.1-1.el9.noarch", "other-1-1.noarch"];
        events.push(json!({ "number": 99, "revision": 50, "event": "yank", "packages": packages, "why": "x" }));
        events.push(
            json!({ "number": 98, "revision": 49, "event": "promote", "snapshot": "snapshot-demo_1.0_pipeline_9" }),
        );
        events[0]["version"] = json!("9.9.9");
    });
    site.releng(&["prune"]).exits(1).says(&["tells of `revisions/stable-1.0/000050`"]);
    recover(&site);
    let served = site.text("revisions/stable-1.0/000003/manifest.json");
    site.releng(&["rollback", "1.0", "--to", "3", "--with-yanked"]).exits(0);
    assert_eq!(site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000051"));
    assert_eq!(site.text("revisions/stable-1.0/000003/manifest.json"), served);
    let index = site.text(INDEX);
    assert!(!index.contains("9.9.9") && !index.contains("other-1-1") && !index.contains("pipeline_9"), "{index}");
    site.release("Four", &["el9"]);
    assert_eq!(site.link("unstable/1.0/latest"), std::path::Path::new("snapshot-demo_1.0_pipeline_10"));
    site.promote(&[]).exits(0);
    site.releng(&["verify"]).exits(0);
}
