//! The file with the public keys: the present one, the next one, and those that were used before.
//!
//! The state has a copy of it. The copy says what is served: somebody who can write only to the root can neither remove a key nor
//! give one to clients. Its first line has its digest, so that a damaged copy is never served. A copy of an older program has no such line.
//! Where there is no copy, the next writer makes it from the served file.

use anyhow::{Result, anyhow, bail, ensure};

use crate::base::digest::digest_of;
use crate::base::files::TreePath;
use crate::repository::clients::root_files::RootFile;
use crate::repository::model::layout::Layout;
use crate::repository::model::manifest::Manifest;
use crate::repository::model::store::Store;
use crate::repository::sign::{PublicKey, signature_of_checksums, signer_of_signature};

/// The first word of the copy. The name of the project and the digest of all other lines follow.
const SCHEMA: &str = "releng.keys/1";

/// The copy in the state.
enum KeyCopy {
    Absent,
    /// The keys of a copy with its digest.
    Whole(Vec<u8>),
    /// The keys of a copy that an older program wrote.
    Older(Vec<u8>),
    /// Why it cannot be trusted.
    Damaged(String),
}

/// The keys that are served, and the file that says so.
pub struct KeyText {
    pub file: TreePath,
    /// `None` if the file cannot be read.
    pub text: Option<Vec<u8>>,
}

/// What is wrong with the served file and its copy.
#[derive(Default)]
pub struct KeyFaults {
    /// What the next command that changes the repository writes.
    pub repairs: Vec<KeyRepair>,
    /// Why the copy cannot be trusted. It stays until a person decides.
    pub damage: Option<String>,
}

/// A file with the keys that is written again.
pub enum KeyRepair {
    /// The served file, which is missing or was changed; from the copy.
    Served(RootFile),
    /// The copy, which is missing; from the served file.
    Copy(RootFile),
    /// The copy, which an older program wrote; with its digest.
    Older(RootFile),
}

/// The armoured keys in a text of several.
pub fn split_keys(keys: &str) -> impl Iterator<Item = &str> {
    keys.split_inclusive(END).filter(|key| key.contains("BEGIN PGP"))
}

const END: &str = "-----END PGP PUBLIC KEY BLOCK-----\n";

/// The files with the keys `content` that are not written yet: the copy in the state, and then the served file. They are written
/// before anything that one of the keys has signed.
pub fn changed_keys(layout: &Layout, content: Option<Vec<u8>>) -> Vec<RootFile> {
    let Some(keys) = content else { return Vec::new() };
    [copy_of(layout, &keys), served_file(layout, keys)].into_iter().filter(|file| !file.is_done()).collect()
}

/// Finds what is wrong with the served file and its copy.
pub fn find_key_faults(layout: &Layout) -> KeyFaults {
    let mut faults = KeyFaults::default();
    if !layout.root.is_folder() {
        return faults;
    }
    let keys = match read_copy(layout) {
        KeyCopy::Absent => {
            faults.repairs.extend(copy_of_served(layout).ok().map(KeyRepair::Copy));
            return faults;
        }
        KeyCopy::Damaged(why) => {
            faults.damage = Some(why);
            return faults;
        }
        KeyCopy::Older(keys) => {
            faults.repairs.push(KeyRepair::Older(copy_of(layout, &keys)));
            keys
        }
        KeyCopy::Whole(keys) => keys,
    };
    let served = served_file(layout, keys);
    faults.repairs.extend((!served.is_done()).then_some(KeyRepair::Served(served)));
    faults
}

/// The keys that are served: those of the copy, or of the served file where the copy is missing or damaged.
pub fn read_keys(layout: &Layout) -> KeyText {
    match read_copy(layout) {
        KeyCopy::Whole(keys) | KeyCopy::Older(keys) => KeyText { file: layout.key_copy(), text: Some(keys) },
        KeyCopy::Absent | KeyCopy::Damaged(_) => KeyText { file: layout.keys(), text: layout.keys().read().ok() },
    }
}

/// The copy with the keys of the served file.
///
/// Errors: the served file is missing, or has something else than keys.
pub fn copy_of_served(layout: &Layout) -> Result<RootFile> {
    let keys = layout.keys().read()?;
    require_keys(&keys)?;
    Ok(copy_of(layout, &keys))
}

fn served_file(layout: &Layout, keys: Vec<u8>) -> RootFile {
    RootFile { name: layout.key_name(), path: layout.keys(), content: Some(keys) }
}

fn copy_of(layout: &Layout, keys: &[u8]) -> RootFile {
    let content = [first_line(layout, keys).as_bytes(), keys].concat();
    RootFile { name: Layout::key_copy_name().to_owned(), path: layout.key_copy(), content: Some(content) }
}

fn first_line(layout: &Layout, keys: &[u8]) -> String {
    format!("{SCHEMA} {} {}\n", layout.name, digest_of(keys))
}

fn read_copy(layout: &Layout) -> KeyCopy {
    let found = match layout.key_copy().read_if_there() {
        Ok(Some(found)) => found,
        Ok(None) => return KeyCopy::Absent,
        Err(error) => return KeyCopy::Damaged(format!("{error:#}")),
    };
    if found.starts_with(SCHEMA.as_bytes()) {
        let end = found.iter().position(|byte| *byte == b'\n').map_or(found.len(), |at| at + 1);
        let (line, keys) = found.split_at(end);
        return match line == first_line(layout, keys).as_bytes() {
            true => KeyCopy::Whole(keys.to_vec()),
            false => KeyCopy::Damaged("its first line has another digest, or the name of another project".to_owned()),
        };
    }
    match require_keys(&found).and_then(|keys| require_signers(layout, &found, &keys)) {
        Ok(()) => KeyCopy::Older(found),
        Err(error) => KeyCopy::Damaged(format!("{error:#}")),
    }
}

/// The keys in a text. Errors: there are none, or one is not whole.
fn require_keys(text: &[u8]) -> Result<Vec<PublicKey>> {
    let text = String::from_utf8_lossy(text);
    let keys: Vec<&str> = split_keys(&text).collect();
    ensure!(!keys.is_empty(), "it has no keys");
    ensure!(keys.iter().all(|key| key.ends_with(END)), "a key in it is not whole");
    PublicKey::read_all(keys.into_iter())
}

/// Errors: a key that is not in the copy of an older program has signed a current revision. The log has the digest of the manifest, and
/// that has the digest of the signature: somebody who can write only to the root cannot make the copy look wrong.
fn require_signers(layout: &Layout, copy: &[u8], keys: &[PublicKey]) -> Result<()> {
    if layout.keys().read().is_ok_and(|served| served == copy) {
        return Ok(());
    }
    let (store, _) = Store::open_sound(layout.clone())?;
    let path = signature_of_checksums();
    for series in store.series()? {
        let Ok(Some(number)) = store.current_number(series) else { continue };
        let folder = layout.revision(series, number);
        let Ok(loaded) = Manifest::load(&folder) else { continue };
        let made = store.log.making_of(series, number);
        let (Some(file), Ok(signature)) = (loaded.manifest.file(&path), folder.join(&path).read()) else { continue };
        if made.is_none_or(|made| made.manifest != Some(loaded.digest)) || digest_of(&signature) != file.sha256 {
            continue;
        }
        let id = signer_of_signature(&signature)?.ok_or_else(|| anyhow!("`{path}` is not a signature"))?;
        if !keys.iter().any(|key| key.has_id(&id)) {
            bail!("it does not have the key `{id}`, which has signed `{}`", layout.shown(&folder));
        }
    }
    Ok(())
}
