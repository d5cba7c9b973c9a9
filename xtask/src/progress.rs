//! How the domains say how far they are, without knowing about terminals.

/// A listener to long work. `ui.rs` draws it; [`Silent`] is for tests and benchmarks.
pub trait Progress: Sync {
    /// A phase begins: `what` is a present participle such as `writing lago-1.0.4.tar.gz`; `total` counts its items,
    /// where it is known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// `count` more items of the phase are done.
    fn advance(&self, count: u64);
    /// The phase is over.
    fn end(&self);
    /// Something the person should know, which is no failure.
    fn warn(&self, message: &str);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _count: u64) {}
    fn end(&self) {}
    fn warn(&self, _message: &str) {}
}
