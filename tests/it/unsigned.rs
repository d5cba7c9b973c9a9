//! What clients refuse because it is not signed: it is not published to clients that have a key.

use std::fs;

use crate::support::machine::Machine;
use crate::support::program::run_in;
use crate::support::signed::{KEY, SignedSite};
use crate::support::site::UNTESTED;

const NO_KEY: &str = "clients of stable/1.0 have a key, and nothing would be signed: `repository.sign` is not set";
const TESTED: &str = "[[acceptance]]\nname = \"look\"\nrun = [\"test\", \"-f\", \"a\"]\n";
const PACKAGE: &str = "demo-1.0.1-1.el9.noarch";

fn sign(signed: &SignedSite) {
    sign_with(signed, "");
}

/// Signs, with more lines of the configuration.
fn sign_with(signed: &SignedSite, more: &str) {
    signed.configure(&format!("sign = \"{KEY}\"\n{more}"));
}

/// A machine with the served `.repo` file, which has installed `demo`.
fn client(signed: &SignedSite) -> Machine {
    let machine = Machine::new();
    let name = "demo-stable-1.0-el9.repo";
    machine.write(&format!("/etc/yum.repos.d/{name}"), &signed.site.text(name));
    machine.dnf(&["install", "demo"]).exits(0);
    machine
}

fn log(signed: &SignedSite) -> String {
    fs::read_to_string(signed.site.state("log.jsonl")).unwrap()
}

#[test]
fn a_signed_series_takes_no_release_without_a_key() {
    let signed = SignedSite::new();
    signed.promoted("One");
    let client = client(&signed);
    signed.staged("Two");
    signed.configure("");
    let help = "help: set `repository.sign` to the key that has signed stable/1.0, and commit it; then build";
    signed.promote(&[]).exits(1).says(&["refusing to promote `", NO_KEY, help, " --force REASON`"]);
    signed.promote(&["--dry-run"]).exits(1).prints_part(&format!("  key        NO: {NO_KEY}"));
    // The help works.
    sign(&signed);
    signed.promoted("Three");
    client.does(&["upgrade"], &["demo-1.0.3"]);
    signed.releng(&["verify"]).exits(0);
}

/// Who may write to the served tree deletes what is signed. What was published counts for the files of clients.
#[test]
fn what_is_deleted_does_not_turn_the_check_of_clients_off() {
    let signed = SignedSite::new();
    signed.promoted("One");
    let files = ["demo-stable-1.0-el9.repo", "demo-unstable-1.0-el9.repo"];
    let before = files.map(|name| signed.site.text(name));
    assert!(before.iter().all(|text| text.contains("\nrepo_gpgcheck=1\n")), "{before:?}");
    for path in ["rpm/el9/repodata/repomd.xml.asc", "rpm/el9/repodata", "rpm/el9"] {
        for folder in ["stable/1.0", "unstable/1.0/latest"] {
            let path = signed.site.served(&format!("{folder}/{path}"));
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.unwrap();
        }
        signed.releng(&["prune"]).exits(0);
        assert_eq!(files.map(|name| signed.site.text(name)), before, "{path}");
    }
}

#[test]
fn status_judges_what_is_due_by_the_keys() {
    let signed = SignedSite::new();
    signed.promoted("One");
    signed.configure(&format!("sign = \"{KEY}\"\n{TESTED}"));
    signed.site.commit("Two").project.git(&["tag", "1.1"]);
    signed.staged("Three");
    signed.releng(&["accept"]).exits(0);
    let status = signed.releng(&["status"]).exits(0).stdout;
    assert!(status.contains("promote snapshot-demo_1.0_pipeline_2`") && !status.contains(NO_KEY), "{status}");
    signed.configure(TESTED);
    signed.releng(&["status"]).exits(0).prints_part(NO_KEY);
}

