//! The served keys and their copy in the state are both lost: each command that says so names one that makes them again.

use std::fs;

use super::follow;
use crate::support::keys::Keys;
use crate::support::program::Ran;
use crate::support::signed::{KEY, SignedSite};

const NEXT: &str = "next@example.org";
const BUILDS: &str = "[rpm]\ndists = [\"el9\"]\nportable-noarch = true\n";
const NAMES: &str = "with the keys of the configuration and of the package `-repo`: `releng dist --rpm`";

/// The served keys and their copy.
fn files(signed: &SignedSite) -> [std::path::PathBuf; 2] {
    [signed.site.served("RPM-GPG-KEY-demo"), signed.site.state("keys.asc")]
}

fn contents(signed: &SignedSite) -> [String; 2] {
    files(signed).map(|file| fs::read_to_string(file).unwrap())
}

/// Overwrites or removes the two files.
fn damage(signed: &SignedSite, with: [Option<&str>; 2]) {
    for (file, with) in files(signed).iter().zip(with) {
        match with {
            Some(with) => fs::write(file, with).unwrap(),
            None => drop(fs::remove_file(file)),
        }
    }
}

fn count(keys: &str) -> usize {
    keys.matches("BEGIN PGP PUBLIC KEY BLOCK").count()
}

/// Runs the command of a help, with the keys.
#[track_caller]
fn follow_with_keys(signed: &SignedSite, ran: &Ran) -> Ran {
    let home = signed.keys.home().display().to_string();
    let mut ran = Ran { code: ran.code, stdout: ran.stdout.clone(), stderr: ran.stderr.clone() };
    ran.stderr = ran.stderr.replace("`releng dist", &format!("`GNUPGHOME={home} releng dist"));
    follow(signed.site.project.path(), &ran, "dist --rpm", &[])
}

#[test]
fn each_command_names_one_that_makes_the_keys_again() {
    let signed = SignedSite::new();
    signed.configure(&format!("sign = \"{KEY}\"\n{BUILDS}"));
    signed.site.commit("One");
    signed.releng(&["dist", "--rpm"]).exits(0);
    signed.promote(&[]).exits(0);
    let [served, copy] = contents(&signed);
    let (altered, cut) = (served.replace('m', "n"), &served[..served.len() - 40]);
    let states = [
        ([None, None], ["which clients need, is missing", "in the state is missing"]),
        ([Some("junk"), None], ["which clients need, is damaged: it has no keys", "in the state is missing"]),
        ([Some(&altered), None], ["which clients need, is damaged: key 1 is not a public key", "is missing"]),
        ([None, Some("junk")], ["which clients need, is missing", "in the state is damaged: it has no keys"]),
        ([Some(cut), Some(cut)], ["is damaged: a key in it is not whole", "in the state is damaged: a key in it is"]),
    ];
    for (state, words) in states {
        damage(&signed, state);
        let status = signed.releng(&["status"]).exits(0).prints_part(words[0]).prints_part(words[1]).prints_part(NAMES);
        assert_eq!(status.stdout.matches("problem").count(), 1, "{}", status.stdout);
        let found = signed.releng(&["verify"]).exits(1).says(&["1 finding", "keys-differ: ", NAMES]);
        found.prints_part("keys-differ: RPM-GPG-KEY-demo: it is ");
        signed.releng(&["prune"]).exits(0).says(&["warning: ", words[0], words[1], NAMES]);
        signed.releng(&["stage", "--dry-run"]).exits(0).prints_part("  write keys.asc\n  write RPM-GPG-KEY-demo\n");
        let refused =
            signed.releng(&["recover-log"]).exits(1).says(&[words[0], words[1], "help: put one of them", NAMES]);
        follow_with_keys(&signed, &refused)
            .exits(0)
            .says(&["are made again", "wrote the keys again; staged already: "]);
        assert_eq!(contents(&signed), [served.clone(), copy.clone()]);
        signed.releng(&["verify"]).exits(0);
        assert!(!signed.releng(&["status"]).exits(0).stdout.contains("problem"));
    }
}

#[test]
fn the_keys_of_the_package_for_clients_are_made_again_too() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), (NEXT, "ed25519")]));
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promoted("One");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.promoted("Two");
    let before = contents(&signed);
    assert_eq!(count(&before[0]), 2);
    for state in [[None, None], [Some("junk"), Some("junk")]] {
        damage(&signed, state);
        signed.releng(&["stage"]).exits(0);
        assert_eq!(contents(&signed), before);
        signed.releng(&["verify"]).exits(0);
    }
    // What somebody has added to the package is no key of the repository.
    let package = "revisions/stable-1.0/000002/rpm/el9/noarch/demo-repo-1.0-2.noarch.rpm";
    signed.site.tamper(package, |content| *content.last_mut().unwrap() ^= 1);
    damage(&signed, [None, None]);
    signed.releng(&["stage"]).exits(0);
    assert_eq!(count(&contents(&signed)[0]), 1);
}

