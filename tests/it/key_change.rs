//! The key that signs changes, and clients that nobody touches go on to upgrade: announced, switched, dropped.

use crate::support::keys::Keys;
use crate::support::machine::Machine;
use crate::support::signed::{KEY, SignedSite};

const NEXT: &str = "next@example.org";
const REPO_FILE: &str = "demo-stable-1.0-el9.repo";
const CLIENT_KEYS: &str = "/etc/pki/rpm-gpg/RPM-GPG-KEY-demo";

fn with_both() -> SignedSite {
    SignedSite::with(Keys::of(&[(KEY, "rsa3072"), (NEXT, "rsa3072")]))
}

fn repo_path(name: &str) -> String {
    format!("/etc/yum.repos.d/{name}")
}

/// A machine with the served `.repo` file, which has installed `demo`.
fn of_the_server(signed: &SignedSite) -> Machine {
    let machine = Machine::new();
    machine.write(&repo_path(REPO_FILE), &signed.site.text(REPO_FILE));
    machine.dnf(&["install", "demo"]).exits(0);
    machine
}

/// A machine that has the `.repo` file and the keys from the package.
fn of_the_package(signed: &SignedSite) -> Machine {
    let machine = of_the_server(signed);
    machine.dnf(&["install", "demo-repo"]).exits(0);
    machine.write(&repo_path(REPO_FILE), &machine.text(&repo_path(&format!("{REPO_FILE}.rpmnew"))));
    machine
}

/// How many keys a text has.
fn count(keys: &str) -> usize {
    keys.matches("BEGIN PGP PUBLIC KEY BLOCK").count()
}

fn served(signed: &SignedSite) -> usize {
    count(&signed.site.text("RPM-GPG-KEY-demo"))
}

#[track_caller]
fn upgrades(machine: &Machine, version: &str) {
    let ran = machine.dnf(&["upgrade"]).exits(0);
    let installed = machine.installed();
    assert!(installed.contains(&format!("demo-{version}")), "{installed:?}\n{}{}", ran.stdout, ran.stderr);
}

/// Some versions of dnf exit with 0 where a repository cannot be verified.
#[track_caller]
fn is_stuck(machine: &Machine) {
    let before = machine.installed();
    let ran = machine.dnf(&["upgrade"]);
    let said = ran.stdout + &ran.stderr;
    assert!(said.contains("Bad GPG signature"), "{}:\n{said}", ran.code);
    assert_eq!(machine.installed(), before);
}

#[test]
fn an_untouched_client_goes_through_announcement_and_switch() {
    let signed = with_both();
    signed.promoted("One");
    let (server, package, absent) = (of_the_server(&signed), of_the_package(&signed), of_the_package(&signed));
    assert_eq!((served(&signed), count(&package.text(CLIENT_KEYS))), (1, 1));
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promoted("Two");
    signed.releng(&["verify"]).exits(0);
    for machine in [&server, &package] {
        upgrades(machine, "1.0.2");
    }
    assert_eq!((served(&signed), count(&package.text(CLIENT_KEYS))), (2, 2));
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.promoted("Three");
    signed.releng(&["verify"]).exits(0);
    for machine in [&server, &package] {
        upgrades(machine, "1.0.3");
    }
    assert_eq!(served(&signed), 2, "packages of the key before are served");
    of_the_server(&signed).does(&["install", "demo-1.0.1"], &["demo-1.0.1"]);
    // A machine that was off all the time needs a person, as the guide says.
    is_stuck(&absent);
    absent.write(CLIENT_KEYS, &signed.site.text("RPM-GPG-KEY-demo"));
    upgrades(&absent, "1.0.3");
}

