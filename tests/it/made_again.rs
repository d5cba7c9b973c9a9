//! What `releng` makes itself, such as repodata, is made again where it is damaged in all revisions: no backup is needed.

use std::collections::BTreeMap;

use crate::helps::follow;
use crate::support::dnf::Client;
use crate::support::program::Ran;
use crate::support::signed::SignedSite;
use crate::support::site::{Site, require_same, tree};

const URL: &str = "[repository]\nurl = \"https://example.org/repos\"\n";
const CLIENT_PACKAGE: &str = "rpm/el9/noarch/demo-repo-1.0-1.noarch.rpm";

/// One promoted release for el9 and fc42.
fn site() -> Site {
    let site = Site::with(URL);
    site.promoted("One", &["el9", "fc42"]);
    site
}

fn flip(site: &Site, path: &str) {
    site.tamper(path, |content| *content.last_mut().unwrap() ^= 1);
}

/// The repodata of el9 in the current revision.
fn repodata(site: &Site) -> BTreeMap<String, String> {
    tree(&site.served("stable/1.0/rpm/el9/repodata"))
}

/// Flips a byte of a file of the repodata of el9.
fn flip_repodata(site: &Site, ending: &str) {
    let name = repodata(site).into_keys().find(|name| name.ends_with(ending)).unwrap();
    flip(site, &format!("stable/1.0/rpm/el9/repodata/{name}"));
}

fn cut_index(site: &Site) {
    site.tamper("stable/1.0/rpm/el9/repodata/repomd.xml", |content| content.truncate(300));
}

fn remove_repodata(site: &Site) {
    std::fs::remove_dir_all(site.served("stable/1.0/rpm/el9/repodata")).unwrap();
}

/// Prunes the damaged revisions; the rest is sound, and dnf reads these packages.
#[track_caller]
fn is_sound(site: &Site, packages: &[&str]) {
    site.releng(&["prune", "--damaged"]).exits(0);
    let found = site.releng(&["verify"]);
    assert_eq!(found.code, 0, "{}{}", found.stdout, found.stderr);
    let folder = site.served("stable/1.0/rpm/el9");
    let client = Client::new(&format!("[demo]\nname=demo\nbaseurl=file://{}\ngpgcheck=0\n", folder.display()));
    let mut offered: Vec<String> = client.list().exits(0).stdout.lines().map(str::to_owned).collect();
    offered.sort();
    assert_eq!(offered, packages);
}

/// Runs the command of the help of `verify`, after its dry run.
#[track_caller]
fn make_again(site: &Site, command: &str) -> Ran {
    let found = site.releng(&["verify"]).exits(1);
    let plan = site.releng(&[&command.split(' ').collect::<Vec<_>>()[..], &["--dry-run"]].concat()).exits(0).stdout;
    assert!(plan.contains(", from the RPM files: the repodata of revision 1 is damaged\n"), "{plan}");
    follow(site.project.path(), &found, command, &[]).exits(0)
}

const WARNING: &str = "warning: the repodata of el9 in revision 1 is damaged: it is made again from the RPM files";

#[test]
fn damaged_repodata_of_the_only_revision_is_made_again() {
    let primary = |site: &Site| flip_repodata(site, "-primary.xml.gz");
    let other = |site: &Site| flip_repodata(site, "-other.xml.gz");
    for damage in [&cut_index as &dyn Fn(&Site), &primary, &other, &remove_repodata] {
        let site = site();
        let before = repodata(&site);
        damage(&site);
        let again = make_again(&site, "rollback 1.0 --to 1");
        again.says(&[WARNING, "make what is damaged in stable/1.0 again: 1.0.1, revision 1"]);
        require_same(&before, &repodata(&site));
        let already = site.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
        already.says(&["stable/1.0 has the content of revision 1 already"]);
        is_sound(&site, &["demo-0:1.0.1-1.el9.noarch", "demo-repo-0:1.0-1.noarch"]);
        site.promoted("Two", &["el9", "fc42"]);
        site.releng(&["rollback", "1.0"]).exits(0);
        site.releng(&["verify"]).exits(0);
    }
}

