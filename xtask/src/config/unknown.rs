//! Which keys a configuration has: all of them come from the default of [`Config`], so that none stands in two places.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::repository::AcceptanceTest;
use super::{Config, PATH};
use crate::error::{Exit, Failure};

/// A key that no field of [`Config`] has.
pub(super) struct UnknownKey {
    path: String,
    line: usize,
}

impl UnknownKey {
    pub(super) fn failure(&self) -> Failure {
        let message = format!("`{PATH}` line {}: unknown key `{}`", self.line, self.path);
        let known: Vec<String> = known_keys().into_keys().chain(keys_in_lists()).collect();
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        // A key in the wrong table is as near as one with a letter wrong.
        let distance = |key: &str| edit_distance(key, &self.path).min(1 + edit_distance(&last(key), &last(&self.path)));
        let limit = 1 + last(&self.path).len() / 3;
        let nearest = known.iter().min_by_key(|key| distance(key)).filter(|key| distance(key) <= limit);
        let listed = || format!("the keys are {}", known.join(", "));
        let help = nearest.map_or_else(listed, |key| format!("did you mean `{key}`?"));
        Failure::new(Exit::Usage, message).help(help)
    }
}

/// Every key with its default as JSON (`null` for none), by its dotted path.
pub fn known_keys() -> BTreeMap<String, Value> {
    leaves(&Config::default())
}

/// The values of `config` by dotted path, in the form of [`known_keys`].
pub fn leaves(config: &Config) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    // A struct of strings, numbers and lists always has a JSON form.
    if let Ok(Value::Object(tables)) = serde_json::to_value(config) {
        for (table, keys) in tables {
            match keys {
                Value::Object(keys) => {
                    leaves.extend(keys.into_iter().map(|(key, value)| (format!("{table}.{key}"), value)));
                }
                list => _ = leaves.insert(table, list),
            }
        }
    }
    leaves
}

/// The keys that `text` sets, by dotted path, with their lines; a list of tables by its own name, with the line of the first.
/// Empty where `text` is no TOML.
pub fn lines_of_keys(text: &str) -> BTreeMap<String, usize> {
    let Ok(document) = DeTable::parse(text) else { return BTreeMap::new() };
    let mut lines = BTreeMap::new();
    for (table, value) in document.get_ref() {
        match value.get_ref() {
            DeValue::Table(keys) => lines.extend(lines_in(text, table.get_ref(), keys)),
            _ => _ = lines.insert(table.get_ref().to_string(), line_at(text, table.span().start)),
        }
    }
    lines
}

/// The keys that nothing knows, in the order of their lines. Errors: `text` is no TOML.
pub(super) fn find(text: &str) -> Result<Vec<UnknownKey>, toml::de::Error> {
    let document = DeTable::parse(text)?;
    let known = known_keys();
    let in_lists = keys_in_lists();
    let mut unknown: Vec<UnknownKey> = lines_of_keys(text)
        .into_iter()
        .filter(|(path, _)| !known.contains_key(path))
        .map(|(path, line)| UnknownKey { path, line })
        .collect();
    for (table, value) in document.get_ref() {
        let name = table.get_ref().to_string();
        let prefix = format!("{name}.");
        if let (DeValue::Array(elements), true) = (value.get_ref(), known.contains_key(&name)) {
            let tables = elements.iter().filter_map(|element| element.get_ref().as_table());
            let lines = tables.flat_map(|keys| lines_in(text, &name, keys));
            unknown.extend(
                lines.filter(|(path, _)| !in_lists.contains(path)).map(|(path, line)| UnknownKey { path, line }),
            );
        } else if !known.keys().any(|key| *key == name || key.starts_with(&prefix))
            && !unknown.iter().any(|key| key.path == name || key.path.starts_with(&prefix))
        {
            unknown.push(UnknownKey { path: name, line: line_at(text, table.span().start) });
        }
    }
    unknown.sort_by_key(|key| key.line);
    Ok(unknown)
}

/// The keys of the tables in lists of tables, by dotted path.
fn keys_in_lists() -> Vec<String> {
    match serde_json::to_value(AcceptanceTest::default()) {
        Ok(Value::Object(keys)) => keys.keys().map(|key| format!("acceptance.{key}")).collect(),
        _ => Vec::new(),
    }
}

fn lines_in(text: &str, table: &str, keys: &DeTable<'_>) -> Vec<(String, usize)> {
    keys.keys().map(|key| (format!("{table}.{}", key.get_ref()), line_at(text, key.span().start))).collect()
}

fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// How many letters must be put in, taken out or replaced to make one text of the other (Levenshtein).
pub fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other_letter) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other_letter);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, other, distance) in [("", "abc", 3), ("formats", "format", 1), ("kitten", "sitting", 3)] {
            assert_eq!(edit_distance(one, other), distance);
        }
    }
}
