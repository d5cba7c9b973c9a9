//! The value of a marker in a template of a build system.

use serde::{Deserialize, Serialize};

/// `NAME=VALUE`: the value of `@NAME@`, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MarkerValue {
    pub name: String,
    pub value: String,
}

impl TryFrom<String> for MarkerValue {
    type Error = String;

    fn try_from(text: String) -> Result<MarkerValue, String> {
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        match text.split_once('=').filter(|(name, value)| is_name(name) && !value.contains('\n')) {
            Some((name, value)) => Ok(MarkerValue { name: name.to_owned(), value: value.to_owned() }),
            None => Err(format!("`{}` is not `NAME=VALUE` in one line", text.escape_debug())),
        }
    }
}

impl From<MarkerValue> for String {
    fn from(MarkerValue { name, value }: MarkerValue) -> String {
        format!("{name}={value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_value_are_read() {
        let read = |text: &str| MarkerValue::try_from(text.to_owned()).map(|marker| (marker.name, marker.value));
        assert_eq!(read("X_TRUE="), Ok(("X_TRUE".to_owned(), String::new())));
        assert_eq!(read("OPTIONS=a=b"), Ok(("OPTIONS".to_owned(), "a=b".to_owned())));
        for wrong in ["X", "=x", "@X@=1", "X=a\nb"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
