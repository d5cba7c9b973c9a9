//! Verifies signatures with given public keys only. They are kept in a scratch folder, which is removed with the value.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result};

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::repository::sign::home::GnupgHome;
use crate::repository::sign::{AT_ONCE, Fingerprint, error_line, run};

/// Whether the signature of a key that has expired since is accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ExpiredKeys {
    Refused,
    Accepted,
}

/// The end of the message about a signature of a key that the keyring lacks.
pub const UNKNOWN_KEY: &str = "is not in the keyring of the repository";

/// A keyring of gpg and one of rpm, with the same public keys.
///
/// An expired key or signature is an error. A signature dated in the future is not: it only means that the clock is wrong.
pub struct Keyring {
    home: GnupgHome,
    /// What [`Keyring::verify_once`] has found valid.
    valid: Mutex<BTreeSet<SignedContent>>,
}

/// A content and its signature, by their digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignedContent {
    pub content: Digest,
    pub signature: Digest,
}

impl Keyring {
    /// Makes a keyring of armoured public keys, such as [`Key::public`](crate::repository::sign::Key::public).
    ///
    /// Errors: a text is not a public key; gpg or rpmkeys is not installed.
    pub fn of(keys: &[impl AsRef<[u8]>]) -> Result<Keyring> {
        let keyring = Keyring { home: GnupgHome::new()?, valid: Mutex::default() };
        let mut paths = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            let imported = keyring.gpg(&["--import"], key.as_ref())?;
            if !status_lines(&imported.output).any(|line| line.starts_with("IMPORT_OK ")) {
                let message = format!("key {} is not a public key: {}", number + 1, error_line(&imported.errors));
                return Err(Failure::new(Exit::Failed, message).help("export it with `gpg --armor --export`").into());
            }
            paths.push(keyring.home.write(&format!("{number}.asc"), key.as_ref())?.into());
        }
        if !paths.is_empty() {
            let imported = keyring.rpmkeys("--import", paths)?;
            if !imported.status.success() {
                let words = error_line(&imported.errors);
                return Err(Failure::new(Exit::Failed, format!("rpm cannot use the key: {words}")).into());
            }
        }
        Ok(keyring)
    }

    /// Verifies a detached signature of `content` and returns the fingerprint of the primary key.
    ///
    /// Errors: it is not a signature, or one of other content, or of a key that is unknown, expired or revoked.
    pub fn verify_detached(&self, content: &[u8], signature: &[u8]) -> Result<Fingerprint> {
        self.verify(content, signature, ExpiredKeys::Refused)
    }

    /// As [`Keyring::verify_detached`], for content that no client reads any more: the key may have expired since it signed.
    pub fn verify_former(&self, content: &[u8], signature: &[u8]) -> Result<Fingerprint> {
        self.verify(content, signature, ExpiredKeys::Accepted)
    }

    /// As [`Keyring::verify_former`], for content that many revisions have: gpg checks it once. `digests` are those of the two texts.
    pub fn verify_once(&self, digests: SignedContent, content: &[u8], signature: &[u8]) -> Result<()> {
        let is_valid = self.valid.lock().is_ok_and(|valid| valid.contains(&digests));
        if !is_valid {
            self.verify_former(content, signature)?;
            if let Ok(mut valid) = self.valid.lock() {
                valid.insert(digests);
            }
        }
        Ok(())
    }

    fn verify(&self, content: &[u8], signature: &[u8], expired: ExpiredKeys) -> Result<Fingerprint> {
        let scratch = files::remote_scratch()?;
        let path = scratch.write("signature", signature)?;
        let path = path.to_string_lossy();
        let verified = self.gpg(&["--ignore-time-conflict", "--verify", "--", &path, "-"], content)?;
        let lines: Vec<String> = status_lines(&verified.output).collect();
        let fields = |word: &str| lines.iter().find_map(|line| line.strip_prefix(word)).map(|rest| rest.split(' '));
        let why = match (fields("GOODSIG "), fields("VALIDSIG ").and_then(|mut fields| fields.nth(9))) {
            (Some(_), Some(primary)) if verified.status.success() => return Ok(Fingerprint(primary.to_owned())),
            // gpg writes this line for a signature that is valid, except that its key has expired since.
            (None, Some(primary)) if expired == ExpiredKeys::Accepted && fields("EXPKEYSIG ").is_some() => {
                return Ok(Fingerprint(primary.to_owned()));
            }
            _ if fields("BADSIG ").is_some() => "it was made of other content".to_owned(),
            _ if fields("NO_PUBKEY ").is_some() => {
                let id = fields("NO_PUBKEY ").and_then(|mut fields| fields.next()).unwrap_or_default();
                format!("the key `{id}` {UNKNOWN_KEY}")
            }
            _ if fields("EXPKEYSIG ").is_some() => "its key has expired".to_owned(),
            _ if fields("EXPSIG ").is_some() => "it has expired".to_owned(),
            _ if fields("REVKEYSIG ").is_some() => "its key was revoked".to_owned(),
            _ => error_line(&verified.errors),
        };
        Err(Failure::new(Exit::Failed, format!("the signature is invalid: {why}")).into())
    }

    /// Checks that each package is signed by one of the keys, and that its digests match its header.
    pub fn verify_packages(&self, packages: &[PathBuf]) -> Result<()> {
        for chunk in packages.chunks(AT_ONCE) {
            let mut paths = Vec::new();
            for path in chunk {
                paths.push(std::path::absolute(path).with_context(|| format!("`{}`", path.display()))?);
            }
            let checked = self.rpmkeys("--checksig", paths.iter().map(OsString::from).collect())?;
            let output = String::from_utf8_lossy(&checked.output).into_owned();
            // Older versions of rpmkeys accept a package without a signature, so that the exit code is not enough.
            let is_valid = |path: &&PathBuf| {
                let wanted = format!("{}: digests signatures OK", path.display());
                output.lines().any(|line| line == wanted)
            };
            if let Some(bad) = paths.iter().find(|path| !is_valid(path)) {
                let start = format!("{}: ", bad.display());
                let why = match output.lines().find_map(|line| line.strip_prefix(&start)) {
                    Some(why) => why.to_owned(),
                    None => error_line(&checked.errors),
                };
                let message = format!("`{}` has no valid signature: {why}", bad.display());
                return Err(Failure::new(Exit::Failed, message).into());
            }
        }
        Ok(())
    }

    fn gpg(&self, args: &[&str], input: &[u8]) -> Result<crate::base::process::Said> {
        self.home.gpg(&[&["--status-fd", "1"], args].concat(), input)
    }

    /// Runs rpmkeys so that it requires digests and signatures, whatever the configuration of the machine is.
    fn rpmkeys(&self, what: &str, paths: Vec<OsString>) -> Result<crate::base::process::Said> {
        let database = self.home.path().join("rpm");
        let definitions = ["-D", "_pkgverify_level all", "-D", "_pkgverify_flags 0x0"].map(OsString::from);
        let args = [OsString::from("--dbpath"), database.into()].into_iter().chain(definitions).chain([what.into()]);
        run("rpmkeys", args.chain(paths).collect(), None, b"")
    }
}

/// The status lines of gpg, which are made for programs.
fn status_lines(output: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(output).into_owned();
    let lines: Vec<String> = text.lines().filter_map(|line| Some(line.strip_prefix("[GNUPG:] ")?.to_owned())).collect();
    lines.into_iter()
}
