//! The failure of a file that is not TOML, or whose values are of a wrong kind, in the words of the documentation. The parser
//! speaks of sequences, maps and the types of Rust.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::base::error::{Exit, Failure};
use crate::project::config::keys::PATH;
use crate::project::config::unknown::{below, is_list_of_tables, known_keys, last, line_at, nearest_key};

/// The failure for an error of the parser in `text`: the line, the key, and what the key must be.
pub(super) fn failure(text: &str, error: &toml::de::Error) -> Failure {
    let span = error.span().unwrap_or_default();
    let place = format!("`{PATH}` line {}", line_at(text, span.start.min(text.len())));
    let refuse = |what: String| Failure::new(Exit::Usage, format!("{place}: {what}"));
    let Ok(document) = DeTable::parse(text) else {
        return refuse(format!("this is not TOML: {}", error.message().trim_end()));
    };
    let key = key_at(document.get_ref(), "", &span).unwrap_or_default();
    match describe(&key, error.message()) {
        Some((what, help)) => {
            let failure = refuse(what);
            match nearest_key(&key, 1).filter(|nearest| *nearest != key) {
                Some(nearest) => failure.help(format!("did you mean `{nearest}`?")),
                None => failure.help(help),
            }
        }
        None if key.is_empty() => refuse(error.message().to_owned()),
        None => refuse(format!("`{key}`: {}", error.message())),
    }
}

/// The inner `Err` if a table of the configuration is not written as a table, or a list of tables not as a list. The parser would
/// take the values of a list for the keys of a table, by their order. The outer `Err`: `text` is not TOML.
pub(super) fn require_tables(text: &str) -> Result<Result<(), Failure>, toml::de::Error> {
    Ok(require_tables_in(text, "", DeTable::parse(text)?.get_ref()))
}

fn require_tables_in(text: &str, path: &str, table: &DeTable<'_>) -> Result<(), Failure> {
    for (key, value) in table {
        let path = below(path, key.get_ref());
        let has_keys = |keys: &[String]| keys.iter().any(|key| key.starts_with(&format!("{path}.")));
        let refuse = |what: String, help: String| {
            let line = line_at(text, key.span().start);
            Err(Failure::new(Exit::Usage, format!("`{PATH}` line {line}: `{path}` {what}")).help(help))
        };
        match value.get_ref() {
            DeValue::Table(_) if is_list_of_tables(&path) => {
                let help = format!("write `[[{path}]]` in place of `[{path}]`");
                return refuse("is a list of tables, and this is a single table".to_owned(), help);
            }
            DeValue::Table(keys) => require_tables_in(text, &path, keys)?,
            DeValue::Array(_) if has_keys(&table_keys()) && !is_list_of_tables(&path) => {
                return refuse("is a list, and must be a table".to_owned(), format!("write `[{path}]`"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The keys that are in tables.
fn table_keys() -> Vec<String> {
    known_keys().into_keys().collect()
}

/// The deepest key whose name or value has the place of an error.
fn key_at(table: &DeTable<'_>, path: &str, place: &Range<usize>) -> Option<String> {
    let has = |span: Range<usize>| span.start <= place.start && place.end <= span.end;
    for (key, value) in table {
        let path = below(path, key.get_ref());
        let tables: Vec<&DeTable<'_>> = match value.get_ref() {
            DeValue::Table(keys) => vec![keys],
            DeValue::Array(elements) => elements.iter().filter_map(|element| element.get_ref().as_table()).collect(),
            _ => Vec::new(),
        };
        if let Some(deeper) = tables.into_iter().find_map(|keys| key_at(keys, &path, place)) {
            return Some(deeper);
        }
        let elements = value.get_ref().as_array().into_iter().flatten();
        if has(key.span()) || has(value.span()) || elements.into_iter().any(|element| has(element.span())) {
            return Some(path);
        }
    }
    None
}

/// A message of the parser about `key` in other words, and the next step.
fn describe(key: &str, message: &str) -> Option<(String, String)> {
    let list_of_choices = |text: &str| text.trim_start_matches("one of ").to_owned();
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let (value, choices) = rest.split_once(", expected ")?;
        let choices = list_of_choices(choices);
        return Some((format!("`{key}` cannot be {value}"), format!("the values are {choices}")));
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        let field = field.trim_matches('`');
        let help = format!("docs/configuration.md describes the keys of `{key}`");
        return Some((format!("`{}` is missing", below(key, field)), help));
    }
    // For a key that is one of several words; the parser does not say what it has found.
    if message == "wanted string or table" {
        return Some((format!("`{key}` must be a text"), format!("write `{} = \"…\"`", last(key))));
    }
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, wanted) = rest.rsplit_once(", expected ")?;
    let (wanted, help) = match wanted {
        _ if wanted.contains("sequence") => ("a list", format!("write `{} = [\"…\"]`", last(key))),
        _ if wanted.contains("boolean") => ("`true` or `false`", format!("write `{} = true`", last(key))),
        _ if wanted.contains("string") => ("a text", format!("write `{} = \"…\"`", last(key))),
        _ if wanted.contains("nonzero") => ("a whole number above 0", format!("write `{} = 1`", last(key))),
        "u32" => ("a whole number, 0 or above", format!("write `{} = 1`", last(key))),
        _ if wanted.contains("map") || wanted.starts_with("struct ") => ("a table", format!("write `[{key}]`")),
        _ => return None,
    };
    let found = match found.split_once(' ').map_or(found, |(kind, _)| kind) {
        "string" => "a text".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "integer" | "floating" => format!("the number {}", found.split('`').nth(1).unwrap_or_default()),
        _ => "of another kind".to_owned(),
    };
    Some((format!("`{key}` is {found}, and must be {wanted}"), help))
}
