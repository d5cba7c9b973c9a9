//! Signs and verifies with GnuPG and rpm.
//!
//! [`Key`] signs with the GnuPG of the user, so that the secret key stays in the agent or on the card. A signature has the
//! source date, the key is given by its full fingerprint, and the options of the user are ignored, so that signing again
//! makes the same bytes. [`Keyring`] verifies with given public keys only; the user's keyring is neither read nor changed.

mod home;
mod key;
mod keyring;
mod listing;
mod name;
mod packets;
mod public;
mod signature;
mod signers;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

pub use key::{Key, ListedSigner};
pub use keyring::{Keyring, SignedContent, UNKNOWN_KEY};
pub use listing::FUTURE;
pub use name::KeyName;
pub use packets::{KeyPackets, read_key};
pub use public::{END_OF_KEY, PublicKey, split_keys};
pub use signature::{SIGNATURE, signature_of_checksums};
pub use signers::{signer_of_signature, signers_of_packages};

use crate::base::error::FULL_DISK;
use crate::base::process::{Program, Said};
use crate::base::text::last_line;

/// The fingerprint of a key: 40 hexadecimal digits, or 64 for newer keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of packages for one call of `rpm`, `rpmkeys` or `rpmsign`. The command line stays far below the limit of the system.
const AT_ONCE: usize = 200;

/// The limit of one call of gpg or of rpmsign, which signs at most [`AT_ONCE`] packages. A pinentry that nobody answers ends
/// there, too.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Runs gpg, or a program that runs gpg, without translations and in UTC. `home` is the folder of GnuPG; `None` for the user's.
fn run(program: &str, args: Vec<OsString>, home: Option<&Path>, input: &[u8]) -> Result<Said> {
    let mut variables = vec![("LC_ALL", Some("C".to_owned())), ("LANGUAGE", None), ("TZ", Some("UTC0".to_owned()))];
    variables.extend(home.map(|home| ("GNUPGHOME", Some(home.to_string_lossy().into_owned()))));
    Program { program: program.as_ref(), args, folder: Path::new("/"), variables, input: input.to_vec() }
        .run_within(LIMIT)
}

/// Runs gpg without questions and without the user's options. `home` is the folder of GnuPG; `None` for the user's.
fn gpg(home: Option<&Path>, args: &[&str], input: &[u8]) -> Result<Said> {
    let quiet = ["--batch", "--no-tty", "--no-options", "--no-auto-check-trustdb", "--trust-model", "always"];
    run("gpg", quiet.iter().chain(args).map(OsString::from).collect(), home, input)
}

/// The last line of standard error, without the name of the program.
fn error_line(errors: &[u8]) -> String {
    let errors = String::from_utf8_lossy(errors);
    let full = errors.lines().find(|line| FULL_DISK.iter().any(|words| line.contains(words)));
    let last = full.or(last_line(&errors)).unwrap_or("it wrote no error message");
    last.trim_start_matches("gpg: ").trim_start_matches("error: ").to_owned()
}
