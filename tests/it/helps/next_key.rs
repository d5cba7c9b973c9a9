//! Helps about the next key and the served keys.

use super::commands_of;
use crate::support::keys::Keys;
use crate::support::signed::{KEY, SignedSite};

const NEXT: &str = "next@example.org";

/// Builds another release, and stages it.
#[track_caller]
fn stages(signed: &SignedSite, message: &str) {
    signed.site.commit(message).build(&["el9"]);
    signed.releng(&["stage"]).exits(0);
}

fn next(signed: &SignedSite, name: &str) {
    signed.configure(&format!("sign = \"{KEY}\"\nnext-key = \"{name}\"\n"));
}

#[test]
fn a_missing_next_key_is_imported() {
    let (signed, other) = (SignedSite::new(), Keys::of(&[(NEXT, "ed25519")]));
    next(&signed, NEXT);
    signed.site.commit("One").build(&["el9"]);
    let refused = signed.releng(&["stage"]).exits(1).says(&["GnuPG has no key", "import it with `gpg --import`"]);
    let command = commands_of(&refused).into_iter().find(|command| command.starts_with("gpg --import")).unwrap();
    let public = other.home().join("public.asc").display().to_string();
    other.gpg(&["--armor", "--output", &public, "--export", NEXT]);
    let words: Vec<&str> = command.split(' ').skip(1).chain([public.as_str()]).collect();
    signed.keys.gpg(&words);
    signed.releng(&["stage"]).exits(0);
}

#[test]
fn one_of_several_next_keys_is_named() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), (NEXT, "ed25519"), (&format!("a {NEXT}"), "ed25519")]));
    next(&signed, NEXT);
    signed.site.commit("One").build(&["el9"]);
    let refused = signed.releng(&["stage"]).exits(1).says(&["matches more than one key", "help: use one of `"]);
    let named = commands_of(&refused).into_iter().find(|word| word.len() == 40).unwrap();
    next(&signed, &named);
    signed.releng(&["stage"]).exits(0);
}

#[test]
fn a_next_key_that_has_expired_is_replaced() {
    let signed = SignedSite::new();
    signed.keys.add(NEXT, "ed25519", "", "seconds=1");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    next(&signed, NEXT);
    signed.site.commit("One").build(&["el9"]);
    let help = "help: make another key, set `repository.next-key` to it, and commit it";
    signed.releng(&["stage"]).exits(1).says(&[&format!("the next key `{NEXT}` is expired"), help]);
    signed.keys.add("later@example.org", "ed25519", "", "never");
    next(&signed, "later@example.org");
    signed.releng(&["stage"]).exits(0);
}

