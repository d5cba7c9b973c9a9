//! Fields of a JSON text that may be missing, null or of another kind.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::git::{BranchName, CommitId};

/// The value at a path such as `comment/user/id`; `None` if it is missing or null.
pub fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').try_fold(value, |value, name| value.get(name)).filter(|value| !value.is_null())
}

/// A text.
pub fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    at(value, path)?.as_str()
}

/// Whether a field is there and true.
pub fn is_true(value: &Value, path: &str) -> bool {
    at(value, path).and_then(Value::as_bool) == Some(true)
}

/// A number from 1, also where it is written as text or with a point.
pub fn number(value: &Value, path: &str) -> Option<u64> {
    let number = match at(value, path)? {
        Value::String(text) => text.parse().ok()?,
        Value::Number(number) => match number.as_u64() {
            Some(number) => number,
            None => whole(number.as_f64()?)?,
        },
        _ => return None,
    };
    (number > 0).then_some(number)
}

/// The whole number that a floating-point number is, if it is one that it can have exactly.
fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && (0.0..EXACT).contains(&number);
    // The digits are those of the number: it is whole and small.
    if is_whole { format!("{number:.0}").parse().ok() } else { None }
}

/// The number of a pull request.
pub fn pull_number(value: &Value, path: &str) -> Option<u32> {
    u32::try_from(number(value, path)?).ok()
}

/// A commit. Some events have only zeros in its place.
pub fn commit(value: &Value, path: &str) -> Option<CommitId> {
    CommitId::parse_hex(text(value, path)?.as_bytes()).filter(|commit| commit.0 != [0; 20])
}

/// The name of a branch.
pub fn branch(value: &Value, path: &str) -> Option<BranchName> {
    text(value, path)?.parse().ok()
}

/// A time as forges write it: `2019-05-15T15:20:21Z`, `2015-05-17 18:21:36 UTC`.
pub fn time(value: &Value, path: &str) -> Option<Timestamp> {
    let text = text(value, path)?;
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let time: DateTime = text.strip_suffix(" UTC")?.parse().ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Whether two numbers, such as those of two repositories, differ. A missing one belongs to something that is gone.
pub fn differ(one: Option<u64>, other: Option<u64>) -> bool {
    one.is_none() || one != other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_come() {
        let value: Value = serde_json::from_str(
            r#"{"a": {"id": 7, "text": "7", "point": 7.0, "half": 7.5, "below": -2, "null": null, "zero": 0, "huge": 1e300},
                "sha": "0000000000000000000000000000000000000000", "at": "2015-05-17 18:21:36 UTC", "branch": "-x"}"#,
        )
        .unwrap();
        for (path, expected) in [
            ("a/id", Some(7)),
            ("a/text", Some(7)),
            ("a/point", Some(7)),
            ("a/half", None),
            ("a/below", None),
            ("a/null", None),
            ("a/zero", None),
            ("a/huge", None),
            ("a/missing", None),
            ("a/id/below", None),
            ("a", None),
        ] {
            assert_eq!(number(&value, path), expected, "{path}");
        }
        assert_eq!(commit(&value, "sha"), None);
        assert_eq!(branch(&value, "branch"), None);
        assert_eq!(time(&value, "at"), Some("2015-05-17T18:21:36Z".parse().unwrap()));
    }
}
