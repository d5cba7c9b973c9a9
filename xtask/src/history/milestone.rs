//! `X.Y`: the name of a milestone tag, and the value of `version.initial`.

use std::fmt;
use std::str::FromStr;

use crate::base::as_text::serde_as_text;
use crate::base::number::{is_digits, parse_number};

/// `X.Y` with numbers of at most nine digits and without leading zeros: the only valid name of a milestone tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Milestone {
    /// `X`.
    pub major: u32,
    /// `Y`.
    pub minor: u32,
}

/// Error: not a valid milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAMilestone {
    /// Two numbers with a dot between them, with a leading zero or too many digits: probably meant as a milestone.
    Misspelled,
    /// Any other text, such as `v1.0` or `1.0.1`.
    Other,
}

impl fmt::Display for NotAMilestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a milestone is `X.Y`: two numbers of at most nine digits without leading zeros")
    }
}

impl std::error::Error for NotAMilestone {}

impl FromStr for Milestone {
    type Err = NotAMilestone;

    fn from_str(text: &str) -> Result<Milestone, NotAMilestone> {
        let (major, minor) = text.split_once('.').ok_or(NotAMilestone::Other)?;
        if !is_digits(major) || !is_digits(minor) {
            return Err(NotAMilestone::Other);
        }
        let major = parse_number(major).ok_or(NotAMilestone::Misspelled)?;
        let minor = parse_number(minor).ok_or(NotAMilestone::Misspelled)?;
        Ok(Milestone { major, minor })
    }
}

impl fmt::Display for Milestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

serde_as_text!(Milestone as "milestone");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling() {
        use NotAMilestone::{Misspelled, Other};
        let milestone = |major, minor| Ok(Milestone { major, minor });
        for (text, expected) in [
            ("0.0", milestone(0, 0)),
            ("1.10", milestone(1, 10)),
            ("999999999.999999999", milestone(999_999_999, 999_999_999)),
            ("02.05", Err(Misspelled)),
            ("1.00", Err(Misspelled)),
            ("1.1000000000", Err(Misspelled)),
            ("99999999999999999999.0", Err(Misspelled)),
            ("v1.0", Err(Other)),
            ("1.0.1", Err(Other)),
            ("rel/1.0", Err(Other)),
            ("1.1-rc1", Err(Other)),
            ("1.", Err(Other)),
            (".1", Err(Other)),
            ("1", Err(Other)),
            ("", Err(Other)),
            ("\u{661}.\u{662}", Err(Other)),
            ("1.0\n", Err(Other)),
            ("+1.0", Err(Other)),
        ] {
            assert_eq!(text.parse::<Milestone>(), expected, "{text}");
            assert!(expected.is_err() || expected.unwrap().to_string() == text);
        }
    }

    #[test]
    fn a_milestone_is_a_string_in_configuration_files() {
        let milestone = serde_json::from_str::<Milestone>("\"0.1\"").unwrap();
        assert_eq!(serde_json::to_string(&milestone).unwrap(), "\"0.1\"");
        let refused = serde_json::from_str::<Milestone>("\"0.1.0\"").unwrap_err().to_string();
        assert!(refused.starts_with("`0.1.0` is not a milestone; a milestone is `X.Y`"), "{refused}");
    }
}
