//! Rolling back and yanking: forward in the log, nothing erased.

use std::path::PathBuf;

use crate::support::rpms::Rpm;
use crate::support::site::{Site, require_same, text, tree};

fn stable(site: &Site) -> PathBuf {
    std::fs::read_link(site.served("stable/1.0")).unwrap()
}

fn revision(number: u32) -> PathBuf {
    format!("../revisions/stable-1.0/{number:06}").into()
}

/// All that a revision has but what says which one it is.
fn content(site: &Site, number: u32) -> std::collections::BTreeMap<String, String> {
    let mut tree = tree(&site.served(&format!("revisions/stable-1.0/{number:06}")));
    // These state the event that made the revision.
    let of_revision = ["manifest.json", "index.html", "index.json"];
    tree.retain(|path, _| {
        !of_revision.contains(&path.as_str()) && !path.ends_with("/mirrorlist") && !path.starts_with("withdrawn")
    });
    tree
}

/// What dnf would find for a dist, by name.
fn described(site: &Site, dist: &str) -> Vec<String> {
    let folder = site.served(&format!("stable/1.0/rpm/{dist}"));
    let read = |path: &str| Ok(std::fs::read(folder.join(path))?);
    let packages = releng::repository::repodata::read(&read).unwrap().packages;
    packages.into_iter().map(|package| package.href).collect()
}

fn three() -> Site {
    let site = Site::with("[repository]\nurl = \"https://example.org/repos\"\n");
    ["One", "Two", "Three"].iter().for_each(|message| drop(site.promoted(message, &["el9"])));
    site
}

#[test]
fn a_dist_that_came_later_keeps_its_repodata() {
    let site = Site::with("[repository]\nurl = \"https://example.org/repos\"\n");
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9", "fc42"]);
    let plan = site.releng(&["rollback", "1.0", "--dry-run"]).exits(0).stdout;
    assert!(plan.contains("write rpm/fc42/repodata/\n"), "{plan}");
    site.releng(&["rollback", "1.0"]).exits(0);
    // What a client of fc42 asks for is there; only the package that makes it one is on offer.
    assert_eq!(described(&site, "fc42"), ["noarch/demo-repo-1.0-3.noarch.rpm"]);
    assert!(site.text("stable/1.0/rpm/fc42/mirrorlist").contains("/withdrawn/fc42/\n"));
    site.releng(&["verify"]).exits(0);
    site.promoted("Three", &["el9", "fc42"]);
    let packages = ["noarch/demo-1.0.3-1.fc42.noarch.rpm", "noarch/demo-repo-1.0-3.noarch.rpm"];
    assert_eq!(described(&site, "fc42"), packages);
    site.releng(&["verify"]).exits(0);
}

#[test]
fn a_rollback_removes_a_damaged_package() {
    let site = three();
    let package = "revisions/stable-1.0/000003/rpm/el9/noarch/demo-1.0.3-1.el9.noarch.rpm";
    site.tamper(package, |content| *content.last_mut().unwrap() ^= 1);
    site.releng(&["rollback", "1.0"]).exits(0);
    assert!(!site.served("stable/1.0/withdrawn/el9/noarch/demo-1.0.3-1.el9.noarch.rpm").exists());
    assert_eq!(described(&site, "el9").len(), 3);
}

/// What clients in flight ask for is found where the newest revision cannot be read, too.
#[test]
fn a_damaged_newest_revision_keeps_the_second_address() {
    let damages: [&dyn Fn(&Site); 2] =
        [&|site| site.tamper("revisions/stable-1.0/000002/manifest.json", |content| content.truncate(100)), &|site| {
            std::fs::remove_dir_all(site.served("revisions/stable-1.0/000002")).unwrap()
        }];
    for damage in damages {
        let site = Site::with("[repository]\nurl = \"https://example.org/repos\"\n");
        site.promoted("One", &["el9"]);
        site.promoted("Two", &["el9"]);
        damage(&site);
        let says = ["a client that has read revision 2 and asks for a package that only it had does not find it"];
        site.releng(&["rollback", "1.0", "--to", "1"]).exits(0).says(&says);
        assert!(site.text("stable/1.0/rpm/el9/mirrorlist").contains("/000003/withdrawn/el9/\n"));
        assert!(site.served("stable/1.0/withdrawn/el9/noarch/demo-1.0.2-1.el9.noarch.rpm").exists());
        assert_eq!(described(&site, "el9").len(), 2);
    }
}

