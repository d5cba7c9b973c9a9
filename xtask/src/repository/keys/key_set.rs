//! The keys that sign, will sign and have signed.

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::clock;
use crate::base::error::{Exit, Failure};
use crate::project::config::RepositoryKeys;
use crate::repository::clients::keys::{KeyText, read_keys, split_keys};
use crate::repository::model::layout::Layout;
use crate::repository::sign::{Fingerprint, PublicKey};

/// The keys of a repository that is signed.
#[derive(Clone, Debug)]
pub struct KeySet {
    /// The value of `repository.sign`.
    pub stated: String,
    /// The key of `repository.sign`; `None` if GnuPG does not have it.
    pub sign: Option<PublicKey>,
    /// The value of `repository.next-key`, unless that key signs already.
    pub stated_next: Option<String>,
    /// The key of `stated_next`; `None` if neither GnuPG nor the served file has it.
    pub next: Option<PublicKey>,
    /// The keys in the served file, in its order.
    pub served: Vec<PublicKey>,
}

fn end_at(key: &mut PublicKey, now: Timestamp) {
    if key.expires.is_some_and(|end| end <= now) {
        key.ended = key.ended.or(Some("expired"));
    }
}

fn next_without_sign() -> Failure {
    Failure::new(Exit::Failed, "`repository.next-key` is set, and `repository.sign` is not")
        .help("set `repository.sign` to the key that signs now, or remove `repository.next-key`")
}

impl KeySet {
    /// The keys by the configuration and the served file; `None` if nothing is signed.
    ///
    /// Errors: there is a next key, and none that signs; gpg is not installed; a name stands for several keys; the served file has something else than keys.
    pub fn load(settings: &RepositoryKeys, layout: &Layout) -> Result<Option<KeySet>> {
        let Some(stated) = settings.sign.clone() else {
            return if settings.next_key.is_some() { Err(next_without_sign().into()) } else { Ok(None) };
        };
        let KeyText { file, text } = read_keys(layout);
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        let now = clock::now()?;
        let served = KeySet::read_served(&text).with_context(|| format!("the keys in `{file}` cannot be used"))?;
        let mut sign = PublicKey::find(&stated)?;
        let mut next = None;
        if let Some(name) = &settings.next_key {
            // Once it is served, not every machine needs it.
            let is_served = |key: &&PublicKey| key.has_id(name);
            next = PublicKey::find(name)?.or_else(|| served.iter().find(is_served).cloned());
        }
        let mut stated_next = settings.next_key.clone();
        let signs = |key: &PublicKey| sign.as_ref().is_some_and(|sign| sign.fingerprint == key.fingerprint);
        if next.as_ref().is_some_and(signs) {
            (stated_next, next) = (None, None);
        }
        // gpg has told by its own clock which have ended.
        sign.iter_mut().chain(&mut next).for_each(|key| end_at(key, now));
        Ok(Some(KeySet { stated, sign, stated_next, next, served }))
    }

    /// The keys of a text, such as the served file, with those marked that have expired.
    ///
    /// Errors: the text has something else than keys; gpg is not installed.
    pub fn read_served(text: &str) -> Result<Vec<PublicKey>> {
        let (now, mut keys) = (clock::now()?, PublicKey::read_all(split_keys(text))?);
        keys.iter_mut().for_each(|key| end_at(key, now));
        Ok(keys)
    }

    /// The served keys that neither sign nor will sign.
    pub fn former(&self) -> impl Iterator<Item = &PublicKey> {
        let is_configured =
            |key: &PublicKey| self.sign.iter().chain(&self.next).any(|other| other.fingerprint == key.fingerprint);
        self.served.iter().filter(move |key| !is_configured(key))
    }

    /// The text of the served file without the former keys `gone`: the key that signs, the next one, the former ones.
    pub fn file(&self, gone: &[Fingerprint]) -> Vec<u8> {
        let former = self.former().filter(|key| !gone.contains(&key.fingerprint));
        let mut text = Vec::new();
        for key in self.sign.iter().chain(&self.next).chain(former) {
            text.extend_from_slice(key.text.trim_ascii_end());
            text.push(b'\n');
        }
        text
    }

    /// All keys: the one that signs, the next one, the served ones.
    pub fn all(&self) -> impl Iterator<Item = &PublicKey> {
        self.sign.iter().chain(&self.next).chain(&self.served)
    }
}
