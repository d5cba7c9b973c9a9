//! The file with the public keys: the present one, and those that were used before.

use crate::repository::clients::root_files::RootFile;
use crate::repository::model::layout::Layout;
use crate::repository::sign::Key;

/// The keys as one text: the present key first, then the keys of `published`, so that what these have signed stays valid.
pub fn join_keys(present: &[u8], published: &[u8]) -> Vec<u8> {
    let present = String::from_utf8_lossy(present).into_owned();
    let published = String::from_utf8_lossy(published);
    let former = split_keys(&published).filter(|key| key.trim() != present.trim());
    let mut keys = present.trim_end().to_owned() + "\n";
    former.for_each(|key| keys.push_str(key));
    keys.into_bytes()
}

/// The armoured keys in a text of several.
pub fn split_keys(keys: &str) -> impl Iterator<Item = &str> {
    const END: &str = "-----END PGP PUBLIC KEY BLOCK-----\n";
    keys.split_inclusive(END).filter(|key| key.contains("BEGIN PGP"))
}

/// The keys that clients get once `key` signs; empty without a key.
pub fn coming_keys(layout: &Layout, key: Option<&Key>) -> Vec<u8> {
    let published = layout.keys().read().unwrap_or_default();
    key.map_or(Vec::new(), |key| join_keys(&key.public, &published))
}

/// The file with the keys, where `key` is not published yet: it is written before anything that the key has signed.
pub fn changed_keys(layout: &Layout, key: Option<&Key>) -> Option<RootFile> {
    let file = RootFile { name: layout.key_name(), path: layout.keys(), content: coming_keys(layout, Some(key?)) };
    (!file.is_written()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn former_keys_stay() {
        let key =
            |text: &str| format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n{text}\n-----END PGP PUBLIC KEY BLOCK-----\n");
        let (old, new) = (key("old"), key("new"));
        let first = join_keys(old.as_bytes(), b"");
        let both = join_keys(new.as_bytes(), &first);
        assert_eq!(both, (new.clone() + &old).into_bytes());
        assert_eq!(join_keys(new.as_bytes(), &both), both);
    }
}
