//! What `status` says of keys, and the warnings before a key ends.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::keys::Keys;
use crate::support::signed::{KEY, SignedSite};

const NEXT: &str = "next@example.org";

fn with_both() -> SignedSite {
    SignedSite::with(Keys::of(&[(KEY, "ed25519"), (NEXT, "ed25519")]))
}

fn json(signed: &SignedSite) -> Value {
    serde_json::from_str(&signed.releng(&["status", "--json"]).exits(0).stdout).unwrap()
}

fn roles(status: &Value) -> Vec<&str> {
    status["keys"].as_array().unwrap().iter().map(|key| key["role"].as_str().unwrap()).collect()
}

#[test]
fn status_says_where_a_change_of_keys_stands() {
    let signed = with_both();
    signed.promoted("One");
    signed.releng(&["status"]).exits(0).prints_part(" signs\n");
    assert_eq!(roles(&json(&signed)), ["sign"]);
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    let before = "is the next key; not announced in stable/1.0 for el9 yet: the next promotion does it\n";
    signed.releng(&["status"]).exits(0).prints_part(before);
    assert_eq!(json(&signed)["keys"][1]["clients"][0]["revision"], Value::Null);
    signed.promoted("Two");
    let announced = "is the next key; announced in stable/1.0 since 2026-01-02, by revision 2; \
                     when clients have upgraded, set `repository.sign` to it, and commit it\n";
    signed.releng(&["status"]).exits(0).prints_part(announced);
    signed.promoted("Three");
    signed.releng(&["status"]).exits(0).prints_part(announced);
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.promoted("Four");
    let status = json(&signed);
    assert_eq!(roles(&status), ["sign", "former"]);
    // Three releases with a package and a source RPM each, and two packages for clients.
    assert_eq!(status["keys"][1]["needed-for"]["packages"], 8);
    signed.releng(&["status"]).exits(0).prints_part(" has signed before; needed for 8 packages and ");
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{KEY}\"\n"));
    assert_eq!(roles(&json(&signed)), ["sign", "former"], "a next key that signs already is no next key");
}

#[test]
fn status_goes_on_without_the_key_and_without_gnupg() {
    let signed = with_both();
    signed.promoted("One");
    let elsewhere = Keys::none();
    let variables = [("GNUPGHOME", elsewhere.home().to_str().unwrap())];
    let ran = signed.site.releng_with(&variables, &["status"]).exits(0);
    let ran = ran.prints_part("GnuPG has no key `demo@example.org`, which `repository.sign` names\n");
    ran.prints_part("stable/1.0");
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"nobody@example.org\"\n"));
    signed
        .releng(&["status"])
        .exits(0)
        .prints_part("GnuPG has no key `nobody@example.org`, which `repository.next-key`");
    let path = crate::support::program::path_without(&signed.site.project.join("target/path"), &["gpg"]);
    signed.site.releng_with(&[("PATH", &path)], &["status"]).exits(0).prints_part("stable/1.0");
}

/// A site whose key expires in so many days from now, and that time.
fn expiring(expiry: &str) -> (SignedSite, Timestamp) {
    let keys = Keys::none();
    keys.add(KEY, "ed25519", "", expiry);
    let listing = keys.gpg(&["--with-colons", "--list-keys"]).stdout;
    let line = listing.lines().find(|line| line.starts_with("pub:")).unwrap();
    let end = line.split(':').nth(6).unwrap().parse().unwrap();
    (SignedSite::with(keys), Timestamp::from_second(end).unwrap())
}

#[test]
fn a_key_that_expires_soon_is_a_warning_and_one_that_has_expired_signs_nothing() {
    let (signed, end) = expiring("400d");
    let before = |days: i64| (end - SignedDuration::from_hours(24 * days) - SignedDuration::from_mins(5)).to_string();
    let soon = "the key `";
    signed.site.commit("One").build(&["el9"]);
    let stage = signed.releng_at(&before(60), &["stage"]).exits(0);
    assert!(!stage.stderr.contains(soon), "{}", stage.stderr);
    let date = end.strftime("%Y-%m-%d").to_string();
    let warning = format!("expires on {date}, in 59 days: announce a new key in time");
    let promote = ["promote", "--major", "--untested", "a test"];
    signed.releng_at(&before(59), &promote).exits(0).says(&[&warning, "do not give this one a new expiry"]);
    signed.releng_at(&before(59), &["status"]).exits(0).says_nothing().prints_part(&warning);
    signed.releng_at(&before(60), &["status"]).exits(0).prints_part(&format!("signs, until {date}\n"));
    let status = signed.releng_at(&before(59), &["status", "--json"]).exits(0).stdout;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert!(status["keys"][0]["warning"].as_str().unwrap().contains(&warning), "{status}");
    signed.site.commit("Two").build(&["el9"]);
    let after = (end + SignedDuration::from_secs(1)).to_string();
    let refused = signed.releng_at(&after, &["stage"]).exits(1);
    refused.says(&["is expired", "help: make a new key, set `repository.sign` to it, and commit it: ", "a new expiry"]);
    let status =
        signed.releng_at(&after, &["status"]).exits(0).prints_part(": sign with another key: with the next one");
    assert!(status.stdout.contains(&format!("should sign, and cannot, ended {date}\n")), "{}", status.stdout);
    // The help works.
    signed.keys.add(NEXT, "ed25519", "", "5y");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    let refused = signed.releng_at(&after, &["stage"]).exits(1).says(&["help: the key before has expired: `"]);
    assert!(!refused.stderr.contains("announce it"), "no key can announce another one: {}", refused.stderr);
    signed.releng_at(&after, &["stage", "--force", "it has expired"]).exits(0);
    signed.releng_at(&after, &[&promote[..], &["--force", "it has expired"]].concat()).exits(0);
}

