//! Reads a spec section by section, and collects the values for its source package.
//!
//! Of the sections that only binary packages use, only the macros and branches count.

use crate::project::spec_text::begins_section;
use crate::rpm::srpm::changelog;
use crate::rpm::srpm::dependency;
use crate::rpm::srpm::error::{Beyond, Problem, SpecError};
use crate::rpm::srpm::lines::{SpecLine, SpecLines};
use crate::rpm::srpm::macros::{Definition, Expansion, Macros};
use crate::rpm::srpm::parsed::{Parsed, SourceName};
use crate::rpm::srpm::section::{self, Package, Section};
use crate::rpm::srpm::tag::{self, DEFAULTS, FileKind, Role, SpecTag};

impl Parsed {
    /// Parses a spec without template markers.
    ///
    /// Errors: see [`SpecError`].
    pub fn parse(text: &str) -> Result<Parsed, SpecError> {
        read(text, &[])
    }

    /// Parses a spec with additional `macros`, such as those of a dist.
    ///
    /// Errors: see [`SpecError`].
    pub fn parse_with(text: &str, macros: &[(&str, String)]) -> Result<Parsed, SpecError> {
        read(text, macros)
    }
}

fn read(text: &str, defined: &[(&str, String)]) -> Result<Parsed, SpecError> {
    let mut macros = Macros::default();
    for (name, value) in defined {
        macros.push(name, Definition::Body(value.clone(), None));
    }
    let mut reader = Reader::new(text, &mut macros, Vec::new());
    if reader.run()? == Pass::Complete {
        return reader.finish();
    }
    // rpm reads a spec with `BuildArch` twice: the second time for that architecture, with the macros of the first pass.
    let architectures = std::mem::take(&mut reader.spec.build_architectures);
    let mut reader = Reader::new(text, &mut macros, architectures);
    reader.run()?;
    reader.finish()
}

/// How a pass over the spec ended.
#[derive(PartialEq, Eq)]
enum Pass {
    Complete,
    /// The main preamble has a `BuildArch`.
    NeedsSecondPass,
}

/// The start of a line of the spec in the text of a section.
struct BodyLine {
    /// The byte in the text.
    start: usize,
    /// The number in the spec, counted from 1.
    number: usize,
}

