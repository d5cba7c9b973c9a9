//! Reads a spec section by section, and collects the values for its source package.
//!
//! Of the sections that only binary packages use, only the macros and branches count.

use crate::project::spec_text::begins_section;
use crate::rpm::srpm::certain::{certain, check_text, counts_in_subpackage, known_in_changelog};
use crate::rpm::srpm::changelog;
use crate::rpm::srpm::dependency;
use crate::rpm::srpm::error::{Beyond, Problem, SpecError};
use crate::rpm::srpm::lines::SpecLines;
use crate::rpm::srpm::macros::Macros;
use crate::rpm::srpm::parsed::Parsed;
use crate::rpm::srpm::section::{self, Package, Section};
use crate::rpm::srpm::source_list::{ListedSource, SourceList};
use crate::rpm::srpm::spec_line::SpecLine;
use crate::rpm::srpm::tag::{self, DEFAULTS, Role, SpecTag};
use crate::rpm::srpm::value::{Definition, Expansion};

/// The architecture of most build machines.
pub const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// What a spec is read with.
#[derive(Clone, Copy, Debug)]
pub struct SpecSetting<'a> {
    /// The architecture of `%ifarch` and of macros such as `%{_lib}`; without it, they have no value.
    pub architecture: Option<&'a str>,
    /// Additional macros, such as those of a dist.
    pub macros: &'a [(&'static str, String)],
}

impl Default for SpecSetting<'_> {
    fn default() -> Self {
        SpecSetting { architecture: Some(DEFAULT_ARCHITECTURE), macros: &[] }
    }
}

impl Parsed {
    /// Parses a spec without template markers, for the default architecture.
    ///
    /// Errors: see [`SpecError`].
    pub fn parse(text: &str) -> Result<Parsed, SpecError> {
        Parsed::parse_with(text, &SpecSetting::default())
    }

    /// Parses a spec.
    ///
    /// Errors: see [`SpecError`].
    pub fn parse_with(text: &str, setting: &SpecSetting<'_>) -> Result<Parsed, SpecError> {
        let mut macros = Macros::of(setting.architecture);
        for (name, value) in setting.macros {
            macros.push(name, Definition::Body(value.clone(), None));
        }
        let mut reader = Reader::new(text, &mut macros, setting.architecture, Vec::new())?;
        if reader.run()? == Pass::Complete {
            return reader.finish();
        }
        // rpm reads a spec with `BuildArch` twice: the second time for that architecture, with the macros of the first pass.
        let architectures = std::mem::take(&mut reader.spec.build_architectures);
        let architecture = match architectures.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        let cpu = architecture.clone().map_or(Definition::Foreign, |name| Definition::Body(name, None));
        macros.push("_target_cpu", cpu);
        let mut reader = Reader::new(text, &mut macros, architecture.as_deref(), architectures)?;
        reader.run()?;
        reader.finish()
    }
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

struct Reader<'m> {
    lines: SpecLines,
    macros: &'m mut Macros,
    spec: Parsed,
    packages: Vec<Package>,
    source_license: Option<String>,
    section: Section,
    /// The text of the current description or changelog.
    body: String,
    /// Where the lines of the spec begin in `body`.
    body_lines: Vec<BodyLine>,
    sources: SourceList,
    is_second_pass: bool,
}

