//! The configuration, the name and the spec template of a project, read from one tree.
//!
//! Everything that shapes the bytes of a release is read from the commit that is released, so that every clone gives
//! the same bytes. The commands `spec` and `config` read the work tree, for the person who edits it. An unpacked source
//! archive has no commit: there, its files are read.

use std::fmt;

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{self, Config, Name, RustVersion, Vendor};
use crate::project::spec_text::plain_tag;
use crate::project::template::{Template, load_template};
use crate::project::tree::Tree;

/// The file that gives the project its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// `project.name`.
    Config,
    /// The `Cargo.toml` of the root package.
    Cargo,
    /// The spec template with this path, by its `Name:`.
    Template(String),
}

impl fmt::Display for NameSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameSource::Config => f.write_str(config::PATH),
            NameSource::Cargo => f.write_str("Cargo.toml"),
            NameSource::Template(path) => f.write_str(path),
        }
    }
}

/// The properties of a project that its files state.
pub struct Project {
    pub config: Config,
    /// The name of archives and packages.
    pub name: Name,
    pub name_source: NameSource,
    /// The spec template; without one, the project has no spec.
    pub template: Option<Template>,
    /// The package manager whose dependencies go into the vendor archive.
    pub vendor: Vendor,
    /// The oldest compiler that the project supports, by `rust-version` in its `Cargo.toml`.
    pub rust_version: Option<RustVersion>,
}

/// The beginning of the message about a project without a name.
pub const NO_NAME: &str = "the project has no name";

/// Reads the configuration of a tree; `None` if there is no such file.
pub fn load_config(tree: Tree<'_>) -> Result<Option<Config>> {
    let text = tree.read(config::PATH)?;
    Ok(text.map(|text| Config::parse(&text)).transpose()?)
}

impl Project {
    /// Reads the project from the files of `tree`; `config` is its configuration.
    ///
    /// Errors (exit 2): no name anywhere, two templates, a template that is missing or not UTF-8.
    pub fn load(tree: Tree<'_>, config: Config) -> Result<Project> {
        let template = load_template(tree, &config)?;
        let (name, name_source) = find_name(tree, &config, template.as_ref())?.ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("{NO_NAME}: no root Cargo package, no spec template that states a plain `Name:`"),
            )
            .help(committed(&format!("write `[project]` and `name = \"…\"` into `{}`", config::PATH)))
        })?;
        let vendor = match config.source.vendor {
            Some(vendor) => vendor,
            None if tree.read(&config.source.lock_path())?.is_some() => Vendor::Cargo,
            None => Vendor::None,
        };
        let rust_version =
            tree.read(config.source.manifest_path())?.and_then(|manifest| config::cargo_rust_version(&manifest));
        Ok(Project { config, name, name_source, template, vendor, rust_version })
    }
}

/// The name of the project, for the form of its tags; `None` where it has none or several. Errors: its files cannot be read.
pub fn find_plain_name(tree: Tree<'_>, config: &Config) -> Result<Option<String>, Failure> {
    let find = || {
        let template = if config.project.name.is_some() { None } else { load_template(tree, config)? };
        find_name(tree, config, template.as_ref())
    };
    match find() {
        Ok(found) => Ok(found.map(|(name, _)| name.to_string())),
        Err(error) => match error.downcast::<Failure>() {
            Ok(failure) if failure.exit == Exit::Usage => Ok(None), // the command that needs the name reports it
            Ok(failure) => Err(failure),
            Err(error) => Err(Failure::new(Exit::Failed, format!("cannot read the project's name: {error:#}"))),
        },
    }
}

fn find_name(tree: Tree<'_>, config: &Config, template: Option<&Template>) -> Result<Option<(Name, NameSource)>> {
    if let Some(name) = &config.project.name {
        return Ok(Some((name.clone(), NameSource::Config)));
    }
    if let Some(name) = cargo_package_name(tree)? {
        return Ok(Some((parse_name(name, "Cargo.toml")?, NameSource::Cargo)));
    }
    let Some(template) = template else { return Ok(None) };
    let Some(name) = plain_tag(&template.text, "Name") else { return Ok(None) };
    Ok(Some((parse_name(name.to_owned(), &template.path)?, NameSource::Template(template.path.clone()))))
}

fn parse_name(text: String, path: &str) -> Result<Name, Failure> {
    Name::try_from(text).map_err(|why| Failure::new(Exit::Usage, format!("`{path}`: {why}")))
}

/// `package.name` of the root `Cargo.toml`; a workspace without a package of its own has none.
fn cargo_package_name(tree: Tree<'_>) -> Result<Option<String>> {
    let Some(manifest) = tree.read("Cargo.toml")? else { return Ok(None) };
    let name = config::cargo_package_name(&manifest).map_err(|why| {
        Failure::new(Exit::Usage, format!("`Cargo.toml`: {why}"))
            .help(committed(&format!("correct it, or state `[project]` and `name = \"…\"` in `{}`", config::PATH)))
    })?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &[u8])]) -> Result<Project> {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let tree = Tree::Folder(folder.path());
        Project::load(tree, load_config(tree)?.unwrap_or_default())
    }

    #[test]
    fn the_name_comes_from_the_configuration_then_cargo_then_the_template() {
        let config: (&str, &[u8]) = ("packaging/release.toml", b"[project]\nname = \"one\"\n");
        let cargo: (&str, &[u8]) = ("Cargo.toml", b"[package]\nname = \"two\"\n");
        let template: (&str, &[u8]) = ("three.spec.in", b"Version: 1\nName: three\n");
        assert_eq!(load(&[config, cargo, template]).unwrap().name.to_string(), "one");
        assert_eq!(load(&[cargo, template]).unwrap().name.to_string(), "two");
        let third = load(&[("Cargo.toml", b"[workspace]\n"), template]).unwrap();
        assert_eq!((third.name.to_string(), third.name_source.to_string()), ("three".into(), "three.spec.in".into()));
        let nameless = load(&[("README", b"")]).map(drop).unwrap_err().to_string();
        assert!(nameless.starts_with("the project has no name"), "{nameless}");
    }

    #[test]
    fn the_only_template_is_found_and_two_are_refused() {
        let project = load(&[("packaging/lago.spec.in", b"Name: lago\n")]).unwrap();
        let template = project.template.unwrap();
        assert_eq!((template.spec_name(), template.spec_path()), ("lago.spec", "packaging/lago.spec"));
        let two = load(&[("a.spec.in", b"Name: a\n"), ("packaging/b.spec.in", b"Name: b\n")]).map(drop).unwrap_err();
        assert_eq!(two.to_string(), "two spec templates: `a.spec.in` and `packaging/b.spec.in`");
    }

    #[test]
    fn a_template_must_be_utf8_and_there() {
        let latin1 = load(&[("a.spec.in", b"Name: a\nSummary: caf\xe9\n")]).map(drop).unwrap_err();
        assert_eq!(latin1.to_string(), "the spec template `a.spec.in` is not UTF-8: line 2, byte 20");
        let missing = load(&[("packaging/release.toml", b"[rpm]\nspec = \"b.spec.in\"\n")]).map(drop).unwrap_err();
        assert_eq!(missing.to_string(), "the spec template `b.spec.in` is not there");
    }
}