#[test]
fn a_lost_rollback_is_made_again_and_brings_nothing_back() {
    let site = three();
    site.releng(&["rollback", "1.0"]).exits(0);
    std::fs::remove_dir_all(site.served("revisions/stable-1.0/000004")).unwrap();
    // Revision 3 was taken back.
    site.releng(&["verify"]).exits(1).says(&["rollback 1.0 --to 2`"]);
    site.releng(&["promote"]).exits(1).says(&["rollback 1.0 --to 2`"]);
    site.releng(&["rollback", "1.0"]).exits(0).says(&["to 1.0.2, revision 2"]);
    assert_eq!(stable(&site), revision(5));
    require_same(&content(&site, 2), &content(&site, 5));
}

#[test]
fn a_restored_copy_with_other_dates_is_sound() {
    let site = three();
    let package = site.served("revisions/stable-1.0/000003/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm");
    let file = std::fs::File::open(&package).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
    site.releng(&["verify"]).exits(0);
    site.releng(&["rollback", "1.0"]).exits(0);
    site.tamper("stable/1.0/rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm", |content| *content.last_mut().unwrap() ^= 1);
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(1).says(&["was changed since it was put there"]);
}

#[test]
fn a_rollback_brings_the_content_before_the_last_promotion() {
    let site = three();
    let plan = site.releng(&["rollback", "1.0", "--dry-run"]).exits(0).stdout;
    assert!(plan.starts_with("roll stable/1.0 back from 1.0.3, revision 3, to 1.0.2, revision 2:\n"), "{plan}");
    assert_eq!(stable(&site), revision(3));
    let kept = content(&site, 3);
    site.releng(&["rollback", "1.0"]).exits(0).says(&["to 1.0.2, revision 2", "`dnf distro-sync`"]);
    assert_eq!(stable(&site), revision(4));
    require_same(&content(&site, 2), &content(&site, 4));
    require_same(&kept, &content(&site, 3));
    let address = "https://example.org/repos/demo/revisions/stable-1.0/000004";
    let mirrorlist = format!("{address}/rpm/el9/\n{address}/withdrawn/el9/\n");
    assert_eq!(site.text("stable/1.0/rpm/el9/mirrorlist"), mirrorlist);
    // The same command again does nothing: it may be the repetition of an interrupted run.
    let again = site.releng(&["rollback", "1.0"]).exits(0);
    again.says(&["was rolled back already, by event 7; to go further back: `", " rollback 1.0 --to 1`"]);
    assert_eq!(stable(&site), revision(4));
    site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
    assert_eq!(stable(&site), revision(5));
    require_same(&content(&site, 1), &content(&site, 5));
    let before = site.trees();
    site.releng(&["rollback", "1.0"]).exits(0).says(&["was rolled back already, by event 8"]);
    require_same(&before[0], &site.trees()[0]);
    let log = text(&site.state("log.jsonl"));
    assert_eq!(log.matches("\"event\":\"rollback\"").count(), 2, "{log}");
    site.promoted("Four", &["el9"]);
    assert_eq!(stable(&site), revision(6));
    assert!(site.text("stable/1.0/ChangeLog_1.0.txt").contains("Four"));
    site.releng(&["rollback", "1.0"]).exits(0);
    require_same(&content(&site, 1), &content(&site, 7));
}

