//! Finds unknown keys. The known ones come from the default of [`Config`], so that no key is listed in two places.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use strsim::levenshtein;
use toml::de::{DeTable, DeValue};

use crate::base::error::{Exit, Failure};
use crate::project::config::ci::CiStep;
use crate::project::config::keys::{Config, PATH};
use crate::project::config::repository::AcceptanceTest;
use crate::project::config::rpms::DistKeys;
use crate::project::config::source::GenerateKeys;

/// A key that is no field of [`Config`].
pub(super) struct UnknownKey {
    path: String,
    line: usize,
}

impl UnknownKey {
    pub(super) fn failure(&self) -> Failure {
        let message = format!("`{PATH}` line {}: unknown key `{}`", self.line, self.path);
        let nearest = nearest_key(&self.path, 1 + last(&self.path).len() / 3);
        let help = nearest.map_or_else(|| self.alternatives(), |key| format!("did you mean `{key}`?"));
        Failure::new(Exit::Usage, message).help(help)
    }

    /// The keys of the table of this key; the tables, if its table is unknown, too.
    fn alternatives(&self) -> String {
        let keys = keys_near(&self.path);
        let table = self.path.rsplit_once('.').map_or("", |(table, _)| table);
        let of_table = |key: &&String| key.rsplit_once('.').is_some_and(|(of, _)| of == table);
        let siblings: Vec<String> = keys.iter().filter(of_table).map(|key| format!("`{}`", last(key))).collect();
        if !siblings.is_empty() {
            return format!("the keys of `[{table}]` are {}", siblings.join(", "));
        }
        let mut tables: Vec<String> = Vec::new();
        for key in known_keys().into_keys() {
            let Some((table, _)) = key.split_once('.') else { continue };
            let shown = format!("`[{table}]`");
            if !tables.contains(&shown) {
                tables.push(shown);
            }
        }
        format!("the tables are {}, `[[acceptance]]`; `config` prints all keys", tables.join(", "))
    }
}

/// All keys. Those of named tables have the name of the table of `path`.
fn keys_near(path: &str) -> Vec<String> {
    let name = split_named(path).map_or("<dist>", |(name, _)| name);
    let named = keys_of_dists().into_iter().map(|key| format!("{NAMED}{name}.{key}"));
    known_keys().into_keys().chain(keys_in_lists()).chain(named).collect()
}

/// The known key that resembles `path` most, if at most `limit` letters differ.
pub(super) fn nearest_key(path: &str, limit: usize) -> Option<String> {
    // A key in the wrong table counts as one wrong letter, and so does a key whose end is missing.
    let is_begun = |key: &str| last(path).len() >= 4 && key.starts_with(&format!("{path}-"));
    let distance = |key: &str| {
        let letters = levenshtein(key, path).min(1 + levenshtein(last(key), last(path)));
        if is_begun(key) { 1 } else { letters }
    };
    keys_near(path).into_iter().min_by_key(|key| distance(key)).filter(|key| distance(key) <= limit)
}

/// The last part of a dotted path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Every key with its default as JSON (`null` for none), by its dotted path. Keys of named tables, such as
/// `rpm.dist.el9.mock`, are not listed.
pub fn known_keys() -> BTreeMap<String, Value> {
    leaves(&Config::default())
}

/// The values of `config` by dotted path, in the form of [`known_keys`].
pub fn leaves(config: &Config) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    // A struct of strings, numbers and lists always has a JSON form.
    collect_leaves("", serde_json::to_value(config).unwrap_or_default(), &mut leaves);
    leaves
}

fn collect_leaves(path: &str, value: Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(keys) => {
            for (key, value) in keys {
                collect_leaves(&below(path, &key), value, leaves);
            }
        }
        value => _ = leaves.insert(path.to_owned(), value),
    }
}

/// The dotted path of `key` in the table `path`.
pub(super) fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The keys that `text` sets, by dotted path, with their lines. A list of tables is one key, with the line of the first
/// table; an empty table is one key. Nothing if `text` is not TOML.
pub fn lines_of_keys(text: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    if let Ok(document) = DeTable::parse(text) {
        collect_lines(text, "", document.get_ref(), &mut lines);
    }
    lines
}

