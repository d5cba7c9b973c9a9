//! The sources and patches of a spec, of all distributions.
//!
//! `rpmbuild -bs` puts the files into a source package whose lines count on the machine that it runs on. A build elsewhere
//! then lacks what stands in `%if 0%{?rhel}`. Here, all of them are found, and marked.

use crate::project::spec_text::section_name;
use crate::rpm::srpm::error::{Problem, SpecError};
use crate::rpm::srpm::macros::Macros;
use crate::rpm::srpm::parsed::SourceName;
use crate::rpm::srpm::section::{Section, base_name, without_comment};
use crate::rpm::srpm::spec_line::{Elsewhere, SpecLine};
use crate::rpm::srpm::tag::{self, FileKind, Role};
use crate::rpm::srpm::value::{Definition, Expansion};

/// The files that were found up to a line.
pub struct SourceList {
    found: Vec<SourceName>,
    next_number: [u32; 2],
    /// The section of the lines that count elsewhere.
    section_elsewhere: Section,
}

impl Default for SourceList {
    fn default() -> SourceList {
        SourceList { found: Vec::new(), next_number: [0; 2], section_elsewhere: Section::Other }
    }
}

/// A line that names a file.
pub struct ListedSource<'l> {
    pub kind: FileKind,
    /// The digits in the tag.
    pub number: &'l str,
    pub address: &'l str,
    pub line: &'l SpecLine,
}

impl SourceList {
    /// Adds a file, and defines its macros.
    pub fn add(&mut self, entry: &ListedSource<'_>, macros: &mut Macros) -> Result<(), SpecError> {
        let ListedSource { kind, address, line, .. } = *entry;
        let (slot, word) = match kind {
            FileKind::Source => (0, "SOURCE"),
            FileKind::Patch => (1, "PATCH"),
        };
        let name = certain_name(entry)?;
        if line.doubtful.is_some() {
            self.found.push(SourceName { kind, name, number: entry.number.parse().unwrap_or(0), is_elsewhere: true });
            return Ok(());
        }
        // A file without a number gets the highest number so far plus 1.
        let number = match entry.number {
            "" => self.next_number[slot],
            digits => {
                digits.parse().map_err(|_| SpecError::broken(line.number, format!("`{digits}` is not a number")))?
            }
        };
        self.next_number[slot] = self.next_number[slot].max(number.saturating_add(1));
        if self.found.iter().any(|other| other.kind == kind && other.number == number && !other.is_elsewhere) {
            return Err(SpecError::broken(line.number, format!("`{word}{number}` stands twice")));
        }
        self.found.push(SourceName { kind, name, number, is_elsewhere: false });
        // The value is a path on the machine that builds.
        macros.push(&format!("{word}{number}"), Definition::Foreign);
        macros.define(&format!("{word}URL{number}"), Expansion::of(address.replace('%', "%%")));
        Ok(())
    }

    /// Adds the file of a line that counts elsewhere, if it names one. `section` is that of the lines that count here.
    pub fn add_elsewhere(&mut self, line: &SpecLine, section: &Section) -> Result<(), SpecError> {
        if line.elsewhere == Some(Elsewhere::First) {
            self.section_elsewhere = section.clone();
        }
        if let Some(word) = section_name(&line.text) {
            self.section_elsewhere = match word.as_str() {
                "package" => Section::Preamble(1),
                "sourcelist" => Section::Files(FileKind::Source),
                "patchlist" => Section::Files(FileKind::Patch),
                _ => Section::Other,
            };
            return Ok(());
        }
        let text = without_comment(&line.text).trim_end();
        let (kind, number, address) = match (&self.section_elsewhere, tag::parse(text)) {
            (Section::Preamble(_), Some(tag)) => match tag.role {
                Role::File(kind) => (kind, tag.number, tag.field),
                _ => return Ok(()),
            },
            (Section::Files(kind), _) if !text.is_empty() => (*kind, "", text),
            _ => return Ok(()),
        };
        let name = certain_name(&ListedSource { kind, number, address, line })?;
        self.found.push(SourceName { kind, name, number: number.parse().unwrap_or(0), is_elsewhere: true });
        Ok(())
    }

    /// Checks a line of `%prep`: `%setup` and `%autosetup` unpack the source 0, unless `-T` says that they do not.
    pub fn check_setup(&self, line: &SpecLine) -> Result<(), SpecError> {
        let mut words = line.text.split_whitespace();
        let Some(setup @ ("%setup" | "%autosetup")) = words.next() else {
            return Ok(());
        };
        let may_unpack_nothing =
            line.doubtful.is_some() || words.any(|word| word.starts_with('-') && word.contains('T'));
        let has_source = self.found.iter().any(|file| file.kind == FileKind::Source && file.number == 0);
        if has_source || may_unpack_nothing {
            return Ok(());
        }
        Err(SpecError::broken(line.number, format!("`{setup}` unpacks `Source0`, and there is none")))
    }

    /// The files in the order of the spec. One that is needed here and elsewhere stands once.
    pub fn finish(self) -> Vec<SourceName> {
        let mut files: Vec<SourceName> = Vec::new();
        for file in &self.found {
            let is_same = |other: &SourceName| other.kind == file.kind && other.name == file.name;
            let is_known =
                files.iter().any(is_same) || self.found.iter().any(|other| !other.is_elsewhere && is_same(other));
            if !file.is_elsewhere || !is_known {
                files.push(file.clone());
            }
        }
        files
    }
}

/// The file name in a line; an error if it is unknown, or another one on another distribution.
fn certain_name(entry: &ListedSource<'_>) -> Result<String, SpecError> {
    let ListedSource { address, line, .. } = entry;
    if let Some(beyond) = &line.beyond {
        return Err(SpecError::beyond(line.number, beyond.clone()));
    }
    if let Some(varies) = &line.varies {
        return Err(SpecError { line: line.number, problem: Problem::Varies(varies.clone()) });
    }
    match base_name(address) {
        "" => Err(SpecError::broken(line.number, format!("`{address}` names no file"))),
        name => Ok(name.to_owned()),
    }
}
