//! Signing and verifying, by GnuPG and rpm.
//!
//! [`Key`] signs with the person's own GnuPG, so that the secret stays where it is: in an agent, on a card. Signatures are
//! made at the source date, with one key named by its whole fingerprint and without the person's options, so their bytes
//! repeat. [`Keyring`] verifies with given public keys and nothing else; no keyring of the person's is read or changed.

mod key;
mod keyring;
mod listing;
mod signature;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use anyhow::Result;

pub use key::Key;
pub use keyring::Keyring;
pub use signature::SIGNATURE;

use crate::base::process::{Program, Said};
use crate::base::text::last_line;

/// The fingerprint of a primary key: 40 hexadecimal digits, or 64 of a newer kind of key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// As a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs gpg, or a program that runs gpg, to its end: nobody is asked, nothing is translated, no time zone matters.
/// `home` is the folder of GnuPG.
fn run(program: &str, args: Vec<OsString>, home: Option<&Path>, input: &[u8]) -> Result<Said> {
    let mut variables = vec![("LC_ALL", Some("C".to_owned())), ("LANGUAGE", None), ("TZ", Some("UTC0".to_owned()))];
    variables.extend(home.map(|home| ("GNUPGHOME", Some(home.to_string_lossy().into_owned()))));
    Program { program: program.as_ref(), args, folder: Path::new("/"), variables, input: input.to_vec() }.run()
}

/// Runs gpg without the person's options, on the keys in `home` or else on the person's.
fn gpg(home: Option<&Path>, args: &[&str], input: &[u8]) -> Result<Said> {
    let quiet = ["--batch", "--no-tty", "--no-options", "--no-auto-check-trustdb", "--trust-model", "always"];
    run("gpg", quiet.iter().chain(args).map(OsString::from).collect(), home, input)
}

/// The last line that says what is wrong, without the name of the program.
fn last_words(errors: &[u8]) -> String {
    let errors = String::from_utf8_lossy(errors);
    let last = last_line(&errors).unwrap_or("it did not say why");
    last.trim_start_matches("gpg: ").trim_start_matches("error: ").to_owned()
}
