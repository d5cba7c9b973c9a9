//! The file with the public keys: the present one, the next one, and those that were used before.

use crate::repository::clients::root_files::RootFile;
use crate::repository::model::layout::Layout;

/// The armoured keys in a text of several.
pub fn split_keys(keys: &str) -> impl Iterator<Item = &str> {
    const END: &str = "-----END PGP PUBLIC KEY BLOCK-----\n";
    keys.split_inclusive(END).filter(|key| key.contains("BEGIN PGP"))
}

/// The file with the keys `content`, if it is not published yet: it is written before anything that a key of it has signed.
pub fn changed_keys(layout: &Layout, content: Option<Vec<u8>>) -> Option<RootFile> {
    let file = RootFile { name: layout.key_name(), path: layout.keys(), content: content? };
    (!file.is_written()).then_some(file)
}
