//! The only reader of the clock.
//!
//! No built file depends on it: dates in archives and packages are the commit's. The clock dates the events of a repository and
//! the results of tests, and `prune` compares ages with it.

use jiff::Timestamp;

use crate::base::error::{Exit, Failure};

/// The variable that sets the time, for tests.
const VARIABLE: &str = "RELENG_NOW";

/// The time, in whole seconds: that of `RELENG_NOW` (such as `2026-01-02T03:04:05Z`) where it is set, else the system's.
pub fn now() -> Result<Timestamp, Failure> {
    let stated = std::env::var_os(VARIABLE).unwrap_or_default().to_string_lossy().into_owned();
    let now = match stated.as_str() {
        "" => Timestamp::now(),
        text => text.parse().map_err(|_| {
            Failure::new(Exit::Usage, format!("`{VARIABLE}` is `{}`, which is not a time", text.escape_debug()))
                .help("write it like `2026-01-02T03:04:05Z`, or unset it")
        })?,
    };
    Ok(Timestamp::from_second(now.as_second()).unwrap_or(now))
}
