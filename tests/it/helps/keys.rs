//! Helps about keys.

use std::fs;

use super::commands_of;
use crate::support::keys::Keys;
use crate::support::program::{PROGRAM, Ran, path_without, run_in};
use crate::support::site::{NOW, Site};

const NAME: &str = "rsa@example.org";

/// A project that signs with a key, and a release that is not staged.
fn site(sign: &str) -> Site {
    let site = Site::with(&format!("[repository]\nsign = \"{sign}\"\n"));
    site.commit("One").build(&["el9"]);
    site
}

fn stage(site: &Site, keys: &Keys) -> Ran {
    let home = keys.home().to_str().unwrap();
    run_in(site.project.path(), PROGRAM, &["stage"], &[("GNUPGHOME", home), ("RELENG_NOW", NOW)])
}

/// A copy of a key in a file.
fn export(keys: &Keys, what: &str, site: &Site) -> String {
    let path = site.project.join("target/key").display().to_string();
    let exported = keys.gpg(&["--armor", "--pinentry-mode", "loopback", "--passphrase", "", what, NAME]).stdout;
    fs::write(&path, exported).unwrap();
    path
}

#[test]
fn a_missing_key_is_imported() {
    let owner = Keys::of(&[(NAME, "rsa3072")]);
    let (site, keys) = (site(NAME), Keys::none());
    stage(&site, &keys)
        .exits(1)
        .says(&["there is no secret key", "import it, or change `repository.sign`, and commit it"]);
    keys.gpg(&["--import", &export(&owner, "--export", &site)]);
    let refused = stage(&site, &keys).exits(1).says(&[
        "the secret part of the key",
        "import it with `gpg --import`",
        "if it is lost: ",
    ]);
    let command = commands_of(&refused).into_iter().find(|command| command.starts_with("gpg --import")).unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    keys.gpg(&[&words[..], &[&export(&owner, "--export-secret-keys", &site)]].concat());
    stage(&site, &keys).exits(0);
}

#[test]
fn one_of_several_keys_is_named() {
    let keys = Keys::of(&[(NAME, "rsa3072"), (&format!("other {NAME}"), "rsa3072")]);
    let site = site(NAME);
    let refused =
        stage(&site, &keys).exits(1).says(&["matches more than one secret key", "set `repository.sign` to one of"]);
    let is_fingerprint = |word: &String| word.len() >= 16 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let words = refused.stderr.split(|letter: char| !letter.is_ascii_alphanumeric()).map(str::to_owned);
    let fingerprint = words.into_iter().find(is_fingerprint).unwrap();
    site.project.commit("Name it", &[("packaging/release.toml", &format!("[repository]\nsign = \"{fingerprint}\"\n"))]);
    site.build(&["el9"]);
    stage(&site, &keys).exits(0);
}

#[test]
fn a_key_that_has_expired_is_replaced() {
    let keys = Keys::none();
    keys.add(NAME, "rsa3072", "", "seconds=1");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let site = site(NAME);
    stage(&site, &keys).exits(1).says(&["is expired", "make a new key, set `repository.sign` to it, and commit it"]);
    keys.add("new@example.org", "rsa3072", "", "never");
    site.project.commit("A key", &[("packaging/release.toml", "[repository]\nsign = \"new@example.org\"\n")]);
    site.build(&["el9"]);
    stage(&site, &keys).exits(0);
}

#[test]
fn a_key_that_cannot_sign_gets_a_subkey() {
    let keys = Keys::none();
    keys.gpg(&["--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key", NAME, "rsa3072", "cert", "never"]);
    let site = site(NAME);
    stage(&site, &keys).exits(1).says(&["cannot sign", "add a subkey that can sign"]);
    let listed = keys.gpg(&["--with-colons", "--list-keys", NAME]).stdout;
    let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':').to_owned();
    keys.gpg(&[
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
        "--quick-add-key",
        &fingerprint,
        "rsa3072",
        "sign",
        "never",
    ]);
    stage(&site, &keys).exits(0);
}

#[test]
fn a_missing_program_is_put_on_path() {
    let keys = Keys::of(&[(NAME, "rsa3072")]);
    let site = site(NAME);
    let path = path_without(&site.project.join("target/bin"), &["gpg"]);
    let variables = [("GNUPGHOME", keys.home().to_str().unwrap()), ("RELENG_NOW", NOW), ("PATH", path.as_str())];
    let refused = run_in(site.project.path(), PROGRAM, &["stage"], &variables).exits(1);
    refused.says(&["help: install", "put `gpg` on PATH"]);
    stage(&site, &keys).exits(0);
}
