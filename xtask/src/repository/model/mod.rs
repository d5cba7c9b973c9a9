//! The parts of a repository, and how they are read.
//!
//! [`layout`] has the paths and [`name`] the names in the tree. A [`manifest`] describes a snapshot or revision. The log
//! ([`event`]) lists what was done ([`action`]), with the [`reason`] of a person where there is one; [`blocked`] is said of what is in the place of a folder; the [`ledger`] lists what was
//! promoted, and [`ended_dists`] the dists that need no packages; a [`test_result`] says how an acceptance test ended. [`store`] reads
//! all of them, without a lock; [`lost_targets`] finds what only a link still tells of, [`missing_folder`] is what only the log tells of, [`own_manifest`] knows a
//! manifest that was copied from another folder, and [`other_log`] a log of another repository, and [`yanks`] has what was yanked.

pub mod action;
pub mod blocked;
pub mod carried;
pub mod emptied_series;
pub mod ended_dists;
pub mod event;
pub mod layout;
pub mod ledger;
pub mod lost_state;
pub mod lost_targets;
pub mod manifest;
pub mod missing_folder;
pub mod name;
pub mod other_log;
pub mod own_manifest;
pub mod reason;
pub mod served_index;
pub mod store;
pub mod test_result;
pub mod yanks;
