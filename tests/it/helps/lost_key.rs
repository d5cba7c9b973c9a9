//! The help where the key that signs is lost: its commands, run in order, publish a release that a new key signs.

use std::path::Path;

use crate::support::keys::Keys;
use crate::support::program::{PROGRAM, Ran, run_in};
use crate::support::signed::{KEY, SignedSite};
use crate::support::site::NOW;

const NEW: &str = "new@example.org";
const BUILDS: &str = "[rpm]\ndists = [\"el9\"]\nportable-noarch = true\n";
const TESTED: &str = "[[acceptance]]\nname = \"look\"\nrun = [\"test\", \"-f\", \"a\"]\n";

/// A promoted release whose key is lost. A new one is in the configuration, which has `more`.
fn lost(more: &str) -> SignedSite {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), (NEW, "ed25519")]));
    signed.configure(&format!("sign = \"{KEY}\"\n{more}"));
    signed.site.commit("One").build(&["el9"]);
    signed.releng(&["stage"]).exits(0);
    if more.contains(TESTED) {
        signed.releng(&["accept"]).exits(0);
    }
    signed.promote(&[]).exits(0);
    delete(&signed);
    signed.configure(&format!("sign = \"{NEW}\"\n{more}"));
    signed.site.commit("Two");
    signed
}

/// Loses the first key.
fn delete(signed: &SignedSite) {
    let listing = signed.keys.gpg(&["--with-colons", "--list-keys", KEY]).stdout;
    let print = listing.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':');
    signed.keys.gpg(&["--yes", "--delete-secret-and-public-key", print]);
}

/// The commands of the program on the line of a message that begins so.
fn commands(ran: &Ran, line: &str) -> Vec<String> {
    let line =
        ran.stderr.lines().find(|found| found.contains(line)).unwrap_or_else(|| panic!("{line}: {}", ran.stderr));
    line.split('`').skip(1).step_by(2).filter(|word| word.contains(' ')).map(str::to_owned).collect()
}

/// Runs the commands in order, as a shell does.
#[track_caller]
fn follow(signed: &SignedSite, commands: &[String]) {
    let programs = Path::new(PROGRAM).parent().unwrap().display();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let home = signed.keys.home().to_str().unwrap();
    let variables = [("PATH", path.as_str()), ("RELENG_NOW", NOW), ("GNUPGHOME", home)];
    for command in commands {
        let command = command.replace("REASON", "'the card broke'");
        run_in(signed.site.project.path(), "sh", &["-c", &command], &variables).exits(0);
    }
}

/// The first words of commands after the name of the program.
fn names(commands: &[String]) -> Vec<&str> {
    commands.iter().map(|command| command.split(' ').nth(1).unwrap()).collect()
}

const BY_FORCE: &str = "if the key before is lost or has expired: ";

#[test]
fn each_refusal_names_the_commands_that_lead_out() {
    let signed = lost(BUILDS);
    let refused = signed.releng(&["dist", "--rpm"]).exits(1);
    let way = commands(&refused, BY_FORCE);
    assert_eq!(names(&way), ["dist", "stage", "promote"], "{}", refused.stderr);
    follow(&signed, &way);
    assert_eq!(signed.site.link("stable/1.0").display().to_string(), "../revisions/stable-1.0/000002");
    signed.releng(&["verify"]).exits(0);
    signed.releng(&["dist", "--rpm"]).exits(0);
}

#[test]
fn the_commands_have_the_acceptance_tests_of_the_configuration() {
    let signed = lost(&format!("{BUILDS}{TESTED}"));
    let way = commands(&signed.releng(&["dist", "--rpm"]).exits(1), BY_FORCE);
    assert_eq!(names(&way), ["dist", "stage", "accept", "promote"]);
    follow(&signed, &way);
    assert_eq!(signed.site.link("stable/1.0").display().to_string(), "../revisions/stable-1.0/000002");
}