#[test]
fn a_rollback_to_a_revision() {
    let site = three();
    site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
    require_same(&content(&site, 1), &content(&site, 4));
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
    require_same(&content(&site, 3), &content(&site, 5));
    let again = site.releng(&["rollback", "1.0", "--to", "5"]).exits(0);
    again.says(&["stable/1.0 has the content of revision 5 already"]);
    assert_eq!(stable(&site), revision(5));
    // A number may have the zeros that the name of its folder has.
    site.releng(&["rollback", "1.0", "--to", "000001", "--dry-run"]).exits(0);
    let ran = site.releng(&["rollback", "1.0", "--to", "9"]).exits(1);
    let kept = "help: the revisions are 1 (1.0.1), 2 (1.0.2), 3 (1.0.3), 4 (1.0.1), 5 (1.0.3): `--to REVISION`";
    ran.says(&["there is no revision 9 of stable/1.0", kept]);
    site.releng(&["rollback", "2.0"]).exits(1).says(&["there is no stable/2.0"]);
    site.releng(&["rollback", "../1.0"]).exits(2).says(&["`../1.0` is not a series"]);
}

#[test]
fn a_yank_takes_a_package_out() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.promoted("Two", &["el8", "el9"]);
    let yank = ["yank", "demo-1.0.2-1.el9.noarch", "--why", "it burns"];
    let plan = site.releng(&[&yank[..], &["--dry-run"]].concat()).exits(0).stdout;
    assert!(plan.starts_with("yank demo-1.0.2-1.el9.noarch from stable/1.0 (el9):\n"), "{plan}");
    assert!(plan.contains("  link rpm/el9/noarch/demo-1.0.1-1.el9.noarch.rpm of revision 2\n"), "{plan}");
    assert!(!plan.contains("ledger.json"), "no package is new: {plan}");
    let ledger = text(&site.state("ledger.json"));
    assert_eq!(stable(&site), revision(2));
    site.releng(&yank).exits(0).says(&["`dnf distro-sync`"]);
    assert_eq!(described(&site, "el9"), ["noarch/demo-1.0.1-1.el9.noarch.rpm"]);
    assert_eq!(described(&site, "el8").len(), 2);
    let rpms = site.project.files("target/repository/demo/revisions/stable-1.0/000003/rpm/el9/noarch");
    assert_eq!(rpms, ["demo-1.0.1-1.el9.noarch.rpm"]);
    assert!(site.text("stable/1.0/ChangeLog_1.0.txt").contains("Two"), "el8 has it still");
    assert!(text(&site.state("log.jsonl")).contains("\"why\":\"it burns\""));
    site.releng(&["yank", "demo-1.0.2-1.el8.noarch", "--why", "it burns"]).exits(0);
    let changelog = site.text("stable/1.0/ChangeLog_1.0.txt");
    assert_eq!(changelog, site.text("revisions/stable-1.0/000001/ChangeLog_1.0.txt"));
    assert!(!changelog.contains("Two"));
    site.releng(&yank).exits(0).says(&["`demo-1.0.2-1.el9.noarch` was yanked from stable/1.0 already, by event 5"]);
    let unknown = site.releng(&["yank", "demo-1.0.9-1.el9.noarch.rpm", "--why", "it burns"]).exits(1);
    unknown.says(&["no stable series has the package `demo-1.0.9-1.el9.noarch`", "`demo-1.0.1-1.el9.noarch`"]);
    site.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", " "]).exits(2).says(&["the reason must not be empty"]);
    // Its snapshot comes back only if a person says so.
    let promote = ["promote", "snapshot-demo_1.0_pipeline_2", "--untested", "x"];
    let yanked = "`demo-1.0.2-1.el8.noarch`, yanked by event 6: it burns; `demo-1.0.2-1.el9.noarch`, yanked by event 5: it burns";
    let preview = site.releng(&[&promote[..], &["--dry-run"]].concat()).exits(1);
    assert!(
        preview.stdout.contains(&format!("  yanked     NO: it has what was yanked: {yanked}\n")),
        "{}",
        preview.stdout
    );
    let refused =
        site.releng(&promote).exits(1).says(&[yanked, "promote a newer release without it; or bring it back"]);
    assert_eq!(described(&site, "el9").len(), 1);
    let preview = site.releng(&[&promote[..], &["--with-yanked", "--dry-run"]].concat()).exits(0);
    assert!(!preview.stdout.contains("ledger.json"), "no package is new: {}", preview.stdout);
    let back = crate::helps::follow(site.project.path(), &refused, "--with-yanked", &[]).exits(0);
    back.says(&[&format!("this brings back what was yanked: {yanked}")]);
    assert_eq!((described(&site, "el9").len(), text(&site.state("ledger.json"))), (2, ledger));
    site.releng(&["promote", "--with-yanked"]).exits(2);
    site.promoted("Three", &["el8", "el9"]);
    assert_eq!(described(&site, "el9").len(), 3);
    assert!(site.text("stable/1.0/ChangeLog_1.0.txt").contains("Three"));
    // What was rolled back comes back by its name, and that is said.
    site.releng(&["rollback", "1.0"]).exits(0);
    let again = ["promote", "snapshot-demo_1.0_pipeline_3", "--untested", "x"];
    site.releng(&again).exits(0).says(&["by its name, which was rolled back or yanked"]);
}

