//! JSON files that name their format in the field `schema`, such as `releng.manifest/1`.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::base::text::printable;

/// Parses a JSON file whose field `schema`, which `schema_of` returns, must be `expected`.
///
/// Errors: the text is not JSON, lacks a field, or has another schema; the reason in words.
pub fn parse_json<T: DeserializeOwned>(
    text: &[u8],
    expected: &str,
    schema_of: impl Fn(&T) -> &str,
) -> Result<T, String> {
    let parsed: T = serde_json::from_slice(text).map_err(|error| describe_fault(&error))?;
    let schema = schema_of(&parsed);
    if schema != expected {
        return Err(format!("its schema is `{}`, not `{expected}`", schema.escape_debug()));
    }
    Ok(parsed)
}

/// Why a text is not the JSON that was expected, with the place.
pub fn describe_fault(error: &serde_json::Error) -> String {
    let what = describe(error);
    if error.line() == 0 { what } else { format!("{what} (line {}, column {})", error.line(), error.column()) }
}

/// As [`describe_fault`], for a text of one line.
pub fn describe_fault_in_line(error: &serde_json::Error) -> String {
    let what = describe(error);
    if error.line() == 0 { what } else { format!("{what} (column {})", error.column()) }
}

fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match (error.classify(), text.split(" at line ").next().unwrap_or_default()) {
        (Category::Eof, _) => "its JSON is not complete".to_owned(),
        (Category::Syntax | Category::Io, _) => "it is not JSON".to_owned(),
        (Category::Data, what) => match what.strip_prefix("missing field ") {
            Some(field) => format!("it has no field {field}"),
            None => describe_value(what),
        },
    }
}

/// A fault of a value, in the words of serde: `unknown variant `x`, expected one of …`, `invalid type: string "x", expected u32`.
/// Other texts come from the parsers of this program.
fn describe_value(what: &str) -> String {
    let (found, expected) = what.split_once(", expected ").map_or((what, ""), |(found, expected)| (found, expected));
    let found = printable(found);
    if let Some(name) = found.strip_prefix("unknown variant ") {
        return format!("it has {name}, which `releng` does not know");
    }
    match found.strip_prefix("invalid type: ").or_else(|| found.strip_prefix("invalid value: ")) {
        Some(value) => format!("it has {value} in the place of {}", printable(expected)),
        None => printable(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Sample {
        schema: String,
        value: u32,
    }

    fn parse(text: &str) -> Result<u32, String> {
        parse_json(text.as_bytes(), "releng.sample/1", |sample: &Sample| &sample.schema).map(|sample| sample.value)
    }

    #[test]
    fn only_the_expected_schema_is_accepted() {
        assert_eq!(parse(r#"{"schema": "releng.sample/1", "value": 3}"#), Ok(3));
        let other = "its schema is `releng.\\nother/1`, not `releng.sample/1`".to_owned();
        assert_eq!(parse(r#"{"schema": "releng.\nother/1", "value": 3}"#), Err(other));
        assert!(parse("{}").is_err_and(|why| why == "it has no field `schema` (line 1, column 2)"));
        assert!(parse("nonsense").is_err());
        let wrong = |text: &str| parse(text).unwrap_err();
        let shown = "it has string \"a\\u{1b}b\" in the place of u32 (line 1, column 49)";
        assert_eq!(wrong("{\"schema\": \"releng.sample/1\", \"value\": \"a\\u001bb\"}"), shown);
    }
}
