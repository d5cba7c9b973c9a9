//! Verification: finds everything that can be wrong with a repository, and changes nothing.
//!
//! [`tree`] checks names and links, [`folder`] one snapshot or revision, and [`history`] the log, the ledger and the test
//! results; [`finding_id`] has the kinds of findings. [`address`] fetches a folder from a server and then checks it. [`snapshot`] is the first gate of a promotion.
//! A fault is reported once: the content of a changed file is not checked further.

pub mod address;
mod content;
mod copies;
mod finding_id;
pub mod folder;
pub mod history;
pub mod keys;
mod report;
pub mod snapshot;
pub mod tree;
mod unsigned;
mod ways_out;

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::program;
use crate::base::files::{LockFile, TreePath};
use crate::base::progress::Progress;
use crate::repository::clients::keys::{KeyText, LostKeys, help_to_lost_keys, read_keys};
use crate::repository::keys::unsigned::is_signed;
use crate::repository::model::event::BrokenChain;
use crate::repository::model::layout::Layout;
use crate::repository::model::lost_state::{describe_broken, help_to_broken};
use crate::repository::model::other_log::parse_own;
use crate::repository::model::store::{Store, read_log};
use crate::repository::sign::{Keyring, signature_of_checksums, split_keys};
pub use finding_id::{FindingId, help_to_copy_keys, help_to_finish, help_to_remove, help_to_repair};
use folder::FolderUse;
pub use report::{Finding, VerifyReport};
use tree::FoundFolder;
pub use ways_out::WayOut;

/// What was found, and what a person can do about damage beside the help of each finding.
pub struct Verified {
    pub report: VerifyReport,
    /// Empty for a single folder or an address.
    pub ways_out: Vec<WayOut>,
}

impl From<VerifyReport> for Verified {
    fn from(report: VerifyReport) -> Verified {
        Verified { report, ways_out: Vec::new() }
    }
}

/// Whether the state of a repository is expected beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateOf {
    /// The project's own repository.
    Own,
    /// A copy, which may have been made without its state.
    Copy,
}

/// Verifies the whole repository of a project. A run that changes it at the same time causes no findings.
///
/// Errors: the folder of the project is gone.
pub fn verify_repository(layout: &Layout, state: StateOf, now: Timestamp, progress: &dyn Progress) -> Result<Verified> {
    let Moment { store, broken, folders, mut report, changing } = Moment::wait_for(layout, state)?;
    let keyring = load_keyring(&store, state, &folders, &mut report);
    let has_state = state == StateOf::Own || layout.log().is_there();
    if !has_state {
        progress.warn(&format!("there is no `{}`: log, ledger and test results are not checked", layout.log()));
    }
    report.take_over(verify_folders(&store, &folders, keyring.as_ref(), has_state, progress)?);
    unsigned::verify(&folders, layout, &mut report);
    if has_state {
        history::verify_ledger(&store, &folders, &mut report);
        if broken.is_none() {
            history::mark_interrupted(&store, &folders, &mut report);
        }
        report.merge_lost_log(&store, broken.as_ref());
        history::verify_results(&store, &mut report)?;
    }
    report.drop_pages_of_other_log();
    if changing {
        report.findings.retain(|finding| !finding.id.is_passing());
        progress.warn("a run was changing the repository all the time: what it had not finished was not judged");
    }
    report.findings.sort();
    // No command runs with the log of another repository, and what is known without it is no reason to remove anything.
    let mut ways_out = match &broken {
        Some(BrokenChain { is_other: true, .. }) => Vec::new(),
        _ => ways_out::find(&store, &folders, &report, now)?,
    };
    ways_out::move_to_findings(&mut ways_out, &mut report);
    Ok(Verified { ways_out, report })
}

/// The snapshots and revisions that are missing files or have other content than their manifests list. Signatures are not checked.
pub fn find_damaged(store: &Store, progress: &dyn Progress) -> Result<Vec<TreePath>> {
    let folders = tree::verify(store, &mut VerifyReport::default())?;
    let report = verify_folders(store, &folders, None, true, progress)?;
    let damaged = folders.into_iter().filter(|found| ways_out::is_damaged(store, found, &report));
    Ok(damaged.map(|found| found.path).collect())
}

fn verify_folders(
    store: &Store,
    folders: &[FoundFolder],
    keyring: Option<&Keyring>,
    has_state: bool,
    progress: &dyn Progress,
) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    progress.begin("verifying", Some(folders.len() as u64));
    for found in folders {
        let mut own = VerifyReport::default();
        let shown = store.layout.shown(&found.path);
        let used = if found.is_current { FolderUse::Current } else { FolderUse::Former };
        let checked = folder::verify(&found.path, &shown, keyring, used, &mut own);
        // Otherwise a prune has moved it away meanwhile.
        if found.path.is_folder() {
            if let Some(loaded) = checked?.filter(|_| has_state) {
                history::verify_folder(store, found, &loaded, &mut own);
            }
            report.take_over(own);
        }
        progress.advance(1);
    }
    progress.end();
    Ok(report)
}

