//! Public keys: those that clients get, and what gpg says of them. Nothing here needs the secret part of a key.

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::clock;
use crate::base::error::{Exit, Failure};
use crate::repository::sign::home::GnupgHome;
use crate::repository::sign::key::{ended, export};
use crate::repository::sign::listing::{ListedKey, parse_public};
use crate::repository::sign::{Fingerprint, KeyName, error_line, gpg};

/// The armoured keys in a text of several.
pub fn split_keys(keys: &str) -> impl Iterator<Item = &str> {
    keys.split_inclusive(END_OF_KEY).filter(|key| key.contains("BEGIN PGP"))
}

/// The last line of an armoured key.
pub const END_OF_KEY: &str = "-----END PGP PUBLIC KEY BLOCK-----\n";

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The fingerprint of the primary key.
    pub fingerprint: Fingerprint,
    /// The user id; `None` if it has none.
    pub owner: Option<String>,
    /// The time from which it cannot sign any more; `None` if it does not expire.
    pub expires: Option<Timestamp>,
    /// Whether it is an RSA key: rpm of el8 and older may not support others.
    pub rsa: bool,
    /// Why it cannot sign any more: "expired", "revoked", ...
    pub ended: Option<&'static str>,
    /// The armoured key.
    pub text: Vec<u8>,
    /// The fingerprints of the primary key and of all subkeys.
    parts: Vec<Fingerprint>,
}

impl PublicKey {
    /// Finds the key `name` (an id, a fingerprint or an e-mail address) in the GnuPG of the user; `None` if it is not there. If
    /// there are several, it is the only one with a secret part, which is the one that would sign.
    ///
    /// Errors: gpg is not installed; there is more than one such key.
    pub fn find(name: &str) -> Result<Option<PublicKey>> {
        let list = |what: &str, name: &str| -> Result<Vec<ListedKey>> {
            let listed = gpg(None, &["--with-colons", what, "--", name], b"")?;
            Ok(parse_public(&String::from_utf8_lossy(&listed.output), clock::now()?.as_second()))
        };
        let mut keys = list("--list-keys", name)?;
        if keys.len() > 1
            && let [secret] = &list("--list-secret-keys", name)?[..]
        {
            keys.retain(|key| key.primary == secret.primary);
        }
        if keys.len() > 1 {
            let all: Vec<String> = keys.iter().map(|key| key.name().to_string()).collect();
            let message = format!("`{name}` matches more than one key");
            return Err(Failure::new(Exit::Failed, message).help(format!("use one of {}", all.join(", "))).into());
        }
        let Some(listed) = keys.pop() else { return Ok(None) };
        let text = export(None, &listed.primary)?;
        PublicKey::new(listed, text).map(Some)
    }

    /// The keys of armoured texts, each of which has one key; in their order.
    ///
    /// Errors: a text is not a public key; gpg is not installed.
    pub fn read_all<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Vec<PublicKey>> {
        let mut texts = texts.enumerate().peekable();
        if texts.peek().is_none() {
            return Ok(Vec::new());
        }
        let home = GnupgHome::new()?;
        let mut keys: Vec<PublicKey> = Vec::new();
        for (number, text) in texts {
            let imported = home.gpg(&["--status-fd", "1", "--import"], text.as_bytes())?;
            let lines = String::from_utf8_lossy(&imported.output).into_owned();
            let print = lines.lines().find_map(|line| line.strip_prefix("[GNUPG:] IMPORT_OK ")?.split(' ').nth(1));
            let mut all = lines.lines().filter_map(|line| line.strip_prefix("[GNUPG:] IMPORT_OK ")?.split(' ').nth(1));
            // The second one would be given to clients under the name of the first.
            anyhow::ensure!(all.all(|other| Some(other) == print), "key {} is several keys in one", number + 1);
            let Some(print) = print else {
                anyhow::bail!("key {} is not a public key: {}", number + 1, error_line(&imported.errors));
            };
            let listed = home.gpg(&["--with-colons", "--list-keys", "--", print], b"")?;
            let listed = parse_public(&String::from_utf8_lossy(&listed.output), clock::now()?.as_second()).pop();
            keys.push(PublicKey::new(listed.context("gpg does not list a key that it imported")?, text.into())?);
        }
        Ok(keys)
    }

    fn new(listed: ListedKey, text: Vec<u8>) -> Result<PublicKey> {
        let ListedKey { primary: fingerprint, owner, parts, expires, rsa, ended } = listed;
        let expires = expires.map(Timestamp::from_second).transpose().context("the date of a key")?;
        Ok(PublicKey { fingerprint, owner, expires, rsa, ended, text, parts })
    }

    /// The key as messages name it.
    pub fn name(&self) -> KeyName {
        KeyName { fingerprint: self.fingerprint.clone(), owner: self.owner.clone() }
    }

    /// Errors: the key cannot sign any more.
    pub fn require_valid(&self) -> Result<(), Failure> {
        self.ended.map_or(Ok(()), |word| Err(ended(&self.name().to_string(), word)))
    }

    /// Whether the key or a subkey of it has the id or fingerprint `id`, in hexadecimal digits, such as `63d75615c0ffee00`.
    pub fn has_id(&self, id: &str) -> bool {
        const SHORTEST: usize = 8;
        let id = id.trim_start_matches("0x").to_ascii_uppercase();
        id.len() >= SHORTEST && self.parts.iter().any(|part| part.as_str().ends_with(&id))
    }
}
