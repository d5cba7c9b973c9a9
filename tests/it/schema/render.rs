//! The JSON schema of the configuration: the shapes of the types, with the meanings and defaults of `docs/configuration.md`.

use releng::project::config::Config;
use serde_json::{Map, Value, json};

use super::trace::{Shape, shape_of};
use crate::documents::markdown::rows;
use crate::support::text_of;

/// The texts that a key can have, as a regular expression. A text that fits may still be refused: an editor does not know all rules.
pub const PATTERNS: [(&str, &str); 17] = [
    ("project.name", NAME),
    ("version.initial", "^[0-9]+\\.[0-9]+$"),
    ("rpm.timeout", TIME),
    ("rpm.poll", TIME),
    ("rpm.dists", DIST),
    ("rpm.dist.<dist>.container", "@sha256:[0-9A-Fa-f]{64}$"),
    ("repository.url", ADDRESS),
    ("announce.smtp", "^smtps?://[^/@]+$"),
    ("announce.sendmail", "^/"),
    ("announce.retry", TIME),
    ("acceptance.name", STEP),
    ("acceptance.timeout", TIME),
    ("ci.<stage>.name", STEP),
    ("ci.<stage>.timeout", TIME),
    ("ci.isolation", "^(none|user:[!-9;-~]+|container:[!-~]+)$"),
    ("ci.forge-url", ADDRESS),
    ("ci.token-file", "^(/|~/)"),
];

const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._+-]*$";
const STEP: &str = "^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$";
const TIME: &str = "^[0-9]*[1-9][0-9]*[smh]$";
const DIST: &str = "^([a-z]{1,20}[0-9]+|local)$";
const ADDRESS: &str = "^https?://[!-~]+$";

/// A row of the tables of keys.
struct Row {
    key: String,
    default: String,
    meaning: String,
}

/// The schema, as it is checked in.
pub fn render_schema() -> String {
    let keys = rows(&text_of("docs/configuration.md")).into_iter().filter(|row| row.len() == 3).map(|row| {
        let [key, default, meaning] = <[String; 3]>::try_from(row).unwrap();
        Row { key: key.trim_matches('`').to_owned(), default, meaning }
    });
    let keys: Vec<Row> = keys.collect();
    let mut schema = render("", &shape_of::<Config>(), &keys);
    let head = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "packaging/release.toml",
        "description": "The configuration of releng; docs/configuration.md describes each key",
    });
    schema.as_object_mut().unwrap().extend(head.as_object().unwrap().clone());
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

fn render(path: &str, shape: &Shape, keys: &[Row]) -> Value {
    match shape {
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Whole(least) => json!({ "type": "integer", "minimum": least }),
        Shape::Text => match pattern_of(path) {
            Some(pattern) => json!({ "type": "string", "pattern": pattern }),
            None => json!({ "type": "string" }),
        },
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::List(element) => json!({ "type": "array", "items": render(path, element, keys) }),
        Shape::Either(shapes) => {
            json!({ "anyOf": shapes.iter().map(|shape| render(path, shape, keys)).collect::<Vec<_>>() })
        }
        Shape::Named(value) => {
            let name = if path == "rpm.dist" { DIST } else { "^[A-Za-z_][A-Za-z0-9_]*$" };
            let value = render(&format!("{path}.<dist>"), value, keys);
            json!({ "type": "object", "propertyNames": { "pattern": name }, "additionalProperties": value })
        }
        Shape::Table(inner) => render_table(path, inner, keys),
    }
}

fn render_table(path: &str, inner: &[(&'static str, Shape)], keys: &[Row]) -> Value {
    let (mut properties, mut required, mut either) = (Map::new(), Vec::new(), Vec::new());
    for (key, shape) in inner {
        let path = if path.is_empty() { (*key).to_owned() } else { format!("{path}.{key}") };
        let mut value = render(&path, shape, keys);
        let described = documented(&path);
        if let Some(row) = keys.iter().find(|row| row.key == described) {
            let value = value.as_object_mut().unwrap();
            value.insert("description".to_owned(), plain(&row.meaning).into());
            let default = row.default.trim_matches('`');
            match serde_json::from_str::<Value>(default) {
                Ok(default) => _ = value.insert("default".to_owned(), default),
                Err(_) if row.default == "required" => {
                    required.push(*key);
                    if let Shape::List(_) = shape {
                        value.insert("minItems".to_owned(), 1.into());
                    }
                }
                Err(_) if row.default.starts_with("this or") => either.push(json!({ "required": [key] })),
                Err(_) => {}
            }
        }
        properties.insert((*key).to_owned(), value);
    }
    let mut table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        table["required"] = json!(required);
    }
    if !either.is_empty() {
        table["oneOf"] = either.into();
    }
    table
}

/// The name of a key in the documentation: the stages of the CI process have one description.
fn documented(path: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts[..] {
        ["ci", _, key] => format!("ci.<stage>.{key}"),
        _ => path.to_owned(),
    }
}

fn pattern_of(path: &str) -> Option<&'static str> {
    let path = documented(path);
    PATTERNS.iter().find(|(key, _)| *key == path).map(|(_, pattern)| *pattern)
}

/// The text of a cell without its links and backticks.
fn plain(cell: &str) -> String {
    let mut text = String::new();
    let mut rest = cell;
    while let Some((before, link)) = rest.split_once('[') {
        match link.split_once("](").and_then(|(shown, target)| Some((shown, target.split_once(')')?.1))) {
            Some((shown, after)) if !shown.contains('[') => {
                text += &format!("{before}{shown}");
                rest = after;
            }
            _ => {
                text += &format!("{before}[");
                rest = link;
            }
        }
    }
    text + rest
}
