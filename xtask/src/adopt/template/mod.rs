//! The spec of a project that has none, filled in from a template for its build system.
//!
//! The templates are text. A line with `{{KEY}}` is written once for each value of the key, and not at all if the key has none.

use std::collections::BTreeMap;
use std::fmt;

use crate::adopt::found::{AdoptFacts, AutotoolsBuild, CargoBuild, LicenceFound, ProjectBuild, PythonBuild};
use crate::base::text::{one_line, wrap};

const RUST: &str = include_str!("rust.spec.in");
const PYTHON: &str = include_str!("python.spec.in");
const AUTOTOOLS: &str = include_str!("autotools.spec.in");
const CMAKE: &str = include_str!("cmake.spec.in");
const MESON: &str = include_str!("meson.spec.in");
/// The end of the specs for which it is not known what is installed.
const INSTALLED_FILES: &str = include_str!("installed_files.spec.in");

/// The longest line of a description and of a summary, by rpmlint.
const COLUMNS: usize = 79;

/// Why there is no template for a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoTemplate {
    /// No file of a build system.
    NothingToBuild,
    /// A build system without a template.
    Unknown(String),
    /// A Rust project without programs.
    NoProgram,
    /// The crates of the project are not known.
    NoLock,
}

impl fmt::Display for NoTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoTemplate::NothingToBuild => f.write_str("no file of a build system says what is installed"),
            NoTemplate::Unknown(build) => write!(f, "there is no template for this project: {build}"),
            NoTemplate::NoProgram => {
                f.write_str("the crates have no program, and a library of Rust is not a package of its own")
            }
            NoTemplate::NoLock => f.write_str(
                "git has no `Cargo.lock`, which names the crates of the vendor archive: commit it, and run this again",
            ),
        }
    }
}

type Values = BTreeMap<&'static str, Vec<String>>;

/// The spec for a project, or the reason why there is none.
pub fn spec_for(facts: &AdoptFacts) -> Result<String, NoTemplate> {
    let Some(build) = facts.builds.first() else { return Err(NoTemplate::NothingToBuild) };
    let mut values = common_values(facts);
    let template = match build {
        ProjectBuild::Cargo(cargo) => {
            // A Python module that is written in Rust, and the like.
            if matches!(facts.builds.get(1), Some(ProjectBuild::Python(_))) {
                return Err(NoTemplate::Unknown("cargo and Python build it together".to_owned()));
            }
            values.extend(cargo_values(cargo)?);
            RUST.to_owned()
        }
        ProjectBuild::Python(python) => {
            values.extend(python_values(python));
            PYTHON.to_owned()
        }
        ProjectBuild::Autotools(autotools) => {
            values.extend(autotools_values(autotools));
            format!("{AUTOTOOLS}{INSTALLED_FILES}")
        }
        ProjectBuild::Meson => format!("{MESON}{INSTALLED_FILES}"),
        ProjectBuild::Cmake => format!("{CMAKE}{INSTALLED_FILES}"),
        other @ ProjectBuild::Other(..) => return Err(NoTemplate::Unknown(other.describe())),
    };
    Ok(fill(&template, &values))
}

fn common_values(facts: &AdoptFacts) -> Values {
    let name = facts.name.to_string();
    let about = &facts.about;
    let stated = about.summary.as_deref().map(one_line).filter(|summary| !summary.is_empty());
    let summary = summary_of(stated.as_deref().unwrap_or(&name));
    let description = escaped(stated.as_deref().unwrap_or(&format!("{name}."))).trim_end_matches('.').to_owned() + ".";
    let mut words = description.split(' ');
    let head = words.next().unwrap_or_default().to_owned();
    let url =
        about.url.as_deref().filter(|url| url.starts_with("http") && url.bytes().all(|byte| byte.is_ascii_graphic()));
    let (licence, note) = licence_of(about.licence.as_ref());
    BTreeMap::from([
        ("NAME", vec![name]),
        ("SUMMARY", vec![summary]),
        ("DESCRIPTION", wrap(head, words, COLUMNS, "")),
        ("URL", url.map(escaped).into_iter().collect()),
        ("LICENCE", vec![licence]),
        ("LICENCE-NOTE", note.into_iter().collect()),
        ("LICENCE-FILE", facts.documents.licences.iter().filter(|path| is_plain(path)).cloned().collect()),
        ("README", facts.documents.readme.iter().filter(|path| is_plain(path)).cloned().collect()),
    ])
}

fn licence_of(found: Option<&LicenceFound>) -> (String, Option<String>) {
    match found {
        None => {
            let note = "# No file states the licence: write its SPDX identifier.".to_owned();
            ("LicenseRef-Unknown".to_owned(), Some(note))
        }
        Some(LicenceFound { expression, path, is_open }) => {
            let later = expression.replace("-only", "-or-later");
            let note = format!("# {path} does not say whether later versions are allowed: it may be {later}.");
            (expression.clone(), is_open.then_some(note))
        }
    }
}

