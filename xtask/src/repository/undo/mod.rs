//! Rollback and yank: a new revision with the content of an earlier one, or without some packages. Nothing is erased.

mod kept_out;
mod rollback;
mod signatures;
mod undoing;
mod yank;

pub use rollback::{RollbackOrder, decide_rollback};
pub use undoing::{Undo, Undoing};
pub use yank::{YankOrder, decide_yank};
