//! The end of the log of a failed job, for the error message about it.

use std::path::Path;

use crate::base::files;
use crate::base::text::last_lines;

/// The last lines of a log under a heading, and where the whole log is.
pub struct LogEnd {
    /// Lines for the details of a failure.
    pub details: Vec<String>,
    /// A line for its help.
    pub help: String,
}

impl LogEnd {
    /// At most `count` lines of the file `log`, which is the log or the output that `what` names; `None` if it is empty.
    pub fn load(what: &str, log: &Path, count: usize) -> Option<LogEnd> {
        // A log may be large.
        let end = files::read_end(log, 1 << 20).map(|end| end.bytes).unwrap_or_default();
        let text = String::from_utf8_lossy(&end).into_owned();
        let lines = last_lines(&text, count);
        if lines.is_empty() {
            return None;
        }
        let mut details = vec![format!("the end of the {what}:")];
        details.extend(lines.into_iter().map(|line| format!("  {line}")));
        Some(LogEnd { details, help: format!("the whole {what}: `{}`", log.display()) })
    }
}
