//! What the reader checks before the value of a line counts.

use crate::rpm::srpm::error::{Beyond, SpecError};
use crate::rpm::srpm::known;
use crate::rpm::srpm::spec_line::SpecLine;
use crate::rpm::srpm::tag::{self, Role, SpecTag};

/// The text of a line; an error if the text, or the existence of the line, is unknown.
pub fn certain(line: &SpecLine) -> Result<&str, SpecError> {
    match line.beyond.as_ref().or(line.doubtful.as_ref()) {
        Some(beyond) => Err(SpecError::beyond(line.number, beyond.clone())),
        None => Ok(&line.text),
    }
}

/// The text of a line of the changelog. It may name a macro of a distribution, as in `added the missing %{dist}`.
pub fn known_in_changelog(line: &SpecLine) -> Result<&str, SpecError> {
    // Names in capitals are those of query formats, as in `%{INSTALLTIME:date}`.
    let is_named = |what: &str| {
        let name = what.trim_start_matches(['%', '{']).trim_end_matches('}');
        known::is_of_distributions(name) || name.starts_with(|first: char| first.is_ascii_uppercase())
    };
    match (&line.beyond, &line.doubtful) {
        (Some(Beyond::Undefined(what)), None) if is_named(what) => Ok(&line.text),
        _ => certain(line),
    }
}

/// Whether a tag of a sub-package counts for the source package.
pub fn counts_in_subpackage(tag: &SpecTag<'_>) -> bool {
    match tag.role {
        Role::Text(number) => [tag::VERSION, tag::RELEASE].contains(&number),
        Role::Translated(_) | Role::SourceLicense | Role::BuildArch => false,
        _ => true,
    }
}

/// Checks the letters of name, version and release, which become part of a file name, and tags that have one word.
pub fn check_text(tag: &SpecTag<'_>, number: u32, line: usize) -> Result<(), SpecError> {
    let field = tag.field;
    if tag::is_one_word(number) && field.contains([' ', '\t']) {
        return Err(SpecError::broken(line, format!("`{}` takes one word: `{field}`", tag.name)));
    }
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