/// The state of a repository at one moment: the log, the links and the names of all folders.
struct Moment {
    store: Store,
    /// The first line of the log that was changed.
    broken: Option<BrokenChain>,
    folders: Vec<FoundFolder>,
    report: VerifyReport,
    /// Whether a run was changing the repository at every try.
    changing: bool,
}

impl Moment {
    /// Reads the state until no run changed it meanwhile; after the last try, the state as it was read.
    fn wait_for(layout: &Layout, state: StateOf) -> Result<Moment> {
        const TRIES: usize = 40;
        const PAUSE: Duration = Duration::from_millis(50);
        let mut moment = Moment::read(layout, state)?;
        for _ in 1..TRIES {
            if !moment.changing {
                break;
            }
            std::thread::sleep(PAUSE);
            moment = Moment::read(layout, state)?;
        }
        Ok(moment)
    }

    fn read(layout: &Layout, state: StateOf) -> Result<Moment> {
        let was_held = LockFile::is_held(&layout.lock());
        let mut report = VerifyReport::default();
        let before = read_log(layout)?;
        let (log, mut broken) = parse_own(layout, &before);
        if let Some(broken) = broken.as_ref().filter(|broken| broken.is_other) {
            let (what, step) = (format!("it {}", describe_broken(broken)), help_to_broken(layout, broken));
            report.add_with_step(FindingId::LogForeign, "log.jsonl", what, step);
        } else if let Some(broken) = &broken {
            report.add(FindingId::LogBroken, "log.jsonl", broken.to_string());
        } else if log.whole < before.len() as u64 {
            report.add(FindingId::Leftover, "log.jsonl", "its last line is incomplete");
        }
        let mut store = Store::with_log(layout.clone(), log);
        store.require_root()?;
        let folders = tree::verify(&store, &mut report)?;
        if let Some(why) = history::find_changed_end(&store, &folders) {
            report.add(FindingId::LogBroken, "log.jsonl", &why);
            broken.get_or_insert(BrokenChain { line: store.log.entries.len(), why, is_other: false });
            store.log = store.log.first(store.log.entries.len() - 1, &before);
        }
        // A copy without its state has no log that could lack anything.
        if state == StateOf::Own || layout.log().is_there() {
            history::verify_targets(&store, &mut report)?;
        }
        history::verify_moment(&store, &mut report)?;
        // The files of a copy have the addresses of the original.
        if state == StateOf::Own {
            history::verify_repo_files(&store, &mut report);
            history::verify_pages(&store, &mut report);
            history::verify_keys(&store, &mut report);
        }
        let changing = was_held || LockFile::is_held(&layout.lock()) || read_log(layout)? != before;
        Ok(Moment { store, broken, folders, report, changing })
    }
}

/// Verifies one snapshot or revision in any place. Signatures are checked with the public keys in `keys`; without keys, a warning says
/// that they are not.
pub fn verify_folder(
    folder: &TreePath,
    shown: &str,
    keys: Option<&[u8]>,
    progress: &dyn Progress,
) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let keyring = keys.map(keyring_of).transpose()?;
    if let Some(loaded) = folder::verify(folder, shown, keyring.as_ref(), FolderUse::Unknown, &mut report)? {
        unsigned::verify_alone(&loaded.manifest, shown, &mut report);
        if keys.is_some() && !is_signed(&loaded.manifest) && report.findings.is_empty() {
            progress.warn(&format!(
                "`{shown}` is not signed, and a folder above it has public keys: clients that have a key refuse it, and only the \
                 whole repository tells whether it was signed: `{} verify`",
                program()
            ));
        }
        if keys.is_none() && is_signed(&loaded.manifest) {
            progress.warn(&format!("no folder above `{shown}` has public keys: its signatures are not checked"));
        }
    }
    report.findings.sort();
    Ok(report)
}

/// The served keys; `None` if there are none that can be read, which is a finding where something is signed.
fn load_keyring(store: &Store, state: StateOf, folders: &[FoundFolder], report: &mut VerifyReport) -> Option<Keyring> {
    let layout = &store.layout;
    let KeyText { file, text } = read_keys(layout);
    let why = match text.map(|keys| keyring_of(&keys)) {
        Ok(Ok(keyring)) => return Some(keyring),
        Ok(Err(error)) => format!("{error:#}"),
        Err(LostKeys { served, copy }) => {
            let sums = signature_of_checksums();
            let is_signed =
                |folder: &FoundFolder| folder.path.join(&sums).is_there() && folder.own_manifest(store).is_some();
            if !layout.keys().is_there() && !folders.iter().any(is_signed) {
                return None;
            }
            if state == StateOf::Own {
                let what = format!("it {served}, and its copy `{}` in the state {copy}", Layout::key_copy_name());
                report.add_with_step(FindingId::KeysDiffer, layout.key_name(), what, help_to_lost_keys());
                return None;
            }
            format!("it {served}, and there are signatures")
        }
    };
    let shown = if file == layout.keys() { layout.key_name() } else { layout.shown_in_state(&file) };
    report.add(FindingId::KeysDiffer, shown, why);
    None
}

fn keyring_of(keys: &[u8]) -> Result<Keyring> {
    Keyring::of(&split_keys(&String::from_utf8_lossy(keys)).collect::<Vec<_>>())
}
