//! The key `ci.isolation`: what separates foreign code from this user.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What separates foreign code from this user: `user:NAME`, `container:IMAGE` or `none`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CiIsolation {
    /// Another user of this system, in namespaces of its own.
    User(String),
    /// A container of podman, made from this image.
    Container(String),
    /// Nothing: the tests can do what this user can do.
    None,
}

impl TryFrom<String> for CiIsolation {
    type Error = String;

    fn try_from(text: String) -> Result<CiIsolation, String> {
        let is_word =
            |word: &str| !word.is_empty() && !word.starts_with('-') && word.bytes().all(|byte| byte.is_ascii_graphic());
        match text.split_once(':') {
            None if text == "none" => Ok(CiIsolation::None),
            Some(("user", name)) if is_word(name) && !name.contains(':') => Ok(CiIsolation::User(name.to_owned())),
            Some(("container", image)) if is_word(image) => Ok(CiIsolation::Container(image.to_owned())),
            _ => Err(format!(
                "`{}` is not a boundary: write `user:NAME`, `container:IMAGE` or `none`",
                text.escape_debug()
            )),
        }
    }
}

impl From<CiIsolation> for String {
    fn from(isolation: CiIsolation) -> String {
        isolation.to_string()
    }
}

impl fmt::Display for CiIsolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CiIsolation::User(name) => write!(f, "user:{name}"),
            CiIsolation::Container(image) => write!(f, "container:{image}"),
            CiIsolation::None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_one_of_three() {
        for text in ["user:ci", "container:localhost/image:1", "none"] {
            assert_eq!(CiIsolation::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for text in ["", "user:", "user:-x", "container:a b", "None", "vm:x", "user:a:b"] {
            assert!(CiIsolation::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
