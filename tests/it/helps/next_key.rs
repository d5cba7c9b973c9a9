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
    let (signed, other) = (SignedSite::new(), Keys::of(&[(NEXT, "rsa3072")]));
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
    let signed = SignedSite::with(Keys::of(&[(KEY, "rsa3072"), (NEXT, "rsa3072"), (&format!("a {NEXT}"), "rsa3072")]));
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
    signed.keys.add(NEXT, "rsa3072", "", "seconds=1");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    next(&signed, NEXT);
    signed.site.commit("One").build(&["el9"]);
    let help = "help: make another key, and set `repository.next-key` to it";
    signed.releng(&["stage"]).exits(1).says(&[&format!("the next key `{NEXT}` is expired"), help]);
    signed.keys.add("later@example.org", "rsa3072", "", "never");
    next(&signed, "later@example.org");
    signed.releng(&["stage"]).exits(0);
}

#[test]
fn served_keys_that_are_damaged_or_lost_are_written_again() {
    let signed = SignedSite::new();
    signed.promoted("One");
    let served = signed.site.served("RPM-GPG-KEY-demo");
    let sound = std::fs::read_to_string(&served).unwrap();
    std::fs::write(&served, sound.replace('m', "n")).unwrap();
    signed.site.commit("Two").build(&["el9"]);
    let refused = signed.releng(&["stage"]).exits(1).says(&["RPM-GPG-KEY-demo` cannot be used", "export the keys"]);
    let command = commands_of(&refused).into_iter().find(|command| command.starts_with("gpg --armor")).unwrap();
    let command = command.replace("KEY", KEY);
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    std::fs::write(&served, signed.keys.gpg(&words).stdout).unwrap();
    signed.releng(&["stage"]).exits(0);
    signed.releng(&["verify"]).exits(0);
    std::fs::remove_file(&served).unwrap();
    let help = "the next `promote`, or the next `stage` of a new release, writes the keys of the configuration";
    signed.releng(&["verify"]).exits(1).says(&["keys-differ", help]);
    stages(&signed, "Three");
    signed.releng(&["verify"]).exits(0);
}

#[test]
fn a_next_key_needs_a_key_that_signs() {
    let signed = SignedSite::new();
    signed.configure(&format!("next-key = \"{KEY}\"\n"));
    signed.site.commit("One").build(&["el9"]);
    let help = "help: set `repository.sign` to the key that signs now, or remove `repository.next-key`";
    signed.releng(&["stage"]).exits(1).says(&["`repository.next-key` is set, and `repository.sign` is not", help]);
    signed.configure(&format!("sign = \"{KEY}\"\n"));
    signed.releng(&["stage"]).exits(0);
}
