//! Signs with the key of the configuration key `repository.sign`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::clock;
use crate::base::error::{Exit, Failure, committed};
use crate::base::files;
use crate::repository::sign::listing::{FUTURE, NoKey, Signer, parse_signer};
use crate::repository::sign::{AT_ONCE, Fingerprint, KeyName, Keyring, error_line, gpg, run};

/// A secret key that GnuPG has and that can sign by its listing. It has not signed yet: it may need a passphrase.
#[derive(Clone, Debug)]
pub struct ListedSigner {
    /// The key as messages name it.
    pub name: KeyName,
    expires: Option<Timestamp>,
}

impl ListedSigner {
    /// Finds the key `name` in the GnuPG of the user, without a signature.
    ///
    /// Errors: those of [`Key::load`], but for a passphrase.
    pub fn find(name: &str) -> Result<ListedSigner> {
        let signer = find_signer(None, name)?;
        let expires = signer.expires.map(|seconds| date_of(name, seconds)).transpose()?;
        Ok(ListedSigner { name: KeyName { fingerprint: signer.primary, owner: signer.owner }, expires })
    }

    /// Errors: the key has expired at `now`.
    pub fn require_valid(&self, now: Timestamp) -> Result<(), Failure> {
        require_not_ended(&self.name, self.expires, now)
    }
}

/// A secret key that can sign: loading it makes a first signature.
#[derive(Clone, Debug)]
pub struct Key {
    /// The fingerprint of the primary key.
    pub fingerprint: Fingerprint,
    /// The user id; `None` if it has none.
    owner: Option<String>,
    /// The time of creation. No signature has an earlier time.
    pub created: Timestamp,
    /// The time from which it cannot sign any more; `None` if it does not expire.
    pub expires: Option<Timestamp>,
    /// Whether it is an RSA key: rpm of el8 and older may not support others.
    pub rsa: bool,
    /// The public key, armoured, without the signatures of other keys. The bytes are the same until the key is changed.
    pub public: Vec<u8>,
    /// The fingerprint of the signing key: the primary key or a subkey.
    signer: Fingerprint,
    /// The folder of GnuPG; `None` for the user's.
    home: Option<PathBuf>,
}

impl Key {
    /// Finds the key `name` (an id, a fingerprint or an e-mail address) in the GnuPG of the user. Errors: see [`Key::load_in`].
    pub fn load(name: &str) -> Result<Key> {
        Key::find(None, name)
    }

    /// Finds the key `name` in the folder `home` of GnuPG.
    ///
    /// Errors: gpg is not installed; there is no such key, or more than one; the key has expired, its secret part is missing,
    /// or it needs a passphrase.
    pub fn load_in(home: &Path, name: &str) -> Result<Key> {
        Key::find(Some(home), name)
    }

    fn find(home: Option<&Path>, name: &str) -> Result<Key> {
        let signer = find_signer(home, name)?;
        let created = date_of(name, signer.created)?;
        let expires = signer.expires.map(|seconds| date_of(name, seconds)).transpose()?;
        let public = export(home, &signer.primary)?;
        let key = Key {
            fingerprint: signer.primary,
            owner: signer.owner,
            created,
            expires,
            rsa: signer.rsa,
            public,
            signer: signer.signer,
            home: home.map(Path::to_owned),
        };
        // If the key needs a passphrase, the agent asks for it now, before anything is changed.
        key.sign_detached(b"", created)?;
        Ok(key)
    }

    /// Errors: the key has expired at `now`.
    pub fn require_valid(&self, now: Timestamp) -> Result<(), Failure> {
        require_not_ended(&self.name(), self.expires, now)
    }

    /// Makes a detached, armoured signature of `content` (`.asc`). Its time is `at`, or the creation of the key if that is later.
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

    /// Signs packages in place and replaces earlier signatures. The packages must be scratch copies: rpmsign writes into the
    /// file, and so into all of its hard links. All are verified afterwards: rpmsign can exit with code 0 without signing.
    pub fn sign_packages(&self, packages: &[PathBuf], at: Timestamp) -> Result<()> {
        let scratch = files::remote_scratch()?;
        let keyring = Keyring::of(&[&self.public])?;
        for chunk in packages.chunks(AT_ONCE) {
            let mut args = self.macros(scratch.path(), at);
            args.push("--addsign".into());
            for package in chunk {
                args.push(std::path::absolute(package).with_context(|| format!("`{}`", package.display()))?.into());
            }
            let signed = run("rpmsign", args, self.home.as_deref(), b"")?;
            if !signed.status.success() {
                return Err(self.cannot_sign(&signed.errors));
            }
            keyring
                .verify_packages(chunk)
                .with_context(|| format!("`rpmsign` wrote: {}", error_line(&signed.errors)))?;
        }
        Ok(())
    }

    /// The definitions that make rpmsign call gpg with the options of [`Key::sign_detached`]. Newer versions of rpmsign pass the
    /// content on standard input, older ones in a file.
    fn macros(&self, scratch: &Path, at: Timestamp) -> Vec<OsString> {
        let (user, time) = (self.user(), self.time(at));
        let command = format!(
            "%{{__gpg}} gpg --batch --no-tty --no-options --no-verbose --no-armor --no-secmem-warning \
             --trust-model always --faked-system-time {time} --digest-algo SHA256 --local-user {user} \
             --detach-sign --output \"%{{__signature_filename}}\" %{{?__plaintext_filename:\"%{{__plaintext_filename}}\"}}"
        );
        let definitions = [
            ("_gpg_name", user.clone()),
            ("_gpg_path", "%{nil}".to_owned()), // A definition of the user would replace GNUPGHOME.
            ("_openpgp_sign", "gpg".to_owned()),
            ("_openpgp_sign_id", user),
            ("_gpg_digest_algo", "sha256".to_owned()),
            ("_tmppath", scratch.to_string_lossy().replace('%', "%%")),
            ("__gpg", gpg_on_path()),
            ("__gpg_sign_cmd", command),
        ];
        definitions.iter().flat_map(|(name, body)| ["-D".into(), format!("{name} {body}").into()]).collect()
    }

