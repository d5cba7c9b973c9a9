//! A published file on its way into a new revision.

use std::path::PathBuf;

use crate::repository::model::manifest::FileEntry;
use crate::repository::model::name::FilePath;

/// A published file that becomes part of a new revision.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The snapshot or revision it is in.
    pub from: PathBuf,
    /// What it is there.
    pub entry: FileEntry,
    /// Where it will be.
    pub to: FilePath,
}