/// Whoever may write to the root can neither take a key from clients nor give them one.
#[test]
fn served_keys_are_made_again_from_the_copy_in_the_state() {
    let signed = SignedSite::with(Keys::of(&[(KEY, "ed25519"), (NEXT, "ed25519")]));
    next(&signed, NEXT);
    signed.promoted("One");
    let served = signed.site.served("RPM-GPG-KEY-demo");
    let sound = std::fs::read(&served).unwrap();
    let foreign = Keys::of(&[("eve@example.org", "ed25519")]).gpg(&["--armor", "--export"]).stdout.into_bytes();
    let added = [&sound[..], &foreign[..]].concat();
    for damaged in [None, Some(&b"x"[..]), Some(&foreign[..]), Some(&added[..])] {
        match damaged {
            None => std::fs::remove_file(&served).unwrap(),
            Some(damaged) => std::fs::write(&served, damaged).unwrap(),
        }
        let lost = "`RPM-GPG-KEY-demo` is missing or was changed\n";
        signed
            .releng(&["status"])
            .exits(0)
            .prints_part(lost)
            .prints_part("the next command that changes the repository");
        let ran = signed.releng(&["verify"]).exits(1).says(&["1 finding", "from the copy `keys.asc` in the state"]);
        ran.prints_part("keys-differ: RPM-GPG-KEY-demo: ");
        signed.promote(&["--dry-run"]).exits(0);
        signed.releng(&["prune"]).exits(0).says(&["made `RPM-GPG-KEY-demo` again from the copy in the state"]);
        assert_eq!(std::fs::read(&served).unwrap(), sound);
        signed.releng(&["verify"]).exits(0);
    }
    // A release that is made meanwhile does not take over what was added.
    std::fs::write(&served, &added).unwrap();
    signed.promoted("Two");
    assert_eq!(std::fs::read(&served).unwrap(), sound);
    // With the log, the copy may be an old one.
    let copy = std::fs::read(signed.site.state("keys.asc")).unwrap();
    std::fs::write(signed.site.state("keys.asc"), &foreign).unwrap();
    std::fs::remove_file(signed.site.state("log.jsonl")).unwrap();
    signed.releng(&["recover-log"]).exits(0).prints_part("keys.asc");
    assert_eq!(std::fs::read(signed.site.state("keys.asc")).unwrap(), copy);
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_damaged_copy_of_the_keys_never_reaches_clients() {
    let signed = SignedSite::new();
    signed.promoted("One");
    let (served, copy) = (signed.site.served("RPM-GPG-KEY-demo"), signed.site.state("keys.asc"));
    let (sound, whole) = (std::fs::read(&served).unwrap(), std::fs::read(&copy).unwrap());
    let foreign = Keys::of(&[("eve@example.org", "ed25519")]).gpg(&["--armor", "--export"]).stdout.into_bytes();
    let of_another = String::from_utf8(whole.clone()).unwrap().replacen(" demo ", " other ", 1).into_bytes();
    let cut = &whole[..whole.len() - 40];
    for damaged in [&b"junk"[..], b"", cut, &sound[..sound.len() - 40], &foreign, &of_another] {
        std::fs::write(&copy, damaged).unwrap();
        let status = signed.releng(&["status"]).exits(0).prints_part("the copy `keys.asc` in the state is damaged: ");
        assert!(!status.stdout.contains("`RPM-GPG-KEY-demo` is missing"), "{}", status.stdout);
        let found = signed.releng(&["verify"]).exits(1).says(&["1 finding", "key-copy-differs: put it back from"]);
        let found = found.prints_part("key-copy-differs: keys.asc: ");
        signed.releng(&["prune"]).exits(0).says(&["is damaged and not used: ", " recover-log`"]);
        assert_eq!(std::fs::read(&served).unwrap(), sound);
        let plan = signed.releng(&["recover-log", "--dry-run"]).exits(0).prints_part("write keys.asc").stdout;
        let command = commands_of(&found).into_iter().find(|command| command.contains(" recover-log")).unwrap();
        assert_eq!(signed.releng(&[command.split(' ').next_back().unwrap()]).exits(0).stdout, plan);
        assert_eq!(std::fs::read(&copy).unwrap(), whole);
        signed.releng(&["verify"]).exits(0);
    }
    signed.releng(&["recover-log"]).exits(0).says(&["are whole"]);
    // A release is made meanwhile.
    std::fs::write(&copy, "junk").unwrap();
    stages(&signed, "Two");
    assert_eq!([std::fs::read(&served).unwrap(), std::fs::read(&copy).unwrap()], [sound, whole]);
}

#[test]
fn a_missing_copy_of_the_keys_and_one_of_an_older_program_are_written_again() {
    let signed = SignedSite::new();
    signed.promoted("One");
    let (served, copy) = (signed.site.served("RPM-GPG-KEY-demo"), signed.site.state("keys.asc"));
    let (sound, whole) = (std::fs::read(&served).unwrap(), std::fs::read(&copy).unwrap());
    std::fs::remove_file(&copy).unwrap();
    signed.releng(&["status"]).exits(0).prints_part("`keys.asc` in the state is missing\n");
    signed.releng(&["verify"]).exits(1).prints_part("key-copy-differs: keys.asc: it is missing");
    signed.releng(&["prune"]).exits(0).says(&["made `keys.asc` in the state from `RPM-GPG-KEY-demo`"]);
    assert_eq!(std::fs::read(&copy).unwrap(), whole);
    std::fs::write(&copy, &sound).unwrap();
    signed.releng(&["verify"]).exits(0);
    std::fs::write(&served, "junk").unwrap();
    signed.releng(&["prune"]).exits(0).says(&["an older program wrote it", "made `RPM-GPG-KEY-demo` again from"]);
    assert_eq!([std::fs::read(&served).unwrap(), std::fs::read(&copy).unwrap()], [sound, whole]);
    // What is no key is not taken over.
    std::fs::remove_file(&copy).unwrap();
    std::fs::write(&served, "junk").unwrap();
    signed.releng(&["prune"]).exits(0);
    assert!(!copy.exists());
}

#[test]
fn a_next_key_needs_a_key_that_signs() {
    let signed = SignedSite::new();
    signed.configure(&format!("next-key = \"{KEY}\"\n"));
    signed.site.commit("One").build(&["el9"]);
    let help = "help: set `repository.sign` to the key that signs now, or remove `repository.next-key`, and commit it";
    signed.releng(&["stage"]).exits(1).says(&["`repository.next-key` is set, and `repository.sign` is not", help]);
    signed.configure(&format!("sign = \"{KEY}\"\n"));
    signed.releng(&["stage"]).exits(0);
}
