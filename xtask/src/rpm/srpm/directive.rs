//! Splits a spec into lines, and recognises the directives that begin and end branches.

use std::collections::VecDeque;

use crate::rpm::srpm::error::SpecError;
use crate::rpm::srpm::scan::Brackets;

/// A line of the file, with the lines that continue it.
#[derive(Clone, Debug)]
pub struct FileLine {
    /// The number of its first line, counted from 1.
    pub number: usize,
    pub text: String,
}

/// The lines of a file. An escaped line end or an open bracket continues a line on the next one.
pub fn join(spec: &str) -> Result<VecDeque<FileLine>, SpecError> {
    let mut lines = VecDeque::new();
    let mut source = spec.lines().zip(1..);
    while let Some((first, number)) = source.next() {
        let mut text = first.to_owned();
        while is_unfinished(&text) {
            let Some((more, _)) = source.next() else {
                if text.ends_with('\\') {
                    break;
                }
                return Err(SpecError::broken(number, "a bracket opened here is never closed"));
            };
            text.push('\n');
            text.push_str(more);
        }
        lines.push_back(FileLine { number, text });
    }
    Ok(lines)
}

/// A directive that begins or ends a branch, or includes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    Ifarch,
    Ifnarch,
    Ifos,
    Ifnos,
    If,
    Elifarch,
    Elifos,
    Elif,
    Else,
    Endif,
    Include,
}

impl Directive {
    /// Whether it ends the branch above it.
    pub fn ends_branch(self) -> bool {
        matches!(self, Directive::Elif | Directive::Elifarch | Directive::Elifos | Directive::Else | Directive::Endif)
    }

    /// Whether its argument is an expression.
    pub fn is_expression(self) -> bool {
        matches!(self, Directive::If | Directive::Elif)
    }

    /// The directive at the start of `line`, and the text after it. `line` has no leading blanks.
    pub fn of(line: &str) -> Option<(Directive, &str)> {
        let word = line.strip_prefix('%')?;
        let end = word.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(word.len());
        let (word, argument) = word.split_at(end);
        let directive = match word {
            "ifarch" => Directive::Ifarch,
            "ifnarch" => Directive::Ifnarch,
            "ifos" => Directive::Ifos,
            "ifnos" => Directive::Ifnos,
            "if" => Directive::If,
            "elifarch" => Directive::Elifarch,
            "elifos" => Directive::Elifos,
            "elif" => Directive::Elif,
            "else" => return Some((Directive::Else, argument)),
            "endif" => return Some((Directive::Endif, argument)),
            "include" => Directive::Include,
            _ => return None,
        };
        (argument.is_empty() || argument.starts_with([' ', '\t', '\n', '\\'])).then_some((directive, argument))
    }
}

/// Whether `rpmbuild` joins the next line to this one before it expands it.
fn is_unfinished(text: &str) -> bool {
    let mut brackets = Brackets::default();
    let mut escaped_end = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek().copied()) {
            ('\\', Some('\n')) => {
                characters.next();
            }
            ('\\', None) => escaped_end = true,
            ('\\', Some(_)) => {
                characters.next();
            }
            ('%', Some(next @ ('{' | '(' | '[' | '%'))) => {
                brackets.after_percent(next);
                characters.next();
            }
            _ => brackets.plain(character),
        }
    }
    escaped_end || brackets.any_open()
}
