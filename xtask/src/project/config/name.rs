//! The name of a project.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A project's name, valid for an RPM and at the start of a file name: ASCII letters, digits and `._+-`, a letter or
/// digit first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Name, String> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._+-".contains(letter);
        if text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.chars().all(fits) {
            Ok(Name(text))
        } else {
            Err(format!("`{text}` cannot name a package: letters, digits and `._+-`, a letter or digit first"))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
