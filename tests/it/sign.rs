//! Signing with the real gpg and rpmsign, and what rpm says of it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use releng::base::error::Failure;
use releng::repository::clients::package::ClientPackage;
use releng::repository::sign::{Key, Keyring};

use crate::support::keys::Keys;
use crate::support::program::{Sandbox, run_in};

const RSA: &str = "rsa@example.org";
const ED: &str = "ed@example.org";

fn both() -> Keys {
    Keys::of(&[(RSA, "rsa3072"), (ED, "ed25519")])
}

/// Long before any key of a test was made, and long after.
fn early() -> Timestamp {
    Timestamp::from_second(1_600_000_000).unwrap()
}

fn late() -> Timestamp {
    Timestamp::from_second(4_000_000_000).unwrap()
}

/// Packages of this many names, in a folder with a space in its name.
fn packages(folder: &Sandbox, copy: &str, names: &[&str]) -> Vec<PathBuf> {
    let package = |name: &&str| {
        let files = vec![(format!("/etc/{name}.conf"), b"a\n".repeat(9000))];
        let (version, summary, license, packager) = ("1.0.0", "A demonstration", "MIT", "Ada");
        let package = ClientPackage { name, version, release: 1, summary, license, packager, files, date: early() };
        let path = format!("{copy} copy/{}", package.file_name());
        folder.write(&path, package.render().unwrap());
        folder.join(&path)
    };
    names.iter().map(package).collect()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[track_caller]
fn refused<T>(result: anyhow::Result<T>, message: &str, help: &str) {
    let error = result.err().unwrap();
    let failure = error.downcast_ref::<Failure>().unwrap_or_else(|| panic!("{error:?}"));
    assert!(failure.message.contains(message), "{}", failure.message);
    assert!(failure.help.clone().unwrap_or_default().contains(help), "{:?}", failure.help);
}

#[test]
fn a_detached_signature_repeats_and_verifies() {
    let keys = both();
    for name in [RSA, ED] {
        let key = Key::load_in(keys.home(), name).unwrap();
        assert_eq!(key.rsa, name == RSA);
        let signature = key.sign_detached(b"content\r\n\xff", late()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1100)); // past the second
        assert_eq!(key.sign_detached(b"content\r\n\xff", late()).unwrap(), signature);
        assert!(signature.starts_with(b"-----BEGIN PGP SIGNATURE-----\n\n"), "no comment, no version");
        let keyring = Keyring::of(&[&key.public]).unwrap();
        assert_eq!(keyring.verify_detached(b"content\r\n\xff", &signature).unwrap(), key.fingerprint);
        refused(keyring.verify_detached(b"content\n\xff", &signature), "it was made of other content", "");
        refused(keyring.verify_detached(b"content", b""), "the signature is invalid", "");
        refused(keyring.verify_detached(b"content", b"hello"), "the signature is invalid", "");
    }
}

#[test]
fn no_signature_is_older_than_its_key() {
    let keys = both();
    let key = Key::load_in(keys.home(), ED).unwrap();
    let signature = key.sign_detached(b"", early()).unwrap();
    assert_eq!(signature, key.sign_detached(b"", key.created).unwrap());
    assert!(key.created > early() && signature != key.sign_detached(b"", late()).unwrap());
    Keyring::of(&[&key.public]).unwrap().verify_detached(b"", &signature).unwrap();
}

