//! The only writer of results: everything is made under a temporary name, synced, and becomes visible by one rename.
//!
//! A run that fails, is interrupted or killed leaves the old content in place. The next run clears what a killed run left; it
//! recognises it by its name, and removes it under the lock only.
//!
//! [`tree_path`] has the paths in trees that others may write to, and follows no link there. [`copy`] copies folders of others. [`draft`] makes folders, [`single`] files and links; [`link`] is the only place for hard links. [`lock`] has the locks,
//! [`clear`] the temporary names and their removal, [`folders`] makes and lists plain folders, [`scratch`] has folders that are
//! no results, [`remote`] those in the temporary folder of the system, [`read`] helpers for reading, [`free`] the room that is left,
//! [`writable`] whether a folder can be written to, [`kept`] folders that stay open.

mod beneath;
mod clear;
mod copy;
mod draft;
mod folders;
mod free;
mod kept;
mod link;
mod lock;
mod read;
mod remote;
mod reserve;
mod scratch;
mod single;
mod tree_path;
mod writable;

pub use clear::{clear_drafts, discard, remove, remove_if_there};
pub use copy::{copy_tree, size_of_tree};
pub use draft::{CopiedContent, Draft};
pub use folders::{make_folders, make_state_folder, move_to};
pub use free::{FreeSpace, find_free_space, is_full};
pub use kept::KeptFolder;
pub use link::Linked;
pub use lock::LockFile;
pub use read::{from_home, last_line, read_end, without_dots};
pub use remote::{clear_abandoned_scratch, remote_scratch};
pub use reserve::DiskReserve;
pub use scratch::{Scratch, is_large_scratch, large_scratch, scratch_beside, spool};
pub use single::{append_line, copy_into, flip, publish, truncate, write, write_new};
pub use tree_path::TreePath;
pub use writable::require_writable;
