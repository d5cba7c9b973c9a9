//! Reads from a spec what it expects of the source archive: the folder that `%setup` enters, and the files that `%doc` and
//! `%license` name. PlainMacros of a distribution are not known here: what needs them is left out.

use std::collections::BTreeMap;

use crate::project::spec_text::{begins_section, section_name, tag_value};

/// A file that `%doc` or `%license` names, relative to the folder of the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentPath {
    /// Counted from 1.
    pub line: usize,
    /// May have the wildcards of a shell.
    pub path: String,
    /// Whether it is in a branch such as `%if`.
    pub is_conditional: bool,
}

/// A `%setup` or `%autosetup` that enters another folder than the archive has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherFolder {
    /// Counted from 1.
    pub line: usize,
    /// The folder that the spec enters.
    pub found: String,
    /// The line as it should be.
    pub wanted: String,
}

/// What a spec does with the source archive of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpacking {
    /// It enters the folder of the archive and unpacks nothing else.
    Known,
    Other(OtherFolder),
    /// It cannot be known.
    Unknown,
}

/// All files that `%doc` and `%license` name without macros.
pub fn document_paths(spec: &str) -> Vec<DocumentPath> {
    let mut found = Vec::new();
    for SectionLine { number, text, section, is_conditional } in lines(spec).filter(|line| line.section == "files") {
        _ = section;
        let mut words = text.split_whitespace().skip_while(|word| !matches!(*word, "%doc" | "%license"));
        if words.next().is_none() {
            continue;
        }
        for word in words.filter(|word| !word.starts_with('/') && !word.contains(['%', '{', '\\'])) {
            let path = word.trim_matches('"').trim_end_matches('/').to_owned();
            found.push(DocumentPath { line: number, path, is_conditional });
        }
    }
    found
}

/// Whether the commands of the build name a file: it may be made there.
pub fn may_be_made(spec: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_build =
        |line: &SectionLine<'_>| matches!(line.section.as_str(), "prep" | "conf" | "build" | "install" | "check");
    lines(spec).filter(is_build).any(|line| line.text.contains(name))
}

/// Compares the folder that a rendered spec enters with that of the archive; `source0` is the file name of the archive.
pub fn unpacking(spec: &str, source0: &str, folder: &str) -> Unpacking {
    let macros = PlainMacros::of(spec);
    let source = lines(spec)
        .filter(|line| line.section.is_empty() && !line.is_conditional)
        .find_map(|line| tag_value(line.text, "Source0").or_else(|| tag_value(line.text, "Source")).map(str::trim_end));
    let source = source.and_then(|source| macros.expand(source));
    if source.is_none_or(|source| source.rsplit('/').next() != Some(source0)) {
        return Unpacking::Unknown;
    }
    let setup = lines(spec)
        .filter(|line| line.section == "prep")
        .find(|line| matches!(line.text.split_whitespace().next(), Some("%setup" | "%autosetup")));
    let Some(setup) = setup.filter(|setup| !setup.is_conditional) else { return Unpacking::Unknown };
    let words: Vec<&str> = setup.text.split_whitespace().collect();
    let adds = |word: &&str| ["-c", "-T", "-a", "-b"].iter().any(|flag| word.starts_with(flag));
    if words.iter().any(|word| matches!(*word, "-c" | "-T")) || setup.text.ends_with('\\') {
        return Unpacking::Unknown;
    }
    let stated = words.iter().position(|word| *word == "-n").and_then(|at| words.get(at + 1)).copied();
    let glued = words.iter().find_map(|word| word.strip_prefix("-n").filter(|name| !name.is_empty()));
    let Some(found) = macros.expand(stated.or(glued).unwrap_or("%{name}-%{version}")) else {
        return Unpacking::Unknown;
    };
    if found == folder {
        return if words.iter().any(adds) { Unpacking::Unknown } else { Unpacking::Known };
    }
    let wanted = macros.shorten(folder);
    let line = match (stated, glued) {
        (Some(old), _) => setup.text.replacen(old, &wanted, 1),
        (None, Some(old)) => setup.text.replacen(&format!("-n{old}"), &format!("-n {wanted}"), 1),
        (None, None) => format!("{} -n {wanted}", setup.text.trim_end()),
    };
    Unpacking::Other(OtherFolder { line: setup.number, found, wanted: line.trim().to_owned() })
}

struct SectionLine<'a> {
    number: usize,
    text: &'a str,
    /// In lower case; empty for the main preamble.
    section: String,
    is_conditional: bool,
}

/// The lines of a spec with their sections, without those that begin a section or a branch.
fn lines(spec: &str) -> impl Iterator<Item = SectionLine<'_>> {
    let (mut section, mut depth) = (String::new(), 0_usize);
    spec.lines().enumerate().filter_map(move |(index, text)| {
        let word = text.split_whitespace().next().unwrap_or_default();
        match word {
            "%if" | "%ifarch" | "%ifnarch" | "%ifos" | "%ifnos" => depth += 1,
            "%endif" => depth = depth.saturating_sub(1),
            _ if begins_section(text) => section = section_name(text).unwrap_or_default(),
            _ => {
                let (number, section) = (index + 1, section.clone());
                return Some(SectionLine { number, text, section, is_conditional: depth > 0 });
            }
        }
        None
    })
}

