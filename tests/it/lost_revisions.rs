//! A revision whose event is lost may be a yank: whatever still tells of it is heard, and no package that was taken out returns without a
//! word before a person has decided.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::helps::follow;
use crate::support::site::{Site, text};

const YANKED: &str = "demo-1.0.2-1.el9.noarch";
const LATER: &str = "unstable/1.0/snapshot-demo_1.0_pipeline_4";

/// A change of a repository by hand.
type Change<'a> = &'a dyn Fn(&Site);

/// Three releases, a yank of the second one as revision 4 by event 7, a hold, and another release by event 9.
fn yanked() -> Site {
    let site = Site::of_three();
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    site.releng(&["hold", "snapshot-demo_1.0_pipeline_1", "--why", "a customer"]).exits(0);
    site.release("Four", &["el9"]);
    site
}

fn revision(site: &Site, number: u32) -> std::path::PathBuf {
    site.served(&format!("revisions/stable-1.0/{number:06}"))
}

/// Makes the link of the series lead to the third revision.
fn link_back(site: &Site) {
    fs::remove_file(site.served("stable/1.0")).unwrap();
    symlink("../revisions/stable-1.0/000003", site.served("stable/1.0")).unwrap();
}

/// Changes the lines of the log.
fn change_log(site: &Site, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = text(&site.state("log.jsonl")).lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(site.state("log.jsonl"), lines.join("\n") + "\n").unwrap();
}

/// No page tells of what is lost, either.
fn lose_pages(site: &Site) {
    fs::remove_file(site.served("index.json")).unwrap();
}

fn lose_log(site: &Site) {
    fs::remove_file(site.state("log.jsonl")).unwrap();
}

#[track_caller]
fn is_served(site: &Site) -> bool {
    site.served(&format!("stable/1.0/rpm/el9/noarch/{YANKED}.rpm")).exists()
}

/// Recovers; the plan.
#[track_caller]
fn recover(site: &Site) -> String {
    let plan = site.releng(&["recover-log", "--dry-run"]).exits(0).stdout;
    site.releng(&["recover-log"]).exits(0).prints(&plan);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    plan
}

/// Nothing is published before a person decides, whatever is run.
#[track_caller]
fn is_closed(site: &Site, why: &str) {
    let served = fs::read_link(site.served("stable/1.0")).ok();
    for _ in 0..2 {
        let says = [why, "if it was a yank, revision 3 still has what was taken out"];
        site.releng(&["prune"]).exits(0).says(&says);
        site.releng(&["status"]).exits(0).prints_part(&says.join(", and so is its event: "));
        let found = site.releng(&["verify"]).exits(1).prints_part("current-vanished: ");
        assert!(!found.stderr.contains("ln -f") && !found.stdout.contains("link-differs"), "{}", found.stderr);
        site.promote(&[]).exits(1).says(&says);
        site.promote(&["snapshot-demo_1.0_pipeline_3"]).exits(1).says(&says);
        site.releng(&["rollback", "1.0"]).exits(1).says(&says);
        assert_eq!(fs::read_link(site.served("stable/1.0")).ok(), served);
    }
}

/// The person yanks again, as the help says, and goes on with `number` as the next revision. The next release may have been promoted and
/// yanked with lost revisions, if they are several: it then needs its name and a flag.
#[track_caller]
fn yanks_again(site: &Site, number: u32, is_next_in_doubt: bool) {
    let refused = site.releng(&["rollback", "1.0"]).exits(1);
    follow(site.project.path(), &refused, "yank", &[("NEVRA", YANKED), ("REASON", "'it burns'")]).exits(0);
    assert_eq!(site.link("stable/1.0"), Path::new(&format!("../revisions/stable-1.0/{number:06}")));
    if is_next_in_doubt {
        let doubt = "of which a lost event may have yanked `demo-1.0.4-1.el9.noarch`";
        let refused = site.promote(&[]).exits(1).says(&[doubt]);
        follow(site.project.path(), &refused, "--with-yanked", &[]).exits(0);
    } else {
        site.promote(&[]).exits(0);
    }
    assert!(!is_served(site));
}

