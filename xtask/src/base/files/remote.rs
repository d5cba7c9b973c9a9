//! Scratch folders in the temporary folder of the system: programs that search the folders above find nothing of a project.
//!
//! Such a folder is locked while the run that made it lives, however the run ends. So the next run recognises the folders of
//! killed runs: they have our name and our owner, and nobody holds their lock. They can contain copies of unreleased packages.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Once;

use anyhow::Result;

use crate::base::files::clear::remove;
use crate::base::files::lock::LockFile;
use crate::base::files::scratch::{Scratch, scratch_named};
use crate::base::files::tree_path::TreePath;

/// The beginning of the names of the folders.
const NAME: &str = "releng-scratch-";

/// An empty scratch folder, which is locked. The first one of a run clears what killed runs left.
pub fn remote_scratch() -> Result<Scratch> {
    const TRIES: usize = 10;
    clear_abandoned_scratch();
    let place = std::env::temp_dir();
    for _ in 0..TRIES {
        let scratch = scratch_named(&place, NAME)?;
        match LockFile::try_folder(&TreePath::in_own_folder(scratch.path())) {
            Ok(Some(lock)) if scratch.path().is_dir() => return Ok(scratch.locked(lock)),
            // Another run took the folder for abandoned, before this run had locked it.
            Ok(_) => {}
            // A folder that is not there any more was removed by such a run.
            Err(_) if !scratch.path().is_dir() => {}
            // A file system without locks: no run can lock the folder, and so none removes it.
            Err(_) => return Ok(scratch),
        }
    }
    scratch_named(&place, NAME)
}

/// Removes the scratch folders of killed runs, once in each run. A folder that cannot be removed is left: it disturbs nothing.
pub fn clear_abandoned_scratch() {
    static CLEARED: Once = Once::new();
    CLEARED.call_once(|| drop(clear(&std::env::temp_dir())));
}

/// Removes the scratch folders in `place` that have the owner of this run and that nobody has locked.
fn clear(place: &Path) -> Result<()> {
    let ours = rustix::process::geteuid().as_raw();
    let place = TreePath::top(place);
    for name in place.names()?.into_iter().filter(|name| name.starts_with(NAME)) {
        let path = place.join(name);
        let is_ours = path.look().is_ok_and(|found| found.is_dir() && found.uid() == ours);
        if is_ours && let Ok(Some(_lock)) = LockFile::try_folder(&path) {
            drop(remove(&path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unlocked_folder_with_our_name_is_cleared() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        for name in ["releng-scratch-killed/rpm", "releng-scratch-alive/rpm", "other"] {
            std::fs::create_dir_all(path(name)).unwrap();
        }
        std::os::unix::fs::symlink("other", path("releng-scratch-link")).unwrap();
        let lock = LockFile::try_folder(&TreePath::top(&path("releng-scratch-alive"))).unwrap();
        clear(place.path()).unwrap();
        assert_eq!(
            TreePath::top(place.path()).names().unwrap(),
            ["other", "releng-scratch-alive", "releng-scratch-link"]
        );
        drop(lock);
        clear(place.path()).unwrap();
        assert_eq!(TreePath::top(place.path()).names().unwrap(), ["other", "releng-scratch-link"]);
    }
}
