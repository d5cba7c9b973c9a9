//! How the domains say how far they are, without knowing about terminals.

use std::time::Duration;

/// A listener to long work. `ui.rs` draws it; [`Silent`] is for tests and benchmarks.
pub trait Progress: Sync {
    /// A phase begins: `what` is a present participle such as `writing lago-1.0.4.tar.gz`; `total` counts its items,
    /// where it is known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// `count` more items of the phase are done.
    fn advance(&self, count: u64);
    /// The phase is over.
    fn end(&self);
    /// How several works stand that go on at once, all of them, as often as the caller likes.
    fn board(&self, _rows: &[Row]) {}
    /// The works are over.
    fn end_board(&self) {}
    /// Something the person should know, which is no failure.
    fn warn(&self, message: &str);
}

/// One of several works that go on at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which, such as `el9 x86_64`; the same in each call.
    pub name: String,
    /// How it stands, in a word or two, such as `running`.
    pub state: String,
    /// Who does it and the last that was heard of it; for the eyes only.
    pub detail: String,
    /// How long it has taken; stands still once it is over.
    pub elapsed: Duration,
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _count: u64) {}
    fn end(&self) {}
    fn warn(&self, _message: &str) {}
}
