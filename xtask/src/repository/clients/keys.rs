//! The file with the public keys: the present one, the next one, and those that were used before.
//!
//! The state has a copy of it. The copy says what is served: whoever may write to the root can neither remove a key nor give one to
//! clients. A repository that an older program made has no copy until something is signed again.

use crate::base::files::TreePath;
use crate::repository::clients::root_files::RootFile;
use crate::repository::model::layout::Layout;

/// The armoured keys in a text of several.
pub fn split_keys(keys: &str) -> impl Iterator<Item = &str> {
    const END: &str = "-----END PGP PUBLIC KEY BLOCK-----\n";
    keys.split_inclusive(END).filter(|key| key.contains("BEGIN PGP"))
}

/// The files with the keys `content` that are not written yet: the copy in the state, and then the served file. They are written
/// before anything that one of the keys has signed.
pub fn changed_keys(layout: &Layout, content: Option<Vec<u8>>) -> Vec<RootFile> {
    if content.is_none() {
        return Vec::new();
    }
    let copy = RootFile { name: Layout::key_copy_name().to_owned(), path: layout.key_copy(), content: content.clone() };
    let served = RootFile { name: layout.key_name(), path: layout.keys(), content };
    [copy, served].into_iter().filter(|file| !file.is_done()).collect()
}

/// The served file with the content of the copy, if it is missing or was changed.
pub fn lost_keys(layout: &Layout) -> Option<RootFile> {
    let content = Some(layout.key_copy().read().ok()?);
    let file = RootFile { name: layout.key_name(), path: layout.keys(), content };
    (layout.root.is_folder() && !file.is_done()).then_some(file)
}

/// The file that says which keys are served: the copy in the state, or without one the served file.
pub fn keys_file(layout: &Layout) -> TreePath {
    let copy = layout.key_copy();
    if copy.is_there() { copy } else { layout.keys() }
}
