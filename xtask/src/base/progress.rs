//! How long work reports its progress. The reporting code needs no terminal: only `cli/ui/` prints.

use std::time::Duration;

/// Receives the progress of long work. `cli/ui/` draws it; [`Silent`] is for tests and benchmarks.
pub trait Progress: Sync {
    /// A phase begins. `what` names it, such as `writing lago-1.0.4.tar.gz`; `total` is the number of its items, if known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// `count` more items of the phase are done.
    fn advance(&self, count: u64);
    /// The phase is over.
    fn end(&self);
    /// Reports the state of all parallel jobs; may be called repeatedly.
    fn board(&self, _rows: &[Row]) {}
    /// The parallel jobs are over.
    fn end_board(&self) {}
    /// Reports a warning.
    fn warn(&self, message: &str);
}

/// One of several parallel jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The job, such as `el9 x86_64`; the same in each call.
    pub name: String,
    /// One or two words, such as `running`.
    pub state: String,
    /// The builder and the last line of its log; shown on a terminal only.
    pub detail: String,
    /// The time since its start, or from its start to its end.
    pub elapsed: Duration,
}

/// Ignores all reports.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _count: u64) {}
    fn end(&self) {}
    fn warn(&self, _message: &str) {}
}