#[test]
fn packages_are_signed_with_the_same_bytes_again() {
    let keys = both();
    let folder = Sandbox::bare();
    for (name, kind) in [(RSA, "RSA"), (ED, "EdDSA")] {
        let key = Key::load_in(keys.home(), name).unwrap();
        let unsigned = packages(&folder, "unsigned", &["a", "b", "c"]);
        let one = packages(&folder, "one", &["a", "b", "c"]);
        key.sign_packages(&one, early()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let two = packages(&folder, "two", &["a", "b", "c"]);
        key.sign_packages(&two, early()).unwrap();
        key.sign_packages(&two[..1], early()).unwrap(); // once more, over a signature
        for ((one, two), unsigned) in one.iter().zip(&two).zip(&unsigned) {
            assert!(read(one) == read(two) && read(one) != read(unsigned));
            assert!(read(one).ends_with(&read(unsigned)[read(unsigned).len() - 300..]), "the payload stays");
        }
        let database = format!("--dbpath={}", folder.join(name).display());
        folder.write("key", &key.public);
        run_in(folder.path(), "rpmkeys", &[&database, "--import", "key"], &[]).exits(0);
        let check = |path: &Path| run_in(folder.path(), "rpm", &[&database, "-Kv", path.to_str().unwrap()], &[]);
        let said = check(&one[2]).exits(0).stdout;
        assert!(said.contains(&format!("Header V4 {kind}/SHA256 Signature, key ID ")), "{said}");
        assert!(said.lines().skip(1).all(|line| line.ends_with(": OK")), "{said}");
        assert!(!check(&unsigned[2]).stdout.contains("Signature"));
    }
}

#[test]
fn a_package_is_verified_by_the_given_keys_alone() {
    let (keys, folder) = (both(), Sandbox::bare());
    let (rsa, ed) = (Key::load_in(keys.home(), RSA).unwrap(), Key::load_in(keys.home(), ED).unwrap());
    let signed = packages(&folder, "signed", &["a", "b"]);
    rsa.sign_packages(&signed[..1], late()).unwrap();
    ed.sign_packages(&signed[1..], late()).unwrap();
    Keyring::of(&[&rsa.public, &ed.public]).unwrap().verify_packages(&signed).unwrap();
    let ring = Keyring::of(&[&rsa.public]).unwrap();
    ring.verify_packages(&signed[..1]).unwrap();
    refused(
        ring.verify_packages(&signed),
        "b-1.0.0-1.noarch.rpm` has no valid signature: digests SIGNATURES NOT OK",
        "",
    );
    let unsigned = packages(&folder, "unsigned", &["a"]);
    refused(ring.verify_packages(&unsigned), "has no valid signature", "");
    let mut bytes = read(&signed[0]);
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    folder.write("broken.rpm", bytes);
    refused(ring.verify_packages(&[folder.join("broken.rpm")]), "has no valid signature: DIGESTS", "");
    refused(ring.verify_packages(&[folder.join("absent.rpm")]), "open failed: No such file", "");
    let signature = ed.sign_detached(b"", late()).unwrap();
    refused(ring.verify_detached(b"", &signature), "is not in the keyring of the repository", "");
}

#[test]
fn the_public_key_is_plain_and_is_one() {
    let keys = both();
    let key = Key::load_in(keys.home(), RSA).unwrap();
    let text = String::from_utf8(key.public.clone()).unwrap();
    assert!(text.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"), "no comment, no version");
    assert!(Key::load_in(keys.home(), key.fingerprint.as_str()).unwrap().public == key.public);
    refused(Keyring::of(&["no key"]), "key 1 is not a public key", "gpg --armor --export");
}

#[test]
fn a_key_that_cannot_sign_says_why() {
    let keys = both();
    keys.add("locked@example.org", "ed25519", "a passphrase", "never");
    // Made and expired long ago, by a clock of its own.
    keys.gpg(&[
        "--faked-system-time",
        "1600000000",
        "--passphrase",
        "",
        "--quick-gen-key",
        "old@example.org",
        "ed25519",
        "sign",
        "2d",
    ]);
    let load = |name: &str| Key::load_in(keys.home(), name);
    refused(load("nobody@example.net"), "there is no secret key `nobody@example.net`", "gpg --list-secret-keys");
    refused(load("-rf"), "there is no secret key `-rf`", "");
    refused(load("example.org"), "`example.org` matches more than one secret key", "to one of `");
    refused(
        load("old@example.org"),
        "the key `old@example.org` is expired",
        "make a new key, set `repository.sign` to it",
    );
    refused(load("locked@example.org"), "cannot sign with the key `", "unlock it in gpg-agent");
    let other = Keys::none();
    other.gpg(&["--import", &exported(&keys, ED)]);
    refused(Key::load_in(other.home(), ED), "the secret part of the key `ed@example.org` is missing", "--import");
}

/// Writes the public part of a key to a file; its path.
fn exported(keys: &Keys, name: &str) -> String {
    let path = keys.home().join("public.asc").to_str().unwrap().to_owned();
    keys.gpg(&["--yes", "--armor", "--output", &path, "--export", name]);
    path
}

#[test]
fn a_key_that_is_lost_on_the_way_is_an_error() {
    let (keys, folder) = (both(), Sandbox::bare());
    let key = Key::load_in(keys.home(), ED).unwrap();
    keys.gpg(&["--yes", "--delete-secret-keys", key.fingerprint.as_str()]);
    let package = packages(&folder, "one", &["a"]);
    refused(key.sign_detached(b"", early()), "cannot sign with the key `", "");
    refused(key.sign_packages(&package, early()), "cannot sign with the key `", "");
}

#[test]
fn a_subkey_signs_where_the_primary_key_is_away() {
    let keys = Keys::none();
    keys.gpg(&["--passphrase", "", "--quick-gen-key", ED, "ed25519", "cert", "never"]);
    let list = keys.gpg(&["--with-colons", "--list-keys"]).stdout;
    let primary = list.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':');
    refused(Key::load_in(keys.home(), ED), "cannot sign", "add a subkey");
    keys.gpg(&["--passphrase", "", "--quick-add-key", primary, "rsa3072", "sign", "never"]);
    let subkeys = keys.home().join("subkeys.gpg").to_str().unwrap().to_owned();
    keys.gpg(&["--output", &subkeys, "--export-secret-subkeys", primary]);
    let away = Keys::none();
    away.gpg(&["--import", &subkeys]);
    let key = Key::load_in(away.home(), ED).unwrap();
    assert_eq!((key.fingerprint.as_str(), key.rsa), (primary, true));
    let signature = key.sign_detached(b"a", late()).unwrap();
    let keyring = Keyring::of(&[&key.public]).unwrap();
    assert_eq!(keyring.verify_detached(b"a", &signature).unwrap(), key.fingerprint);
    let folder = Sandbox::bare();
    key.sign_packages(&packages(&folder, "one", &["a"]), late()).unwrap();
}