#[test]
fn a_key_that_clients_do_not_have_signs_only_by_force() {
    let signed = with_both();
    signed.promoted("One");
    let (server, package) = (of_the_server(&signed), of_the_package(&signed));
    signed.staged("Two");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    let lacking = "clients of stable/1.0 for el9 do not have the key `";
    let refused = signed.promote(&[]).exits(1);
    refused.says(&["refusing to promote `", lacking, "help: announce it: set `repository.next-key` to it"]);
    signed.promote(&["--dry-run"]).exits(1).prints_part("  key        NO: clients of stable/1.0");
    signed.site.commit("Three").build(&["el9"]);
    signed.releng(&["stage"]).exits(1).says(&[lacking, " stage --force REASON`"]);
    signed.releng(&["dist"]).exits(1).says(&[lacking]);
    signed.releng(&["stage", "--force", "the card broke"]).exits(0);
    signed.promote(&["--force", "the card broke"]).exits(0);
    let forced = "by revision 2: clients that had the package `-repo` before need a person; \"Changing the key\"";
    signed.releng(&["status"]).exits(0).prints_part(forced);
    signed.releng(&["verify"]).exits(0);
    let log = std::fs::read_to_string(signed.site.state("log.jsonl")).unwrap();
    assert_eq!(log.matches("\"force\":\"the card broke\"").count(), 2, "{log}");
    upgrades(&server, "1.0.3");
    is_stuck(&package);
    package.write(CLIENT_KEYS, &signed.site.text("RPM-GPG-KEY-demo"));
    upgrades(&package, "1.0.3");
    // Now clients have it: the reason counts no more and is not kept.
    signed.staged("Four");
    signed.promote(&["--force", "for nothing"]).exits(0);
    assert!(!std::fs::read_to_string(signed.site.state("log.jsonl")).unwrap().contains("for nothing"));
    upgrades(&package, "1.0.4");
}

#[test]
fn status_knows_of_a_key_by_force_after_a_rollback() {
    let signed = with_both();
    signed.promoted("One");
    let absent = of_the_package(&signed);
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.site.commit("Two").build(&["el9"]);
    signed.releng(&["stage", "--force", "the card broke"]).exits(0);
    signed.promote(&["--force", "the card broke"]).exits(0);
    let forced =
        "by force in stable/1.0 since 2026-01-02, by revision 2: clients that had the package `-repo` before need";
    signed.releng(&["status"]).exits(0).prints_part(forced);
    signed.releng(&["rollback", "1.0"]).exits(0).says(&["are signed anew"]);
    is_stuck(&absent);
    signed.releng(&["status"]).exits(0).prints_part(forced);
    // Its release was given up, and its number may be pruned.
    signed.promoted("Three");
    signed.releng(&["status"]).exits(0).prints_part(forced);
    is_stuck(&absent);
    std::fs::remove_dir_all(signed.site.served("revisions/stable-1.0/000002")).unwrap();
    signed.releng(&["prune", "--missing"]).exits(0);
    signed.releng(&["status"]).exits(0).prints_part(forced);
    // A key that is announced afterwards is none by force.
    signed.configure(&format!("sign = \"{NEXT}\"\nnext-key = \"{KEY}\"\n"));
    signed.promoted("Four");
    signed.releng(&["status"]).exits(0).prints_part("announced in stable/1.0 since 2026-01-02, by revision 1");
}

#[test]
fn packages_of_a_key_that_clients_do_not_have_are_not_promoted() {
    let signed = with_both();
    signed.promoted("One");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.site.commit("Two").build(&["el9"]);
    signed.releng(&["stage", "--force", "a mistake"]).exits(0);
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promote(&[]).exits(1).says(&["clients of stable/1.0 for el9 do not have the key `"]);
    // Built and staged again, the key before signs it.
    signed.promoted("Three");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.promoted("Four");
}

