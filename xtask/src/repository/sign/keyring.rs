//! Verifying with given keys alone, in a folder that goes when the value goes.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::files::{self, Scratch};
use crate::repository::sign::{Fingerprint, gpg, last_words, run};

/// How many packages are verified by one `rpmkeys`.
const AT_ONCE: usize = 200;

/// Public keys, in the form of gpg and in that of rpm. It holds those that it was made of and no others.
///
/// The clock plays a part only where a key or a signature has expired: a time to come is none's fault but the clock's.
pub struct Keyring {
    scratch: Scratch,
}

impl Keyring {
    /// Of armoured public keys, such as [`crate::repository::sign::Key::public`] gives.
    ///
    /// Errors: one of them is none; gpg or rpmkeys is not there.
    pub fn of(keys: &[impl AsRef<[u8]>]) -> Result<Keyring> {
        let keyring = Keyring { scratch: files::remote_scratch()? };
        let mut paths = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            let imported = keyring.gpg(&["--import"], key.as_ref())?;
            if !status_lines(&imported.output).any(|line| line.starts_with("IMPORT_OK ")) {
                let message = format!("key {} is no public key: {}", number + 1, last_words(&imported.errors));
                return Err(Failure::new(Exit::Failed, message).help("export it with `gpg --armor --export`").into());
            }
            let path = keyring.scratch.path().join(format!("{number}.asc"));
            std::fs::write(&path, key).with_context(|| format!("cannot write `{}`", path.display()))?;
            paths.push(path.into());
        }
        if !paths.is_empty() {
            let imported = keyring.rpmkeys("--import", paths)?;
            if !imported.status.success() {
                let words = last_words(&imported.errors);
                return Err(Failure::new(Exit::Failed, format!("rpm cannot use the key: {words}")).into());
            }
        }
        Ok(keyring)
    }

    /// Whose signature of `content` this is, by the primary key.
    ///
    /// Errors: it is none, of other content, of an unknown key, of a key that expired or was revoked.
    pub fn verify_detached(&self, content: &[u8], signature: &[u8]) -> Result<Fingerprint> {
        let scratch = files::remote_scratch()?;
        let path = scratch.path().join("signature");
        std::fs::write(&path, signature).with_context(|| format!("cannot write `{}`", path.display()))?;
        let path = path.to_string_lossy();
        let verified = self.gpg(&["--ignore-time-conflict", "--verify", "--", &path, "-"], content)?;
        let lines: Vec<String> = status_lines(&verified.output).collect();
        let fields = |word: &str| lines.iter().find_map(|line| line.strip_prefix(word)).map(|rest| rest.split(' '));
        let why = match (fields("GOODSIG "), fields("VALIDSIG ").and_then(|mut fields| fields.nth(9))) {
            (Some(_), Some(primary)) if verified.status.success() => return Ok(Fingerprint(primary.to_owned())),
            _ if fields("BADSIG ").is_some() => "it was made of other content".to_owned(),
            _ if fields("NO_PUBKEY ").is_some() => {
                format!(
                    "the key `{}` is none of those that sign here",
                    fields("NO_PUBKEY ").and_then(|mut id| id.next()).unwrap_or_default()
                )
            }
            _ if fields("EXPKEYSIG ").is_some() => "its key has expired".to_owned(),
            _ if fields("EXPSIG ").is_some() => "it has expired".to_owned(),
            _ if fields("REVKEYSIG ").is_some() => "its key was revoked".to_owned(),
            _ => last_words(&verified.errors),
        };
        Err(Failure::new(Exit::Failed, format!("the signature is not good: {why}")).into())
    }

    /// That each package is signed by one of the keys, and has the digests that its header says.
    pub fn verify_packages(&self, packages: &[PathBuf]) -> Result<()> {
        for some in packages.chunks(AT_ONCE) {
            let absolute = |path: &PathBuf| std::path::absolute(path).with_context(|| format!("`{}`", path.display()));
            let paths: Vec<PathBuf> = some.iter().map(absolute).collect::<Result<_>>()?;
            let checked = self.rpmkeys("--checksig", paths.iter().map(OsString::from).collect())?;
            let output = String::from_utf8_lossy(&checked.output).into_owned();
            // Its exit code alone would do for newer versions; older ones take a package without signature for sound.
            let is_good = |path: &&PathBuf| {
                let wanted = format!("{}: digests signatures OK", path.display());
                output.lines().any(|line| line == wanted)
            };
            if let Some(bad) = paths.iter().find(|path| !is_good(path)) {
                let start = format!("{}: ", bad.display());
                let said = output.lines().find_map(|line| line.strip_prefix(&start));
                let said = said.map_or_else(|| last_words(&checked.errors), str::to_owned);
                let message = format!("`{}` has no good signature: {said}", bad.display());
                return Err(Failure::new(Exit::Failed, message).into());
            }
        }
        Ok(())
    }

    fn gpg(&self, args: &[&str], input: &[u8]) -> Result<crate::base::process::Said> {
        gpg(Some(self.scratch.path()), &[&["--no-autostart", "--status-fd", "1"], args].concat(), input)
    }

    /// Verification demands digests and signatures both, whatever the configuration of the machine says.
    fn rpmkeys(&self, what: &str, paths: Vec<OsString>) -> Result<crate::base::process::Said> {
        let database = self.scratch.path().join("rpm");
        let definitions = ["-D", "_pkgverify_level all", "-D", "_pkgverify_flags 0x0"].map(OsString::from);
        let args = [OsString::from("--dbpath"), database.into()].into_iter().chain(definitions).chain([what.into()]);
        run("rpmkeys", args.chain(paths).collect(), None, b"")
    }
}

/// What gpg says for programs to read.
fn status_lines(output: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(output).into_owned();
    let lines: Vec<String> = text.lines().filter_map(|line| Some(line.strip_prefix("[GNUPG:] ")?.to_owned())).collect();
    lines.into_iter()
}
