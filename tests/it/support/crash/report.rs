//! What a matrix of faults found, and how it is told.

use std::collections::BTreeSet;
use std::fmt;

/// What is wrong after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// The fault did not strike where it was planned: nothing was proved.
    Missed,
    /// A channel is neither the old nor the new one, or not the one that it has to be, or the check does not hold.
    Outage,
    /// Running it again failed.
    Refused,
    /// In the end the tree is not that of an undisturbed run.
    Different,
    /// Temporary names are left in the end.
    Litter,
    /// An event of an undisturbed run is not in the log.
    LostEvent,
    /// A system call failed and the program said it had succeeded.
    Silent,
    /// The message of a failure names no path.
    Unnamed,
    /// Something became visible before it was on the disk.
    Unsynced,
    /// Another thread or a child changed files below the roots.
    Helper,
}

/// One thing that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    pub wrong: Wrong,
    /// Where; of an undisturbed run empty.
    pub at: String,
    pub what: String,
}

/// What a matrix found.
#[derive(Debug, Default)]
pub struct Report {
    pub name: String,
    /// Calls of an undisturbed run that change something below the roots.
    pub points: usize,
    /// Runs with a fault.
    pub runs: usize,
    pub failures: Vec<Failure>,
}

impl Report {
    /// How many runs went wrong in this way.
    pub fn count(&self, wrong: Wrong) -> usize {
        let places: BTreeSet<&str> =
            self.failures.iter().filter(|failure| failure.wrong == wrong).map(|failure| failure.at.as_str()).collect();
        places.len()
    }

    /// How many points, runs and failures of each kind, in one line.
    pub fn figures(&self) -> String {
        let kinds: BTreeSet<Wrong> = self.failures.iter().map(|failure| failure.wrong).collect();
        let counts: Vec<String> = kinds.iter().map(|wrong| format!("{} {wrong:?}", self.count(*wrong))).collect();
        let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
        format!("{}: {} points, {} runs, failures: {counts}", self.name, self.points, self.runs)
    }

    /// Fails the test where anything went wrong, or nothing was tried.
    #[track_caller]
    pub fn is_clean(&self) {
        assert!(self.failures.is_empty() && self.runs > 0, "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.figures())?;
        for Failure { wrong, at, what } in &self.failures {
            writeln!(f, "  {wrong:?}: {at}: {}", what.trim_end())?;
        }
        Ok(())
    }
}
