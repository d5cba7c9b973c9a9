//! A published file that a new revision takes over.

use crate::base::files::TreePath;
use crate::repository::model::manifest::FileEntry;
use crate::repository::model::name::FilePath;

/// A published file that becomes part of a new revision.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The folder of the snapshot or revision that has it.
    pub from: TreePath,
    /// Its entry in the manifest of that folder.
    pub entry: FileEntry,
    /// Its path in the new revision.
    pub to: FilePath,
}
