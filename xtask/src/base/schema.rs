//! JSON files that name their format in the field `schema`, such as `releng.manifest/1`.

use serde::de::DeserializeOwned;

/// Parses a JSON file whose field `schema`, which `schema_of` returns, must be `expected`.
///
/// Errors: the text is not JSON, lacks a field, or has another schema; the reason in words.
pub fn parse_json<T: DeserializeOwned>(
    text: &[u8],
    expected: &str,
    schema_of: impl Fn(&T) -> &str,
) -> Result<T, String> {
    let parsed: T = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let schema = schema_of(&parsed);
    if schema != expected {
        return Err(format!("its schema is `{}`, not `{expected}`", schema.escape_debug()));
    }
    Ok(parsed)
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
        assert!(parse("{}").is_err_and(|why| why.contains("missing field `schema`")));
        assert!(parse("nonsense").is_err());
    }
}