    /// The value of `--local-user`. With the exclamation mark, gpg does not choose another subkey.
    fn user(&self) -> String {
        format!("{}!", self.signer)
    }

    /// The value of `--faked-system-time`. With the exclamation mark, the time does not advance while gpg runs.
    fn time(&self, at: Timestamp) -> String {
        format!("{}!", at.max(self.created).as_second())
    }

    fn name(&self) -> KeyName {
        KeyName { fingerprint: self.fingerprint.clone(), owner: self.owner.clone() }
    }

    fn cannot_sign(&self, errors: &[u8]) -> anyhow::Error {
        let message = format!("cannot sign with the key {}: {}", self.name(), error_line(errors));
        let help = "if it needs a passphrase, unlock it in gpg-agent first (sign any file by hand, or use \
            `gpg-preset-passphrase`)\nif it is on a card, insert the card";
        Failure::new(Exit::Failed, message).help(help).into()
    }
}

/// The key `name` in the folder `home` of GnuPG, by its listing.
fn find_signer(home: Option<&Path>, name: &str) -> Result<Signer> {
    let list = |what: &str| -> Result<String> {
        Ok(String::from_utf8_lossy(&gpg(home, &["--with-colons", what, "--", name], b"")?.output).into_owned())
    };
    match parse_signer(&list("--list-secret-keys")?, clock::now()?.as_second()) {
        Ok(signer) => Ok(signer),
        Err(NoKey::Absent) if list("--list-keys")?.contains("pub:") => Err(refuse(name, &NoKey::NoSecret).into()),
        Err(why) => Err(refuse(name, &why).into()),
    }
}

fn date_of(name: &str, seconds: i64) -> Result<Timestamp> {
    Timestamp::from_second(seconds).with_context(|| format!("the date of the key `{name}`"))
}

fn require_not_ended(name: &KeyName, expires: Option<Timestamp>, now: Timestamp) -> Result<(), Failure> {
    match expires {
        Some(end) if end <= now => Err(ended(&name.to_string(), "expired")),
        _ => Ok(()),
    }
}

/// The armoured public key, without the signatures of other keys.
pub(super) fn export(home: Option<&Path>, key: &Fingerprint) -> Result<Vec<u8>> {
    let options = ["--armor", "--no-comments", "--no-emit-version", "--export-options", "export-minimal", "--export"];
    let exported = gpg(home, &[&options[..], &["--", key.as_str()]].concat(), b"")?;
    if !exported.status.success() || exported.output.is_empty() {
        anyhow::bail!("cannot export the key `{key}`: {}", error_line(&exported.errors));
    }
    Ok(exported.output)
}

/// The path of gpg: rpmsign does not search PATH.
fn gpg_on_path() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = crate::base::process::isolation::find_in_path("gpg".as_ref(), &path);
    found.map_or("/usr/bin/gpg".to_owned(), |gpg| gpg.to_string_lossy().replace('%', "%%"))
}

/// The error for a key that is expired or revoked, or that the clock is behind. A new expiry is no help: a client of dnf 4 keeps its copy
/// of the key.
pub(super) fn ended(name: &str, word: &str) -> Failure {
    if word == FUTURE {
        return Failure::new(Exit::Failed, format!("the key {name} is {word}"))
            .help("check the clock of this machine: by it, the key is not made yet");
    }
    Failure::new(Exit::Failed, format!("the key {name} is {word}")).help(format!(
        "make a new key, {}: \"Changing the key\" in docs/maintainer.md has the steps\n\
         a new expiry on this key does not help: dnf 4 ignores the repository, with exit code 0, on each client that has \
         the old copy of the key",
        committed("set `repository.sign` to it")
    ))
}

fn refuse(name: &str, why: &NoKey) -> Failure {
    let listing = "`gpg --list-secret-keys` lists the keys";
    let (message, help) = match why {
        NoKey::Absent => (
            format!("there is no secret key `{name}`"),
            format!("{listing}; import it, or {}", committed("change `repository.sign`")),
        ),
        NoKey::Many(all) => {
            let all = all.iter().map(KeyName::to_string).collect::<Vec<_>>().join(", ");
            (
                format!("`{name}` matches more than one secret key"),
                committed(&format!("set `repository.sign` to one of {all}")),
            )
        }
        NoKey::NoSecret => (
            format!("the secret part of the key `{name}` is missing"),
            "import it with `gpg --import`, or run this command on the machine that has it; if it is lost: \
             \"Changing the key\" in docs/maintainer.md has the steps"
                .to_owned(),
        ),
        NoKey::Ended(word) => return ended(&format!("`{name}`"), word),
        NoKey::NotForSigning => (
            format!("the key `{name}` cannot sign"),
            format!("add a subkey that can sign, or {}", committed("set `repository.sign` to another key")),
        ),
    };
    Failure::new(Exit::Failed, message).help(help)
}
