//! `packaging/release.toml`, parsed.
//!
//! One file, every key optional, unknown keys refused. The keys are the fields of [`Config`] and stand nowhere else:
//! what is known, what `cargo xtask config` lists and what an unknown key is compared with all come from its default.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZero;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Exit, Failure};
use crate::milestone::Milestone;

/// Where the configuration stands in a project.
pub const PATH: &str = "packaging/release.toml";

/// The whole configuration; `Default` is what an empty file gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    /// What is released.
    pub project: ProjectKeys,
    /// How its version begins.
    pub version: VersionKeys,
    /// Which archives are made.
    pub source: SourceKeys,
    /// How it is packaged.
    pub rpm: RpmKeys,
}

/// `[project]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ProjectKeys {
    /// The name that archives and packages bear. Default: that of the root Cargo package, else the template's `Name:`.
    pub name: Option<Name>,
}

/// `[version]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct VersionKeys {
    /// The beginning where no milestone tag exists yet, just before the root: N commits give `X.Y.N`.
    pub initial: Option<Milestone>,
}

/// `[source]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct SourceKeys {
    /// The archives; `tar.gz` is always made.
    pub formats: Vec<Format>,
    /// Whose dependencies go into the vendor archive. Default: cargo's where there is a `Cargo.lock`, else none.
    pub vendor: Option<Vendor>,
}

impl Default for SourceKeys {
    fn default() -> SourceKeys {
        SourceKeys { formats: vec![Format::TarGz, Format::Zip], vendor: None }
    }
}

/// A source archive's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// The tarball.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// Its twin for those who have no tar.
    #[serde(rename = "zip")]
    Zip,
}

/// Whose dependencies go into the vendor archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// There is none.
    None,
    /// Those of `Cargo.lock`.
    Cargo,
}

/// `[rpm]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct RpmKeys {
    /// The spec template. Default: the only `*.spec.in` in the root or in `packaging/`.
    pub spec: Option<String>,
    /// How many of the newest changelog entries the spec holds. Default: all.
    pub changelog_entries: Option<NonZero<u32>>,
    /// Who writes the source RPM.
    pub srpm: SrpmWriter,
}

/// Who writes the source RPM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SrpmWriter {
    /// This program, with the spec's own definitions alone: the same bytes on every machine.
    #[default]
    Native,
    /// `rpmbuild -bs`, with the macros of the machine.
    Rpmbuild,
}

/// A project's name: what an RPM may be called and a file name may begin with. ASCII letters, digits and `._+-`, a
/// letter or digit first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Name, String> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._+-".contains(letter);
        if text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.chars().all(fits) {
            Ok(Name(text))
        } else {
            Err(format!("`{text}` cannot name a package: letters, digits and `._+-`, a letter or digit first"))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Config {
    /// Parses the text of a configuration file.
    ///
    /// Errors, all with exit 2 and the line: no TOML, an unknown key (the nearest known one is named), a value of the
    /// wrong kind.
    pub fn parse(text: &[u8]) -> Result<Config, Failure> {
        let refuse = |why: String| Failure::new(Exit::Usage, format!("`{PATH}`: {}", why.trim_end()));
        let text = std::str::from_utf8(text).map_err(|error| refuse(format!("{error}")))?;
        if let Some(unknown) = unknown_keys(text).map_err(|error| refuse(error.to_string()))?.first() {
            return Err(unknown.failure());
        }
        toml::from_str(text).map_err(|error| refuse(error.to_string()))
    }
}

/// A key that no field of [`Config`] has.
struct UnknownKey {
    path: String,
    line: usize,
}

impl UnknownKey {
    fn failure(&self) -> Failure {
        let message = format!("`{PATH}` line {}: unknown key `{}`", self.line, self.path);
        let known = known_keys();
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        // A key in the wrong table is as near as one with a letter wrong.
        let distance = |key: &str| edit_distance(key, &self.path).min(1 + edit_distance(&last(key), &last(&self.path)));
        let limit = 1 + last(&self.path).len() / 3;
        let nearest = known.keys().min_by_key(|key| distance(key)).filter(|key| distance(key) <= limit);
        let listed = || format!("the keys are {}", known.keys().cloned().collect::<Vec<_>>().join(", "));
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
            let Value::Object(keys) = keys else { continue };
            leaves.extend(keys.into_iter().map(|(key, value)| (format!("{table}.{key}"), value)));
        }
    }
    leaves
}

/// The keys that `text` sets, by dotted path, with their lines. Empty where `text` is no TOML.
pub fn lines_of_keys(text: &str) -> BTreeMap<String, usize> {
    let Ok(document) = toml::de::DeTable::parse(text) else { return BTreeMap::new() };
    let mut lines = BTreeMap::new();
    for (table, value) in document.get_ref() {
        match value.get_ref() {
            toml::de::DeValue::Table(keys) => lines.extend(
                keys.keys()
                    .map(|key| (format!("{}.{}", table.get_ref(), key.get_ref()), line_at(text, key.span().start))),
            ),
            _ => _ = lines.insert(table.get_ref().to_string(), line_at(text, table.span().start)),
        }
    }
    lines
}

