//! What `recover-log` and `verify` say of events that nothing in the repository tells any more, and of a line that somebody changed.

use crate::helps::follow;
use crate::support::program::run_in;
use crate::support::site::{Site, text};

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
         stable/1.0; it stays out: a rollback brings it back only with `--with-yanked`, and so does a promotion, which needs the \
         name of its snapshot, too\n"
    );
    assert!(plan.contains(&expected), "{plan}");
    // The log keeps it: it stays out until a person brings it back.
    let is_served = || site.served(&format!("stable/1.0/rpm/el9/noarch/{YANKED}.rpm")).exists();
    let listed = format!("yanked        {YANKED}, perhaps: an event that was lost may have done it; recorded");
    site.releng(&["status"]).exits(0).prints_part(&listed);
    assert!(site.text("index.html").contains(">perhaps yanked</span>"), "{}", site.text("index.html"));
    let stays = format!("stays out: `{YANKED}`, which a lost event before event 10 may have yanked");
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0).says(&[&stays]);
    assert!(!is_served());
    site.releng(&["verify"]).exits(0);
    site.releng(&["rollback", "1.0", "--to", "3", "--with-yanked"]).exits(0);
    assert!(is_served() && !site.releng(&["status"]).stdout.contains("yanked"));
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    assert!(!is_served());
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

/// Three releases, and a yank as revision 4, whose folder is then lost.
fn without_the_yank() -> Site {
    let site = Site::of_three();
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000004")).unwrap();
    site
}

const LOST: &str = "`stable/1.0` leads to revision 4, which is not there: put it back from a backup, and run `releng recover-log` again";

