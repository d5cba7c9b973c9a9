//! Why a person holds a snapshot, yanks a package or promotes without an acceptance test. The log keeps the text.

use std::fmt;
use std::str::FromStr;

/// A text with at least one character that is not white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

/// The text is empty or has only white space.
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
        if text.trim().is_empty() {
            return Err(EmptyReason);
        }
        Ok(Reason(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_not_empty() {
        for text in ["", " ", "\t\n"] {
            assert_eq!(text.parse::<Reason>(), Err(EmptyReason), "{text:?}");
        }
        assert_eq!(" a customer ".parse::<Reason>().map(|reason| reason.to_string()), Ok(" a customer ".to_owned()));
    }
}
