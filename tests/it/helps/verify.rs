//! Helps of `verify`: each kind of finding is caused, and what its help says makes it go away.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{commands_of, follow};
use crate::support::program::run_in;
use crate::support::site::{Site, text};
use crate::verify::{edit_manifest, forge};

const FIRST: &str = "snapshot-demo_1.0_pipeline_1";

/// Damages a repository.
type Damage<'d> = &'d dyn Fn(&Site);

/// Runs a command that changes the repository.
fn change(site: &Site) {
    site.releng(&["hold", FIRST, "--why", "x"]).exits(0);
}

/// Causes a finding on a sound repository, does what the help says, and verifies.
#[track_caller]
fn cure(id: &str, help: &str, damage: &dyn Fn(&Site), repair: &dyn Fn(&Site)) {
    let site = Site::of_three();
    damage(&site);
    let found = site.releng(&["verify"]).exits(1).prints_part(&format!("{id}: "));
    found.says(&[&format!("help: {id}: {help}")]);
    repair(&site);
    let after = site.releng(&["verify"]);
    assert_eq!(after.code, 0, "{id}: {}{}", after.stdout, after.stderr);
}

fn remove(site: &Site, path: &str) {
    let path = site.served(path);
    let removed = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    removed.unwrap();
}

#[test]
fn what_releng_did_not_make_is_moved_away() {
    let help = "move it away: `releng` did not make it";
    let foreign = |site: &Site| fs::write(site.served("notes"), "x").unwrap();
    cure("name-foreign", help, &foreign, &|site| remove(site, "notes"));
    let extra = format!("unstable/1.0/{FIRST}/extra");
    cure("file-foreign", help, &|site| fs::write(site.served(&extra), "x").unwrap(), &|site| remove(site, &extra));
    let folder = |site: &Site| {
        remove(site, "stable/1.0");
        fs::create_dir(site.served("stable/1.0")).unwrap();
    };
    let help = "move it away: the next command that changes the repository makes the link again";
    cure("link-foreign", help, &folder, &|site| {
        remove(site, "stable/1.0");
        change(site);
    });
}

#[test]
fn a_link_that_leads_elsewhere_is_made_again() {
    let link = |site: &Site| {
        remove(site, "stable/1.0");
        symlink("/etc", site.served("stable/1.0")).unwrap();
    };
    cure("link-foreign", "the next command that changes the repository makes it again", &link, &change);
}

#[test]
fn the_next_command_repairs_what_it_can() {
    let help = "the next command that changes the repository removes it";
    cure("leftover", help, &|site| fs::create_dir(site.served("unstable/1.0/.releng-x")).unwrap(), &change);
    let moved = |site: &Site| {
        remove(site, "stable/1.0");
        symlink("../revisions/stable-1.0/000001", site.served("stable/1.0")).unwrap();
    };
    let help = "the next command that changes the repository makes it again: `releng prune`, for example";
    cure("link-differs", help, &moved, &change);
    cure(
        "repo-file-differs",
        help,
        &|site| {
            let file = site.served("demo-stable-1.0-el9.repo");
            let changed = text(&file) + "# x\n";
            fs::remove_file(&file).unwrap();
            fs::write(&file, changed).unwrap();
        },
        &|site| drop(site.promoted("Four", &["el9"])),
    );
    let page = |site: &Site| fs::remove_file(site.served("unstable/index.html")).unwrap();
    cure("page-differs", help, &page, &change);
}

#[test]
fn a_series_goes_back_to_a_sound_revision() {
    let help = "the next command that changes the repository makes it again: `releng prune`, for example";
    let dangling = |site: &Site| {
        remove(site, "unstable/1.0/latest");
        symlink("snapshot-demo_1.0_pipeline_9", site.served("unstable/1.0/latest")).unwrap();
    };
    cure("link-dangling", help, &dangling, &change);
    let current = "revisions/stable-1.0/000003";
    let damages: [(&str, &str, String); 4] = [
        (
            "versions-out-of-order",
            "clients install the highest version: promote a newer one, or roll back",
            current.to_owned(),
        ),
        ("file-missing", "put the file back from another copy", format!("{current}/ChangeLog_1.0.txt")),
        ("file-changed", "put the file back from another copy", format!("{current}/sources/demo-1.0.3.zip")),
        (
            "repodata-damaged",
            "stop serving it: roll back to a revision without findings, then promote again",
            format!("{current}/rpm/el9/repodata/repomd.xml"),
        ),
    ];
    for (id, help, path) in damages {
        let site = Site::of_three();
        match id {
            "file-missing" => remove(&site, &path),
            "versions-out-of-order" => edit_manifest(&site, current, |it| it["earlier"][0]["version"] = "1.0.7".into()),
            "repodata-damaged" => forge(&site, current, "rpm/el9/repodata/repomd.xml", |content| content.truncate(300)),
            _ => site.tamper(&path, |content| content[0] ^= 1),
        }
        // By itself: the log does not vouch for a manifest that the test has changed.
        let found = site.releng(&["verify", site.served(current).to_str().unwrap()]).exits(1);
        assert!(found.stdout.contains(id), "{id}: {}", found.stdout);
        assert!(found.stderr.contains(&format!("{id}: {help}")), "{}", found.stderr);
        let found = site.releng(&["verify"]).exits(1);
        follow(site.project.path(), &found, "rollback", &[]).exits(0);
        // The series is sound again, and goes on.
        site.promoted("Four", &["el9"]);
        let after = site.releng(&["verify", site.served("stable/1.0").to_str().unwrap()]);
        assert_eq!(after.code, 0, "{}", after.stdout);
    }
}

