//! Where the sections of a spec begin, and which package they speak of.

use crate::project::spec_text::section_name;
use crate::rpm::srpm::error::{Beyond, SpecError};
use crate::rpm::srpm::lines::Line;
use crate::rpm::srpm::tag::{self, FileKind};

/// A section, as far as a source package tells them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    /// Tags of the package with this index.
    Preamble(usize),
    /// The main package's description, in this language.
    Description(String),
    /// `%changelog`.
    Changelog,
    /// `%sourcelist` and `%patchlist`.
    Files(FileKind),
    /// Everything that only binary packages use.
    Other,
}

/// A binary package that a build of the spec would make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    name: String,
    version: Option<String>,
    release: Option<String>,
    /// Its own epoch.
    pub epoch: Option<u32>,
    /// Only a package with `%files` is made.
    pub has_files: bool,
}

impl Package {
    /// Sets a tag of its preamble; others than version and release are of no use here.
    pub fn set(&mut self, number: u32, field: &str) {
        match number {
            tag::VERSION => self.version = Some(field.to_owned()),
            tag::RELEASE => self.release = Some(field.to_owned()),
            _ => {}
        }
    }

    /// What the source package says it would make: a name, and `[epoch:]version-release`.
    pub fn provide(&self, main: &Package, main_name: &str) -> (String, String) {
        let epoch = self.epoch.or(main.epoch).map(|epoch| format!("{epoch}:")).unwrap_or_default();
        let version = self.version.as_ref().or(main.version.as_ref()).map_or("", String::as_str);
        let release = self.release.as_ref().or(main.release.as_ref()).map_or("", String::as_str);
        let name = if self.name.is_empty() { main_name } else { &self.name };
        (name.to_owned(), format!("{epoch}{version}-{release}"))
    }
}

/// Reads a line that begins a section; `%package` and `%files` are noted in `packages`, whose first is the main
/// one, called `main`.
pub fn parse_start(line: &Line, main: &str, packages: &mut Vec<Package>) -> Result<Section, SpecError> {
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
            // Whether a package is made is stated in the header.
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
            match name.is_empty() || name == main {
                true => Section::Description(arguments.language.unwrap_or_else(|| "C".to_owned())),
                false => Section::Other,
            }
        }
        "changelog" => Section::Changelog,
        "sourcelist" => Section::Files(FileKind::Source),
        "patchlist" => Section::Files(FileKind::Patch),
        // It is a program that says what the build needs.
        "generate_buildrequires" => {
            return Err(SpecError::beyond(line.number, Beyond::foreign("`%generate_buildrequires`")));
        }
        _ => Section::Other,
    })
}

/// `-n name`, `-l language`, or the part of a name behind the main package's.
struct Arguments {
    whole_name: Option<String>,
    suffix: Option<String>,
    language: Option<String>,
}

impl Arguments {
    fn of(line: &Line) -> Result<Arguments, SpecError> {
        let mut found = Arguments { whole_name: None, suffix: None, language: None };
        let mut words = line.text.split_whitespace().skip(1);
        while let Some(word) = words.next() {
            let mut value = |option: &str| match word.len() == option.len() {
                true => words.next().map(str::to_owned),
                false => Some(word[option.len()..].to_owned()),
            };
            match word {
                _ if word.starts_with("-n") => found.whole_name = value("-n"),
                _ if word.starts_with("-l") => found.language = value("-l"),
                // A list of files may well be called by a macro that only a build defines.
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

/// A line without its comment: only a line that begins with `#` is one, and its leading blanks stay.
pub fn without_comment(line: &str) -> &str {
    let text = line.trim_start();
    if text.starts_with('#') { &line[..line.len() - text.len()] } else { line }
}

/// The name of the file that a `Source` or `Patch` is: behind the last `/`, and there behind the last `=`.
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
    fn the_name_of_a_source() {
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