#[test]
fn a_yank_is_of_one_series() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    let yank =
        |series: &str| site.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--series", series, "--why", "it burns"]);
    yank("2.0").exits(1).says(&["stable/2.0 does not have the package"]);
    yank("1.0").exits(0);
    yank("1.0").exits(0).says(&["was yanked from stable/1.0 already"]);
}

#[test]
fn what_was_yanked_stays_out_of_a_rollback() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.promoted("Two", &["el9"]);
    let yank = |package: &str| site.releng(&["yank", package, "--why", "it burns"]).exits(0);
    yank("demo-1.0.1-1.el9.noarch");
    site.promoted("Three", &["el9"]);
    let plan = site.releng(&["rollback", "1.0", "--dry-run"]).exits(0);
    assert!(plan.stdout.starts_with("roll stable/1.0 back from 1.0.3, revision 4, to 1.0.2, revision 3:\n"));
    // Two yanks later, the content before the last promotion is still that of revision 3.
    yank("demo-1.0.3-1.el9.noarch");
    yank("demo-1.0.2-1.el9.noarch");
    let out = "stays out: `demo-1.0.2-1.el9.noarch`, yanked by event 9: it burns; to bring it back: `";
    let flags = "rollback 1.0 --to 3 --with-yanked`";
    let plan = site.releng(&["rollback", "1.0", "--dry-run"]).exits(0);
    let plan = plan.says(&[out, flags]);
    assert!(plan.stdout.contains("to 1.0.2, revision 3, without what was yanked:\n"), "{}", plan.stdout);
    let empty = "stable/1.0 then has no packages for el9";
    site.releng(&["rollback", "1.0"]).exits(0).says(&[out, flags, empty]);
    assert_eq!(described(&site, "el9"), [""; 0]);
    site.releng(&["verify"]).exits(0);
    // A number does not bring it back either.
    let packages = || described(&site, "el9");
    let again = site.releng(&["rollback", "1.0", "--to", "2"]).exits(0);
    again.says(&[
        "stable/1.0 has the content of revision 2 already without what was yanked",
        "`demo-1.0.1-1.el9.noarch`, yanked by event 5",
        "`demo-1.0.2-1.el9.noarch`, yanked by event 9",
    ]);
    let back = site.releng(&["rollback", "1.0", "--to", "2", "--with-yanked"]).exits(0);
    back.says(&["this brings back what was yanked: `demo-1.0.1-1.el9.noarch`"]);
    assert_eq!(packages(), ["noarch/demo-1.0.1-1.el9.noarch.rpm", "noarch/demo-1.0.2-1.el9.noarch.rpm"]);
    require_same(&content(&site, 2), &content(&site, 8));
    site.releng(&["verify"]).exits(0);
    // What somebody has brought back does not stay out any more, also where the series lacks it now, as `status` says.
    site.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
    let status = site.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("yanked        demo-1.0.1-1.el9.noarch, "), "{status}");
    site.releng(&["rollback", "1.0", "--to", "2"]).exits(0).says(&["to 1.0.2, revision 2"]);
    assert_eq!(packages().len(), 2);
}