#[test]
fn what_is_gone_is_put_back_or_recorded() {
    let site = Site::of_three();
    let gone = site.served("unstable/1.0").join(FIRST);
    let backup = site.project.join("target/backup");
    fs::rename(&gone, &backup).unwrap();
    let found =
        site.releng(&["verify"]).exits(1).says(&["vanished: put it back from a backup; or record that it is gone"]);
    fs::rename(&backup, &gone).unwrap();
    site.releng(&["verify"]).exits(0);
    fs::remove_dir_all(&gone).unwrap();
    follow(site.project.path(), &found, "prune --missing", &[]).exits(0);
    site.releng(&["verify"]).exits(0);
    let manifest = format!("unstable/1.0/{FIRST}/manifest.json");
    for (id, damage) in [("manifest-unreadable", 0), ("manifest-changed", 1)] {
        let site = Site::of_three();
        let whole = text(&site.served(&manifest));
        site.tamper(&manifest, |content| if damage == 0 { content.truncate(9) } else { content.push(b'\n') });
        let found = site.releng(&["verify"]).exits(1).prints_part(id);
        found.says(&[&format!(
            "{id}: put it back from a backup; or stage the release again, which gives it a new number"
        )]);
        site.tamper(&manifest, |content| *content = whole.clone().into_bytes());
        site.releng(&["verify"]).exits(0);
    }
}

#[test]
fn the_log_and_the_ledger_are_put_together_again() {
    let cases: [(&str, &str, Damage); 3] = [
        ("log-broken", "put the log back", &|site| fs::write(site.state("log.jsonl"), "x\n").unwrap()),
        ("ledger-unreadable", "put the ledger back", &|site| fs::write(site.state("ledger.json"), "x").unwrap()),
        ("log-lacks-event", "put the log back", &|site| fs::remove_file(site.state("log.jsonl")).unwrap()),
    ];
    for (id, help, damage) in cases {
        let site = Site::of_three();
        damage(&site);
        let found = site.releng(&["verify"]).exits(1).says(&[&format!("{id}: {help} from a backup")]);
        follow(site.project.path(), &found, "recover-log", &[]).exits(0);
        site.releng(&["verify"]).exits(0);
    }
}

#[test]
fn a_changed_result_is_made_again() {
    let site = Site::with("[[acceptance]]\nname = \"look\"\nrun = [\"echo\", \"seen\"]\n");
    site.release("One", &["el9"]);
    site.releng(&["accept"]).exits(0);
    let results = site.state(&format!("results/{FIRST}"));
    fs::write(results.join("0001-look.json"), "nonsense").unwrap();
    let result = results.join("0001-look.json");
    let away = |path: &Path| fs::remove_file(path).unwrap();
    // A new result does not replace it.
    site.releng(&["accept"]).exits(0);
    let help = format!("result-changed: move `{}` away, and accept the snapshot again", result.display());
    let found = site.releng(&["verify"]).exits(1).says(&[&help]);
    away(&result);
    follow(site.project.path(), &found, &format!("accept {FIRST}"), &[]).exits(0);
    site.releng(&["verify"]).exits(0);
    // The output of a test is gone.
    let result = results.join("0002-look.json");
    away(&results.join("0002-look.log"));
    let missing = format!("result-changed: results/{FIRST}/0002-look.log: it is missing");
    let found = site.releng(&["verify"]).exits(1).prints_part(&missing);
    let found = found.says(&[&format!("move `{}` and `0002-look.log` beside it away, and accept", result.display())]);
    away(&result);
    follow(site.project.path(), &found, &format!("accept {FIRST}"), &[]).exits(0);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_folder_that_is_no_repository_is_left_for_one() {
    let site = Site::of_three();
    let verify = |path: &Path| site.releng(&["verify", path.to_str().unwrap()]);
    let refused = verify(&site.project.join("packaging"));
    assert_ne!(refused.code, 0);
    let named = commands_of(&refused.says(&["name a folder with `stable/`, or one with a `manifest.json`"]));
    for (name, path) in [("stable/", ""), ("manifest.json", "stable/1.0")] {
        assert!(named.iter().any(|word| word == name), "{named:?}");
        verify(&site.served(path)).exits(0);
    }
}

#[test]
fn a_copy_of_the_way_back_is_named_with_its_command() {
    let site = Site::of_three();
    site.tamper("revisions/stable-1.0/000003/ChangeLog_1.0.txt", |content| content.push(b'x'));
    let args = ["--repository", "target/repository", "verify"];
    let found = site.releng(&args).exits(1).says(&["the newest revision without findings"]);
    follow(site.project.path(), &found, "--repository target/repository rollback 1.0 --to 2", &[]).exits(0);
    run_in(site.project.path(), "test", &["-d", "target/repository/demo/revisions/stable-1.0/000004"], &[]).exits(0);
}