#[test]
fn a_signed_latest_is_followed_by_nothing_unsigned() {
    let signed = SignedSite::new();
    signed.staged("One");
    signed.configure("");
    signed.site.commit("Two").build(&["el9"]);
    let refused = signed.releng(&["stage"]).exits(1);
    refused.says(&[
        "clients of unstable/1.0/latest have a key",
        "the key that has signed unstable/1.0/latest, and commit",
    ]);
    // Unmerged work has no clients, and is often built where there is no key.
    signed.releng(&["stage", "--unmerged"]).exits(0);
    let before = signed.site.link("unstable/1.0/latest");
    signed.releng(&["stage"]).exits(0).says(&["`latest` stays where it is: its clients have a key"]);
    assert_eq!(signed.site.link("unstable/1.0/latest"), before);
    // The same release is staged once more with a key.
    sign(&signed);
    signed.releng(&["stage"]).exits(0).says(&["has this content too, but it is not signed", "pipeline_3 (1.0.2)"]);
    assert!(signed.site.served("unstable/1.0/snapshot-demo_1.0_pipeline_3/sources/SHA256SUMS.asc").exists());
    signed.releng(&["stage"]).exits(0).says(&["is staged already"]);
}

#[test]
fn a_snapshot_that_was_staged_without_a_key_is_not_promoted_with_one() {
    let signed = SignedSite::new();
    signed.configure("");
    signed.staged("One");
    sign(&signed);
    let why = "it was staged without a key, and clients that have a key refuse its packages";
    signed.promote(&[]).exits(1).says(&[why, "help: build the release and stage it again: `", " dist --rpm`"]);
    signed.releng(&["stage"]).exits(0);
    signed.promote(&[]).exits(0);
    client(&signed).does(&["install", "demo-repo"], &["demo-1.0.1", "demo-repo-1.0"]);
}

#[test]
fn a_reason_publishes_what_is_not_signed_and_is_recorded() {
    let signed = SignedSite::new();
    signed.promoted("One");
    signed.configure("");
    signed.site.commit("Two").build(&["el9"]);
    signed.releng(&["stage", "--force", "no keys any more"]).exits(0);
    signed.promote(&["--force", "no keys any more"]).exits(0);
    assert_eq!(log(&signed).matches("\"force\":\"no keys any more\"").count(), 2, "{}", log(&signed));
    // From then on there is nothing to ask.
    signed.staged("Three");
    signed.promote(&["--force", "for nothing"]).exits(0);
    assert!(!log(&signed).contains("for nothing"));
}

