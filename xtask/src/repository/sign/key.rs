//! The key of `repository.sign`, and what is signed with it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::repository::sign::listing::{NoKey, parse_signer};
use crate::repository::sign::{Fingerprint, Keyring, gpg, last_words, run};

/// How many packages are signed by one `rpmsign`: far from the longest command line that systems allow.
const AT_ONCE: usize = 200;

/// A secret key that can sign here and now: its first signature was made when it was loaded.
#[derive(Clone, Debug)]
pub struct Key {
    /// Of the primary key.
    pub fingerprint: Fingerprint,
    /// No signature of it bears an earlier time.
    pub created: Timestamp,
    /// Whether it is RSA: rpm of el8 and older is sure to know no other.
    pub rsa: bool,
    /// The public part, armoured, without what others have signed on it. The same bytes until the key is changed.
    pub public: Vec<u8>,
    /// Of the key that signs: the primary one or a subkey.
    signer: Fingerprint,
    /// The folder of GnuPG; `None` for the person's.
    home: Option<PathBuf>,
}

impl Key {
    /// Finds the key that `name` (an id, a fingerprint, an e-mail address) means in the person's GnuPG. Errors as
    /// [`Key::load_in`].
    pub fn load(name: &str) -> Result<Key> {
        Key::find(None, name)
    }

    /// Finds it in another folder of GnuPG's.
    ///
    /// Errors: there is no gpg, no such key, more than one; it is expired, its secret is elsewhere, it cannot be used
    /// without a passphrase that nobody gives.
    pub fn load_in(home: &Path, name: &str) -> Result<Key> {
        Key::find(Some(home), name)
    }

    fn find(home: Option<&Path>, name: &str) -> Result<Key> {
        let list = |what: &str| -> Result<String> {
            Ok(String::from_utf8_lossy(&gpg(home, &["--with-colons", what, "--", name], b"")?.output).into_owned())
        };
        let signer = match parse_signer(&list("--list-secret-keys")?) {
            Ok(signer) => signer,
            Err(NoKey::Absent) if list("--list-keys")?.contains("pub:") => {
                return Err(refuse(name, &NoKey::NoSecret).into());
            }
            Err(why) => return Err(refuse(name, &why).into()),
        };
        let export =
            ["--armor", "--no-comments", "--no-emit-version", "--export-options", "export-minimal", "--export"];
        let exported = gpg(home, &[&export[..], &["--", signer.primary.as_str()]].concat(), b"")?;
        if !exported.status.success() || exported.output.is_empty() {
            anyhow::bail!("cannot export the key `{name}`: {}", last_words(&exported.errors));
        }
        let created =
            Timestamp::from_second(signer.created).with_context(|| format!("the date of the key `{name}`"))?;
        let (rsa, public, home) = (signer.rsa, exported.output, home.map(Path::to_owned));
        let key = Key { fingerprint: signer.primary, created, rsa, public, signer: signer.signer, home };
        key.sign_detached(b"", created)?; // where a passphrase is needed it is asked for now, before anything is changed
        Ok(key)
    }

    /// A detached signature of `content`, armoured (`.asc`), that says it was made at `at`, or at the key's creation
    /// where that is later.
    pub fn sign_detached(&self, content: &[u8], at: Timestamp) -> Result<Vec<u8>> {
        let (user, time) = (self.user(), self.time(at));
        let form = ["--armor", "--no-comments", "--no-emit-version", "--digest-algo", "SHA256", "--detach-sign"];
        let signed = gpg(
            self.home.as_deref(),
            &[&["--faked-system-time", &time, "--local-user", &user], &form[..]].concat(),
            content,
        )?;
        if signed.status.success() && signed.output.starts_with(b"-----BEGIN PGP SIGNATURE-----") {
            return Ok(signed.output);
        }
        Err(self.cannot_sign(&signed.errors))
    }