#[test]
fn a_rollback_that_would_break_a_package_without_a_yanked_one_is_refused() {
    let site = Site::new();
    let promote = |message: &str, libs_of: &str| {
        site.commit(message);
        site.releng(&["dist", "--no-stage"]).exits(0);
        let libs = Rpm::new("demo-libs", libs_of).dist("el9").file("/usr/share/demo/libs", libs_of);
        site.add(&libs, "el9");
        site.add(&Rpm::new("demo", libs_of).dist("el9").line("Requires: demo-libs"), "el9");
        site.list_builds(str::to_owned);
        site.releng(&["stage"]).exits(0);
        site.promote(&[]).exits(0);
    };
    promote("One", "1.0.1");
    promote("Two", "1.0.2");
    // The newer one serves the older package as well.
    site.releng(&["yank", "demo-libs-1.0.1-1.el9.noarch", "--why", "it leaks"]).exits(0);
    let refused = site.releng(&["rollback", "1.0"]).exits(1);
    let refused = refused.says(&["`demo-1.0.1-1.el9.noarch` requires `demo-libs`", "yanked by event 5: it leaks"]);
    assert_eq!(stable(&site), revision(3));
    site.releng(&["rollback", "1.0", "--dry-run"]).exits(1);
    crate::helps::follow(site.project.path(), &refused, "rollback", &[]).exits(0);
    assert_eq!(described(&site, "el9").len(), 2);
}

#[test]
fn a_yank_of_the_only_promotion_is_taken_back_by_name() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"]).exits(0);
    assert_eq!(described(&site, "el9"), [""; 0]);
    let refused = site.releng(&["rollback", "1.0"]).exits(1);
    let refused = refused.says(&["stable/1.0 has had one promotion only: there is nothing before it"]);
    assert!(site.text("index.html").contains("no packages any more; the last version was 1.0.1 for el9"));
    assert!(site.text("stable/1.0/index.html").contains("No packages are left to install."));
    crate::helps::follow(site.project.path(), &refused, "--with-yanked", &[]).exits(0);
    assert_eq!(described(&site, "el9"), ["noarch/demo-1.0.1-1.el9.noarch.rpm"]);
}

#[test]
fn a_dist_without_a_package_keeps_its_repodata() {
    let site = Site::new();
    site.promoted("One", &["el8", "el9"]);
    site.releng(&["yank", "demo-1.0.1-1.el8.noarch", "--why", "it burns"]).exits(0);
    assert_eq!(described(&site, "el8"), [""; 0]);
    site.release("Two", &["el9"]);
    site.promote(&["--end-dist", "el8"]).exits(0);
    assert_eq!(described(&site, "el8"), [""; 0]);
    assert_eq!(described(&site, "el9").len(), 2);
    site.releng(&["rollback", "1.0"]).exits(0);
    assert_eq!(described(&site, "el8"), [""; 0]);
}

#[test]
fn a_series_past_a_yank_has_nothing_to_promote() {
    let site = Site::of_three();
    site.releng(&["rollback", "1.0"]).exits(0);
    let last = site.promoted("Four", &["el9"]);
    let nothing = |version: &str| {
        let note = format!("stable/1.0 has {version} already, and nothing newer is staged");
        site.promote(&[]).exits(0).says(&[&note]);
    };
    nothing(&last);
    // Work of another branch has the same version as a package that was yanked.
    site.releng(&["yank", &format!("demo-{last}-1.src"), "--why", "x"]).exits(0);
    site.project.git(&["checkout", "-q", "-b", "topic", "HEAD~1"]);
    assert_eq!(site.release("Another four", &["el9"]), last);
    nothing(&last);
    // Nor is it named where the version itself was taken back.
    site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
    site.promote(&[])
        .exits(1)
        .says(&["the newest of the others is `snapshot-demo_1.0_pipeline_4`, which was rolled back or yanked"]);
}
