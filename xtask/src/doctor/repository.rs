//! Checks the repository: its folders, its key, its address.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::base::error::{Exit, Failure, committed};
use crate::base::files::{find_free_space, require_writable};
use crate::base::process::net::fetch_text_within;
use crate::doctor::check::Check;
use crate::doctor::need::SIGNING;
use crate::project::config::Config;
use crate::repository::keys::ended::find_ended;
use crate::repository::keys::key_set::KeySet;
use crate::repository::keys::rules::warn_of_end;
use crate::repository::model::layout::Layout;
use crate::repository::model::store::Store;
use crate::repository::sign::ListedSigner;
use crate::repository::write::recovery;

/// The commands that change the repository.
pub const CHANGING: [&str; 10] =
    ["dist", "stage", "accept", "promote", "rollback", "yank", "prune", "hold", "unhold", "recover-log"];

/// The time for an answer of the public address.
const ANSWER: Duration = Duration::from_secs(3);

/// The folders whose files are linked to each other.
const LINKED: [&str; 4] = ["stable", "unstable", "revisions", ".trash"];

/// The check of the folders.
pub fn check_folders(layout: &Layout) -> Check {
    let (root, state) = (layout.root.for_programs(), layout.state.for_programs());
    let check = match require_folders(layout) {
        Err(error) => Check::of_error("repository", &error),
        Ok(()) if root.is_dir() => {
            Check::ok("repository", format!("`{}`, with its state in `{}`", root.display(), state.display()))
        }
        Ok(()) => Check::ok("repository", format!("`{}` is not there yet, and can be made", root.display())),
    };
    check.of_commands(&CHANGING)
}

/// Errors: the commands that change the repository refuse to; this user cannot write there; the folders are on several file systems.
fn require_folders(layout: &Layout) -> Result<()> {
    recovery::decide(&mut Store::open(layout.clone())?)?;
    for folder in [&layout.root, &layout.state].map(|folder| folder.for_programs()) {
        let change = committed("change `repository.root` or `repository.state`");
        require_writable(folder).map_err(|failure| failure.help(format!("let this user write there, or {change}")))?;
    }
    let root = layout.root.for_programs();
    let Some(folder) = find_other_disk(root) else { return Ok(()) };
    let shown = root.display();
    let message =
        format!("`{folder}` in `{shown}` is on another file system, and files are linked across these folders");
    Err(Failure::new(Exit::Failed, message).help(format!("move `{folder}` to the file system of `{shown}`")).into())
}

/// The first folder of the repository that is not on the file system of its root.
fn find_other_disk(root: &Path) -> Option<&'static str> {
    let device = |path: &Path| find_free_space(path).map(|space| space.device);
    let own = device(root)?;
    LINKED.into_iter().find(|folder| device(&root.join(folder)).is_some_and(|device| device != own))
}

/// The checks of the keys; none where nothing is signed.
pub fn check_keys(config: &Config, layout: &Layout, now: Timestamp) -> Vec<Check> {
    let settings = &config.repository;
    let Some(stated) = &settings.sign else { return Vec::new() };
    let found = ListedSigner::find(stated).and_then(|key| {
        key.require_valid(now)?;
        Ok(key)
    });
    let check = match found {
        Ok(key) => Check::ok("key", format!("{} can sign, unless it needs a passphrase that nobody gives", key.name)),
        Err(error) => Check::of_error("key", &error),
    };
    let mut checks = vec![check];
    if checks.iter().all(|check| check.next.is_none())
        && let Ok(Some(keys)) = KeySet::load(settings, layout)
    {
        let warnings = keys.sign.iter().chain(&keys.next).filter_map(|key| warn_of_end(key, &keys.served, now));
        checks.extend(warnings.map(|warning| Check::note("key", warning)));
        let ended =
            Store::open(layout.clone()).map(|store| find_ended(&store, &keys, &config.acceptance)).unwrap_or_default();
        let describe = |failure: Failure| Check::note("key", failure.message).then(failure.help.unwrap_or_default());
        checks.extend(ended.into_iter().map(describe));
    }
    checks.into_iter().map(|check| check.of_commands(&SIGNING)).collect()
}

/// The check whether the repository is served at its address; `None` where no address is configured, or nothing is there to be fetched.
pub fn check_address(layout: &Layout) -> Option<Check> {
    let url = layout.url.as_ref()?;
    let names = layout.root.names().unwrap_or_default();
    let name = names.iter().find(|name| name.ends_with(".repo"))?;
    let address = format!("{url}/{name}");
    let check = match fetch_text_within(&address, ANSWER) {
        Ok(served) if layout.root.join(name).read().is_ok_and(|own| own == served) => {
            Check::ok("address", format!("`{address}` is served"))
        }
        Ok(_) => Check::note("address", format!("`{address}` is not the file here")).then(
            "copy the repository there: \"Serving and copying to another host\" in docs/maintainer.md has the commands",
        ),
        Err(error) => {
            let check = Check::of_error("address", &error).asked(false);
            match &check.next {
                Some(_) => check,
                None => check.then(committed("serve the repository there, or change `repository.url`")),
            }
        }
    };
    Some(check.of_commands(&["announce", "verify"]))
}
