//! The steps of a command, decided before anything is done.
//!
//! A command that writes builds a [`Plan`] first. `--dry-run` prints it; the real run applies the same value, step by
//! step, in one `match`. There is no `dry_run: bool` below `cli/`.

use std::fmt;

/// An ordered list of steps under a title.
///
/// `Display` gives the title and one indented line for each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<S> {
    /// A summary of the steps, such as `dist lago 1.0.4`.
    pub title: String,
    /// The steps, in the order in which they are applied.
    pub steps: Vec<S>,
}

impl<S: fmt::Display> fmt::Display for Plan<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:", self.title)?;
        for step in &self.steps {
            writeln!(f, "  {step}")?;
        }
        Ok(())
    }
}