#[test]
fn a_new_expiry_does_not_reach_clients_and_is_a_warning() {
    let (signed, end) = expiring("400d");
    signed.promoted("One");
    let listing = signed.keys.gpg(&["--with-colons", "--list-keys"]).stdout;
    let print =
        listing.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':').to_owned();
    signed.keys.gpg(&["--quick-set-expire", &print, "10y"]);
    let warning = format!("clients have a copy that ends on {}", end.strftime("%Y-%m-%d"));
    signed.releng(&["status"]).exits(0).prints_part(&warning);
    signed.site.commit("Two").build(&["el9"]);
    signed.releng(&["stage"]).exits(0).says(&[&warning]);
    let served = signed.site.text("RPM-GPG-KEY-demo");
    assert_eq!(served.matches("BEGIN PGP PUBLIC KEY BLOCK").count(), 1, "a key is served once");
}

/// In real time: gpg, rpm and dnf have their own clocks.
#[test]
fn clients_go_on_after_the_key_before_has_expired() {
    use crate::support::machine::Machine;
    const LIFE: u64 = 25;
    let (signed, end) = expiring(&format!("seconds={LIFE}"));
    signed.keys.add(NEXT, "ed25519", "", "5y");
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promoted("One");
    let machine = |name: &str| {
        let machine = Machine::new();
        machine.write("/etc/yum.repos.d/demo-stable-1.0-el9.repo", &signed.site.text("demo-stable-1.0-el9.repo"));
        machine.dnf(&["install", name]).exits(0);
        machine
    };
    let old = machine("demo");
    let life = Duration::from_secs(u64::try_from(end.as_second()).unwrap() + 2);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    std::thread::sleep(life.saturating_sub(now));
    signed.site.commit("Two").build(&["el9"]);
    signed.releng(&["stage"]).exits(1).says(&["is expired"]);
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.promoted("Two");
    old.does(&["upgrade"], &["demo-1.0.3"]);
    machine("demo").does(&["upgrade"], &["demo-1.0.3"]);
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn keys_are_shown_with_their_owner() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), ("Next \u{1b}[31m <next@example.org>", "ed25519")]));
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.site.commit("One").build(&["el9"]);
    signed.releng(&["stage"]).exits(0);
    let gate = format!("` ({KEY}) signs, and the series has no clients yet");
    signed.promote(&["--dry-run"]).exits(0).prints_part(&gate);
    let status = signed.releng(&["status"]).exits(0).prints_part(&format!(" ({KEY}) signs\n"));
    status.prints_part(" (Next [31m <next@example.org>) is the next key");
    let keys = json(&signed)["keys"].clone();
    assert_eq!([&keys[0]["user-id"], &keys[1]["user-id"]], [KEY, "Next [31m <next@example.org>"]);
    signed.promote(&[]).exits(0);
    signed.configure("sign = \"none@example.org\"\n");
    signed.keys.add("none@example.org", "ed25519", "", "never");
    signed.site.commit("Two").build(&["el9"]);
    signed.releng(&["stage"]).exits(1).says(&["do not have the key `", "` (none@example.org) yet"]);
}

