//! Which series and which snapshot a command acts on, and what `status` says about them.

use std::path::Path;

use crate::support::site::Site;

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";
const SECOND: &str = "snapshot-demo_1.0_pipeline_2";

/// Releases of two series; the branch `v1` is checked out, with 1.0.2 staged there.
fn two_series() -> Site {
    let site = Site::with("[[acceptance]]\nname = \"look\"\nrun = [\"true\"]\n");
    site.release("One", &["el9"]);
    site.project.git(&["branch", "v1"]);
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.project.git(&["checkout", "-q", "v1"]);
    assert_eq!(site.release("Two", &["el9"]), "1.0.2");
    site
}

#[test]
fn a_command_acts_on_the_series_of_head() {
    let site = two_series();
    let ran = site.releng(&["accept"]).exits(0);
    assert!(ran.stdout.starts_with(&format!("{SECOND} (1.0.2): look passed")), "{}", ran.stdout);
    site.releng(&["hold", "--why", "x"]).exits(0).says(&[&format!("held {SECOND}")]);
    site.releng(&["hold", "--series", "2.0", "--why", "x"]).exits(0).says(&["held snapshot-demo_2.0_pipeline_1"]);
    site.releng(&["promote", "--major"]).exits(0).says(&[&format!("promoted {SECOND} (1.0.2) to stable/1.0")]);
    assert!(!site.served("stable/2.0").exists());
    site.releng(&["accept", "--series", "2.0"]).exits(0).prints_part("snapshot-demo_2.0_pipeline_1 (2.0.0): look");
    site.releng(&["promote", "--series", "3.0"])
        .exits(1)
        .says(&["nothing of series 3.0", "`--series 1.0`, `--series 2.0`"]);
    let status: serde_json::Value = serde_json::from_str(&site.releng(&["status", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(status["series"][1]["next"], "`releng promote snapshot-demo_2.0_pipeline_1 --major`", "{status:#}");
    site.releng(&["promote", "--series", "2.0"]).exits(1).says(&["promote snapshot-demo_2.0_pipeline_1 --major`"]);
    site.project.git(&["checkout", "-q", "main"]);
    site.releng(&["promote", "--major"]).exits(0).says(&["to stable/2.0 (major)"]);
    // Where `HEAD` has no version, a series must be named.
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(elsewhere.path().join("packaging")).unwrap();
    std::fs::write(elsewhere.path().join("packaging/release.toml"), "[project]\nname = \"demo\"\n").unwrap();
    let (project, root) = (elsewhere.path().to_str().unwrap(), site.project.join("target/repository"));
    let args = ["--project", project, "--repository", root.to_str().unwrap(), "hold", "--why", "y"];
    site.releng(&args)
        .exits(6)
        .says(&["there are several series", "help: or choose one: `--series 1.0`, `--series 2.0`"]);
}

#[test]
fn a_flag_for_a_new_series_says_when_it_begins_none() {
    let site = Site::new();
    let said = "`--major` begins nothing, and this is a patch promotion";
    site.release("One", &["el9"]);
    let first = site.promote(&[]).exits(0);
    assert!(!first.stderr.contains("begins nothing"), "{}", first.stderr);
    site.release("Two", &["el9"]);
    site.promote(&["--dry-run"]).exits(0).says(&["stable/1.0 is there: ", said]);
    site.promote(&[]).exits(0).says(&[said, "to stable/1.0 (patch)"]);
}

#[test]
fn latest_never_loses_a_dist() {
    let site = Site::new();
    site.release("One", &["el8", "el9"]);
    site.commit("Two").dist();
    let stays =
        [&format!("`latest` stays at `{FIRST}`"), "no packages for el8, el9", "stage --end-dist el8 --end-dist el9`"];
    site.releng(&["stage"]).exits(0).says(&stays);
    site.commit("Three").build(&["el9"]);
    site.releng(&["stage"]).exits(0).says(&["no packages for el8, which clients install"]);
    assert_eq!(site.link("unstable/1.0/latest"), Path::new(FIRST));
    // Nobody has el99: that is a word with an error.
    let refused = ["nothing in series 1.0 has packages for el99", "those that can end are el8"];
    site.releng(&["stage", "--end-dist", "el99"]).exits(2).says(&refused);
    site.releng(&["status"]).exits(0).prints_part(&format!("latest        `latest` stays at `{FIRST}`: "));
    site.commit("Four").build(&["el9"]);
    site.releng(&["stage", "--end-dist", "el9"]).exits(2).says(&["the release has packages for el9"]);
    site.releng(&["stage", "--end-dist", "el8"]).exits(0);
    assert_eq!(site.link("unstable/1.0/latest"), Path::new("snapshot-demo_1.0_pipeline_4"));
    site.release("Five", &["el9"]);
    assert_eq!(site.link("unstable/1.0/latest"), Path::new("snapshot-demo_1.0_pipeline_5"));
    assert!(!site.releng(&["status"]).exits(0).stdout.contains("stays at"));
}

#[test]
fn a_dist_ends_when_the_release_is_staged_already() {
    let site = Site::new();
    site.release("One", &["el8", "el9"]);
    site.commit("Two").build(&["el9"]);
    let stays = site.releng(&["stage"]).exits(0).says(&["no packages for el8, which clients install"]).stderr;
    let command = stays.split('`').find(|part| part.contains("--end-dist")).unwrap();
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    let second = Path::new("snapshot-demo_1.0_pipeline_2");
    site.releng(&[&args[..], &["--dry-run"]].concat()).exits(0).prints_part("ended el8 in series 1.0; ");
    assert_eq!(site.link("unstable/1.0/latest"), Path::new(FIRST));
    site.releng(&args).exits(0).says(&["recorded that dists end with unstable/1.0/snapshot-demo_1.0_pipeline_2"]);
    assert_eq!(site.link("unstable/1.0/latest"), second);
    site.releng(&args).exits(0).says(&["is staged already"]);
    site.releng(&["verify"]).exits(0);
    // The log decides, and not the link.
    std::fs::remove_file(site.served("unstable/1.0/latest")).unwrap();
    site.releng(&["hold", "--why", "x"]).exits(0);
    assert_eq!(site.link("unstable/1.0/latest"), second);
}

#[test]
fn a_damaged_snapshot_is_staged_again_under_a_new_number() {
    let site = Site::new();
    site.release("One", &["el9"]);
    site.tamper(&format!("unstable/1.0/{FIRST}/ChangeLog.txt"), |content| content.push(b'x'));
    site.promote(&[]).exits(1).says(&["stage the release again, which gives it a new number: `releng stage`"]);
    site.releng(&["stage"]).exits(0).says(&[&format!("`{FIRST}` has this content too, but it is damaged")]);
    assert_eq!(site.link("unstable/1.0/latest"), Path::new(SECOND));
    site.releng(&["stage", "--pipeline", "1"]).exits(1).says(&["is there already, with other contents or damaged"]);
    site.promote(&[]).exits(0).says(&[&format!("promoted {SECOND} (1.0.1)")]);
}

#[test]
fn status_says_what_was_undone_and_when() {
    let site = Site::of_three();
    site.releng_at("2026-02-03T00:00:00Z", &["rollback", "1.0"]).exits(0);
    let status = site.releng(&["status"]).exits(0).stdout;
    let third = "unstable/1.0  latest snapshot-demo_1.0_pipeline_3  1.0.3, rolled back 2026-02-03 by event 7\n";
    assert!(status.contains(third), "{status}");
    assert!(
        status.contains("stable/1.0    1.0.2  revision 4, el9 1.0.2, rolled back 2026-02-03 to revision 2"),
        "{status}"
    );
    site.releng_at("2026-02-04T00:00:00Z", &["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"]).exits(0);
    site.releng_at("2026-02-05T00:00:00Z", &["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"]).exits(0);
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("revision 6, el9 none, packages yanked 2026-02-05"), "{status}");
    assert!(status.contains("yanked        demo-1.0.1-1.el9.noarch, 2026-02-04 by event 8\n"), "{status}");
    let json: serde_json::Value = serde_json::from_str(&site.releng(&["status", "--json"]).exits(0).stdout).unwrap();
    let series = &json["series"][0];
    assert_eq!(series["snapshots"][0]["state"], "rolled-back", "{json:#}");
    assert_eq!(series["snapshots"][0]["promoted"], false);
    assert_eq!(series["snapshots"][0]["by"]["event"], 7);
    assert_eq!(series["stable"]["dists"]["el9"], serde_json::Value::Null);
    assert_eq!(series["yanked"][1]["package"], "demo-1.0.1-1.el9.noarch");
}
