//! A key that somebody added to the served file, where the copy in the state is lost: clients do not get it.

use std::fs;
use std::path::Path;

use crate::support::keys::Keys;
use crate::support::program::run_in;
use crate::support::signed::{KEY, SignedSite};
use crate::support::site::Site;

const OTHER: &str = "other@example.org";

fn count(keys: &str) -> usize {
    keys.matches("BEGIN PGP PUBLIC KEY BLOCK").count()
}

/// Adds a foreign key to the served file, and removes or damages the copy.
fn add_foreign(signed: &SignedSite, other: &Keys, copy: Option<&str>) {
    let key = other.gpg(&["--armor", "--export", OTHER]).stdout;
    let served = signed.site.served("RPM-GPG-KEY-demo");
    let text = fs::read_to_string(&served).unwrap() + &key;
    assert_eq!(count(&text), 2);
    fs::write(served, text).unwrap();
    match copy {
        Some(text) => fs::write(signed.site.state("keys.asc"), text).unwrap(),
        None => fs::remove_file(signed.site.state("keys.asc")).unwrap(),
    }
}

#[test]
fn a_foreign_key_is_not_given_to_clients() {
    let other = Keys::of(&[(OTHER, "ed25519")]);
    let signed = SignedSite::new();
    signed.promoted("One");
    signed.promoted("Two");
    signed.staged("Three");
    let keys = || [signed.site.text("RPM-GPG-KEY-demo"), fs::read_to_string(signed.site.state("keys.asc")).unwrap()];
    let yank = ["yank", "demo-1.0.1-1.el9.noarch", "--why", "it leaks"];
    for args in [&["stage"][..], &yank, &["rollback", "1.0", "--to", "2"], &["prune"], &["recover-log"]] {
        add_foreign(&signed, &other, None);
        let parts = ["`RPM-GPG-KEY-demo` has ", OTHER, "which clients will not get: neither the configuration, nor"];
        let found = signed.releng(&["verify"]).exits(1);
        assert!(parts.iter().all(|part| found.stdout.contains(part)), "{}", found.stdout);
        signed.releng(args).exits(0).says(&parts);
        signed.releng(&["prune"]).exits(0);
        assert!(keys().iter().all(|keys| count(keys) == 1), "{args:?}");
        signed.releng(&["verify"]).exits(0);
    }
    add_foreign(&signed, &other, Some("junk"));
    signed.promote(&[]).exits(0).says(&["which clients will not get"]);
    assert!(keys().iter().all(|keys| count(keys) == 1));
    signed.releng(&["verify"]).exits(0);
    let names = signed.site.project.files("target/repository/demo/stable/1.0/rpm/el9");
    let packages: Vec<&String> = names.iter().filter(|name| name.contains("demo-repo-")).collect();
    assert_eq!(packages.len(), 1, "no new package for clients: {packages:?}");
}

#[test]
fn a_former_key_that_has_signed_a_package_stays() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), ("next@example.org", "ed25519")]));
    signed.promoted("One");
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"next@example.org\"\n"));
    signed.promoted("Two");
    fs::remove_file(signed.site.state("keys.asc")).unwrap();
    signed.configure("sign = \"next@example.org\"\n");
    signed.promoted("Three");
    assert_eq!(count(&signed.site.text("RPM-GPG-KEY-demo")), 2);
}

#[test]
fn a_signed_latest_of_somebody_else_decides_about_no_key() {
    let (site, other) = (Site::of_three(), SignedSite::new());
    ["One", "Two", "Three"].iter().for_each(|message| other.promoted(message));
    let latest = site.served("unstable/1.0/snapshot-demo_1.0_pipeline_3");
    fs::remove_dir_all(&latest).unwrap();
    let foreign = other.site.served("unstable/1.0/snapshot-demo_1.0_pipeline_3");
    run_in(Path::new("/"), "cp", &["-a", foreign.to_str().unwrap(), latest.to_str().unwrap()], &[]).exits(0);
    for args in [&["prune"][..], &["verify"], &["status"]] {
        let ran = site.releng(args);
        let said = ran.stdout + &ran.stderr;
        assert!(!said.contains("RPM-GPG-KEY") && !said.contains("have a key"), "{args:?}: {said}");
    }
    site.release("Four", &["el9"]);
}