/// In real time, as `verify` has the clock of gpg.
#[test]
fn an_expired_key_closes_the_gate_and_is_a_finding_of_its_own() {
    const LIFE: u64 = 30;
    let (signed, end) = expiring(&format!("seconds={LIFE}"));
    signed.keys.add(NEXT, "ed25519", "", "5y");
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promoted("One");
    signed.staged("Two");
    let after = (end + SignedDuration::from_secs(1)).to_string();
    let promote = ["promote", "--major", "--untested", "a test"];
    let gate = signed.releng_at(&after, &[&promote[..], &["--dry-run"]].concat()).exits(1);
    let gate = gate.says(&["refusing to promote `", " is expired", "help: make a new key, set `repository.sign`"]);
    assert!(gate.stdout.contains("  key        NO: the key `"), "{}", gate.stdout);
    signed.releng_at(&after, &promote).exits(1).says(&["refusing to promote `", " is expired"]);
    signed.releng_at(&after, &[&promote[..], &["--force", "now"]].concat()).exits(1).says(&[" is expired"]);
    let life = Duration::from_secs(u64::try_from(end.as_second()).unwrap() + 2);
    std::thread::sleep(life.saturating_sub(SystemTime::now().duration_since(UNIX_EPOCH).unwrap()));
    let help = "key-expired: clients refuse it: set `repository.sign` to a key that has not expired";
    let found = signed.releng(&["verify"]).exits(1).says(&[help]);
    assert!(!found.stdout.contains("signature-bad"), "{}", found.stdout);
    assert_eq!(found.stdout.matches("key-expired: revisions/stable-1.0/000001/").count(), 2, "{}", found.stdout);
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    // Another key in the configuration changes nothing for clients.
    let what = "clients refuse stable/1.0: the key ";
    let next = "sign the same content anew, with the key that signs now: `releng rollback 1.0 --to 1`";
    signed.releng(&["status"]).exits(0).prints_part(what).prints_part(next);
    let doctor = signed.releng(&["doctor"]).stdout;
    assert!(doctor.contains(what) && doctor.contains(next), "{doctor}");
    signed.releng(&["promote", "--due", "--dry-run"]).says(&[what, next]);
    signed.releng(&["rollback", "1.0", "--to", "1"]).exits(0).says(&["are signed anew"]);
    assert!(!signed.releng(&["status"]).exits(0).stdout.contains(what));
    signed.promoted("Three");
    signed.releng(&["verify"]).exits(0);
}

/// An older program copied the signatures of an expired key; here, the key expires after the rollback.
#[test]
fn a_rollback_whose_key_has_expired_is_made_and_signed_again() {
    for args in [&["rollback", "1.0"][..], &["rollback", "1.0", "--to", "1"]] {
        let (signed, end) = expiring("400d");
        signed.keys.add(NEXT, "ed25519", "", "5y");
        signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
        signed.promoted("One");
        signed.promoted("Two");
        signed.releng(args).exits(0);
        signed.configure(&format!("sign = \"{NEXT}\"\n"));
        // A key that clients still accept is no reason for another revision.
        let repeated = signed.releng(args).exits(0);
        assert!(repeated.stderr.contains(" already"), "{}", repeated.stderr);
        let after = (end + SignedDuration::from_secs(1)).to_string();
        signed.configure("");
        let help = "help: set `repository.sign` to the key that signs now";
        signed.releng_at(&after, args).exits(1).says(&[" is expired: clients refuse what it has signed", help]);
        signed.configure(&format!("sign = \"{NEXT}\"\n"));
        signed.releng_at(&after, &[args, &["--dry-run"]].concat()).exits(0).says(&["are signed anew"]);
        signed.releng_at(&after, args).exits(0).says(&["are signed anew"]);
        assert_eq!(signed.site.link("stable/1.0"), std::path::Path::new("../revisions/stable-1.0/000004"));
        let repeated = signed.releng_at(&after, args).exits(0);
        assert!(repeated.stderr.contains(" already"), "{}", repeated.stderr);
    }
}

