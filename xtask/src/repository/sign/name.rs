//! How messages name a key.

use std::fmt;

use crate::repository::sign::Fingerprint;

/// A key: its fingerprint, and its user id where gpg knows it, such as `` `63D7…` (Lago <lago@example.org>) ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    pub fingerprint: Fingerprint,
    /// One line; see [`one_line`](crate::base::text::one_line).
    pub owner: Option<String>,
}

impl KeyName {
    /// The name without backticks.
    pub fn plain(&self) -> String {
        let owner = self.owner.as_ref().map_or(String::new(), |owner| format!(" ({owner})"));
        format!("{}{owner}", self.fingerprint)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeyName { fingerprint, owner } = self;
        write!(f, "`{fingerprint}`")?;
        owner.as_ref().map_or(Ok(()), |owner| write!(f, " ({owner})"))
    }
}