#[test]
fn stage_and_promote_name_the_commands_from_there_on() {
    let signed = lost(BUILDS);
    let (folder, target) = (signed.site.project.join("made"), signed.site.project.join("target/dist"));
    signed.site.build(&["el9"]);
    std::fs::rename(&target, &folder).unwrap();
    let way = commands(&signed.releng(&["stage", "--from", "made", "--pipeline", "9"]).exits(1), BY_FORCE);
    assert_eq!(names(&way), ["stage", "promote"]);
    follow(&signed, &way[..1]);
    let way = commands(&signed.promote(&[]).exits(1), BY_FORCE);
    assert_eq!(names(&way), ["promote"]);
    assert!(way[0].contains(" snapshot-demo_1.0_pipeline_9 "), "{way:?}");
    follow(&signed, &way);
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_rollback_behind_a_key_by_force_is_signed_by_that_key() {
    let signed = lost(BUILDS);
    follow(&signed, &commands(&signed.releng(&["dist", "--rpm"]).exits(1), BY_FORCE));
    let said = signed.releng(&["rollback", "1.0"]).exits(0).says(&["are signed anew"]);
    assert!(!said.stderr.contains("lose the key"), "{}", said.stderr);
    signed.releng(&["verify"]).exits(0);
    // Clients keep the new key, so that the next release needs no reason.
    signed.site.commit("Three");
    signed.releng(&["dist", "--rpm"]).exits(0);
    signed.promote(&[]).exits(0);
    assert_eq!(signed.site.link("stable/1.0").display().to_string(), "../revisions/stable-1.0/000004");
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_rollback_under_a_key_that_is_not_announced_goes_by_the_key_before() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), (NEW, "ed25519")]));
    signed.promoted("One");
    signed.promoted("Two");
    signed.configure(&format!("sign = \"{NEW}\"\n"));
    let now = "to do it now: set `repository.sign` to the key before, which clients have";
    signed.releng(&["yank", "demo-1.0.1-1.el9.noarch", "--why", "x"]).exits(1).says(&[now]);
    signed.releng(&["rollback", "1.0"]).exits(1).says(&[now, BY_FORCE]);
    // The signatures of that key are copied: the key itself is not needed.
    delete(&signed);
    signed.configure(&format!("sign = \"{KEY}\"\n"));
    signed.releng(&["rollback", "1.0"]).exits(0);
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_release_is_published_unsigned_by_the_commands_of_the_help() {
    let unsigned = "to publish it unsigned all the same: ";
    // It is refused before it is built, where the packages would become `latest`.
    let signed = SignedSite::new();
    signed.configure(&format!("sign = \"{KEY}\"\n{BUILDS}"));
    signed.promoted("One");
    signed.configure(BUILDS);
    signed.site.commit("Two");
    signed.releng(&["dist", "--no-stage"]).exits(0);
    let before = signed.site.project.files("target/dist");
    signed.releng(&["dist", "--rpm", "--dry-run"]).exits(1);
    let way = commands(&signed.releng(&["dist", "--rpm"]).exits(1), unsigned);
    assert_eq!(names(&way), ["dist", "stage", "promote"]);
    assert_eq!(signed.site.project.files("target/dist"), before);
    follow(&signed, &way);
    assert_eq!(signed.site.link("stable/1.0").display().to_string(), "../revisions/stable-1.0/000002");

    let signed = SignedSite::new();
    signed.promoted("One");
    signed.configure("");
    signed.site.commit("Two").build(&["el9"]);
    let way = commands(&signed.releng(&["stage"]).exits(1), "to publish it unsigned all the same: ");
    assert_eq!(names(&way), ["stage", "promote"]);
    follow(&signed, &way[..1]);
    let way = commands(&signed.promote(&[]).exits(1), "to publish it unsigned all the same: ");
    assert_eq!(names(&way), ["promote"]);
    follow(&signed, &way);
    assert_eq!(signed.site.link("stable/1.0").display().to_string(), "../revisions/stable-1.0/000002");
}
