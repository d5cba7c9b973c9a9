//! A dist that ends, and one that comes back: when a promotion is refused, and which `.repo` files clients find.

use crate::support::site::{Site, UNTESTED, text, tree};

/// The `.repo` files in the root.
fn repo_files(site: &Site) -> Vec<String> {
    let names =
        std::fs::read_dir(site.served("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = names.filter(|name| name.ends_with(".repo")).collect();
    files.sort();
    files
}

const ALL: [&str; 4] = [
    "demo-stable-1.0-el8.repo",
    "demo-stable-1.0-el9.repo",
    "demo-unstable-1.0-el8.repo",
    "demo-unstable-1.0-el9.repo",
];

#[test]
fn a_dist_that_came_back_is_not_lost_without_a_question() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.release("Two", &["el9"]);
    site.promote(&["--end-dist", "el8"]).exits(0);
    site.promoted("Three", &["el9"]);
    // It comes back, and is lost again.
    site.promoted("Four", &["el8", "el9"]);
    site.commit("Five").build(&["el9"]);
    site.releng(&["stage"]).exits(0).says(&["no packages for el8, which clients install"]);
    let promote = [&["promote"], UNTESTED].concat();
    site.releng(&promote).exits(1).says(&["it has no packages for el8", "--end-dist el8`"]);
    // It can end a second time, for the release that is staged already.
    site.releng(&["stage", "--end-dist", "el8"]).exits(0).says(&["recorded that dists end"]);
    site.releng(&promote).exits(0);
    site.promoted("Six", &["el9"]);
    // Work that no client installs brings nothing back.
    site.commit("Seven").build(&["el8", "el9"]);
    site.releng(&["stage", "--unmerged"]).exits(0);
    site.promoted("Eight", &["el9"]);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn the_repo_file_of_a_dist_goes_with_the_last_packages() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    assert_eq!(repo_files(&site), ALL);
    let unstable = site.text("demo-unstable-1.0-el8.repo");
    site.commit("Two").build(&["el9"]);
    let end = ["stage", "--end-dist", "el8"];
    let plan = site.releng(&[&end[..], &["--dry-run"]].concat()).exits(0).stdout;
    assert!(plan.contains("  remove demo-unstable-1.0-el8.repo\n"), "{plan}");
    assert_eq!(repo_files(&site), ALL);
    site.releng(&end).exits(0);
    // The series still has the packages of the first release: its clients keep them.
    assert_eq!(repo_files(&site), [ALL[0], ALL[1], ALL[3]]);
    site.promote(&[]).exits(0);
    assert_eq!(repo_files(&site), [ALL[0], ALL[1], ALL[3]]);
    site.releng(&["verify"]).exits(0);
    // An older program, or a killed run, left the file.
    std::fs::write(site.served(ALL[2]), unstable).unwrap();
    let what = "it leads to a dist that is not there any more";
    site.releng(&["verify"]).exits(1).prints_part(&format!("{}: {what}", ALL[2]));
    let problem = format!("`{}` leads to a dist that the series does not have any more", ALL[2]);
    site.releng(&["status"]).exits(0).prints_part(&problem);
    site.releng(&["prune"]).exits(0);
    assert_eq!(repo_files(&site), [ALL[0], ALL[1], ALL[3]]);
    // A file of a person stays, and so does everything where a snapshot is missing.
    for name in ["demo-unstable-1.0-notes", "demo-unstable-1.0-.repo", "other-unstable-1.0-el8.repo"] {
        std::fs::write(site.served(name), "x").unwrap();
    }
    std::fs::rename(site.served("unstable"), site.project.join("target/away")).unwrap();
    site.releng(&["prune"]).exits(0);
    let root = tree(&site.served(""));
    assert!(root.contains_key(ALL[3]) && root.contains_key("demo-unstable-1.0-notes"), "{root:?}");
    assert!(
        root.contains_key("other-unstable-1.0-el8.repo") && root.contains_key("demo-unstable-1.0-.repo"),
        "{root:?}"
    );
    std::fs::rename(site.project.join("target/away"), site.served("unstable")).unwrap();
    // It comes back with the dist.
    site.release("Three", &["el8", "el9"]);
    assert!(text(&site.served(ALL[2])).contains("/unstable/1.0/latest/rpm/el8/"));
}

#[test]
fn a_rollback_keeps_the_repo_file_of_a_new_dist() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el8", "el9"]);
    site.releng(&["rollback", "1.0"]).exits(0);
    // Its clients find repodata without packages.
    assert!(site.served("stable/1.0/rpm/el8/repodata/repomd.xml").is_file());
    assert_eq!(repo_files(&site), ALL);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn latest_follows_where_a_promotion_has_ended_the_dist_that_kept_it() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.release("Two", &["el9"]);
    site.promote(&["--end-dist", "el8"]).exits(0);
    let second = "snapshot-demo_1.0_pipeline_2";
    let note = format!("`latest` can lead to `{second}` now: stage the release again: `releng stage`");
    site.releng(&["status"]).exits(0).prints_part(&note);
    site.releng(&["stage", "--dry-run"]).exits(0).prints_part("latest");
    site.releng(&["stage"]).exits(0).says(&["made latest: "]);
    assert_eq!(site.link("unstable/1.0/latest"), std::path::Path::new(second));
    assert!(!site.releng(&["status"]).exits(0).stdout.contains("can lead to"));
    site.releng(&["stage"]).exits(0).says(&["is staged already"]);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_rollback_to_before_the_end_of_a_dist_takes_the_end_back() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.promoted("Two", &["el8", "el9"]);
    site.release("Three", &["el9"]);
    site.releng(&["stage", "--end-dist", "el8"]).exits(0);
    // Nothing that clients have was from after the end: it stays.
    site.releng(&["rollback", "1.0"]).exits(0);
    site.releng(&["rollback", "1.0", "--to", "2"]).exits(0);
    site.promote(&["snapshot-demo_1.0_pipeline_3"]).exits(0);
    site.promoted("Four", &["el9"]);
    site.releng(&["rollback", "1.0", "--to", "5"]).exits(0);
    site.promoted("Five", &["el9"]);
    // This one goes back to before it.
    site.releng(&["rollback", "1.0", "--to", "2"]).exits(0);
    site.release("Six", &["el9"]);
    let promote = [&["promote"], UNTESTED].concat();
    let dry_run = [&promote[..], &["--dry-run"]].concat();
    site.releng(&dry_run).exits(1).says(&["it has no packages for el8", "--end-dist el8`"]);
    site.releng(&promote).exits(1).says(&["it has no packages for el8", "--end-dist el8`"]);
    // The end can be stated again.
    site.promote(&["--end-dist", "el8"]).exits(0);
    site.promoted("Seven", &["el9"]);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_dist_that_the_configuration_leaves_out_is_named() {
    let site = Site::with("[rpm]\ndists = [\"el8\", \"el9\"]\n");
    site.promoted("One", &["el8", "el9"]);
    site.project.commit("Leave it out", &[("packaging/release.toml", "[rpm]\ndists = [\"el9\"]\n")]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    let back = "add el8 to `rpm.dists`, which does not name it, and commit it; then build them and stage again";
    site.promote(&[]).exits(1).says(&["it has no packages for el8", back, "--end-dist el8`"]);
}
