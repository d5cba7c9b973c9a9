//! The file with the public keys: the present one, the next one, and those that were used before.
//!
//! The state has a copy of it. The copy says what is served: somebody who can write only to the root can neither remove a key nor
//! give one to clients. Its first line has its digest, so that a damaged copy is never served. A copy of an older program has no such line.
//! Where there is no copy, the next writer makes it from the served file. Where neither can be used, a person decides: a backup may
//! have more keys than are known here.

use anyhow::{Result, anyhow, ensure};

use crate::base::digest::digest_of;
use crate::base::error::program;
use crate::base::files::TreePath;
use crate::repository::clients::known_keys::{KnownKeys, keep_known};
use crate::repository::clients::root_files::RootFile;
use crate::repository::model::event::{EventLog, LogEntry};
use crate::repository::model::layout::Layout;
use crate::repository::model::manifest::{LoadedManifest, Manifest};
use crate::repository::model::store::Store;
use crate::repository::sign::{
    END_OF_KEY, KeyName, PublicKey, signature_of_checksums, signer_of_signature, split_keys,
};

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
    /// Errors: neither the copy nor the served file has them.
    pub text: Result<Vec<u8>, LostKeys>,
}

/// That neither the served file nor its copy has the keys, and why.
pub struct LostKeys {
    /// What is wrong with the served file, for the end of a sentence.
    pub served: String,
    /// What is wrong with the copy, for the end of a sentence.
    pub copy: String,
}

impl LostKeys {
    /// In words, for the name `served` of the served file.
    pub fn describe(&self, layout: &Layout) -> String {
        let LostKeys { served, copy } = self;
        let (key_name, copy_name) = (layout.key_name(), Layout::key_copy_name());
        format!("`{key_name}`, which clients need, {served}, and its copy `{copy_name}` in the state {copy}")
    }
}

