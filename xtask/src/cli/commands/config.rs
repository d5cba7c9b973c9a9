//! `config`: the effective configuration, and where each value comes from.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::base::progress::Progress;
use crate::cli::context::Context;
use crate::project::config::{self, PATH, Vendor};
use crate::project::definition::Project;
use crate::project::workspace::{PACKAGING_CONFIG, Workspace};

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON (schema releng.config/1)
    #[arg(long)]
    json: bool,
    /// Print the JSON schema of the configuration file, for editors
    #[arg(long, conflicts_with = "json")]
    schema: bool,
}

/// A test generates it from the types and docs/configuration.md.
const SCHEMA: &str = include_str!("../../../../packaging/release.schema.json");

/// One key with its effective value.
struct Setting {
    key: String,
    value: Value,
    origin: String,
}

/// Prints every key. It reads the work tree, which is what a person edits.
pub fn run(context: &Context, args: &Args) -> Result<()> {
    if args.schema {
        return context.ui.print_exactly(SCHEMA);
    }
    let settings = load_settings(context.workspace()?, &context.ui)?;
    if args.json {
        return context.ui.print(&(render_json(&settings)? + "\n"));
    }
    context.ui.print(&render_text(&settings))
}

fn load_settings(workspace: &Workspace, progress: &dyn Progress) -> Result<Vec<Setting>> {
    let (tree, stated) = (workspace.local_tree()?, workspace.local_config()?);
    let (path, text) = match &workspace.packaging {
        Some(folder) if folder.join(PACKAGING_CONFIG).exists() => {
            let path = folder.join(PACKAGING_CONFIG);
            let text = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            (path.display().to_string(), text)
        }
        _ => (PATH.to_owned(), tree.read(PATH)?.unwrap_or_default()),
    };
    let lines = config::lines_of_keys(&String::from_utf8_lossy(&text));
    let settings = config::leaves(&stated).into_iter().map(|(key, value)| {
        let origin = lines.get(&key).map_or("default".to_owned(), |line| format!("{path}:{line}"));
        Setting { key, value, origin }
    });
    let mut settings: Vec<Setting> = settings.collect();
    // The project gives the values that no file states. Where it cannot be read yet, the configuration is printed all the same.
    let project = match Project::load(tree, stated, &workspace.out_of_tree()) {
        Ok(project) => project,
        Err(error) => {
            progress.warn(&format!("{error:#}"));
            return Ok(settings);
        }
    };
    for setting in settings.iter_mut().filter(|setting| setting.value.is_null()) {
        match (setting.key.as_str(), project.known_spec()) {
            ("project.name", _) => {
                setting.value = project.name.to_string().into();
                setting.origin = project.name_source.to_string();
            }
            ("source.vendor", _) => {
                setting.value = if project.vendor == Vendor::Cargo { "cargo" } else { "none" }.into();
                setting.origin = "found".to_owned();
            }
            ("rpm.spec", Some(spec)) => {
                setting.value = spec.path.clone().into();
                setting.origin = "found".to_owned();
            }
            _ => {}
        }
    }
    Ok(settings)
}

fn render_text(settings: &[Setting]) -> String {
    let mut text = String::new();
    let mut table = "";
    let has_tables = |value: &Value| value.as_array().is_some_and(|list| list.iter().any(Value::is_object));
    // The keys of a table come before the lists of tables in it.
    let (lists, plain): (Vec<&Setting>, Vec<&Setting>) =
        settings.iter().partition(|setting| has_tables(&setting.value));
    for Setting { key, value, origin } in plain.into_iter().chain(lists) {
        let Some((section, name)) = key.split_once('.').filter(|_| !has_tables(value)) else {
            text.push_str(&render_list(key, value, origin));
            table = "";
            continue;
        };
        if section != table {
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}[{section}]\n"));
            table = section;
        }
        // A JSON string, number or list of strings is TOML too.
        let line = if value.is_null() { format!("# {name} is not set") } else { format!("{name} = {value}") };
        text.push_str(&format!("{line:<40} # {origin}\n"));
    }
    text
}

/// A list of tables; a comment where it is empty.
fn render_list(key: &str, value: &Value, origin: &str) -> String {
    let tables = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut text = if tables.is_empty() { format!("# no [[{key}]]\n") } else { String::new() };
    for keys in tables.iter().filter_map(Value::as_object) {
        text.push_str(&format!("{:<40} # {origin}\n", format!("[[{key}]]")));
        text.extend(keys.iter().map(|(name, value)| format!("{name} = {value}\n")));
    }
    text
}

fn render_json(settings: &[Setting]) -> Result<String> {
    let values: serde_json::Map<String, Value> = settings
        .iter()
        .map(|setting| (setting.key.clone(), json!({ "value": setting.value, "origin": setting.origin })))
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "schema": "releng.config/1", "settings": values }))?)
}