#[test]
fn a_yank_needs_the_key_of_the_series() {
    let signed = SignedSite::new();
    signed.promoted("One");
    signed.promoted("Two");
    signed.configure("");
    let yank = ["yank", PACKAGE, "--why", "it burns"];
    let help =
        "help: set `repository.sign` to the key that has signed stable/1.0, and commit it; then run the command again";
    signed.releng(&yank).exits(1).says(&[NO_KEY, help]);
    signed.releng(&[&yank[..], &["--dry-run"]].concat()).exits(1).says(&[NO_KEY]);
    // A rollback to what the key has signed needs none.
    signed.releng(&["rollback", "1.0"]).exits(0);
    sign(&signed);
    signed.releng(&["rollback", "1.0", "--to", "2"]).exits(0);
    signed.releng(&yank).exits(0);
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_signed_series_is_not_rolled_back_to_a_revision_without_signatures() {
    let signed = SignedSite::new();
    signed.configure("");
    signed.promoted("One");
    sign(&signed);
    signed.promoted("Two");
    let refused = signed.releng(&["rollback", "1.0"]).exits(1);
    refused
        .says(&["clients of stable/1.0 have a key, and the revision with 1.0.1 is not signed", "yank NEVRA --series"]);
    signed.releng(&["yank", "demo-1.0.2-1.el9.noarch", "--series", "1.0", "--why", "it burns"]).exits(0);
    signed.site.commit("Three").build(&["el9"]);
    signed.releng(&["stage"]).exits(0);
    signed.releng(&[&["promote"][..], UNTESTED].concat()).exits(0);
}

#[test]
fn what_was_staged_before_the_key_is_told_apart_from_damage() {
    let signed = SignedSite::new();
    signed.configure("");
    signed.promoted("One");
    let client = client(&signed);
    // The next snapshot is signed, and the series is not yet.
    sign(&signed);
    signed.staged("Two");
    signed.releng(&["verify"]).exits(0);
    signed.promote(&[]).exits(0);
    client.does(&["upgrade"], &["demo-1.0.2"]);
    client.does(&["install", "demo-repo"], &["demo-1.0.2", "demo-repo-1.0"]);
    let ran = signed.releng(&["verify"]).exits(1);
    let help = "clients that have a key refuse it: take it out: `";
    let ran = ran.says(&["package-unsigned: ", help, "yank NEVRA --why REASON`", "\"Turning signing on later\""]);
    assert!(!ran.stderr.contains("rollback") && !ran.stderr.contains("somebody"), "{}", ran.stderr);
    let found = ran.stdout.lines().filter(|line| line.contains("package-unsigned")).count();
    assert_eq!(found, 2, "demo and demo-repo: {}", ran.stdout);
    for package in [PACKAGE, "demo-repo-1.0-1.noarch"] {
        signed.releng(&["yank", package, "--why", "it is not signed"]).exits(0);
    }
    signed.releng(&["verify"]).exits(0);
    let damaged = "revisions/stable-1.0/000004/rpm/el9/noarch/demo-1.0.2-1.el9.noarch.rpm";
    signed.site.tamper(damaged, |content| content.push(0));
    let ran = signed.releng(&["verify"]).exits(1);
    assert!(!ran.stderr.contains("--to 1`"), "it is not signed: {}", ran.stderr);
}

#[test]
fn a_series_without_a_key_beside_one_with_a_key_is_sound() {
    let signed = SignedSite::new();
    signed.configure("");
    signed.promoted("One");
    sign(&signed);
    signed.site.commit("Break").project.git(&["tag", "2.0"]);
    signed.promoted("Go on");
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_signed_series_that_is_not_signed_any_more_is_one_finding() {
    let signed = SignedSite::new();
    signed.promoted("One");
    signed.configure("");
    signed.site.commit("Two").build(&["el9"]);
    signed.releng(&["stage", "--force", "a mistake"]).exits(0);
    signed.promote(&["--force", "a mistake"]).exits(0);
    let help = "clients that have a key refuse it: stage or promote again with the key";
    let ran = signed.releng(&["verify"]).exits(1).says(&[help]);
    assert_eq!(ran.stdout.matches("signature-missing: ").count(), 2, "{}", ran.stdout);
    // The help works.
    sign(&signed);
    signed.promoted("Three");
    let ran = signed.releng(&["verify"]).exits(1);
    assert!(!ran.stdout.contains("signature-missing"), "{}", ran.stdout);
}

/// A signed series whose next release was published unsigned, by force.
fn unsigned_by_force() -> SignedSite {
    let signed = SignedSite::new();
    signed.promoted("One");
    signed.configure("");
    signed.site.commit("Two").build(&["el9"]);
    let latest =
        "clients of unstable/1.0/latest that have a key ignore what is not signed: dnf 4 prints \"Nothing to do\"";
    signed.releng(&["stage", "--force", "no keys"]).exits(0).says(&[latest]);
    let effect = "warning: clients of stable/1.0 that have a key ignore what is not signed: dnf 4 prints";
    signed.promote(&["--force", "no keys", "--dry-run"]).exits(0).says(&[effect]);
    signed.promote(&["--force", "no keys"]).exits(0).says(&[effect]);
    signed
}

#[test]
fn status_names_what_is_not_signed_until_it_is_signed() {
    let signed = unsigned_by_force();
    let [stable, latest] = ["stable/1.0", "unstable/1.0/latest"]
        .map(|place| format!("problem       {place} is not signed, and clients that have a key ignore it"));
    let status = signed.releng(&["status"]).exits(0);
    let help = "; set `repository.sign` to the key that has signed it before, and commit it; then stage ";
    let [next, first] = [
        "the next release, and promote it: `releng dist --rpm`; `releng promote`; ",
        "a release: `releng dist --rpm`; ",
    ]
    .map(|step| format!("{help}{step}"));
    let status = status.prints_part(&stable).prints_part(&latest).prints_part(&next).prints_part(&first);
    let forced = "promoted 2026-01-02 from snapshot-demo_1.0_pipeline_2 with --force: no keys\n";
    status.prints_part(forced).prints_part("staged with --force: no keys");
    let json = signed.releng(&["status", "--json"]).exits(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let series = &json["series"][0];
    assert_eq!([&series["stable"]["by"]["force"], &series["snapshots"][0]["force"]], ["no keys", "no keys"]);
    // The help works, and leaves the packages that nobody signs any more.
    sign(&signed);
    signed.promoted("Three");
    let status = signed.releng(&["status"]).exits(0);
    let package = "clients that have a key refuse to install what is not signed, of stable/1.0: 2 packages, such as `";
    let status = status.prints_part(package);
    assert!(!status.stdout.contains("is not signed, and"), "{}", status.stdout);
    for package in ["demo-1.0.2-1.el9.noarch", "demo-repo-1.0-2.noarch"] {
        signed.releng(&["yank", package, "--series", "1.0", "--why", "x"]).exits(0);
    }
    let status = signed.releng(&["status"]).exits(0).stdout;
    assert!(!status.contains("problem"), "{status}");
}

#[test]
fn an_unsigned_series_is_a_finding_at_its_address_and_by_its_path() {
    let signed = unsigned_by_force();
    let what = "it is not signed, and packages in it are";
    for place in [signed.address("stable/1.0"), signed.site.served("stable/1.0").display().to_string()] {
        let ran =
            signed.releng(&["verify", &place]).exits(1).prints_part(&format!("signature-missing: {place}: {what}"));
        ran.says(&["clients that have a key refuse it: stage or promote again with the key"]);
    }
    sign(&signed);
    signed.promoted("Three");
    let ran = signed.releng(&["verify", &signed.address("stable/1.0")]).exits(1);
    assert!(!ran.stdout.contains("signature-missing"), "{}", ran.stdout);
}

#[test]
fn an_unsigned_snapshot_by_itself_is_a_warning_where_there_are_keys() {
    let signed = SignedSite::new();
    signed.staged("One");
    signed.configure("");
    signed.site.commit("Two").build(&["el9"]);
    signed.releng(&["stage", "--unmerged"]).exits(0);
    let warning = "is not signed, and a folder above it has public keys: clients that have a key refuse it";
    for (number, is_warned) in [(1, false), (2, true)] {
        let path = format!("unstable/1.0/snapshot-demo_1.0_pipeline_{number}");
        for place in [signed.address(&path), signed.site.served(&path).display().to_string()] {
            let verified = signed.releng(&["verify", &place]).exits(0);
            assert_eq!(verified.stderr.contains(warning), is_warned, "{place}: {}", verified.stderr);
        }
    }
    // Without keys, nobody expects signatures.
    let copy = signed.site.project.join("target/copy").display().to_string();
    let snapshot = signed.site.served("unstable/1.0/snapshot-demo_1.0_pipeline_2").display().to_string();
    run_in(signed.site.project.path(), "cp", &["-a", &snapshot, &copy], &[]).exits(0);
    assert!(!signed.releng(&["verify", &copy]).exits(0).stderr.contains("not signed"));
}

#[test]
fn a_signed_copy_without_keys_is_not_said_to_be_checked() {
    let signed = SignedSite::new();
    signed.promoted("One");
    let copy = signed.site.project.join("target/copy");
    let revision = signed.site.served("stable/1.0/.");
    run_in(signed.site.project.path(), "cp", &["-a", revision.to_str().unwrap(), copy.to_str().unwrap()], &[]).exits(0);
    let verified = signed.releng(&["verify", copy.to_str().unwrap()]).exits(0);
    verified.says(&["has public keys: its signatures are not checked"]);
    let key = signed.site.served("RPM-GPG-KEY-demo");
    std::fs::copy(key, signed.site.project.join("target/RPM-GPG-KEY-demo")).unwrap();
    let verified = signed.releng(&["verify", copy.to_str().unwrap()]).exits(0);
    assert!(!verified.stderr.contains("not checked"), "{}", verified.stderr);
}

#[test]
fn a_promotion_that_is_due_names_the_gate_that_stops_it() {
    let signed = SignedSite::new();
    signed.promoted("One");
    signed.staged("Two");
    let due = "[promotion]\ndue = [\"interval\"]\ninterval-days = 1\n";
    signed.configure(due);
    let promote = ["promote", "--due", "--untested", "x"];
    let later = "2026-02-02T03:04:05Z";
    let refused = signed.releng_at(later, &promote).exits(1);
    let closed = "stable/1.0 is passed over: the gate `key` is closed";
    refused.says(&["snapshot-demo_1.0_pipeline_2 (1.0.2) is due", closed, NO_KEY, "--force REASON`"]);
    // A newer one that was staged unsigned is no way around the gate.
    signed.site.commit("Three").build(&["el9"]);
    signed.releng(&["stage", "--force", "x"]).exits(0);
    let refused = signed.releng_at(later, &promote).exits(1);
    refused.says(&["snapshot-demo_1.0_pipeline_3 (1.0.3) is due", closed, NO_KEY]);
    sign_with(&signed, due);
    signed.releng_at(later, &promote).exits(0).says(&["promoted snapshot-demo_1.0_pipeline_2"]);
}
