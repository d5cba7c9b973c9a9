//! The published tree: snapshots in `unstable/`, stable series in `stable/`, and what makes them safe.
//!
//! [`layout`] draws the tree and [`name`] what may stand in it. [`store`] reads it at any time; [`writer`] is the only one who
//! changes it. [`stage`] makes snapshots, [`acceptance`] tests them, [`promotion`] puts them into a series; both kinds of folder are
//! made by [`assembly`] and described by a [`manifest`]. What happened is in the log ([`event`]), what was ever promoted in the
//! [`ledger`]. [`in_flight`] is about the clients that read what was current before.

pub mod acceptance;
pub mod assembly;
pub mod client_package;
pub mod event;
pub mod git;
pub mod in_flight;
pub mod layout;
pub mod ledger;
pub mod manifest;
pub mod name;
pub mod pages;
pub mod promotion;
pub mod repodata;
pub mod retention;
pub mod revision;
pub mod sign;
pub mod stage;
pub mod store;
pub mod undo;
pub mod verify;
pub mod writer;
