//! The one writer of a repository: takes the lock, and first finishes or undoes what an interrupted run has begun.
//! [`recovery`](super::recovery) lists the states that it can find.

use std::time::Duration;

use anyhow::Result;

use crate::base::digest::Digest;
use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, LockFile};
use crate::base::progress::Progress;
use crate::repository::clients::keys::{
    KeyFaults, KeyRepair, LostKeys, describe_foreign, find_key_faults, help_to_lost_keys,
};
use crate::repository::clients::root_files::RootFile;
use crate::repository::model::event::{Event, LogEntry};
use crate::repository::model::layout::Layout;
use crate::repository::model::ledger::Ledger;
use crate::repository::model::lost_targets::find_unsettled;
use crate::repository::model::manifest::LoadedManifest;
use crate::repository::model::store::Store;
use crate::repository::pages::root_pages;
use crate::repository::write::derived;
use crate::repository::write::plan::{ChangePlan, ChangeStep};
use crate::repository::write::recovery::{self, AbandonedRevision, LinkRepair, Recovery};

/// A repository whose lock this process holds.
pub struct Writer {
    pub store: Store,
    _lock: LockFile,
}

impl Writer {
    /// Takes the lock for `command`, and finishes, removes or repairs what [`recovery`] finds.
    ///
    /// Errors: another run holds the lock (exit 75); the log was changed or lost; a folder cannot be written.
    pub fn open(layout: Layout, command: &str, progress: &dyn Progress) -> Result<Writer> {
        let lock = lock(&layout, command)?;
        files::clear_abandoned_scratch();
        let mut writer = Writer { store: Store::open(layout)?, _lock: lock };
        let complete = writer.store.log.whole;
        let recovery = recovery::decide(&mut writer.store)?;
        writer.recover(&recovery, complete, progress)?;
        writer.warn_of_lost(command, progress)?;
        Ok(writer)
    }

    /// Appends an event to the log, with the digest of the manifest that carries it.
    pub fn record(&mut self, event: Event, manifest: Option<Digest>) -> Result<()> {
        let entry = LogEntry { event, manifest };
        let line = entry.render()?;
        files::append_line(&self.store.layout.log(), &line)?;
        self.store.log.push(entry, line.as_bytes());
        Ok(())
    }

    /// Carries out what was decided; `complete` is the size of the complete lines of the log.
    fn recover(&self, recovery: &Recovery, complete: u64, progress: &dyn Progress) -> Result<()> {
        let layout = &self.store.layout;
        let log = layout.log();
        if log.look().is_ok_and(|found| found.len() > complete) {
            files::truncate(&log, complete)?;
        }
        self.clear_hidden()?;
        for AbandonedRevision { path, shown, made_by } in &recovery.abandoned {
            files::discard(path)?;
            progress.warn(&format!(
                "removed `{shown}`, which a killed run left before it was visible; its event would have been: {made_by}"
            ));
        }
        if let Some(unlogged) = &recovery.unlogged {
            self.finish(unlogged, progress)?;
        }
        for (item, to) in &recovery.trash {
            files::move_to(item, to)?;
            progress.warn(&format!("finished an interrupted prune: moved `{}` to the trash", layout.shown(item)));
        }
        for repair @ LinkRepair { link, shown, target, .. } in &recovery.links {
            let lost = repair.describe_lost();
            match target {
                // The link of an interrupted run is no damage.
                Some(target) if recovery.unlogged.is_some() => files::flip(link, target)?,
                Some(target) => {
                    files::flip(link, target)?;
                    progress.warn(&format!("made the link `{shown}` again: it leads to `{}`{lost}", target.display()));
                }
                None => {
                    files::remove_if_there(link)?;
                    progress.warn(&format!("removed the link `{shown}`: what it led to is gone{lost}"));
                }
            }
        }
        repair_keys(&self.store, progress)?;
        derived::write_changed(&self.store)
    }

    /// Warns of revisions that were lost. A gate of a promotion says it, too.
    fn warn_of_lost(&self, command: &str, progress: &dyn Progress) -> Result<()> {
        for series in self.store.series()?.into_iter().filter(|_| command != "promote") {
            if let Some(lost) = find_unsettled(&self.store, series) {
                progress.warn(&lost.warning());
            }
        }
        Ok(())
    }