#[test]
fn repodata_that_all_revisions_link_is_made_again() {
    let site = site();
    site.promoted("Two", &["el9", "fc42"]);
    site.releng(&["rollback", "1.0"]).exits(0);
    site.releng(&["prune"]).exits(0);
    let before = repodata(&site);
    flip_repodata(&site, "-primary.xml.gz"); // of revisions 1 and 3
    remove_second(&site);
    let found = site.releng(&["verify"]).exits(1);
    assert!(!found.stderr.contains("the newest revision without findings"), "{}", found.stderr);
    follow(site.project.path(), &found, "rollback 1.0 --to 3", &[]).exits(0);
    require_same(&before, &repodata(&site));
    is_sound(&site, &["demo-0:1.0.1-1.el9.noarch", "demo-repo-0:1.0-1.noarch"]);
}

fn remove_second(site: &Site) {
    let index = "revisions/stable-1.0/000002/rpm/el9/repodata/repomd.xml";
    site.tamper(index, |content| content.truncate(9));
}

#[test]
fn a_promotion_and_a_yank_make_damaged_repodata_again() {
    let promoted = ["demo-0:1.0.1-1.el9.noarch", "demo-0:1.0.2-1.el9.noarch", "demo-repo-0:1.0-1.noarch"];
    for damage in [&cut_index as &dyn Fn(&Site), &remove_repodata] {
        let site = site();
        site.release("Two", &["el9", "fc42"]);
        damage(&site);
        let again = site.promote(&["--dry-run"]).exits(0).says(&[WARNING]);
        assert!(again.stdout.contains("the repodata of revision 1 is damaged\n"), "{}", again.stdout);
        site.promote(&[]).exits(0).says(&[WARNING]);
        is_sound(&site, &promoted);
        let site = Site::with(URL);
        site.promoted("One", &["el9", "fc42"]);
        damage(&site);
        site.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"]).exits(0).says(&[WARNING]);
        is_sound(&site, &["demo-repo-0:1.0-1.noarch"]);
    }
}

#[test]
fn each_file_that_releng_makes_itself_is_made_again() {
    for path in ["sources/SHA256SUMS", "rpm/el9/mirrorlist", "ChangeLog_1.0.txt", CLIENT_PACKAGE] {
        let site = site();
        let before = site.text("stable/1.0/ChangeLog_1.0.txt");
        flip(&site, &format!("stable/1.0/{path}"));
        let found = site.releng(&["verify"]).exits(1);
        // The sources have the same changelog.
        let step = if path == "ChangeLog_1.0.txt" { "ln -f" } else { "rollback 1.0 --to 1" };
        follow(site.project.path(), &found, step, &[]).exits(0);
        assert_eq!(site.text("stable/1.0/ChangeLog_1.0.txt"), before);
        let number = if path == CLIENT_PACKAGE { 2 } else { 1 };
        is_sound(&site, &["demo-0:1.0.1-1.el9.noarch", &format!("demo-repo-0:1.0-{number}.noarch")]);
    }
}

#[test]
fn a_damaged_package_for_clients_is_left_out_with_damaged_repodata() {
    for ending in ["promote", "rollback"] {
        let site = site();
        site.release("Two", &["el9", "fc42"]);
        let place = site.served("stable/1.0").join(CLIENT_PACKAGE);
        let date = place.metadata().unwrap().modified().unwrap();
        flip(&site, &format!("stable/1.0/{CLIENT_PACKAGE}"));
        // A disk that fails does not change the date.
        std::fs::File::open(&place).unwrap().set_modified(date).unwrap();
        cut_index(&site);
        let left_out = format!("warning: `{CLIENT_PACKAGE}` of revision 1 is damaged, and is left out");
        let version = if ending == "promote" {
            site.promote(&[]).exits(0).says(&[WARNING, &left_out]);
            vec!["demo-0:1.0.1-1.el9.noarch", "demo-0:1.0.2-1.el9.noarch"]
        } else {
            make_again(&site, "rollback 1.0 --to 1").says(&[WARNING, &left_out]);
            vec!["demo-0:1.0.1-1.el9.noarch"]
        };
        is_sound(&site, &[version, vec!["demo-repo-0:1.0-2.noarch"]].concat());
    }
}

