//! Why a person holds a snapshot, yanks a package or promotes without an acceptance test. The log keeps the text.

use std::fmt;
use std::str::FromStr;

use crate::base::text::one_line;

/// A line of text with at least one character that can be seen, and without characters that steer a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

/// The text has nothing that can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyReason;

impl fmt::Display for EmptyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reason must not be empty")
    }
}

impl std::error::Error for EmptyReason {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Reason {
    type Err = EmptyReason;

    fn from_str(text: &str) -> Result<Reason, EmptyReason> {
        let line = one_line(text);
        if line.is_empty() { Err(EmptyReason) } else { Ok(Reason(line)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_not_empty() {
        for text in ["", " ", "\t\n", "\u{1b}"] {
            assert_eq!(text.parse::<Reason>(), Err(EmptyReason), "{text:?}");
        }
        let parsed = " a customer\nstable/9.0\u{1b}[2J".parse::<Reason>().map(|reason| reason.to_string());
        assert_eq!(parsed, Ok("a customer stable/9.0[2J".to_owned()));
    }
}