    fn clear_hidden(&self) -> Result<()> {
        let layout = &self.store.layout;
        let mut folders = vec![layout.root.clone(), layout.state.clone()];
        folders.extend(["stable", "unstable", "revisions"].map(|name| layout.root.join(name)));
        for series in recovery::all_series(&self.store)? {
            folders.extend([layout.unstable(series), layout.revisions(series)]);
        }
        folders.iter().try_for_each(files::clear_drafts)
    }

    /// Writes the event of an interrupted run, which the log in memory has already.
    fn finish(&self, unlogged: &LoadedManifest, progress: &dyn Progress) -> Result<()> {
        let manifest = &unlogged.manifest;
        let layout = &self.store.layout;
        progress.warn(&format!("finished the change of an interrupted run: {}", manifest.event.action));
        if manifest.event.ledger.is_some() {
            let mut ledger = Ledger::load(&layout.ledger())?;
            ledger.add(manifest.series, manifest.packages().map(|(_, package)| package));
            files::publish(&layout.ledger(), &ledger.render()?)?;
        }
        files::append_line(&layout.log(), &unlogged.log_entry().render()?)
    }
}

/// Writes the pages of the root that differ, in a run that changes nothing else. Waits a few seconds for another run. Where an interrupted run
/// left something to finish, the next writer writes them.
///
/// Errors: another run holds the lock for longer (exit 75); the next writer would refuse; a page cannot be written.
pub fn refresh_pages(layout: Layout, command: &str) -> Result<()> {
    const TRIES: usize = 50;
    const PAUSE: Duration = Duration::from_millis(100);
    let mut lock = lock(&layout, command);
    for _ in 1..TRIES {
        let is_busy =
            |error: &anyhow::Error| error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::Busy);
        if !lock.as_ref().err().is_some_and(is_busy) {
            break;
        }
        std::thread::sleep(PAUSE);
        lock = self::lock(&layout, command);
    }
    let _lock = lock?;
    let mut store = Store::open(layout)?;
    // Where the log ends too early, the pages are the last to tell of what is lost.
    if recovery::decide(&mut store)?.unlogged.is_some() {
        return Ok(());
    }
    root_pages::changed(&store, None)?.iter().try_for_each(RootFile::apply)
}

/// Writes the keys and their copy again. A damaged copy stays until a person decides, and is not used.
fn repair_keys(store: &Store, progress: &dyn Progress) -> Result<()> {
    let (layout, KeyFaults { repairs, damage, lost, foreign }) = (&store.layout, find_key_faults(store));
    for key in foreign {
        progress.warn(&describe_foreign(layout, &key));
    }
    for repair in repairs {
        let (file, what) = match &repair {
            KeyRepair::Served(file) => (file, "again from the copy in the state: it was missing or changed".to_owned()),
            KeyRepair::Copy(file) => (file, format!("in the state from `{}`: it was missing", layout.key_name())),
            KeyRepair::Older(file) => {
                (file, "in the state again, with its digest: an older program wrote it".to_owned())
            }
        };
        file.apply()?;
        progress.warn(&format!("made `{}` {what}", file.name));
    }
    if let Some(why) = damage {
        let copy = Layout::key_copy_name();
        progress.warn(&format!(
            "the copy `{copy}` in the state is damaged and not used: {why}; to make it again: `{} recover-log`",
            program()
        ));
    }
    if let Some(lost) = lost {
        warn_of_lost_keys(layout, &lost, progress);
    }
    Ok(())
}

/// Warns of keys that no command makes again without a key that signs.
pub fn warn_of_lost_keys(layout: &Layout, lost: &LostKeys, progress: &dyn Progress) {
    progress.warn(&format!("{}; {}", lost.describe(layout), help_to_lost_keys()));
}

/// That a plan makes lost keys again.
pub fn note_of_made_keys(store: &Store, plan: &ChangePlan) -> Option<String> {
    let keys = store.layout.keys();
    let is_made = plan.steps.iter().any(|step| matches!(step, ChangeStep::RootFile(file) if file.path == keys));
    (is_made && find_key_faults(store).lost.is_some()).then(|| {
        let name = store.layout.key_name();
        format!("`{name}` and its copy are made again, with the keys of the configuration and of the package `-repo`")
    })
}

/// Takes the lock of a repository for `command`.
pub fn lock(layout: &Layout, command: &str) -> Result<LockFile> {
    LockFile::take(&layout.lock(), &format!("{} {command}", program()), "writing this repository")
}