fn collect_lines(text: &str, path: &str, table: &DeTable<'_>, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = below(path, key.get_ref());
        match value.get_ref() {
            DeValue::Table(keys) if !keys.is_empty() => collect_lines(text, &path, keys, lines),
            _ => _ = lines.insert(path, line_at(text, key.span().start)),
        }
    }
}

/// The unknown keys in the order of their lines. Errors: `text` is not TOML.
pub(super) fn find(text: &str) -> Result<Vec<UnknownKey>, toml::de::Error> {
    let document = DeTable::parse(text)?;
    let known = known_keys();
    let is_known = |path: &str| {
        let table = format!("{path}.");
        known.contains_key(path)
            || known.keys().any(|key| key.starts_with(&table))
            || split_named(path).is_some_and(|(_, key)| key.is_empty() || keys_of_dists().iter().any(|own| own == key))
            || NAMED.strip_suffix('.') == Some(path)
            || path == FREE
            || path.strip_prefix(FREE).is_some_and(|rest| rest.starts_with('.'))
    };
    let mut lines: Vec<(String, usize)> = lines_of_keys(text).into_iter().filter(|(path, _)| !is_known(path)).collect();
    let in_lists = keys_in_lists();
    for (list, keys) in tables_in_lists("", document.get_ref()).into_iter().filter(|(list, _)| is_list_of_tables(list))
    {
        let mut found = BTreeMap::new();
        collect_lines(text, &list, keys, &mut found);
        lines.extend(found.into_iter().filter(|(path, _)| !in_lists.contains(path)));
    }
    lines.sort_by_key(|(_, line)| *line);
    Ok(lines.into_iter().map(|(path, line)| UnknownKey { path, line }).collect())
}

/// The tables that are elements of lists, with the paths of the lists.
fn tables_in_lists<'t>(path: &str, table: &'t DeTable<'t>) -> Vec<(String, &'t DeTable<'t>)> {
    let mut found = Vec::new();
    for (key, value) in table {
        let path = below(path, key.get_ref());
        match value.get_ref() {
            DeValue::Table(keys) => found.extend(tables_in_lists(&path, keys)),
            DeValue::Array(elements) => {
                let tables = elements.iter().filter_map(|element| element.get_ref().as_table());
                found.extend(tables.map(|keys| (path.clone(), keys)));
            }
            _ => {}
        }
    }
    found
}

/// The prefix of tables whose names the user chooses.
const NAMED: &str = "rpm.dist.";

/// The table whose keys the user chooses.
const FREE: &str = "rpm.define";

/// The name and the key of a path below [`NAMED`]; the key is empty for the table itself.
fn split_named(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(NAMED)?;
    Some(rest.split_once('.').unwrap_or((rest, "")))
}

/// The keys of a table below [`NAMED`].
fn keys_of_dists() -> Vec<String> {
    keys_of(DistKeys::default())
}

/// The keys of the tables in lists of tables, by dotted path.
pub(super) fn keys_in_lists() -> Vec<String> {
    let mut keys: Vec<String> = keys_of(AcceptanceTest::default()).iter().map(|key| below("acceptance", key)).collect();
    keys.extend(keys_of(GenerateKeys::default()).iter().map(|key| below("source.generate", key)));
    for (stage, _) in Config::default().ci.stages() {
        keys.extend(keys_of(CiStep::default()).iter().map(|key| below(&format!("ci.{stage}"), key)));
    }
    keys
}

/// Whether the key is a list of tables.
pub(super) fn is_list_of_tables(path: &str) -> bool {
    keys_in_lists().iter().any(|key| key.rsplit_once('.').is_some_and(|(list, _)| list == path))
}

fn keys_of(table: impl Serialize) -> Vec<String> {
    match serde_json::to_value(table) {
        Ok(Value::Object(keys)) => keys.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}

/// The line of an offset, from 1.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}