#[test]
fn a_rollback_makes_the_keys_again_or_warns() {
    let signed = SignedSite::new();
    for message in ["One", "Two", "Three"] {
        signed.promoted(message);
    }
    let before = contents(&signed);
    for state in [[None, None], [Some("junk"), Some("junk")]] {
        damage(&signed, state);
        let parts = ["which clients need, is ", "`RPM-GPG-KEY-demo` and its copy are made again"];
        let plan = signed.releng(&["rollback", "1.0", "--to", "1", "--dry-run"]).exits(0).says(&parts);
        plan.prints_part("  write keys.asc\n  write RPM-GPG-KEY-demo\n");
        signed.releng(&["rollback", "1.0", "--to", "1"]).exits(0).says(&parts);
        assert_eq!(contents(&signed), before);
        signed.releng(&["verify"]).exits(0);
        signed.releng(&["rollback", "1.0", "--to", "3"]).exits(0);
    }
    signed.configure("");
    damage(&signed, [None, None]);
    let ran =
        signed.releng(&["rollback", "1.0", "--to", "1"]).exits(0).says(&["which clients need, is missing", NAMES]);
    assert!(!ran.stderr.contains("made again"), "{}", ran.stderr);
}

#[test]
fn a_copy_of_an_old_backup_is_noticed() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), (NEXT, "ed25519")]));
    signed.promoted("One");
    let [old_served, old] = contents(&signed);
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promoted("Two");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.staged("Three");
    let new = contents(&signed);
    for step in ["staged", "promoted"] {
        fs::write(&files(&signed)[1], &old).unwrap();
        let why = "the copy `keys.asc` in the state is damaged: it does not have the key `";
        signed.releng(&["status"]).exits(0).prints_part(why).prints_part("it may be an older copy");
        signed.releng(&["verify"]).exits(1).says(&["1 finding", "key-copy-differs: "]);
        signed.releng(&["prune"]).exits(0).says(&["damaged and not used: it does not have the key"]);
        assert_eq!(contents(&signed)[0], new[0], "{step}: clients keep the key that signs");
        signed.releng(&["recover-log"]).exits(0);
        assert_eq!(contents(&signed), new);
        if step == "staged" {
            signed.promote(&[]).exits(0);
        }
    }
    // With the served file, all are lost: what is there is not enough.
    damage(&signed, [Some(&old_served), Some(&old)]);
    signed.releng(&["verify"]).exits(1);
    damage(&signed, [None, Some(&old)]);
    signed.releng(&["status"]).exits(0).prints_part("is damaged: it does not have the key").prints_part(NAMES);
    signed.releng(&["stage"]).exits(0);
    assert_eq!(contents(&signed), new);
}

#[test]
fn a_rollback_that_signs_nothing_needs_no_key_of_the_configuration() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), (&format!("other {KEY}"), "ed25519")]));
    let listing = signed.keys.gpg(&["--with-colons", "--list-keys"]).stdout;
    let print = listing.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':');
    signed.configure(&format!("sign = \"{print}\"\n"));
    for message in ["One", "Two"] {
        signed.promoted(message);
    }
    signed.configure(&format!("sign = \"{KEY}\"\n"));
    let unused =
        "the keys of the configuration cannot be used, and the served keys count: `demo@example.org` matches more";
    signed.releng(&["rollback", "1.0"]).exits(0).says(&[unused]);
    signed.releng(&["verify"]).exits(0);
    let yank = ["yank", "demo-1.0.1-1.el9.noarch", "--why", "x"];
    signed.releng(&yank).exits(1).says(&["matches more than one"]);
}

#[test]
fn keys_of_a_time_before_a_change_are_published_again() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), (NEXT, "ed25519")]));
    signed.promoted("One");
    let [old_served, old] = contents(&signed);
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n{BUILDS}"));
    signed.promoted("Two");
    signed.configure(&format!("sign = \"{NEXT}\"\n{BUILDS}"));
    signed.site.commit("Three");
    signed.releng(&["dist", "--rpm"]).exits(0);
    signed.promote(&[]).exits(0);
    damage(&signed, [Some(&old_served), Some(&old)]);
    let help =
        "signature-bad: the public keys lack the key that signed: both files can be of a time before a change of keys";
    let found = signed.releng(&["verify"]).exits(1).says(&[help]);
    assert!(!found.stderr.contains("somebody may have changed it"), "{}", found.stderr);
    signed.site.commit("Four");
    follow_with_keys(&signed, &found).exits(0);
    signed.releng(&["verify"]).exits(0);
}