    /// Signs packages where they are: they must be the caller's own scratch copies, for rpmsign writes into the file, and
    /// so into every hard link of it. A signature that is there already is replaced. All are verified afterwards:
    /// rpmsign may end well without a signature.
    pub fn sign_packages(&self, packages: &[PathBuf], at: Timestamp) -> Result<()> {
        let scratch = files::remote_scratch()?;
        let keyring = Keyring::of(&[&self.public])?;
        for some in packages.chunks(AT_ONCE) {
            let mut args = self.macros(scratch.path(), at);
            args.push("--addsign".into());
            for package in some {
                args.push(std::path::absolute(package).with_context(|| format!("`{}`", package.display()))?.into());
            }
            let signed = run("rpmsign", args, self.home.as_deref(), b"")?;
            if !signed.status.success() {
                return Err(self.cannot_sign(&signed.errors));
            }
            keyring.verify_packages(some).with_context(|| format!("`rpmsign` said: {}", last_words(&signed.errors)))?;
        }
        Ok(())
    }

    /// The definitions that make rpmsign call gpg as [`Key::sign_detached`] does. Newer versions hand over the content
    /// on standard input, older ones in a file.
    fn macros(&self, scratch: &Path, at: Timestamp) -> Vec<OsString> {
        let (user, time) = (self.user(), self.time(at));
        let command = format!(
            "%{{__gpg}} gpg --batch --no-tty --no-options --no-verbose --no-armor --no-secmem-warning \
             --trust-model always --faked-system-time {time} --digest-algo SHA256 --local-user {user} \
             --detach-sign --output \"%{{__signature_filename}}\" %{{?__plaintext_filename:\"%{{__plaintext_filename}}\"}}"
        );
        let definitions = [
            ("_gpg_name", user.clone()),
            ("_gpg_path", "%{nil}".to_owned()), // else a definition of the person's would replace GNUPGHOME
            ("_openpgp_sign", "gpg".to_owned()),
            ("_openpgp_sign_id", user),
            ("_gpg_digest_algo", "sha256".to_owned()),
            ("_tmppath", scratch.to_string_lossy().replace('%', "%%")),
            ("__gpg", gpg_on_path()),
            ("__gpg_sign_cmd", command),
        ];
        definitions.iter().flat_map(|(name, body)| ["-D".into(), format!("{name} {body}").into()]).collect()
    }

    /// The exclamation mark keeps gpg from choosing another part of the key.
    fn user(&self) -> String {
        format!("{}!", self.signer)
    }

    /// The exclamation mark stops the clock: the second must not change on the way.
    fn time(&self, at: Timestamp) -> String {
        format!("{}!", at.max(self.created).as_second())
    }

    fn cannot_sign(&self, errors: &[u8]) -> anyhow::Error {
        let message = format!("cannot sign with the key `{}`: {}", self.fingerprint, last_words(errors));
        let help = "where it needs a passphrase, unlock it in gpg-agent first (sign anything by hand, or \
            `gpg-preset-passphrase`)\nwhere it is on a card, put the card in";
        Failure::new(Exit::Failed, message).help(help).into()
    }
}

/// rpmsign runs the program that it is told, and does not look at PATH.
fn gpg_on_path() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = crate::base::process::isolation::find_in_path("gpg".as_ref(), &path);
    found.map_or("/usr/bin/gpg".to_owned(), |gpg| gpg.to_string_lossy().replace('%', "%%"))
}

fn refuse(name: &str, why: &NoKey) -> Failure {
    let listing = "`gpg --list-secret-keys` shows what there is";
    let (message, help) = match why {
        NoKey::Absent => {
            (format!("there is no secret key `{name}`"), format!("{listing}; import it, or change `repository.sign`"))
        }
        NoKey::Many(all) => {
            let all = all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
            (format!("`{name}` means more than one secret key"), format!("set `repository.sign` to one of {all}"))
        }
        NoKey::NoSecret => (
            format!("the secret part of the key `{name}` is not here"),
            "import it with `gpg --import`, or run this where it is".to_owned(),
        ),
        NoKey::Ended(word) => (
            format!("the key `{name}` is {word}"),
            "change its expiry (`gpg --quick-set-expire`) or set `repository.sign` to another".to_owned(),
        ),
        NoKey::NotForSigning => (
            format!("the key `{name}` is not for signing"),
            "add a subkey that signs, or set `repository.sign` to another".to_owned(),
        ),
    };
    Failure::new(Exit::Failed, message).help(help)
}
