//! Parses the lines that begin the sections of a spec.

use crate::project::spec_text::section_name;
use crate::rpm::srpm::error::SpecError;
use crate::rpm::srpm::parsed::BuiltPackage;
use crate::rpm::srpm::spec_line::SpecLine;
use crate::rpm::srpm::tag::{self, FileKind};

/// A section of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    /// The tags of the package with this index.
    Preamble(usize),
    /// The description of the main package, in this language.
    Description(String),
    /// `%changelog`.
    Changelog,
    /// `%sourcelist` and `%patchlist`.
    Files(FileKind),
    /// `%generate_buildrequires`: a program that a build runs.
    DynamicRequires,
    /// `%prep`, which unpacks sources.
    Prep,
    /// A section that only binary packages use.
    Other,
}

impl Section {
    /// Whether the source package has something from this section.
    pub fn counts(&self) -> bool {
        !matches!(self, Section::Prep | Section::Other)
    }
}

/// A package of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    name: String,
    version: Option<String>,
    release: Option<String>,
    pub epoch: Option<u32>,
    /// Whether it has a section `%files`; a build makes only such packages.
    pub has_files: bool,
}

impl Package {
    /// Sets the version or the release; other tags are ignored.
    pub fn set(&mut self, number: u32, field: &str) {
        match number {
            tag::VERSION => self.version = Some(field.to_owned()),
            tag::RELEASE => self.release = Some(field.to_owned()),
            _ => {}
        }
    }

    /// The name and the version of the package, as the source RPM lists the packages of a build.
    pub fn provide(&self, main: &Package, main_name: &str) -> BuiltPackage {
        let epoch = self.epoch.or(main.epoch).map(|epoch| format!("{epoch}:")).unwrap_or_default();
        let version = self.version.as_ref().or(main.version.as_ref()).map_or("", String::as_str);
        let release = self.release.as_ref().or(main.release.as_ref()).map_or("", String::as_str);
        let name = if self.name.is_empty() { main_name } else { &self.name };
        BuiltPackage { name: name.to_owned(), evr: format!("{epoch}{version}-{release}") }
    }
}

/// Parses a line that begins a section. `%package` adds to `packages`, and `%files` marks one of them. The first package is
/// the main one, and has the name `main`.
pub fn parse_start(line: &SpecLine, main: &str, packages: &mut Vec<Package>) -> Result<Section, SpecError> {
    let word = section_name(&line.text).unwrap_or_default();
    let arguments = || Arguments::of(line);
    let package_name = |arguments: &Arguments| match (&arguments.whole_name, &arguments.suffix) {
        (Some(name), _) => name.clone(),
        (None, Some(suffix)) => format!("{main}-{suffix}"),
        (None, None) => String::new(),
    };
    Ok(match word.as_str() {
        "package" => {
            let name = package_name(&arguments()?);
            if name.is_empty() {
                return Err(SpecError::broken(line.number, "`%package` has no name"));
            }
            if packages.iter().any(|other| other.name == name) {
                return Err(SpecError::broken(line.number, format!("the package `{name}` stands twice")));
            }
            packages.push(Package { name, ..Package::default() });
            Section::Preamble(packages.len() - 1)
        }
        "files" => {
            // The header lists the packages with `%files`.
            if let Some(doubt) = &line.doubtful {
                return Err(SpecError::beyond(line.number, doubt.clone()));
            }
            let name = package_name(&arguments()?);
            let package =
                packages.iter_mut().find(|package| package.name == name || (name == main && package.name.is_empty()));
            match package {
                Some(package) => package.has_files = true,
                None => return Err(SpecError::broken(line.number, format!("there is no package `{name}`"))),
            }
            Section::Other
        }
        "description" => {
            let arguments = arguments()?;
            let name = package_name(&arguments);
            if name.is_empty() || name == main {
                Section::Description(arguments.language.unwrap_or_else(|| "C".to_owned()))
            } else {
                Section::Other
            }
        }
        "changelog" => Section::Changelog,
        "sourcelist" => Section::Files(FileKind::Source),
        "patchlist" => Section::Files(FileKind::Patch),
        "generate_buildrequires" => Section::DynamicRequires,
        "prep" => Section::Prep,
        _ => Section::Other,
    })
}

/// The arguments of a section: `-n name`, `-l language`, or the suffix of the package name.
struct Arguments {
    whole_name: Option<String>,
    suffix: Option<String>,
    language: Option<String>,
}

impl Arguments {
    fn of(line: &SpecLine) -> Result<Arguments, SpecError> {
        let mut found = Arguments { whole_name: None, suffix: None, language: None };
        let mut words = line.text.split_whitespace().skip(1);
        while let Some(word) = words.next() {
            let mut value = |option: &str| {
                if word.len() > option.len() {
                    return Some(word[option.len()..].to_owned());
                }
                words.next().map(str::to_owned)
            };
            match word {
                _ if word.starts_with("-n") => found.whole_name = value("-n"),
                _ if word.starts_with("-l") => found.language = value("-l"),
                // The name of a list of files may contain macros that only a build defines.
                _ if word.starts_with("-f") => drop(value("-f")),
                _ => found.suffix = Some(word.to_owned()),
            }
        }
        let names = [&found.whole_name, &found.suffix, &found.language];
        match &line.beyond {
            Some(beyond) if names.into_iter().flatten().any(|name| name.contains('%')) => {
                Err(SpecError::beyond(line.number, beyond.clone()))
            }
            _ => Ok(found),
        }
    }
}

/// A line without its comment. Only a line that begins with `#` is a comment; its leading blanks stay.
pub fn without_comment(line: &str) -> &str {
    let text = line.trim_start();
    if text.starts_with('#') { &line[..line.len() - text.len()] } else { line }
}

/// The file name of a `Source` or `Patch`: the text after the last `/`, and of that the text after the last `=`.
///
/// `https://host/download?file=x-1.tar.gz` and `https://host/v1.tar.gz#/x-1.tar.gz` are both `x-1.tar.gz`.
pub fn base_name(address: &str) -> &str {
    match address.rsplit_once('/') {
        Some((_, last)) => last.rsplit_once('=').map_or(last, |(_, name)| name),
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_of_a_source() {
        for (address, name) in [
            ("x.tar.gz", "x.tar.gz"),
            ("https://example.org/x-1.tar.gz", "x-1.tar.gz"),
            ("https://example.org/v1.tar.gz#/x-1.tar.gz", "x-1.tar.gz"),
            ("https://example.org/get?a=b&file=x-1.tar.gz", "x-1.tar.gz"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(base_name(address), name);
        }
    }
}
