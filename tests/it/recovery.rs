//! What was lost, deleted, moved back or interrupted: the log decides, numbers are used once, and the way out works.

use std::path::{Path, PathBuf};

use crate::helps::follow;
use crate::support::program::{Ran, run_in};
use crate::support::site::{Site, UNTESTED, require_same, text};

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";
const SECOND: &str = "snapshot-demo_1.0_pipeline_2";

fn remove(path: PathBuf) {
    let removed =
        if path.is_dir() && !path.is_symlink() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
    removed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn log(site: &Site) -> Vec<String> {
    text(&site.state("log.jsonl")).lines().map(str::to_owned).collect()
}

#[track_caller]
fn verifies(site: &Site) {
    let ran = site.releng(&["verify"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn the_number_of_a_pruned_snapshot_is_not_used_again() {
    let site = Site::with("[repository]\nkeep-snapshots = 0\nkeep-days = 0\n");
    for message in ["One", "Two", "Three"] {
        site.release(message, &["el9"]);
    }
    site.releng_at("2027-01-01T00:00:00Z", &["prune"]).exits(0);
    assert!(!site.served("unstable/1.0").join(FIRST).exists());
    site.commit("Four").build(&["el9"]);
    let refusal = [&format!("`{FIRST}` was staged before, and is gone"), "choose another one: `--pipeline 4`"];
    site.releng(&["stage", "--pipeline", "1"]).exits(1).says(&refusal);
    site.releng(&["stage", "--pipeline", "4"]).exits(0);
    // The prune is not done again to something else, neither now nor after the trash was emptied.
    for _ in 0..2 {
        site.releng_at("2027-02-01T00:00:00Z", &["prune"]).exits(0);
        site.releng(&["hold", "snapshot-demo_1.0_pipeline_4", "--why", "x"]).exits(0);
        verifies(&site);
    }
    assert_eq!(site.link("unstable/1.0/latest"), Path::new("snapshot-demo_1.0_pipeline_4"));
}

#[test]
fn an_unfinished_prune_is_finished_only_while_it_is_the_last_event() {
    let site = Site::with("[repository]\nkeep-snapshots = 0\nkeep-days = 0\n");
    site.release("One", &["el9"]);
    site.release("Two", &["el9"]);
    site.releng_at("2027-01-01T00:00:00Z", &["prune"]).exits(0);
    let (place, trash) =
        (site.served("unstable/1.0").join(FIRST), site.served(&format!(".trash/000003/unstable_1.0_{FIRST}")));
    std::fs::rename(&trash, &place).unwrap();
    site.releng(&["hold", SECOND, "--why", "x"]).exits(0);
    assert!(trash.is_dir() && !place.exists(), "the prune was killed before it moved it");
    std::fs::rename(&trash, &place).unwrap();
    site.releng(&["unhold", SECOND]).exits(0);
    assert!(place.is_dir() && !trash.exists(), "somebody has put it back");
}

#[test]
fn a_link_that_was_deleted_or_moved_is_made_again() {
    let site = Site::of_three();
    let (stable, latest) = (site.link("stable/1.0"), site.link("unstable/1.0/latest"));
    for target in [None, Some(("../revisions/stable-1.0/000001", FIRST)), Some(("/etc", "../.."))] {
        for (path, target) in [("stable/1.0", target.map(|it| it.0)), ("unstable/1.0/latest", target.map(|it| it.1))] {
            remove(site.served(path));
            if let Some(target) = target {
                std::os::unix::fs::symlink(target, site.served(path)).unwrap();
            }
        }
        site.releng(&["verify"]).exits(1).prints_part(if target.is_some_and(|it| it.0 == "/etc") {
            "link-foreign: stable/1.0"
        } else {
            "link-differs: stable/1.0"
        });
        // Nothing begins anew meanwhile, neither in a dry run nor in a run.
        let promote = [&["promote", "--major"], UNTESTED].concat();
        site.releng(&[&promote[..], &["--dry-run"]].concat()).exits(0).says(&["stable/1.0 has 1.0.3 already"]);
        let ran = site.releng(&promote).exits(0);
        ran.says(&["warning: made the link `stable/1.0` again", "warning: made the link `unstable/1.0/latest` again"]);
        assert_eq!((site.link("stable/1.0"), site.link("unstable/1.0/latest")), (stable.clone(), latest.clone()));
        verifies(&site);
    }
}

#[test]
fn a_vanished_tree_is_noticed_and_its_numbers_stay_used() {
    let site = Site::of_three();
    remove(site.served(""));
    std::fs::create_dir(site.served("")).unwrap(); // without it, the disk may not be mounted
    let status = site.releng(&["status"]).exits(0).stdout;
    for part in [
        "stable/1.0    revision 3, which cannot be read",
        &format!("missing       unstable/1.0/{FIRST}, which event 1 made"),
        "prune --missing",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
    site.releng(&["verify"])
        .exits(1)
        .prints_part("current-vanished: revisions/stable-1.0/000003: it is missing; event 6 made it");
    site.release("Four", &["el9"]);
    assert_eq!(site.link("unstable/1.0/latest"), Path::new("snapshot-demo_1.0_pipeline_4"));
    let help = ["stable/1.0 cannot be used: its revision 3 is missing", "prune --missing`"];
    site.promote(&[]).exits(1).says(&help);
    site.releng(&["prune", "--missing"]).exits(0).prints_part("recorded that these are missing: ");
    site.promote(&[]).exits(0);
    assert_eq!(site.link("stable/1.0"), Path::new("../revisions/stable-1.0/000004"));
    verifies(&site);
}

#[test]
fn one_snapshot_that_was_deleted_stops_nothing() {
    let site = Site::of_three();
    remove(site.served("unstable/1.0").join(FIRST));
    remove(site.served("unstable/1.0/snapshot-demo_1.0_pipeline_3"));
    assert!(site.releng(&["status"]).exits(0).stdout.contains(&format!("missing       unstable/1.0/{FIRST}")));
    site.releng(&["verify"]).exits(1).prints_part("link-dangling: unstable/1.0/latest");
    site.promoted("Four", &["el9"]);
    site.releng(&["prune", "--missing"]).exits(0);
    site.releng(&["prune", "--missing"]).exits(0).says(&["nothing to prune"]);
    verifies(&site);
}

#[test]
fn a_damaged_revision_stops_neither_the_rollback_nor_another_series_nor_a_view() {
    for damage in [&remove as &dyn Fn(PathBuf), &|path: PathBuf| remove(path.join("manifest.json"))] {
        let site = Site::of_three();
        site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
        site.build(&["el9"]);
        site.releng(&["stage"]).exits(0);
        damage(site.served("revisions/stable-1.0/000003"));
        assert!(site.releng(&["status"]).exits(0).stdout.contains("revision 3, which cannot be read"));
        let found = site.releng(&["verify"]).exits(1);
        site.promote(&[]).exits(0).says(&["to stable/2.0 (major)"]);
        let refused = site.releng(&["promote", "--series", "1.0"]).exits(1);
        let way_out = "help: go back to a revision that is whole: `releng rollback 1.0 --to 2`";
        refused.says(&["stable/1.0 cannot be used: its revision 3 is ", way_out]);
        drop(found);
        site.releng(&["rollback", "1.0", "--to", "2"]).exits(0);
        assert_eq!(site.link("stable/1.0"), Path::new("../revisions/stable-1.0/000004"));
        site.project.git(&["checkout", "-q", "HEAD~1"]);
        site.releng(&["status"]).exits(0);
    }
}

#[test]
fn the_way_back_from_a_damaged_revision_is_named() {
    let site = Site::of_three();
    site.tamper("revisions/stable-1.0/000003/ChangeLog_1.0.txt", |content| content.push(b'x'));
    site.releng(&["verify"]).exits(1).says(&["the newest revision without findings: `releng rollback 1.0 --to 2`"]);
}

#[test]
fn a_damaged_package_of_all_revisions_is_yanked_and_then_pruned() {
    let site = Site::of_three();
    let package = "rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm";
    // Hard links: the snapshot and all revisions have the same file.
    site.tamper(&format!("stable/1.0/{package}"), |content| *content.last_mut().unwrap() ^= 1);
    let found = site.releng(&["verify"]).exits(1);
    assert!(!found.stderr.contains("releng rollback"), "all revisions have it: {}", found.stderr);
    // Nothing but what is neither current nor latest is removed: the current revision needs another step.
    let early = site.releng(&["prune", "--damaged", "--dry-run"]).exits(0);
    let stays = "`revisions/stable-1.0/000003` is damaged and stays: `stable/1.0` leads to it; the commands that help: `releng verify`";
    let early = early.says(&[stays]);
    assert!(
        early.stdout.contains("revisions/stable-1.0/000002") && !early.stdout.contains("000003"),
        "{}",
        early.stdout
    );
    let yank = "yank demo-1.0.1-1.el9.noarch --series 1.0";
    follow(site.project.path(), &found, yank, &[("REASON", "'the disk was bad'")]).exits(0);
    // Going back is still possible, for what was yanked stays out.
    site.releng(&["rollback", "1.0", "--to", "2"]).exits(0);
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
    let found = site.releng(&["verify"]).exits(1);
    site.releng(&["hold", FIRST, "--why", "evidence"]).exits(0);
    let pruned = follow(site.project.path(), &found, "prune --damaged", &[]).exits(0);
    pruned.says(&["`unstable/1.0/snapshot-demo_1.0_pipeline_1` is damaged and stays: it is held: evidence; "]);
    site.releng(&["unhold", FIRST]).exits(0);
    site.releng(&["prune", "--damaged"]).exits(0);
    site.releng(&["verify"]).exits(0);
    assert!(site.served("revisions/stable-1.0/000004").is_dir(), "it is sound");
    // A sound repository has nothing to prune.
    site.releng(&["prune"]).exits(0);
    site.releng(&["prune", "--damaged"]).exits(0).says(&["nothing to prune"]);
}

/// Every command that changes the repository refuses, changes nothing, and names the way out; so does its dry run.
#[track_caller]
fn every_writer_refuses(site: &Site, parts: &[&str]) {
    let before = site.trees();
    for args in [
        &["hold", FIRST, "--why", "x"][..],
        &["stage"],
        &["prune"],
        &["promote", "--untested", "x"],
        &["rollback", "1.0", "--to", "1"],
        &["yank", "demo-1.0.1-1.el9.noarch", "--why", "x"],
    ] {
        site.releng(&[args, &["--dry-run"]].concat()).exits(1).says(parts);
        site.releng(args).exits(1).says(parts);
    }
    require_same(&before[0], &site.trees()[0]);
}

#[test]
fn a_lost_state_is_put_together_again() {
    let site = Site::of_three();
    let before = log(&site);
    let ledger = text(&site.state("ledger.json"));
    remove(site.state(""));
    let way_out =
        ["its log is lost: there is no log, and `", "was made by event ", "in the repository: `releng recover-log`"];
    every_writer_refuses(&site, &way_out);
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("problem       refusing to change") && status.contains("recover-log"), "{status}");
    site.releng(&["verify"]).exits(1).says(&["recover-log"]);
    let trees = site.trees();
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    assert_eq!(site.trees()[0], trees[0]);
    let ran = site.releng(&["recover-log"]).exits(0).prints(&plan);
    ran.says(&["before a promotion, accept the snapshot again"]);
    let after = log(&site);
    assert_eq!((&after[..6], after.len()), (&before[..], 7), "each line is the same, and one says what happened");
    assert_eq!(text(&site.state("ledger.json")), ledger);
    verifies(&site);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    site.promoted("Four", &["el9"]);
    verifies(&site);
}

#[test]
fn a_snapshot_of_another_repository_is_named_and_moved_away() {
    let (site, other) = (Site::of_three(), Site::new());
    other.commit("One").build(&["el9"]);
    other.releng(&["stage", "--pipeline", "9"]).exits(0);
    let name = "unstable/1.0/snapshot-demo_1.0_pipeline_9";
    let place = site.served(name);
    let copy = || {
        let copied = run_in(
            site.project.path(),
            "cp",
            &["-a", &other.served(name).display().to_string(), &place.display().to_string()],
            &[],
        );
        copied.exits(0);
    };
    copy();
    let refusal = format!(
        "refusing to change the repository: `{name}` was made by event 1, but event 1 of the log is another one"
    );
    every_writer_refuses(&site, &[&refusal, "if it was copied there from another repository: move it away"]);
    let contradicts = format!("the other manifests contradict `{name}` (event 1: staged ");
    let refused = |args: &[&str]| {
        site.releng(args).exits(1).says(&[&contradicts, "help: move the snapshots or revisions away"]);
    };
    refused(&["recover-log", "--dry-run"]);
    refused(&["recover-log"]);
    remove(place.clone());
    verifies(&site);
    // The same without a log.
    copy();
    let before = log(&site);
    remove(site.state(""));
    refused(&["recover-log"]);
    remove(place.clone());
    site.releng(&["recover-log"]).exits(0);
    assert_eq!(log(&site)[..6], before[..]);
    // A number from outside does not keep the program busy.
    copy();
    site.tamper(&format!("{name}/manifest.json"), |content| {
        let text = String::from_utf8(content.clone()).unwrap();
        *content = text.replacen("\"number\": 1,", "\"number\": 18446744073709551615,", 1).into_bytes();
    });
    assert!(site.text(&format!("{name}/manifest.json")).contains("18446744073709551615"));
    site.releng(&["recover-log", "--dry-run"]).exits(0);
    site.releng(&["verify"]).exits(1).prints_part("its event has the number 18446744073709551615");
    site.releng(&["hold", FIRST, "--why", "x"]).exits(0);
}

#[test]
fn an_old_copy_of_the_state_is_refused_and_brought_up_to_date() {
    let site = Site::of_three();
    site.releng(&["hold", FIRST, "--why", "a customer"]).exits(0);
    let whole = log(&site);
    let old_ledger = text(&site.state("ledger.json"));
    site.promoted("Four", &["el9"]);
    let now = log(&site);
    std::fs::write(site.state("log.jsonl"), whole[..4].join("\n") + "\n").unwrap();
    every_writer_refuses(&site, &["was made by event ", "but the log ends at event 4", "recover-log"]);
    site.releng(&["recover-log"]).exits(0).prints_part("from the old log; lost: 7\n");
    let joined = log(&site);
    assert_eq!((&joined[..6], &joined[7..9]), (&now[..6], &now[7..9]));
    assert!(joined[6].contains("\"event\":\"lost\",\"from\":7"), "{}", joined[6]);
    assert!(text(&site.state("log.jsonl.replaced-1")).lines().count() == 4);
    verifies(&site);
    // The ledger alone.
    std::fs::write(site.state("ledger.json"), old_ledger).unwrap();
    every_writer_refuses(&site, &["ledger.json` is not the one that the last promotion wrote", "recover-log"]);
    site.releng(&["recover-log"]).exits(0);
    remove(site.state("ledger.json"));
    every_writer_refuses(&site, &["ledger.json` is missing", "recover-log"]);
    site.releng(&["recover-log"]).exits(0);
    verifies(&site);
    site.promoted("Five", &["el9"]);
}

#[test]
fn a_log_that_began_anew_gives_way_to_the_manifests() {
    let site = Site::of_three();
    let before = log(&site);
    remove(site.state("log.jsonl"));
    let other = Site::new();
    other.release("Another", &["el9"]);
    other.releng(&["hold", FIRST, "--why", "x"]).exits(0);
    std::fs::write(site.state("log.jsonl"), text(&other.state("log.jsonl"))).unwrap();
    every_writer_refuses(&site, &["recover-log"]);
    site.releng(&["recover-log"]).exits(0);
    assert_eq!(log(&site)[..6], before[..]);
    verifies(&site);
}

#[test]
fn a_changed_line_is_replaced_by_the_one_of_the_manifest() {
    let site = Site::of_three();
    let before = log(&site);
    let changed = before.join("\n").replacen("\"latest\":true", "\"latest\":false", 1) + "\n";
    std::fs::write(site.state("log.jsonl"), changed).unwrap();
    every_writer_refuses(&site, &["was changed: line 2: the line before it was changed", "recover-log"]);
    assert!(site.releng(&["status"]).exits(0).stdout.contains("recover-log"));
    site.releng(&["recover-log"]).exits(0);
    assert_eq!(log(&site)[..6], before[..]);
    verifies(&site);
}

#[test]
fn what_was_added_to_the_state_is_found() {
    let site = Site::of_three();
    let log = text(&site.state("log.jsonl"));
    std::fs::write(site.state("log.jsonl"), log.trim_end().strip_suffix('}').unwrap().to_owned() + ",\"x\":1}\n")
        .unwrap();
    site.releng(&["verify"]).exits(1).prints_part("log-broken: log.jsonl: line 6: it has more than `releng` writes");
    std::fs::write(site.state("log.jsonl"), log.replace("\"1.0.3\"", "\"1.0.4\"")).unwrap();
    site.releng(&["verify"]).exits(1).prints_part("log-broken: log.jsonl: event 6 differs from the one in `revisions/");
    std::fs::write(site.state("log.jsonl"), log).unwrap();
    let ledger = text(&site.state("ledger.json"));
    let more = ledger.replace("demo-1.0.1-1.el9", "demo-1.0.0-1.el9");
    let entry = more.split("    {").nth(1).unwrap();
    let added = ledger.replacen("    {", &format!("    {{{entry}    {{"), 1);
    std::fs::write(site.state("ledger.json"), added).unwrap();
    site.releng(&["verify"]).exits(1).prints_part("ledger-differs: ledger.json: it is not the one that");
}

/// Runs a command that changes the repository, and then again, as if it had been killed after its last step.
#[track_caller]
fn twice(site: &Site, args: &[&str], says: &str) -> Ran {
    site.releng(args).exits(0);
    let before = site.trees();
    let again = site.releng(args).exits(0);
    require_same(&before[0], &site.trees()[0]);
    assert_eq!(before[1].get("log.jsonl"), site.trees()[1].get("log.jsonl"));
    again.says(&[says])
}

#[test]
fn a_repeated_command_finds_what_it_has_done() {
    let site = Site::new();
    site.commit("One").build(&["el9"]);
    twice(&site, &["stage"], "is staged already");
    twice(&site, &["hold", FIRST, "--why", "a customer"], "is held already, with this reason");
    twice(&site, &["unhold", FIRST], "is not held");
    twice(&site, &["promote", FIRST, "--major", "--untested", "x"], "event 4 promoted it");
    site.release("Two", &["el9"]);
    twice(&site, &["promote", "--untested", "x"], "stable/1.0 has 1.0.2 already");
    twice(&site, &["rollback", "1.0"], "was rolled back already, by event 7");
    twice(&site, &["rollback", "1.0", "--to", "2"], "has the content of revision 2 already");
    twice(&site, &["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"], "was yanked from stable/1.0 already");
    twice(&site, &["prune"], "nothing to prune");
}