fn unknown_keys(text: &str) -> Result<Vec<UnknownKey>, toml::de::Error> {
    let document = toml::de::DeTable::parse(text)?;
    let known = known_keys();
    let mut unknown: Vec<UnknownKey> = lines_of_keys(text)
        .into_iter()
        .filter(|(path, _)| !known.contains_key(path))
        .map(|(path, line)| UnknownKey { path, line })
        .collect();
    for table in document.get_ref().keys() {
        let prefix = format!("{}.", table.get_ref());
        if !known.keys().any(|key| key.starts_with(&prefix)) && !unknown.iter().any(|key| key.path.starts_with(&prefix))
        {
            unknown.push(UnknownKey { path: table.get_ref().to_string(), line: line_at(text, table.span().start) });
        }
    }
    unknown.sort_by_key(|key| key.line);
    Ok(unknown)
}

/// `package.name` of a Cargo manifest; `None` where it declares no package. Errors: no TOML.
pub fn cargo_package_name(manifest: &[u8]) -> Result<Option<String>, String> {
    let text = std::str::from_utf8(manifest).map_err(|error| error.to_string())?;
    let manifest: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    Ok(manifest.get("package").and_then(|package| package.get("name")?.as_str()).map(str::to_owned))
}

/// Cargo's configuration for vendored crates, with the folder that holds them named as it will be used. What cargo prints
/// names the folder they were put into.
pub fn with_vendor_directory(printed: &str, folder: &str) -> Result<String, toml::de::Error> {
    let mut config: toml::Table = printed.parse()?;
    let vendored = config.get_mut("source").and_then(|source| source.get_mut("vendored-sources")?.as_table_mut());
    if let Some(vendored) = vendored {
        vendored.insert("directory".to_owned(), folder.into());
    }
    Ok(config.to_string())
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

    fn refusal(text: &str) -> (String, String) {
        let failure = Config::parse(text.as_bytes()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        (failure.message, failure.help.unwrap_or_default())
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(Config::parse(b"").unwrap(), Config::default());
    }

    #[test]
    fn every_key_is_read() {
        let text = "[project]\nname = \"lago\"\n[version]\ninitial = \"0.1\"\n[source]\nformats = [\"zip\"]\n\
                    vendor = \"none\"\n[rpm]\nspec = \"lago.spec.in\"\nchangelog-entries = 200\nsrpm = \"rpmbuild\"\n";
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(lines_of_keys(text).keys().collect::<Vec<_>>(), known_keys().keys().collect::<Vec<_>>());
        assert_eq!(config.rpm.changelog_entries, NonZero::new(200));
        assert_eq!(config.version.initial.map(|initial| initial.to_string()).as_deref(), Some("0.1"));
        let values = leaves(&config);
        assert!(values.values().all(|value| !value.is_null()), "{values:?}");
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_known_one() {
        let (message, help) = refusal("[project]\nname = \"x\"\n[source]\nformat = [\"zip\"]\n");
        assert_eq!(message, "`packaging/release.toml` line 4: unknown key `source.format`");
        assert_eq!(help, "did you mean `source.formats`?");
        assert_eq!(refusal("[versoin]\ninitial = \"0.1\"\n").1, "did you mean `version.initial`?");
        assert_eq!(refusal("name = \"x\"\n").1, "did you mean `project.name`?");
        assert!(refusal("[wholly-other-things]\n").1.starts_with("the keys are "));
    }

    #[test]
    fn wrong_values_are_refused_with_their_line() {
        for (text, part) in [
            ("[project]\nname = \"-rf\"\n", "cannot name a package"),
            ("[project]\nname = \"a/b\"\n", "cannot name a package"),
            ("[version]\ninitial = 0.1\n", "line 2"),
            ("[version]\ninitial = \"1\"\n", "two numbers"),
            ("[source]\nformats = [\"rar\"]\n", "unknown variant `rar`"),
            ("[project\n", "line 1"),
        ] {
            let (message, _) = refusal(text);
            assert!(message.contains(part), "{text:?}: {message}");
        }
    }

    #[test]
    fn the_folder_of_vendored_crates_is_named_as_it_is_used() {
        let printed = "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n\
                       [source.vendored-sources]\ndirectory = \"/tmp/x/vendor\"\n";
        assert_eq!(with_vendor_directory(printed, "vendor").unwrap(), printed.replace("/tmp/x/", ""));
        assert_eq!(with_vendor_directory("", "vendor").unwrap(), "");
    }

    #[test]
    fn distances() {
        for (one, other, distance) in [("", "abc", 3), ("formats", "format", 1), ("kitten", "sitting", 3)] {
            assert_eq!(edit_distance(one, other), distance);
        }
    }
}
