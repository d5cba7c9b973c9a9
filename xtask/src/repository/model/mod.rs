//! What a repository consists of, and reading it.
//!
//! [`layout`] is the tree and [`name`] what may stand in it. A snapshot or revision is described by a [`manifest`]; what
//! happened is in the log ([`event`]), what was ever promoted in the [`ledger`], and how tests ended in a [`test_result`]. [`store`] reads all of it, at any time and without
//! a lock.

pub mod carried;
pub mod event;
pub mod layout;
pub mod ledger;
pub mod manifest;
pub mod name;
pub mod store;
pub mod test_result;
