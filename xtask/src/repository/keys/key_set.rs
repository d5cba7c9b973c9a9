//! The keys that sign, will sign and have signed.

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::base::clock;
use crate::base::error::{Exit, Failure, committed};
use crate::project::config::RepositoryKeys;
use crate::repository::clients::keys::{KeyText, read_keys};
use crate::repository::clients::shipped::read_shipped_keys;
use crate::repository::model::layout::Layout;
use crate::repository::model::store::Store;
use crate::repository::sign::{Fingerprint, PublicKey, split_keys};

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
    /// The keys in the served file, in its order; where it is lost, those of the packages for clients.
    pub served: Vec<PublicKey>,
}

fn end_at(key: &mut PublicKey, now: Timestamp) {
    if key.expires.is_some_and(|end| end <= now) {
        key.ended = key.ended.or(Some("expired"));
    }
}

fn next_without_sign() -> Failure {
    Failure::new(Exit::Failed, "`repository.next-key` is set, and `repository.sign` is not")
        .help(committed("set `repository.sign` to the key that signs now, or remove `repository.next-key`"))
}

impl KeySet {
    /// The keys by the configuration and the served file; `None` if nothing is signed.
    ///
    /// Errors: there is a next key, and none that signs; gpg is not installed; a name stands for several keys.
    pub fn load(settings: &RepositoryKeys, layout: &Layout) -> Result<Option<KeySet>> {
        let Some(stated) = settings.sign.clone() else {
            return if settings.next_key.is_some() { Err(next_without_sign().into()) } else { Ok(None) };
        };
        let now = clock::now()?;
        let served = KeySet::load_served(layout)?;
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

    /// The served keys alone, for a machine on which those of the configuration cannot be used.
    ///
    /// Errors: gpg is not installed.
    pub fn of_served(layout: &Layout) -> Result<KeySet> {
        let served = KeySet::load_served(layout)?;
        Ok(KeySet { stated: String::new(), sign: None, stated_next: None, next: None, served })
    }

    /// The served keys, with those marked that have expired. Where they are lost, the keys that the packages for clients have.
    ///
    /// Errors: gpg is not installed.
    pub fn load_served(layout: &Layout) -> Result<Vec<PublicKey>> {
        let KeyText { file, text } = read_keys(layout);
        let text = text.map_or_else(
            |_| read_shipped_keys(&Store::open_sound(layout.clone())?.0),
            |text| Ok(String::from_utf8_lossy(&text).into_owned()),
        );
        let read = PublicKey::read_all(split_keys(&text?));
        let (now, mut keys) = (clock::now()?, Vec::<PublicKey>::new());
        for mut key in read.with_context(|| format!("the keys in `{file}` cannot be used"))? {
            // Two series can have packages with a key as it was at different times.
            if keys.iter().all(|known| known.fingerprint != key.fingerprint) {
                end_at(&mut key, now);
                keys.push(key);
            }
        }
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
