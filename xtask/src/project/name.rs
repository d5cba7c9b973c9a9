//! Finds the name of a project, without configuration too.

use std::fmt;

use anyhow::Result;

use crate::base::error::{Exit, Failure, committed};
use crate::project::config::{self, Config, Name};
use crate::project::manifests::MANIFESTS;
use crate::project::packit::Packit;
use crate::project::spec_file::SpecFile;
use crate::project::spec_macros::plain_name;
use crate::project::tree::Tree;

/// Where the name of a project comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// `project.name`.
    Config,
    /// The file with this path: a spec, or a file of a build system.
    File(String),
    /// The end of the address of the remote `origin`, which differs from clone to clone.
    Remote,
    /// `.release.json` of an unpacked archive.
    Archive,
}

impl fmt::Display for NameSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameSource::Config => f.write_str(config::PATH),
            NameSource::File(path) => f.write_str(path),
            NameSource::Remote => f.write_str("remote `origin`"),
            NameSource::Archive => f.write_str(crate::project::release_info::FILE_NAME),
        }
    }
}

/// A name with its source.
pub type SourcedName = (Name, NameSource);

/// The beginning of the message about a project without a name.
pub const NO_NAME: &str = "the project has no name";

/// The name that the configuration states, else the spec.
pub fn stated_name(config: &Config, spec: Option<&SpecFile>) -> Option<SourcedName> {
    if let Some(name) = &config.project.name {
        return Some((name.clone(), NameSource::Config));
    }
    let spec = spec?;
    let name = Name::try_from(plain_name(&spec.text)?).ok()?;
    Some((name, NameSource::File(spec.path.clone())))
}

/// The name by the other files of a project: Packit, the root Cargo package, the build systems.
///
/// Errors (exit 2): `Cargo.toml` is not TOML.
pub fn name_of_files(tree: Tree<'_>) -> Result<Option<SourcedName>> {
    let packit = Packit::load(tree)?;
    if let [name] = packit.names.as_slice()
        && let Some(found) = sourced(name.clone(), &packit.path)
    {
        return Ok(Some(found));
    }
    if let Some(name) = cargo_package_name(tree)?.and_then(|name| sourced(name, "Cargo.toml")) {
        return Ok(Some(name));
    }
    for (path, read) in MANIFESTS {
        let Some(text) = tree.read(path)? else { continue };
        if let Some(found) = read(&String::from_utf8_lossy(&text)).and_then(|name| sourced(name, path)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn sourced(name: String, path: &str) -> Option<SourcedName> {
    Some((Name::try_from(name).ok()?, NameSource::File(path.to_owned())))
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

/// The failure for a project without a name.
pub fn no_name() -> Failure {
    let message = format!("{NO_NAME}: no spec, no file of a build system and no remote `origin` states one");
    Failure::new(Exit::Usage, message)
        .help(committed(&format!("write `[project]` and `name = \"…\"` into `{}`", config::PATH)))
}