impl<'m> Reader<'m> {
    fn new(
        text: &str,
        macros: &'m mut Macros,
        architecture: Option<&str>,
        build_architectures: Vec<String>,
    ) -> Result<Reader<'m>, SpecError> {
        Ok(Reader {
            lines: SpecLines::new(text, architecture.map(str::to_owned))?,
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
            sources: SourceList::default(),
        })
    }

    fn run(&mut self) -> Result<Pass, SpecError> {
        while let Some(line) = self.lines.next(self.macros)? {
            if line.elsewhere.is_some() {
                self.sources.add_elsewhere(&line, &self.section)?;
                continue;
            }
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
                    let address = section::without_comment(&line.text).trim_end();
                    if !address.is_empty() {
                        self.sources.add(&ListedSource { kind, number: "", address, line: &line }, self.macros)?;
                    }
                }
                Section::Prep => self.sources.check_setup(&line)?,
                Section::DynamicRequires | Section::Other => {}
            }
        }
        self.leave()?;
        Ok(Pass::Complete)
    }

    fn changelog_line(&mut self, line: &SpecLine) -> Result<(), SpecError> {
        let text = section::without_comment(known_in_changelog(line)?);
        self.body_lines.push(BodyLine { start: self.body.len(), number: line.number });
        self.body.push_str(text);
        if line.has_end && text.len() == line.text.len() {
            self.body.push('\n');
        }
        Ok(())
    }

    fn enter(&mut self, line: &SpecLine) -> Result<(), SpecError> {
        let counted = self.section.counts();
        self.leave()?;
        let main = self.spec.text_of(tag::NAME).to_owned();
        let next = section::parse_start(line, &main, &mut self.packages)?;
        self.spec.has_dynamic_requires |= next == Section::DynamicRequires;
        // A section may begin in a doubtful branch only if neither it nor the section before it counts.
        if let Some(doubt) = &line.doubtful
            && (counted || next.counts())
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
            Section::Preamble(_) | Section::Files(_) | Section::DynamicRequires | Section::Prep | Section::Other => {}
        }
        Ok(())
    }

    fn fill_defaults(&mut self) -> Result<(), SpecError> {
        for name in DEFAULTS {
            let Some(number) = tag::number_of(name).filter(|number| !self.spec.texts.contains_key(number)) else {
                continue;
            };
            if self.macros.existence(name).is_ok_and(|existence| !existence.exists) {
                continue;
            }
            {
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

    /// The number in `_source_payload`, such as `w9.gzdio`.
    fn payload_level(&mut self) -> Result<Option<u32>, SpecError> {
        let payload = self.expand_here("%{?_source_payload}")?;
        let digest = self.expand_here("%{?_source_filedigest_algorithm}")?;
        let level =
            payload.strip_prefix('w').and_then(|rest| rest.strip_suffix(".gzdio")).and_then(|level| level.parse().ok());
        match level {
            _ if !matches!(digest.as_str(), "" | "8") => {
                let what = format!("`_source_filedigest_algorithm` with the value `{digest}`");
                Err(SpecError::beyond(self.lines.last(), Beyond::foreign(what)))
            }
            _ if payload.is_empty() => Ok(None),
            Some(level @ 1..=9) => Ok(Some(level)),
            _ => {
                let what = format!("`_source_payload` with the value `{payload}`");
                Err(SpecError::beyond(self.lines.last(), Beyond::foreign(what)))
            }
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
            match tag.role {
                Role::File(kind) => {
                    let entry = ListedSource { kind, number: tag.number, address: tag.field, line };
                    self.sources.add(&entry, self.macros)?;
                }
                _ => {
                    certain(line)?;
                    self.apply(package, &tag, line.number)?;
                }
            }
        }
        self.define_macros(package, &tag, line);
        Ok(())
    }

    /// Defines the macro with the name of a tag. A tag of the main package also defines the name in capitals.
    fn define_macros(&mut self, package: usize, tag: &SpecTag<'_>, line: &SpecLine) {
        if matches!(tag.role, Role::Text(_) | Role::Translated(_) | Role::Epoch | Role::SourceLicense) {
            let beyond = line.beyond.clone().or_else(|| line.doubtful.clone());
            let value = Expansion { text: tag.field.to_owned(), beyond, varies: line.varies.clone() };
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
                check_text(tag, number, line)?;
                self.packages[0].set(number, field);
                if self.spec.texts.insert(number, field.to_owned()).is_some() {
                    return Err(SpecError::broken(line, format!("`{}` stands twice", tag.name)));
                }
            }
            Role::Translated(number) => self.translate(number, tag.language.unwrap_or("C"), field.to_owned()),
            Role::SourceLicense => self.source_license = Some(field.to_owned()),
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
            Role::BuildArch | Role::Binary | Role::File(_) => {}
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
        self.spec.payload_level = self.payload_level()?;
        self.spec.sources = std::mem::take(&mut self.sources).finish();
        if let Some(license) = self.source_license.take() {
            self.spec.texts.insert(tag::LICENSE, license);
        }
        Ok(self.spec)
    }
}