#[test]
fn several_damaged_packages_are_yanked_at_once() {
    for with_repodata in [false, true] {
        let site = Site::with(URL);
        for message in ["One", "Two", "Three"] {
            site.promoted(message, &["el9"]);
        }
        for version in [1, 2] {
            flip(&site, &format!("stable/1.0/rpm/el9/noarch/demo-1.0.{version}-1.el9.noarch.rpm"));
        }
        if with_repodata {
            cut_index(&site);
            let one = ["yank", "demo-1.0.1-1.el9.noarch", "--why", "the disk was bad"];
            let refused = site.releng(&one).exits(1).says(&["cannot be made again: so are packages that it lists"]);
            site.release("Four", &["el9"]);
            site.promote(&[]).exits(1).says(&["cannot be made again", "yank demo-1.0.1-1.el9.noarch demo-1.0.2-1"]);
            let done = follow(site.project.path(), &refused, "yank", &[("REASON", "'the disk was bad'")]).exits(0);
            done.says(&["`demo-1.0.1-1.el9.noarch` is damaged: whether another package requires it is not known"]);
        } else {
            let found = site.releng(&["verify"]).exits(1);
            follow(site.project.path(), &found, "yank", &[("REASON", "'the disk was bad'")]).exits(0);
        }
        is_sound(&site, &["demo-0:1.0.3-1.el9.noarch", "demo-repo-0:1.0-1.noarch"]);
        let both = ["demo-1.0.2-1.el9.noarch", "demo-1.0.1-1.el9.noarch"];
        let again = site.releng(&[&["yank"], &both[..], &["--why", "x"]].concat()).exits(0);
        again.says(&["`demo-1.0.1-1.el9.noarch`, `demo-1.0.2-1.el9.noarch` were yanked from stable/1.0 already"]);
        let none = ["yank", "demo-1.0.3-1.el9.noarch", "demo-1.0.2-1.el9.noarch", "--why", "x"];
        site.releng(&none).exits(1).says(&["no stable series has the package `demo-1.0.2-1.el9.noarch`"]);
    }
}

#[test]
fn what_is_made_again_is_signed() {
    for path in ["rpm/el9/repodata/repomd.xml", "rpm/el9/repodata/repomd.xml.asc", "sources/SHA256SUMS.asc"] {
        let signed = SignedSite::new();
        signed.promoted("One");
        signed.site.tamper(&format!("stable/1.0/{path}"), |content| content.truncate(100));
        let found = signed.releng(&["verify"]).exits(1).says(&["releng rollback 1.0 --to 1`"]);
        drop(found);
        signed.releng(&["rollback", "1.0", "--to", "1"]).exits(0);
        signed.releng(&["prune", "--damaged"]).exits(0);
        let found = signed.releng(&["verify"]);
        assert_eq!(found.code, 0, "{path}: {}{}", found.stdout, found.stderr);
        for path in ["rpm/el9/repodata/repomd.xml.asc", "sources/SHA256SUMS.asc"] {
            assert!(signed.site.served("stable/1.0").join(path).is_file());
        }
    }
}

#[test]
fn packages_of_different_series_are_yanked_one_by_one() {
    let site = Site::new();
    site.promoted("One", &["el9"]);
    site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    site.build(&["el9"]);
    site.releng(&["stage"]).exits(0);
    site.promote(&[]).exits(0);
    let (one, two) = ("demo-1.0.1-1.el9.noarch", "demo-2.0.0-1.el9.noarch");
    let refused = site.releng(&["yank", one, two, "--why", "x"]).exits(1);
    let places = format!("`{one}` is in stable/1.0, `{two}` is in stable/2.0");
    refused.says(&[&places, "yank those of each series by a command of their own"]);
    for package in [one, two] {
        site.releng(&["yank", package, "--why", "x"]).exits(0);
    }
}
