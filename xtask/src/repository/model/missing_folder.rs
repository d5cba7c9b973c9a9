//! What the log tells of and the tree does not have.

use crate::repository::model::name::FilePath;

/// A snapshot or revision that the log tells of, that was not pruned, and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFolder {
    /// Relative to the root.
    pub path: FilePath,
    /// The number of the event that made it.
    pub event: u64,
    /// Whether a link or a file is in its place.
    pub is_replaced: bool,
}