#[test]
fn a_change_can_be_taken_back_before_and_after_the_switch() {
    let signed = with_both();
    signed.promoted("One");
    let (server, package) = (of_the_server(&signed), of_the_package(&signed));
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promoted("Two");
    upgrades(&package, "1.0.2");
    signed.configure(&format!("sign = \"{KEY}\"\n"));
    signed.releng(&["status"]).exits(0).prints_part(" is served; it has signed nothing that is there, and the next ");
    signed.promoted("Three");
    upgrades(&package, "1.0.3");
    assert_eq!((served(&signed), count(&package.text(CLIENT_KEYS))), (1, 1), "it has signed nothing, and is dropped");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.site.commit("Four").build(&["el9"]);
    signed.releng(&["stage"]).exits(1).says(&["do not have the key"]);
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.releng(&["stage"]).exits(0);
    signed.promote(&[]).exits(0);
    upgrades(&package, "1.0.4");
    for (sign, message, version) in [(NEXT, "Five", "1.0.5"), (KEY, "Six", "1.0.6")] {
        signed.configure(&format!("sign = \"{sign}\"\n"));
        signed.promoted(message);
        upgrades(&package, version);
        upgrades(&server, version);
    }
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn the_key_before_is_dropped_with_the_last_that_it_signed() {
    let signed = with_both();
    signed.promoted("One");
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promoted("Two");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.site.commit("Break\n\nSem-Ver: api-breaking").project.git(&["tag", "2.0"]);
    signed.promoted("Break on");
    let machine = Machine::new();
    machine.write(&repo_path("demo.repo"), &signed.site.text("demo-stable-2.0-el9.repo"));
    machine.does(&["install", "demo"], &["demo-2.0.1"]);
    signed.promoted("Three");
    assert_eq!(served(&signed), 2, "stable/1.0 is served");
    for folder in ["stable/1.0", "revisions/stable-1.0", "unstable/1.0"] {
        let path = signed.site.served(folder);
        if path.is_symlink() { std::fs::remove_file(path).unwrap() } else { std::fs::remove_dir_all(path).unwrap() }
    }
    signed.releng(&["prune", "--missing"]).exits(0);
    assert_eq!(served(&signed), 2, "a promotion drops it");
    signed.promoted("Four");
    assert_eq!(served(&signed), 1);
    signed.releng(&["verify"]).exits(0);
    upgrades(&machine, "2.0.3");
}

/// A key often has the name of the key before, and the machine that signs may not have its secret part yet.
#[test]
fn two_keys_of_one_name_are_told_apart_by_the_secret_part() {
    let (keys, other) = (Keys::of(&[(KEY, "rsa3072")]), Keys::of(&[(KEY, "rsa3072")]));
    let public = other.home().join("public.asc").display().to_string();
    other.gpg(&["--armor", "--output", &public, "--export"]);
    keys.gpg(&["--import", &public]);
    let listing = other.gpg(&["--with-colons", "--list-keys"]).stdout;
    let next = listing.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':');
    let signed = SignedSite::with(keys);
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{next}\"\n"));
    signed.promoted("One");
    assert_eq!(served(&signed), 2);
    signed
        .releng(&["status"])
        .exits(0)
        .prints_part(&format!("{next} ({KEY}) is the next key; announced in stable/1.0"));
    // The next key is served: a machine without it goes on.
    signed.keys.gpg(&["--yes", "--delete-keys", next]);
    signed.promoted("Two");
    assert_eq!(served(&signed), 2);
}

#[test]
fn a_key_that_a_dist_cannot_read_is_refused() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "rsa3072"), (NEXT, "ed25519")]));
    signed.site.commit("One").build(&["el8", "el9"]);
    let unreadable = ["rpm of el8 cannot read the key `", "it is not an RSA key", "help: make an RSA key: `gpg "];
    for lines in [format!("sign = \"{NEXT}\"\n"), format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n")] {
        signed.configure(&lines);
        signed.releng(&["stage"]).exits(1).says(&unreadable);
    }
    signed.configure(&format!("sign = \"{KEY}\"\n"));
    signed.releng(&["stage"]).exits(0);
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promote(&[]).exits(1).says(&unreadable);
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"nobody@example.org\"\n"));
    let absent = "GnuPG has no key `nobody@example.org`, which `repository.next-key` names";
    signed.promote(&[]).exits(1).says(&[absent, "help: import it with `gpg --import`"]);
}

#[test]
fn a_rollback_takes_the_announcement_back() {
    let signed = with_both();
    let announced = format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n");
    signed.promoted("One");
    let package = of_the_package(&signed);
    signed.configure(&announced);
    signed.promoted("Two");
    upgrades(&package, "1.0.2");
    let lost = ["revision 1 was made before the key `", "announce it again: set `repository.next-key` to it"];
    signed.releng(&["rollback", "1.0", "--dry-run"]).exits(0).says(&lost);
    signed.releng(&["rollback", "1.0"]).exits(0).says(&lost);
    // Clients that come now, and those that go back, do not get the key.
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.site.commit("Three").build(&["el9"]);
    let lacking = "clients of stable/1.0 for el9 do not have the key `";
    signed.releng(&["stage"]).exits(1).says(&[lacking]);
    signed.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"]).exits(1).says(&[lacking]);
    signed.configure(&announced);
    signed.releng(&["stage"]).exits(0);
    signed.promote(&[]).exits(0);
    upgrades(&package, "1.0.3");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "it burns"]).exits(0);
    signed.promoted("Four");
    upgrades(&package, "1.0.4");
    signed.releng(&["verify"]).exits(0);
}