/// In real time, with a client that has the keys from the server.
#[test]
fn a_rollback_behind_an_expired_key_is_signed_anew() {
    use crate::support::machine::Machine;
    const LIFE: u64 = 30;
    let (signed, end) = expiring(&format!("seconds={LIFE}"));
    signed.keys.add(NEXT, "ed25519", "", "5y");
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.promoted("One");
    let life = Duration::from_secs(u64::try_from(end.as_second()).unwrap() + 2);
    std::thread::sleep(life.saturating_sub(SystemTime::now().duration_since(UNIX_EPOCH).unwrap()));
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.promoted("Two");
    let machine = Machine::new();
    machine.write("/etc/yum.repos.d/demo-stable-1.0-el9.repo", &signed.site.text("demo-stable-1.0-el9.repo"));
    machine.does(&["install", "demo"], &["demo-1.0.2"]);
    signed.configure("");
    let help = "help: set `repository.sign` to the key that signs now, and commit it; then run the command again";
    for flags in [&["rollback", "1.0", "--dry-run"][..], &["rollback", "1.0"]] {
        signed.releng(flags).exits(1).says(&["which has signed revision 1 of stable/1.0, is expired", help]);
    }
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.releng(&["rollback", "1.0", "--dry-run"]).exits(0).says(&["are signed anew"]);
    signed.releng(&["rollback", "1.0"]).exits(0).says(&["are signed anew"]);
    machine.does(&["distro-sync"], &["demo-1.0.1"]);
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_key_from_the_future_means_that_the_clock_is_wrong() {
    let keys = Keys::none();
    let how = ["--faked-system-time", "20350101T000000", "--pinentry-mode", "loopback", "--passphrase", ""];
    keys.gpg(&[&how[..], &["--quick-gen-key", KEY, "ed25519", "sign,cert", "never"]].concat());
    let signed = SignedSite::with(keys);
    signed.site.commit("One").build(&["el9"]);
    let refused =
        signed.releng(&["stage"]).exits(1).says(&["is from the future", "help: check the clock of this machine"]);
    assert!(!refused.stderr.contains("make a new key"), "{}", refused.stderr);
    signed
        .releng(&["status"])
        .exits(0)
        .prints_part("(demo@example.org) should sign, and cannot (it is from the future)");
}

#[test]
fn status_says_that_the_key_of_signed_clients_is_configured_no_more() {
    let signed = SignedSite::new();
    signed.promoted("One");
    assert!(!signed.releng(&["status"]).exits(0).stdout.contains("problem"));
    signed.configure("");
    let problem =
        "problem       clients of stable/1.0 have a key, and nothing would be signed: `repository.sign` is not set";
    signed
        .releng(&["status"])
        .exits(0)
        .prints_part(problem)
        .prints_part("set `repository.sign` to the key that has signed");
}

#[test]
fn an_expired_key_that_signs_is_named_with_a_way_out() {
    let (signed, end) = expiring("400d");
    let (before, after) =
        ((end - SignedDuration::from_hours(24)).to_string(), (end + SignedDuration::from_secs(1)).to_string());
    let promote = ["promote", "--major", "--untested", "a test"];
    signed.site.commit("One").build(&["el9"]);
    signed.releng_at(&before, &["stage"]).exits(0);
    signed.releng_at(&before, &promote).exits(0);
    signed.site.commit("Two").build(&["el9"]);
    signed.releng_at(&before, &["stage"]).exits(0);
    let refused = ["clients refuse stable/1.0: the key `", "is expired"];
    // `sign` still names it.
    let due = signed.releng_at(&after, &["promote", "--due"]).exits(0).says(&refused);
    let due = due.says(&["make a new key, set `repository.sign` to it, and commit it; then publish a newer release"]);
    let due = due.says(&[", from a branch of series 1.0 whose configuration names this key, too: `"]);
    let way = "releng promote snapshot-demo_1.0_pipeline_2 --untested REASON --force REASON`";
    due.says(&[way]);
    let status = signed.releng_at(&after, &["status"]).exits(0).prints_part(refused[0]);
    assert!(status.stdout.contains(way) && !status.stdout.contains("rollback"), "{}", status.stdout);
    // A new key, which clients do not have: a rollback is refused, and nothing names it.
    signed.keys.add(NEXT, "ed25519", "", "5y");
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    let status = signed.releng_at(&after, &["status"]).exits(0).stdout;
    assert!(status.contains(way) && !status.contains("rollback"), "{status}");
    signed.releng_at(&after, &["rollback", "1.0", "--to", "1"]).exits(1);
    let force = ["promote", "snapshot-demo_1.0_pipeline_2", "--untested", "x", "--force", "it has expired"];
    signed.releng_at(&after, &force).exits(0);
    let status = signed.releng_at(&after, &["status"]).exits(0).stdout;
    assert!(!status.contains("clients refuse"), "{status}");
}

#[test]
fn the_next_key_signs_anew_what_an_expired_key_has_signed() {
    let (signed, end) = expiring("400d");
    let (before, after) =
        ((end - SignedDuration::from_hours(24)).to_string(), (end + SignedDuration::from_secs(1)).to_string());
    signed.keys.add(NEXT, "ed25519", "", "5y");
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{NEXT}\"\n"));
    signed.site.commit("One").build(&["el9"]);
    signed.releng_at(&before, &["stage"]).exits(0);
    signed.releng_at(&before, &["promote", "--major", "--untested", "a test"]).exits(0);
    let help = "set `repository.sign` to the next key, which clients have, and commit it; then sign the same content anew: \
                `releng rollback 1.0 --to 1`";
    signed.releng_at(&after, &["promote", "--due"]).exits(0).says(&[help]);
    signed.configure(&format!("sign = \"{NEXT}\"\n"));
    signed.releng_at(&after, &["rollback", "1.0", "--to", "1"]).exits(0);
    let status = signed.releng_at(&after, &["status"]).exits(0).stdout;
    assert!(!status.contains("clients refuse"), "{status}");
}