/// What is wrong with the served file and its copy.
#[derive(Default)]
pub struct KeyFaults {
    /// What the next command that changes the repository writes.
    pub repairs: Vec<KeyRepair>,
    /// Why the copy cannot be trusted, where the served file can replace it. It stays until a person decides.
    pub damage: Option<String>,
    /// That both are missing or damaged. A command that signs makes them again.
    pub lost: Option<LostKeys>,
    /// The keys of the served file that nothing here knows, where the served file says what clients get. They are dropped.
    pub foreign: Vec<KeyName>,
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

/// The files with the keys `content` that are not written yet: the copy in the state, and then the served file. They are written
/// before anything that one of the keys has signed.
pub fn changed_keys(layout: &Layout, content: Option<Vec<u8>>) -> Vec<RootFile> {
    let Some(keys) = content else { return Vec::new() };
    [copy_of(layout, &keys), served_file(layout, keys)].into_iter().filter(|file| !file.is_done()).collect()
}

/// The files with the keys `content`, if both are lost.
pub fn lost_keys(store: &Store, content: Option<Vec<u8>>) -> Vec<RootFile> {
    let content = content.filter(|content| !content.is_empty() && find_key_faults(store).lost.is_some());
    changed_keys(&store.layout, content)
}

/// The help where both files are lost.
pub fn help_to_lost_keys() -> String {
    format!(
        "put one of them back from a backup; without one, make both again, with the keys of the configuration and of the package \
         `-repo`: `{} dist --rpm`; clients then refuse what other keys have signed",
        program()
    )
}

/// A key of the served file that is dropped, in words.
pub fn describe_foreign(layout: &Layout, key: &KeyName) -> String {
    format!(
        "`{}` has {key}, which clients will not get: neither the configuration, nor a signature, nor a package `{}-repo` knows it",
        layout.key_name(),
        layout.name
    )
}

/// Finds what is wrong with the served file and its copy.
pub fn find_key_faults(store: &Store) -> KeyFaults {
    let layout = &store.layout;
    let mut faults = KeyFaults::default();
    if !layout.root.is_folder() {
        return faults;
    }
    let damage = match read_copy(layout) {
        KeyCopy::Absent => None,
        KeyCopy::Damaged(why) => Some(why),
        KeyCopy::Older(keys) => {
            faults.repairs.push(KeyRepair::Older(copy_of(layout, &keys)));
            faults.repairs.extend(repair_served(layout, keys));
            return faults;
        }
        KeyCopy::Whole(keys) => {
            faults.repairs.extend(repair_served(layout, keys));
            return faults;
        }
    };
    match read_served(store, damage.as_deref()) {
        Ok(KnownKeys { text, foreign }) => {
            if damage.is_none() {
                faults.repairs.push(KeyRepair::Copy(copy_of(layout, &text)));
                faults.repairs.extend(repair_served(layout, text));
            }
            (faults.damage, faults.foreign) = (damage, foreign);
        }
        // A repository without signatures has no keys.
        Err(_) if damage.is_none() && !layout.keys().is_there() && !is_signed(store) => {}
        Err(lost) => faults.lost = Some(lost),
    }
    faults
}

fn repair_served(layout: &Layout, keys: Vec<u8>) -> Option<KeyRepair> {
    let served = served_file(layout, keys);
    (!served.is_done()).then_some(KeyRepair::Served(served))
}

/// The keys that are served: those of the copy, or of the served file where the copy is missing or damaged.
pub fn read_keys(layout: &Layout) -> KeyText {
    let damage = match read_copy(layout) {
        KeyCopy::Whole(keys) | KeyCopy::Older(keys) => return KeyText { file: layout.key_copy(), text: Ok(keys) },
        KeyCopy::Absent => None,
        KeyCopy::Damaged(why) => Some(why),
    };
    let store = Store::open_sound(layout.clone());
    let store = store.map_or_else(|_| Store::with_log(layout.clone(), EventLog::default()), |(store, _)| store);
    KeyText { file: layout.keys(), text: read_served(&store, damage.as_deref()).map(|known| known.text) }
}

/// The keys of the served file, which is beside a copy that is missing, or damaged as `damage` says.
fn read_served(store: &Store, damage: Option<&str>) -> Result<KnownKeys, LostKeys> {
    let served = match store.layout.keys().read_if_there() {
        Ok(None) => "is missing".to_owned(),
        Ok(Some(keys)) => match known_part(store, &keys) {
            Ok(known) => return Ok(known),
            Err(error) => format!("is damaged: {error:#}"),
        },
        Err(error) => format!("cannot be read: {error:#}"),
    };
    let copy = damage.map_or("is missing".to_owned(), |why| format!("is damaged: {why}"));
    Err(LostKeys { served, copy })
}

/// Whether clients read something that is signed.
fn is_signed(store: &Store) -> bool {
    let sums = signature_of_checksums();
    let is_foreign =
        |folder| Manifest::load(folder).is_ok_and(|loaded: LoadedManifest| !store.log.vouches_for(loaded.digest));
    let folders = current_folders(store).unwrap_or_default();
    folders.iter().any(|(folder, _)| folder.join(&sums).is_there() && !is_foreign(folder))
}

/// The folders that clients read now, each with the entry of the event that made it.
fn current_folders(store: &Store) -> Result<Vec<(TreePath, Option<&LogEntry>)>> {
    let (layout, mut folders) = (&store.layout, Vec::new());
    for series in store.series()? {
        if let Ok(Some(number)) = store.current_number(series) {
            folders.push((layout.revision(series, number), store.log.making_of(series, number)));
        }
        if let Ok(Some(name)) = store.latest(series) {
            folders.push((layout.snapshot(series, &name), store.log.staging_of(&name)));
        }
    }
    Ok(folders)
}

/// A copy that is made from the served file.
pub struct CopyOfServed {
    /// The copy, with the keys that are known here.
    pub file: RootFile,
    /// The other keys.
    pub foreign: Vec<KeyName>,
}

/// The copy with the keys of the served file that are known here.
///
/// Errors: the served file is missing, or has something else than keys.
pub fn copy_of_served(store: &Store) -> Result<CopyOfServed> {
    let KnownKeys { text, foreign } = known_part(store, &store.layout.keys().read()?)?;
    Ok(CopyOfServed { file: copy_of(&store.layout, &text), foreign })
}

/// Errors: no key is known; the text has something else than keys.
fn known_part(store: &Store, keys: &[u8]) -> Result<KnownKeys> {
    let known = keep_known(store, require_keys(keys)?)?;
    ensure!(!known.text.is_empty(), "neither the configuration nor a signature knows a key in it");
    Ok(known)
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
    let log = Store::open_sound(layout.clone());
    if log.is_ok_and(|(_, broken)| broken.is_some_and(|broken| broken.is_other)) {
        return KeyCopy::Damaged("it is of another repository, as the log is".to_owned());
    }
    if found.starts_with(SCHEMA.as_bytes()) {
        let end = found.iter().position(|byte| *byte == b'\n').map_or(found.len(), |at| at + 1);
        let (line, keys) = found.split_at(end);
        if line != first_line(layout, keys).as_bytes() {
            return KeyCopy::Damaged("its first line has another digest, or the name of another project".to_owned());
        }
        // One of an old backup is whole, and may not have the key that signs now. Without gpg, nobody can tell.
        return match find_missing_signer(layout, keys) {
            Ok(Some(why)) => KeyCopy::Damaged(why),
            Ok(None) | Err(_) => KeyCopy::Whole(keys.to_vec()),
        };
    }
    match require_keys(&found).and_then(|_| find_missing_signer(layout, &found)) {
        Ok(None) => KeyCopy::Older(found),
        Ok(Some(why)) => KeyCopy::Damaged(why),
        Err(error) => KeyCopy::Damaged(format!("{error:#}")),
    }
}

/// The keys in a text. Errors: there are none, or one is not whole.
fn require_keys(text: &[u8]) -> Result<Vec<PublicKey>> {
    let text = String::from_utf8_lossy(text);
    let keys: Vec<&str> = split_keys(&text).collect();
    ensure!(!keys.is_empty(), "it has no keys");
    ensure!(keys.iter().all(|key| key.ends_with(END_OF_KEY)), "a key in it is not whole");
    PublicKey::read_all(keys.into_iter())
}

/// Says that a key which is not in the copy has signed a current revision or `latest`; `None` for a copy that is equal to the served file. The log has
/// the digest of the manifest, and that has the digest of the signature: somebody who can write only to the root cannot make the copy
/// look wrong.
///
/// Errors: the copy has something else than keys; gpg is not installed.
fn find_missing_signer(layout: &Layout, copy: &[u8]) -> Result<Option<String>> {
    if layout.keys().read().is_ok_and(|served| served == copy) {
        return Ok(None);
    }
    let keys = require_keys(copy)?;
    let (store, _) = Store::open_sound(layout.clone())?;
    let path = signature_of_checksums();
    for (folder, made) in current_folders(&store)? {
        let Ok(loaded) = Manifest::load(&folder) else { continue };
        let (Some(file), Ok(signature)) = (loaded.manifest.file(&path), folder.join(&path).read()) else { continue };
        if made.is_none_or(|made| made.manifest != Some(loaded.digest)) || digest_of(&signature) != file.sha256 {
            continue;
        }
        let id = signer_of_signature(&signature)?.ok_or_else(|| anyhow!("`{path}` is not a signature"))?;
        if !keys.iter().any(|key| key.has_id(&id)) {
            let shown = layout.shown(&folder);
            return Ok(Some(format!(
                "it does not have the key `{id}`, which has signed `{shown}`: it may be an older copy"
            )));
        }
    }
    Ok(None)
}
