//! The facts about a project that is adopted.

use std::fmt;

use crate::base::error::Failure;
use crate::history::Version;
use crate::project::config::Name;
use crate::project::name::NameSource;
use crate::project::spec_file::SpecKind;

/// What the files, the tags and the remote of a project say.
#[derive(Clone, Debug)]
pub struct AdoptFacts {
    pub name: Name,
    pub name_source: NameSource,
    /// Whether every clone finds this name without configuration.
    pub is_name_in_files: bool,
    /// The build systems, the main one first.
    pub builds: Vec<ProjectBuild>,
    pub spec: SpecFound,
    pub version: VersionFound,
    /// The branch into which work is merged.
    pub branch: Option<String>,
    pub remote: RemoteFound,
    /// Other tools and CI systems with files in the project.
    pub tools: Vec<ToolFound>,
    pub about: AboutProject,
    /// The files `LICENSE…` and `COPYING…`, and the first README.
    pub documents: DocumentsFound,
}

/// What a spec says about a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AboutProject {
    /// The version in the files of its build system, which is not used.
    pub version: Option<StatedVersion>,
    pub summary: Option<String>,
    pub url: Option<String>,
    pub licence: Option<LicenceFound>,
}

/// A version that a file of a project states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedVersion {
    pub text: String,
    /// The file that states it.
    pub path: String,
}

impl StatedVersion {
    /// The first version `X.Y` with which a counted version is not below it; `None` for a text without numbers, and for one from before 0.2.
    pub fn first_milestone(&self) -> Option<String> {
        let number = |part: &str| {
            let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse::<u32>().ok()
        };
        let mut parts = self.text.split('.');
        let major = number(parts.next()?)?;
        let [minor, patch] = [parts.next(), parts.next()].map(|part| part.and_then(number).unwrap_or(0));
        let minor = if patch > 0 { minor.checked_add(1)? } else { minor };
        ((major, minor) > (0, 1)).then(|| format!("{major}.{minor}"))
    }
}

/// The licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceFound {
    /// An SPDX expression.
    pub expression: String,
    /// The file that states it.
    pub path: String,
    /// Whether that file leaves open whether later versions of the licence are allowed.
    pub is_open: bool,
}

/// The files for `%license` and `%doc`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentsFound {
    pub licences: Vec<String>,
    pub readme: Option<String>,
}

/// A build system, with what a spec for it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectBuild {
    Cargo(CargoBuild),
    Python(PythonBuild),
    Meson,
    Autotools(AutotoolsBuild),
    Cmake,
    /// One for which there is no template of a spec: its name and its file.
    Other(&'static str, &'static str),
}

/// A Cargo workspace or package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CargoBuild {
    pub is_workspace: bool,
    /// The programs that `cargo build` makes in the root.
    pub programs: Vec<String>,
    /// Whether `Cargo.lock` is there and git does not ignore it.
    pub has_lock: bool,
    /// `rust-version`.
    pub rust_version: Option<String>,
    /// The text of the root `Cargo.toml`.
    pub manifest: String,
    /// The text of `.cargo/config.toml`.
    pub config: Option<String>,
}

/// A Python package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonBuild {
    /// The file that states how it is built.
    pub path: String,
    pub uses_pbr: bool,
    /// The package or module with the name of the project.
    pub module: Option<PythonModule>,
    /// The commands that are installed, if the files state them.
    pub commands: Option<Vec<String>>,
    /// Whether `setup.py` compiles modules.
    pub is_compiled: bool,
    /// Whether setuptools takes each folder in the root for a package.
    pub is_looked_for_in_root: bool,
    /// The text of `pyproject.toml`.
    pub pyproject: Option<String>,
}

/// A package, which is a folder, or a module, which is a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonModule {
    pub name: String,
    pub is_package: bool,
}

/// A project of autoconf and automake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutotoolsBuild {
    /// Whether git has `configure`.
    pub has_configure: bool,
    /// Programs that `autoreconf` needs beside autoconf and automake, such as `libtool`.
    pub helpers: Vec<&'static str>,
}

impl ProjectBuild {
    /// The language, and what is built by what.
    pub fn describe(&self) -> String {
        let list = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match self {
            ProjectBuild::Cargo(build) => {
                let kind = if build.is_workspace { "workspace" } else { "crate" };
                let what = match build.programs.as_slice() {
                    [] => "without a program".to_owned(),
                    [one] => format!("with the program `{one}`"),
                    several => format!("with the programs {}", list(several)),
                };
                format!("Rust: {kind} {what} (`Cargo.toml`)")
            }
            ProjectBuild::Python(PythonBuild { path, uses_pbr, .. }) => {
                format!("Python{} (`{path}`)", if *uses_pbr { ", built by pbr" } else { "" })
            }
            ProjectBuild::Meson => "built by meson (`meson.build`)".to_owned(),
            ProjectBuild::Autotools(_) => "built by autoconf and make (`configure.ac`)".to_owned(),
            ProjectBuild::Cmake => "built by cmake (`CMakeLists.txt`)".to_owned(),
            ProjectBuild::Other(name, path) => format!("{name} (`{path}`)"),
        }
    }
}

/// The spec of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecFound {
    Missing,
    One {
        path: String,
        kind: SpecKind,
    },
    /// Several, or one that cannot be read.
    Unclear(Failure),
}

impl fmt::Display for SpecFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecFound::Missing => f.write_str("none"),
            SpecFound::Unclear(failure) => f.write_str(&failure.message),
            SpecFound::One { path, kind } => {
                let kind = match kind {
                    SpecKind::Template => "a template of releng",
                    SpecKind::Foreign => "a template of the build system",
                    SpecKind::Plain => "a plain spec",
                };
                write!(f, "`{path}`, {kind}")
            }
        }
    }
}

/// The version that comes out of the tags.
#[derive(Clone, Debug)]
pub enum VersionFound {
    Counted {
        version: Version,
        start: VersionStart,
        forms: String,
        origin: FormSource,
    },
    /// There is no release tag yet, and no tag that looks like one.
    NoTag,
    /// It is not certain which tags count, or history is missing.
    Unclear(Failure),
    /// There is no commit yet.
    NoCommit,
}

/// What a version is counted from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionStart {
    /// The release tag of this name.
    Tag(String),
    /// `version.initial`.
    Initial(String),
    /// A tag that was merged in.
    Merged,
}

/// Where the form of the tags comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormSource {
    Recognised,
    Configured,
    /// There are no tags.
    Default,
}

/// The remote `origin` and the forge that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteFound {
    None,
    /// On a forge: its name, and the repository there.
    Forge {
        forge: String,
        project: String,
    },
    /// On a host of which it is not known whether it is a forge; the reason.
    Other(String),
}

/// A tool or CI system, by its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolFound {
    pub name: &'static str,
    pub path: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_version_is_not_above_its_milestone() {
        let milestone = |text: &str| StatedVersion { text: text.to_owned(), path: String::new() }.first_milestone();
        for (text, expected) in [
            ("1.4.2", Some("1.5")),
            ("1.4.0", Some("1.4")),
            ("1.4", Some("1.4")),
            ("2", Some("2.0")),
            ("1.4.0-dev", Some("1.4")),
            ("0.2.0", Some("0.2")),
            ("0.1.3", Some("0.2")),
            ("0.1.0", None),
            ("0.0.0", None),
            ("attr: x.__version__", None),
        ] {
            assert_eq!(milestone(text).as_deref(), expected, "{text}");
        }
    }
}
