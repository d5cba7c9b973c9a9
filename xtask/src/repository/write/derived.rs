//! The files of the root that follow from the log and from what is below the root: `.repo` files and pages.

use anyhow::Result;

use crate::repository::clients::root_files::{self, Coming, RootFile};
use crate::repository::model::store::Store;
use crate::repository::pages::load::ComingChange;
use crate::repository::pages::root_pages;
use crate::repository::write::plan::ChangeStep;

/// Writes those that differ from what the tree has now, and removes `.repo` files that lead to nothing.
pub fn write_changed(store: &Store) -> Result<()> {
    root_files::write_changed(store)?;
    root_pages::outdated(store)?.iter().try_for_each(RootFile::apply)
}

/// The steps that write those that will differ once `change` is done. `coming` is what clients of a channel will have; `None` if that
/// stays the same.
pub fn steps(store: &Store, coming: Option<&Coming>, change: &ComingChange<'_>) -> Result<Vec<ChangeStep>> {
    let mut files = Vec::new();
    if coming.is_some() {
        files.extend(root_files::changed(store, coming)?);
    }
    files.extend(root_pages::changed(store, Some(change))?);
    Ok(files.into_iter().map(ChangeStep::RootFile).collect())
}