/// Nothing is published in place of revision 4 before a person decides, and nothing forgets that it is lost.
#[track_caller]
fn stays_lost(site: &Site) {
    let lost = "revision 4 of stable/1.0 is lost, and so is its event: if it was a yank, revision 3 still has what was taken out";
    let back = "releng rollback 1.0 --to 3`";
    for _ in 0..2 {
        let status = site.releng(&["status"]).exits(0).stdout;
        assert!(status.contains(lost) && status.contains(back) && !status.contains("due"), "{status}");
        let found = site.releng(&["verify"]).exits(1).says(&[back]).stdout;
        assert!(found.contains(&format!("current-vanished: revisions/stable-1.0/000004: {lost}")), "{found}");
        assert!(!found.contains("link-differs"), "{found}");
        site.releng(&["prune"]).exits(0).says(&[lost]);
        assert_eq!(site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000004"));
        site.promote(&[]).exits(1).says(&[lost, back]);
        site.promote(&["snapshot-demo_1.0_pipeline_3"]).exits(1).says(&[lost, back]);
        site.releng(&["rollback", "1.0"]).exits(1).says(&[lost, back]);
    }
}

/// The yank is repeated, as the plan of the recovery says, and the number of the lost revision is not used again.
#[track_caller]
fn repeats_the_yank(site: &Site) {
    let log = text(&site.state("log.jsonl"));
    assert!(log.lines().last().unwrap().contains("\"missing\":[\"revisions/stable-1.0/000004\"]"), "{log}");
    stays_lost(site);
    let yank = ["yank", YANKED, "--why", "it burns"];
    let plan = site.releng(&[&yank[..], &["--dry-run"]].concat()).exits(0).stdout;
    assert!(plan.contains("make revisions/stable-1.0/000005:\n"), "{plan}");
    let refused = site.releng(&["rollback", "1.0"]).exits(1);
    let fill = [("NEVRA", YANKED), ("REASON", "'it burns'")];
    follow(site.project.path(), &refused, "yank", &fill).exits(0);
    assert_eq!(site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000005"));
    assert!(!site.served(&format!("stable/1.0/rpm/el9/noarch/{YANKED}.rpm")).exists());
    site.releng(&["verify"]).exits(0);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
}

#[test]
fn a_revision_that_was_lost_with_the_state_is_named_and_its_number_stays_used() {
    let site = without_the_yank();
    std::fs::remove_dir_all(site.state("")).unwrap();
    let found = site.releng(&["verify"]).exits(1).says(&["recover-log"]);
    assert!(
        found.stdout.contains("log-lacks-event: stable/1.0: it leads to `revisions/stable-1.0/000004`"),
        "{}",
        found.stdout
    );
    // A copy that was made without its state has no log that could lack it.
    let copy = site.project.join("target/copy");
    std::fs::create_dir(&copy).unwrap();
    run_in(site.project.path(), "cp", &["-a", site.served("").to_str().unwrap(), copy.to_str().unwrap()], &[]).exits(0);
    let found = site.releng(&["verify", copy.join("demo").to_str().unwrap()]).exits(1);
    assert!(found.stdout.contains("link-dangling: stable/1.0: "), "{}", found.stdout);
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    assert!(
        plan.contains(LOST) && plan.contains("the link stays as it is until `yank` or `rollback --to` makes another"),
        "{plan}"
    );
    site.releng(&["recover-log"]).exits(0).prints(&plan);
    repeats_the_yank(&site);
}

#[test]
fn an_old_state_without_the_newest_revision_is_refused() {
    let site = Site::of_three();
    let files = ["log.jsonl", "ledger.json"].map(|file| (file, text(&site.state(file))));
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    let folder = site.served("revisions/stable-1.0/000004");
    let away = site.project.join("target/away");
    std::fs::rename(&folder, &away).unwrap();
    for (file, content) in files {
        std::fs::write(site.state(file), content).unwrap();
    }
    let says = ["`stable/1.0` leads to revision 4, which is not there, and the log does not tell of it"];
    for command in [&["prune"][..], &["hold", "--why", "x"], &["rollback", "1.0"], &["stage"], &["promote"]] {
        site.releng(command).exits(1).says(&says);
        site.releng(&[command, &["--dry-run"]].concat()).exits(1).says(&says);
    }
    assert_eq!(site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000004"));
    let found = site.releng(&["verify"]).exits(1);
    assert!(!found.stdout.contains("link-"), "a repair is refused: {}", found.stdout);
    assert!(site.releng(&["status"]).exits(0).stdout.contains(says[0]));
    let refused = site.releng(&["prune"]).exits(1);
    let ran = follow(site.project.path(), &refused, "recover-log", &[]).exits(0);
    assert!(ran.stdout.contains(LOST), "{}", ran.stdout);
    // The backup is found after all.
    std::fs::rename(&away, &folder).unwrap();
    site.releng(&["recover-log"]).exits(0).prints_part("events from manifests");
    site.releng(&["verify"]).exits(0);
    assert!(text(&site.state("log.jsonl")).contains("it burns"));
    site.releng(&["hold", "--why", "x"]).exits(0);
    assert_eq!(site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000004"));
    // It is gone for good.
    let site = without_the_yank();
    std::fs::remove_dir_all(site.state("")).unwrap();
    site.releng(&["recover-log"]).exits(0);
    repeats_the_yank(&site);
}

#[test]
fn a_snapshot_that_was_lost_with_the_state_keeps_its_number() {
    let site = Site::of_three();
    std::fs::remove_dir_all(site.served("unstable/1.0/snapshot-demo_1.0_pipeline_3")).unwrap();
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000003")).unwrap();
    std::fs::remove_dir_all(site.state("")).unwrap();
    let plan = site.releng(&["recover-log"]).exits(0).stdout;
    let lost = "`index.json` tells of `unstable/1.0/snapshot-demo_1.0_pipeline_3`, which is not there: put it back";
    assert!(plan.contains(lost) && plan.contains("`stable/1.0` leads to revision 3, which is not there"), "{plan}");
    site.release("Four", &["el9"]);
    assert_eq!(site.link("unstable/1.0/latest"), std::path::Path::new("snapshot-demo_1.0_pipeline_4"));
    // It was no yank.
    let gates = site.promote(&["--dry-run"]).exits(1);
    assert!(
        gates.stdout.contains("series     NO: revision 3 of stable/1.0 is lost, and so is its event"),
        "{}",
        gates.stdout
    );
    let back = follow(site.project.path(), &gates, "rollback", &[]).exits(0);
    back.says(&[
        "from revision 3, which is lost, to 1.0.2, revision 2",
        "if revision 3 was a yank, what it took out comes back",
    ]);
    site.promote(&[]).exits(0);
    assert_eq!(site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000005"));
    site.releng(&["verify"]).exits(0);
}

/// Changes the last line of the log in each of these ways: only the log is blamed, and `recover-log` puts it right.
#[track_caller]
fn only_the_log_is_blamed(site: &Site, edits: &[(&str, &str)]) {
    let log = text(&site.state("log.jsonl"));
    let (before, last) = log.trim_end().rsplit_once('\n').unwrap();
    for (from, to) in edits {
        assert!(last.contains(from), "{from}: {last}");
        std::fs::write(site.state("log.jsonl"), format!("{before}\n{}\n", last.replace(from, to))).unwrap();
        let found = site.releng(&["verify"]).exits(1);
        let is_one = found.stdout.starts_with("log-broken: log.jsonl: ") && found.stdout.lines().count() == 1;
        assert!(is_one, "{from}: {}", found.stdout);
        for part in ["prune", "rollback", "backup helps"] {
            assert!(!found.stderr.contains(part), "{from}: {}", found.stderr);
        }
    }
    site.releng(&["recover-log"]).exits(0);
    site.releng(&["verify"]).exits(0);
    assert!(text(&site.state("log.jsonl")).starts_with(&log));
}

#[test]
fn a_changed_last_line_puts_no_blame_on_a_sound_folder() {
    let site = Site::of_three();
    let log = text(&site.state("log.jsonl"));
    let digest = |log: &str| log.trim_end().trim_end_matches("\"}").rsplit('"').next().unwrap().to_owned();
    let other = "0".repeat(64);
    only_the_log_is_blamed(
        &site,
        &[
            ("\"revision\":3", "\"revision\":2"),
            ("\"revision\":3", "\"revision\":9"),
            ("\"series\":\"1.0\"", "\"series\":\"2.0\""),
            ("pipeline_3", "pipeline_2"),
            ("\"1.0.3\"", "\"1.0.4\""),
            (&digest(&log), &other),
        ],
    );
    let site = Site::of_three();
    site.release("Four", &["el9"]);
    let log = text(&site.state("log.jsonl"));
    let edits = [("pipeline_4", "pipeline_2"), ("\"latest\":true", "\"latest\":false"), (&*digest(&log), &*other)];
    only_the_log_is_blamed(&site, &edits);
    // A manifest that was changed is blamed.
    site.release("Five", &["el9"]);
    site.tamper("unstable/1.0/latest/manifest.json", |content| content.push(b'\n'));
    let found = site.releng(&["verify"]).exits(1);
    assert!(
        found.stdout.starts_with("manifest-changed: unstable/1.0/snapshot-demo_1.0_pipeline_5/"),
        "{}",
        found.stdout
    );
}