/// By the rules of rpmlint: a capital letter first, no full stop, one short line.
fn summary_of(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase()).into_iter();
    let mut summary: String = first.chain(letters).collect();
    while summary.chars().count() > COLUMNS {
        summary = summary
            .rsplit_once(' ')
            .map_or_else(|| summary.chars().take(COLUMNS).collect(), |(head, _)| head.to_owned());
    }
    escaped(summary.trim_end_matches(['.', ',', ';', ' ']))
}

/// A text in which rpm expands nothing, and this program no marker.
fn escaped(text: &str) -> String {
    one_line(text).replace('%', "%%").replace("@@", "@ @")
}

/// Whether a path needs no quotes in a spec.
fn is_plain(path: &str) -> bool {
    path.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-+".contains(letter))
}

fn cargo_values(cargo: &CargoBuild) -> Result<Values, NoTemplate> {
    let programs: Vec<String> = cargo.programs.iter().filter(|name| is_plain(name)).cloned().collect();
    if programs.is_empty() {
        return Err(NoTemplate::NoProgram);
    }
    if !cargo.has_lock {
        return Err(NoTemplate::NoLock);
    }
    let compiler = cargo.rust_version.as_ref().map_or("cargo".to_owned(), |version| format!("cargo >= {version}"));
    Ok(BTreeMap::from([("PROGRAM", programs), ("CARGO", vec![compiler])]))
}

fn python_values(python: &PythonBuild) -> Values {
    let commands = python.commands.as_ref().map(|names| names.iter().filter(|name| is_plain(name)).cloned().collect());
    let modules = python.module.as_ref().map_or("'*'", |module| module.name.as_str());
    let auto = if commands.is_none() { " +auto" } else { "" };
    let mut note = Vec::new();
    if python.module.is_none() || commands.is_none() {
        note.push("# Fedora wants the names of the modules in place of `'*'`, and each command below `%files` in place of `+auto`.".to_owned());
    }
    let helper = if python.uses_pbr { vec!["python3-pbr".to_owned()] } else { Vec::new() };
    BTreeMap::from([
        ("PROGRAM", commands.unwrap_or_default()),
        ("SAVED", vec![format!("{modules}{auto}")]),
        ("SAVED-NOTE", note),
        ("HELPER", helper),
        ("NOARCH", if python.is_compiled { vec![] } else { vec!["BuildArch:      noarch".to_owned()] }),
    ])
}

fn autotools_values(autotools: &AutotoolsBuild) -> Values {
    let (mut helpers, mut prepare) =
        (autotools.helpers.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), Vec::new());
    if !autotools.has_configure {
        helpers.splice(0..0, ["autoconf".to_owned(), "automake".to_owned()]);
        prepare.push("autoreconf --force --install".to_owned());
    }
    BTreeMap::from([("HELPER", helpers), ("AUTORECONF", prepare)])
}

/// Fills a template in.
fn fill(template: &str, values: &Values) -> String {
    let mut text = String::with_capacity(template.len());
    for line in template.lines() {
        let key = line.split_once("{{").and_then(|(_, rest)| rest.split_once("}}")).map(|(key, _)| key);
        let Some(key) = key else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        for value in values.get(key).into_iter().flatten() {
            text.push_str(&line.replace(&format!("{{{{{key}}}}}"), value));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_for_each_value() {
        let values = BTreeMap::from([("A", vec!["1".to_owned(), "2".to_owned()]), ("B", vec![])]);
        assert_eq!(fill("x\n{{A}}-{{A}}\n{{B}}\n{l}: {p}\n", &values), "x\n1-1\n2-2\n{l}: {p}\n");
    }

    #[test]
    fn every_key_of_a_template_has_a_value() {
        let known = ["NAME", "SUMMARY", "DESCRIPTION", "URL", "LICENCE", "LICENCE-NOTE", "LICENCE-FILE", "README"];
        let own: Vec<&str> =
            cargo_values(&CargoBuild { programs: vec!["a".to_owned()], has_lock: true, ..CargoBuild::default() })
                .unwrap()
                .into_keys()
                .chain(python_values(&PythonBuild::default()).into_keys())
                .chain(autotools_values(&AutotoolsBuild::default()).into_keys())
                .collect();
        for template in [RUST, PYTHON, AUTOTOOLS, CMAKE, MESON, INSTALLED_FILES] {
            for key in template.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(key, _)| key) {
                assert!(known.contains(&key) || own.contains(&key), "{key}");
            }
        }
    }

    #[test]
    fn a_summary_passes_rpmlint_and_is_not_expanded() {
        for (text, summary) in [
            ("a tool. ", "A tool"),
            ("100% @@VERSION@@ of it", "100%% @ @VERSION@ @ of it"),
            (&"word ".repeat(30), &format!("Word{}", " word".repeat(15))),
            (&"x".repeat(100), &format!("X{}", "x".repeat(78))),
        ] {
            assert_eq!(summary_of(&one_line(text)), summary);
        }
    }
}