/// The macros that the preamble of a spec defines without a condition.
struct PlainMacros(BTreeMap<String, String>);

impl PlainMacros {
    fn of(spec: &str) -> PlainMacros {
        let mut found = BTreeMap::new();
        for line in lines(spec).filter(|line| line.section.is_empty()) {
            let mut words = line.text.trim_start().splitn(3, char::is_whitespace);
            let mut add = |name: &str, value: &str| match line.is_conditional {
                true => _ = found.insert(name.to_owned(), "%{conditional}".to_owned()),
                false => _ = found.insert(name.to_owned(), value.trim().to_owned()),
            };
            if let (Some("%global" | "%define"), Some(name), Some(value)) = (words.next(), words.next(), words.next()) {
                add(name, value);
            }
            for tag in ["Name", "Version", "Release"] {
                if let Some(value) = tag_value(line.text, tag) {
                    add(&tag.to_ascii_lowercase(), value);
                }
            }
        }
        PlainMacros(found)
    }

    /// A text with all macros replaced; `None` if one is not known.
    fn expand(&self, text: &str) -> Option<String> {
        const DEEPEST: usize = 8;
        let mut text = text.to_owned();
        for _ in 0..DEEPEST {
            let Some(percent) = text.find('%') else { return Some(text) };
            let rest = &text[percent + 1..];
            let (name, end) = match rest.strip_prefix('{') {
                Some(inner) => (&inner[..inner.find('}')?], percent + 2 + inner.find('}')? + 1),
                None => {
                    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                    let length = rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
                    (&rest[..length], percent + 1 + length)
                }
            };
            let value = self.0.get(name.strip_prefix('?').unwrap_or(name))?;
            text = format!("{}{value}{}", &text[..percent], &text[end..]);
        }
        None
    }

    /// A text with macros for the name and the version.
    fn shorten(&self, text: &str) -> String {
        let expanded = |name: &str| self.expand(&format!("%{{{name}}}")).filter(|value| !value.is_empty());
        let mut text = text.to_owned();
        if let Some(version) = expanded("version") {
            text = text.replace(&version, "%{version}");
        }
        match expanded("name") {
            Some(name) if text.starts_with(&name) => text.replacen(&name, "%{name}", 1),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "%global short go\nName: lago\nVersion: 1.0.4\nSource0: https://x/%{name}-%{version}.tar.gz\n%prep\n";

    #[test]
    fn the_folder_of_setup() {
        let check = |line: &str, folder: &str| unpacking(&format!("{HEAD}{line}\n"), "lago-1.0.4.tar.gz", folder);
        for line in ["%setup -q", "%autosetup -p1", "%setup -q -n lago-1.0.4", "%setup -n%{name}-%version"] {
            assert_eq!(check(line, "lago-1.0.4"), Unpacking::Known, "{line}");
        }
        for (line, folder, found, wanted) in [
            ("%setup -q", "src", "lago-1.0.4", "%setup -q -n src"),
            ("%setup -n %{short}-%{version} -q", "lago-1.0.4", "go-1.0.4", "%setup -n %{name}-%{version} -q"),
            ("%autosetup -nx", "lago_1.0.4", "x", "%autosetup -n %{name}_%{version}"),
        ] {
            let other = OtherFolder { line: 6, found: found.to_owned(), wanted: wanted.to_owned() };
            assert_eq!(check(line, folder), Unpacking::Other(other), "{line}");
        }
        for line in ["%setup -q -n %{name}-%{commit}", "%setup -c", "%if 1\n%setup -n x\n%endif", "tar xf %{SOURCE0}"] {
            assert_eq!(check(line, "lago-1.0.4"), Unpacking::Unknown, "{line}");
        }
        assert_eq!(unpacking(&format!("{HEAD}%setup -n x\n"), "other.tar.gz", "lago-1.0.4"), Unpacking::Unknown);
    }

    #[test]
    fn documents_are_read_without_macros() {
        let spec = "%files\n%doc AUTHORS docs/*.md \"COPYING\"\n%license LICENSE\n/usr/bin/x\n%doc %{name}.txt /usr/share/doc/x\n\
                    %if 1\n%doc %attr(644,-,-) NEWS\n%endif\n%changelog\n%doc NOT\n";
        let found: Vec<_> = document_paths(spec);
        let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, ["AUTHORS", "docs/*.md", "COPYING", "LICENSE", "NEWS"]);
        assert_eq!((found[0].line, found[3].line, found[4].is_conditional), (2, 3, true));
        assert!(may_be_made("%build\nmake NEWS\n%files\n%doc NEWS\n", "NEWS") && !may_be_made(spec, "NEWS"));
    }
}