#[test]
fn a_yank_without_a_readable_manifest_is_named_and_its_package_stays_out() {
    let broken = |site: &Site| {
        let half = text(&revision(site, 4).join("manifest.json")).split_at(100).0.to_owned();
        site.tamper("revisions/stable-1.0/000004/manifest.json", |content| *content = half.clone().into_bytes());
    };
    let removed = |site: &Site| fs::remove_file(revision(site, 4).join("manifest.json")).unwrap();
    let copied = |site: &Site| {
        let other = text(&revision(site, 3).join("manifest.json"));
        site.tamper("revisions/stable-1.0/000004/manifest.json", |content| *content = other.clone().into_bytes());
    };
    let cut = |site: &Site| change_log(site, |lines| lines.truncate(6));
    let one_line = |site: &Site| change_log(site, |lines| lines[6] = "nonsense".to_owned());
    let cases: [[Change<'_>; 2]; 5] =
        [[&broken, &lose_log], [&removed, &cut], [&removed, &one_line], [&copied, &lose_log], [&copied, &one_line]];
    for [damage, lose] in cases {
        let site = yanked();
        damage(&site);
        lose(&site);
        let state = "leads to revision 4, whose `manifest.json` is damaged or of another folder";
        site.promote(&[]).exits(1);
        let plan = recover(&site);
        assert!(plan.contains(state) && plan.contains(&format!("may have been yanked: `{YANKED}`")), "{plan}");
        is_closed(&site, "revision 4 of stable/1.0 is lost");
        let back = site.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
        back.says(&[
            &format!("stays out: `{YANKED}`, which a lost event before event "),
            "what else it took out comes back",
        ]);
        assert!(!is_served(&site));
        site.promote(&[]).exits(0);
        assert!(!is_served(&site));
    }
    // No link leads there.
    let site = yanked();
    removed(&site);
    link_back(&site);
    lose_log(&site);
    lose_pages(&site);
    let plan = recover(&site);
    assert!(plan.contains("there is `revisions/stable-1.0/000004`, whose `manifest.json` is damaged"), "{plan}");
    is_closed(&site, "revision 4 of stable/1.0 is lost");
    yanks_again(&site, 6, false);
}

#[test]
fn a_link_to_a_damaged_revision_of_which_the_log_does_not_tell_stops_every_command() {
    let site = Site::of_three();
    let files = ["log.jsonl", "ledger.json"].map(|file| (file, text(&site.state(file))));
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    fs::remove_file(revision(&site, 4).join("manifest.json")).unwrap();
    for (file, content) in files {
        fs::write(site.state(file), content).unwrap();
    }
    let refused =
        ["leads to revision 4, whose `manifest.json` is damaged or of another folder, and the log does not tell of it"];
    for command in [&["prune"][..], &["rollback", "1.0", "--to", "3"], &["promote"]] {
        site.releng(command).exits(1).says(&refused);
    }
    let refused = site.releng(&["prune"]).exits(1);
    let ran = follow(site.project.path(), &refused, "recover-log", &[]).exits(0);
    assert!(ran.stdout.contains(&format!("may have been yanked: `{YANKED}`")), "{}", ran.stdout);
    is_closed(&site, "revision 4 of stable/1.0 is lost");
}

#[test]
fn a_newer_revision_than_the_link_leads_to_counts() {
    let behind = "`stable/1.0` leads to revision 3, and revision 4 is newer (yanked demo-1.0.2-1.el9.noarch from stable/1.0, revision 4)";
    // Somebody has changed the link; or the yank was killed before it made the link, and the log is damaged.
    let killed = |site: &Site| {
        fs::remove_dir_all(site.served(LATER)).unwrap();
        fs::remove_file(site.served("unstable/1.0/latest")).unwrap();
        symlink("snapshot-demo_1.0_pipeline_3", site.served("unstable/1.0/latest")).unwrap();
        change_log(site, |lines| {
            lines.truncate(6);
            lines[2].replace_range(..5, "XXXXX");
        });
    };
    for lose in [&lose_log as &dyn Fn(&Site), &killed] {
        let site = yanked();
        link_back(&site);
        lose(&site);
        let plan = recover(&site);
        assert!(plan.contains(behind) && !plan.contains("is lost"), "{plan}");
        let log = text(&site.state("log.jsonl"));
        assert!(log.contains("\"number\":7,") && log.contains("it burns"), "{log}");
        // A lost hold can have been a revision, too.
        let may_be_more = site.releng(&["prune"]).exits(0).stderr.contains("may be lost");
        assert_eq!(site.link("stable/1.0"), Path::new("../revisions/stable-1.0/000004"));
        if may_be_more {
            site.releng(&["rollback", "1.0", "--to", "4"]).exits(0);
        }
        assert!(!is_served(&site));
        site.releng(&["verify"]).exits(0);
        site.release("Five", &["el9"]);
        site.promote(&[]).exits(0);
        assert!(!is_served(&site));
    }
    // With a whole log, the next command removes what was never visible.
    let site = Site::of_three();
    let log = text(&site.state("log.jsonl"));
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    fs::write(site.state("log.jsonl"), &log).unwrap();
    link_back(&site);
    site.releng(&["recover-log"]).exits(0).says(&["the log and the ledger are whole"]);
    site.releng(&["prune"]).exits(0);
    assert!(!revision(&site, 4).exists());
    // Without the link, it was visible.
    site.releng(&["yank", YANKED, "--why", "it burns"]).exits(0);
    fs::write(site.state("log.jsonl"), &log).unwrap();
    fs::remove_file(site.served("stable/1.0")).unwrap();
    site.releng(&["prune"]).exits(0).says(&["finished the change of an interrupted run: yanked"]);
    assert!(!is_served(&site) && site.served("stable/1.0").exists());
}

#[test]
fn a_series_stays_closed_where_newer_revisions_may_be_lost() {
    let may_be = "a revision after 3 of stable/1.0 may be lost";
    // The link is lost.
    let site = yanked();
    fs::remove_dir_all(revision(&site, 4)).unwrap();
    fs::remove_file(site.served("stable/1.0")).unwrap();
    lose_log(&site);
    lose_pages(&site);
    // Without the link and the log, nothing says that the series is new.
    let status = site.releng(&["status"]).exits(0).stdout;
    let unknown = "stable/1.0    not known: the link is lost, and the log does not tell of a revision";
    assert!(status.contains(unknown) && !status.contains("--major"), "{status}");
    let plan = recover(&site);
    assert!(
        plan.contains("nothing is promoted there until `yank` or `rollback --to` makes another revision"),
        "{plan}"
    );
    is_closed(&site, may_be);
    yanks_again(&site, 104, true);
    site.releng(&["verify"]).exits(0);
    // The link leads to an older revision, and the numbers of the events have a gap.
    let site = yanked();
    fs::remove_dir_all(revision(&site, 4)).unwrap();
    link_back(&site);
    lose_pages(&site);
    change_log(&site, |lines| lines.truncate(6));
    let plan = recover(&site);
    let why = "events up to 8 are lost, which stable/1.0 can be about: revisions after 3 may be lost, and the next one has a number above 5";
    assert!(plan.contains(why), "{plan}");
    is_closed(&site, may_be);
    let back = site.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
    back.says(&[
        "from a revision after 3, which may be lost, to 1.0.3, revision 3",
        "if a revision after 3 was a yank",
    ]);
    assert_eq!(site.link("stable/1.0"), Path::new("../revisions/stable-1.0/000006"));
    site.promote(&[]).exits(0);
    site.releng(&["verify"]).exits(0);
    // A gap before the newest revision says nothing about it.
    let site = yanked();
    site.promote(&[]).exits(0);
    change_log(&site, |lines| lines[7] = "nonsense".to_owned());
    assert!(!recover(&site).contains("may be lost"));
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_yank_before_the_newest_lost_revision_is_asked_for() {
    let site = yanked();
    site.promote(&[]).exits(0);
    for number in [4, 5] {
        fs::remove_dir_all(revision(&site, number)).unwrap();
    }
    lose_log(&site);
    lose_pages(&site);
    let plan = recover(&site);
    assert!(
        plan.contains("`stable/1.0` leads to revision 5, which is not there, and revision 4 is lost, too"),
        "{plan}"
    );
    let says = [
        "revisions 4 and 5 of stable/1.0 are lost, and so are their events",
        "nothing here tells whether one of them was a yank; if so, revision 3 still has what was taken out",
        "put the folders of revisions 4 and 5 back from a backup",
        "find out about yanks: the pages of a mirror",
        "only if none was, go on from revision 3",
    ];
    site.promote(&[]).exits(1).says(&says);
    site.releng(&["rollback", "1.0"]).exits(1).says(&says);
    site.releng(&["prune"]).exits(0).says(&says[..2]).says(&["what to do: `releng status`"]);
    let refused = site.promote(&["--dry-run"]).exits(1);
    assert_eq!(refused.stderr.matches(says[0]).count(), 1, "{}", refused.stderr);
    let status = site.releng(&["status"]).exits(0).stdout;
    let found = site.releng(&["verify"]).exits(1).says(&says[2..]);
    for part in &says[..2] {
        assert!(status.contains(part) && found.stdout.contains(part), "{status}{}", found.stdout);
    }
    assert!(!found.stdout.contains("link-dangling"), "{}", found.stdout);
    assert_eq!(found.stderr.matches("current-vanished").count(), 1, "{}", found.stderr);
    assert_eq!(found.stderr.matches("back from a backup").count(), 1, "{}", found.stderr);
    let back = site.releng(&["rollback", "1.0", "--to", "3", "--dry-run"]).exits(0);
    let back = back.says(&["if one of revisions 4 and 5 was a yank, what it took out comes back: yank it again"]);
    assert!(back.stdout.contains("from revisions 4 and 5, which are lost, to 1.0.3"), "{}", back.stdout);
    yanks_again(&site, 6, true);
}

#[test]
fn no_file_is_put_back_by_the_manifest_of_another_folder() {
    for lose in [&lose_log as &dyn Fn(&Site), &|_| ()] {
        let site = yanked();
        let other = text(&revision(&site, 3).join("manifest.json"));
        site.tamper("revisions/stable-1.0/000004/manifest.json", |content| *content = other.clone().into_bytes());
        lose(&site);
        site.releng(&["recover-log"]).exits(0);
        let found = site.releng(&["verify"]).exits(1);
        let all = format!("{}{}", found.stdout, found.stderr);
        assert!(!all.contains("ln -f") && !all.contains("file-missing") && !all.contains("move it away"), "{all}");
    }
}