struct Reader<'t> {
    lines: SpecLines<'t>,
    macros: &'t mut Macros,
    spec: Parsed,
    packages: Vec<Package>,
    source_license: Option<String>,
    section: Section,
    /// The text of the current description or changelog.
    body: String,
    /// Where the lines of the spec begin in `body`.
    body_lines: Vec<BodyLine>,
    next_number: [u32; 2],
    is_second_pass: bool,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, macros: &'t mut Macros, build_architectures: Vec<String>) -> Reader<'t> {
        let architecture = match build_architectures.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        Reader {
            lines: SpecLines::new(text, architecture),
            macros,
            is_second_pass: !build_architectures.is_empty(),
            spec: Parsed {
                languages: vec!["C".to_owned()],
                build_architectures,
                text: text.to_owned(),
                ..Parsed::default()
            },
            packages: vec![Package::default()],
            source_license: None,
            section: Section::Preamble(0),
            body: String::new(),
            body_lines: Vec::new(),
            next_number: [0; 2],
        }
    }

    fn run(&mut self) -> Result<Pass, SpecError> {
        while let Some(line) = self.lines.next(self.macros)? {
            if begins_section(&line.text) {
                self.enter(&line)?;
                continue;
            }
            match &self.section {
                Section::Preamble(package) => {
                    let package = *package;
                    self.preamble(package, &line)?;
                    if !self.spec.build_architectures.is_empty() && !self.is_second_pass {
                        return Ok(Pass::NeedsSecondPass);
                    }
                }
                Section::Description(_) => {
                    self.body.push_str(section::without_comment(certain(&line)?.trim_end()));
                    self.body.push('\n');
                }
                Section::Changelog => self.changelog_line(&line)?,
                Section::Files(kind) => {
                    let kind = *kind;
                    let text = section::without_comment(certain(&line)?).trim_end();
                    if !text.is_empty() {
                        self.add_file(kind, "", text, line.number)?;
                    }
                }
                Section::Other => {}
            }
        }
        self.leave()?;
        Ok(Pass::Complete)
    }

    fn changelog_line(&mut self, line: &SpecLine) -> Result<(), SpecError> {
        let text = section::without_comment(certain(line)?);
        self.body_lines.push(BodyLine { start: self.body.len(), number: line.number });
        self.body.push_str(text);
        if line.has_end && text.len() == line.text.len() {
            self.body.push('\n');
        }
        Ok(())
    }

    fn enter(&mut self, line: &SpecLine) -> Result<(), SpecError> {
        let was_other = self.section == Section::Other;
        self.leave()?;
        let main = self.spec.text_of(tag::NAME).to_owned();
        let next = section::parse_start(line, &main, &mut self.packages)?;
        // A section may begin in a doubtful branch only if neither it nor the section before it counts.
        if let Some(doubt) = &line.doubtful
            && !(was_other && next == Section::Other)
        {
            return Err(SpecError::beyond(line.number, doubt.clone()));
        }
        self.section = next;
        self.body.clear();
        self.body_lines.clear();
        Ok(())
    }

    fn leave(&mut self) -> Result<(), SpecError> {
        match std::mem::replace(&mut self.section, Section::Other) {
            Section::Preamble(0) => self.fill_defaults()?,
            Section::Description(language) => {
                let text = self.body.trim_end().to_owned();
                self.translate(tag::DESCRIPTION, &language, text);
            }
            Section::Changelog => {
                let line_at = |byte: usize| {
                    let begun = self.body_lines.partition_point(|line| line.start <= byte);
                    self.body_lines[..begun].last().map_or(1, |line| line.number)
                };
                self.spec.changelog = changelog::parse(&self.body, line_at)?;
            }
            Section::Preamble(_) | Section::Files(_) | Section::Other => {}
        }
        Ok(())
    }

    fn fill_defaults(&mut self) -> Result<(), SpecError> {
        for name in DEFAULTS {
            let Some(number) = tag::number_of(name).filter(|number| !self.spec.texts.contains_key(number)) else {
                continue;
            };
            if self.macros.exists(name) != Ok(false) {
                let value = self.expand_here(&format!("%{{{name}}}"))?;
                if !value.starts_with('%') {
                    self.spec.texts.insert(number, value);
                }
            }
        }
        if !self.spec.translated.contains_key(&tag::GROUP) {
            self.translate(tag::GROUP, "C", "Unspecified".to_owned());
        }
        Ok(())
    }

    fn expand_here(&mut self, text: &str) -> Result<String, SpecError> {
        let line = self.lines.last();
        let expansion = self.macros.expand(text).map_err(|beyond| SpecError::beyond(line, beyond))?;
        match expansion.beyond {
            Some(beyond) => Err(SpecError::beyond(line, beyond)),
            None => Ok(expansion.text),
        }
    }

    fn preamble(&mut self, package: usize, line: &SpecLine) -> Result<(), SpecError> {
        let text = section::without_comment(&line.text).trim_end();
        if text.trim_start().is_empty() {
            return Ok(()); // a macro without a value leaves a percent sign, so nothing is lost
        }
        let Some(tag) = tag::parse(text) else {
            certain(line)?;
            if text.contains(':') {
                // Another version of rpm may have more tags.
                return Err(SpecError::beyond(line.number, Beyond::foreign(format!("the line `{text}`"))));
            }
            return Err(SpecError::broken(line.number, format!("`{text}` is not a tag of a preamble")));
        };
        if tag.field.is_empty() {
            certain(line)?;
            return Err(SpecError::broken(line.number, format!("`{text}` has no value")));
        }
        if tag.role != Role::Binary && (package == 0 || counts_in_subpackage(&tag)) {
            certain(line)?;
            self.apply(package, &tag, line.number)?;
        }
        self.define_macros(package, &tag, line);
        Ok(())
    }

    /// Defines the macro with the name of a tag. A tag of the main package also defines the name in capitals.
    fn define_macros(&mut self, package: usize, tag: &SpecTag<'_>, line: &SpecLine) {
        if matches!(tag.role, Role::Text(_) | Role::Translated(_) | Role::Epoch | Role::SourceLicense) {
            let value = Expansion { text: tag.field.to_owned(), beyond: line.beyond.clone() };
            if package == 0 {
                self.macros.define(&tag.name.to_ascii_uppercase(), value.clone());
            }
            self.macros.define(tag.name, value);
        }
    }

    fn apply(&mut self, package: usize, tag: &SpecTag<'_>, line: usize) -> Result<(), SpecError> {
        let field = tag.field;
        match tag.role {
            Role::Text(number) if package > 0 => self.packages[package].set(number, field),
            Role::Epoch => {
                let epoch = field.parse().map_err(|_| SpecError::broken(line, format!("`{field}` is not an epoch")))?;
                self.packages[package].epoch = Some(epoch);
                if package == 0 {
                    self.spec.epoch = Some(epoch);
                }
            }
            Role::Text(number) => {
                check_text(number, field, line)?;
                self.packages[0].set(number, field);
                if self.spec.texts.insert(number, field.to_owned()).is_some() {
                    return Err(SpecError::broken(line, format!("`{}` stands twice", tag.name)));
                }
            }
            Role::Translated(number) => self.translate(number, tag.language.unwrap_or("C"), field.to_owned()),
            Role::SourceLicense => self.source_license = Some(field.to_owned()),
            Role::File(kind) => self.add_file(kind, tag.number, field, line)?,
            Role::BuildRequires => self.spec.requires.extend(dependency::parse(field, line)?),
            Role::BuildConflicts => self.spec.conflicts.extend(dependency::parse(field, line)?),
            Role::Restriction(number) => {
                self.spec.restrictions.entry(number).or_default().extend(field.split_whitespace().map(str::to_owned));
            }
            Role::BuildArch if package == 0 && !self.is_second_pass => {
                self.spec.build_architectures = field.split_whitespace().map(str::to_owned).collect();
            }
            Role::WithoutSources(name) => return Err(SpecError { line, problem: Problem::WithoutSources(name) }),
            Role::Icon => return Err(SpecError::beyond(line, Beyond::foreign("the tag `icon`"))),
            Role::BuildArch | Role::Binary => {}
        }
        Ok(())
    }

    fn translate(&mut self, number: u32, language: &str, text: String) {
        let known = self.spec.languages.iter().position(|one| one == language);
        let index = known.unwrap_or(self.spec.languages.len());
        if known.is_none() {
            self.spec.languages.push(language.to_owned());
        }
        self.spec.translated.entry(number).or_default().0.insert(index, text);
    }

    fn add_file(&mut self, kind: FileKind, number: &str, address: &str, line: usize) -> Result<(), SpecError> {
        let (slot, word) = match kind {
            FileKind::Source => (0, "SOURCE"),
            FileKind::Patch => (1, "PATCH"),
        };
        // A file without a number gets the highest number so far plus 1.
        let number = match number {
            "" => self.next_number[slot],
            digits => digits.parse().map_err(|_| SpecError::broken(line, format!("`{digits}` is not a number")))?,
        };
        self.next_number[slot] = self.next_number[slot].max(number.saturating_add(1));
        if self.spec.sources.iter().any(|other| other.kind == kind && other.number == number) {
            return Err(SpecError::broken(line, format!("`{word}{number}` stands twice")));
        }
        let name = section::base_name(address).to_owned();
        if name.is_empty() {
            return Err(SpecError::broken(line, format!("`{address}` names no file")));
        }
        self.spec.sources.push(SourceName { kind, name, number });
        // The value is a path on the machine that builds.
        self.macros.push(&format!("{word}{number}"), Definition::Foreign);
        self.macros.define(&format!("{word}URL{number}"), Expansion { text: address.replace('%', "%%"), beyond: None });
        Ok(())
    }

    fn finish(mut self) -> Result<Parsed, SpecError> {
        let line = self.lines.last();
        for (number, name) in
            [(tag::NAME, "Name"), (tag::VERSION, "Version"), (tag::RELEASE, "Release"), (tag::LICENSE, "License")]
        {
            if !self.spec.texts.contains_key(&number) {
                return Err(SpecError::broken(line, format!("the spec has no `{name}`")));
            }
        }
        for (number, name) in [(tag::SUMMARY, "Summary"), (tag::DESCRIPTION, "%description")] {
            if !self.spec.translated.contains_key(&number) {
                return Err(SpecError::broken(line, format!("the spec has no `{name}`")));
            }
        }
        let name = self.spec.text_of(tag::NAME).to_owned();
        let made = self.packages.iter().filter(|package| package.has_files);
        self.spec.provides = made.map(|package| package.provide(&self.packages[0], &name)).collect();
        if let Some(license) = self.source_license.take() {
            self.spec.texts.insert(tag::LICENSE, license);
        }
        Ok(self.spec)
    }
}

/// The text of a line; an error if the text, or the existence of the line, is unknown.
fn certain(line: &SpecLine) -> Result<&str, SpecError> {
    match line.beyond.as_ref().or(line.doubtful.as_ref()) {
        Some(beyond) => Err(SpecError::beyond(line.number, beyond.clone())),
        None => Ok(&line.text),
    }
}

/// Whether a tag of a sub-package counts for the source package.
fn counts_in_subpackage(tag: &SpecTag<'_>) -> bool {
    match tag.role {
        Role::Text(number) => [tag::VERSION, tag::RELEASE].contains(&number),
        Role::Translated(_) | Role::SourceLicense | Role::BuildArch => false,
        _ => true,
    }
}

/// Checks the letters of name, version and release, which become part of a file name.
fn check_text(number: u32, field: &str, line: usize) -> Result<(), SpecError> {
    let allowed = match number {
        tag::NAME => "-._+",
        tag::VERSION | tag::RELEASE => "._+~^",
        _ => return Ok(()),
    };
    if !field.chars().all(|letter| letter.is_ascii_alphanumeric() || allowed.contains(letter)) {
        return Err(SpecError::broken(line, format!("`{field}` has a letter that is not allowed in a file name")));
    }
    Ok(())
}
