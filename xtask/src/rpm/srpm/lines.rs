//! A spec line by line, as `rpmbuild` reads it: long lines joined, macros expanded, comments and branches dropped.
//!
//! A line that was not taken stays as an empty one, because a description keeps its empty lines. A branch whose condition
//! has no value here (`%ifarch`, `%if 0%{?x:%(…)}`) is neither taken nor left: its lines come with a [`Beyond`], and
//! macros defined in it have no value afterwards.

use std::collections::VecDeque;

use crate::rpm::srpm::error::{Beyond, SpecError};
use crate::rpm::srpm::expression::{self, ExpressionError};
use crate::rpm::srpm::macros::{Expansion, Macros};
use crate::rpm::srpm::scan::Brackets;

/// A line as a section sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it began in the spec, counted from 1.
    pub number: usize,
    /// The text without its line end.
    pub text: String,
    /// Why the text, or whether the line is there at all, is not known here.
    pub beyond: Option<Beyond>,
    /// Whether the line stands in a branch that may or may not be taken.
    pub doubtful: Option<Beyond>,
    /// Whether a line end follows. Directives, lines that are not taken and definitions have none: in a changelog, where
    /// every line end counts, the next line follows at once.
    pub has_end: bool,
}

/// What is known about a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Taken {
    Yes,
    No,
    Unknown(Beyond),
}

/// A directive that opens, changes or closes a branch.
struct Step<'l> {
    directive: Directive,
    argument: &'l str,
    number: usize,
    /// Why the argument has no value.
    beyond: Option<&'l Beyond>,
}

/// One open `%if`.
struct Branch {
    taken: Taken,
    /// Whether an `%else` would be taken.
    otherwise: Taken,
    /// The macros before the first doubtful branch of this `%if`.
    before: Option<Macros>,
    line: usize,
}

/// Reads a spec; see the head of this file.
pub struct Lines<'t> {
    source: std::iter::Enumerate<std::str::Lines<'t>>,
    ready: VecDeque<Line>,
    open: Vec<Branch>,
    /// The one architecture that `BuildArch` names; without it `%ifarch` has no answer.
    architecture: Option<String>,
    last: usize,
}

impl<'t> Lines<'t> {
    /// Begins at the top of `spec`.
    pub fn new(spec: &'t str, architecture: Option<String>) -> Lines<'t> {
        let source = spec.lines().enumerate();
        Lines { source, ready: VecDeque::new(), open: Vec::new(), architecture, last: 1 }
    }

    /// The number of the last line that was read.
    pub fn last(&self) -> usize {
        self.last
    }

    /// The next line, after which `macros` has what the line defined.
    pub fn next(&mut self, macros: &mut Macros) -> Result<Option<Line>, SpecError> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            let Some((number, text)) = self.joined()? else {
                return match self.open.last() {
                    None => Ok(None),
                    Some(branch) => Err(SpecError::broken(branch.line, "this `%if` has no `%endif`")),
                };
            };
            self.read(number, &text, macros)?;
        }
    }

    /// One or more lines of the file: an escaped line end and an open bracket ask for one more.
    fn joined(&mut self) -> Result<Option<(usize, String)>, SpecError> {
        let Some((index, first)) = self.source.next() else { return Ok(None) };
        let mut text = first.to_owned();
        self.last = index + 1;
        while is_unfinished(&text) {
            let Some((next, more)) = self.source.next() else {
                return match text.ends_with('\\') {
                    true => Ok(Some((index + 1, text))),
                    false => Err(SpecError::broken(index + 1, "a bracket opened here is never closed")),
                };
            };
            self.last = next + 1;
            text.push('\n');
            text.push_str(more);
        }
        Ok(Some((index + 1, text)))
    }

    fn read(&mut self, number: usize, text: &str, macros: &mut Macros) -> Result<(), SpecError> {
        let expands = match Directive::of(text.trim_start()) {
            Some((Directive::Elif | Directive::Elifarch | Directive::Elifos, _)) => self.otherwise() != Taken::No,
            _ => self.taken() != Taken::No,
        };
        // A definition eats the line end behind it, so the line is expanded with its own.
        let source = format!("{text}\n");
        let Expansion { text, beyond } = match expands {
            true => macros.expand(&source).map_err(|beyond| SpecError::beyond(number, beyond))?,
            false => Expansion { text: source, beyond: None },
        };
        // Only a directive keeps reading behind an escaped line end.
        let text = match Directive::of(text.trim_start()) {
            Some(_) => text.replace("\\\n", "  "),
            None => text,
        };
        let whole = text.strip_suffix('\n');
        let count = whole.unwrap_or(&text).split('\n').count();
        for (line, index) in whole.unwrap_or(&text).split('\n').zip(1..) {
            let known = self.line(number, line, beyond.as_ref(), macros)?;
            let doubtful = match self.taken() {
                Taken::Unknown(beyond) => Some(beyond),
                Taken::Yes | Taken::No => None,
            };
            let has_end = known.is_some() && (index < count || whole.is_some());
            let (text, beyond) = match known {
                Some(text) => (text, beyond.clone().or(doubtful.clone())),
                None => (String::new(), None),
            };
            self.ready.push_back(Line { number, text, beyond, doubtful, has_end });
        }
        Ok(())
    }

    /// The text of a line that is taken; `None` where it is a directive or left out.
    fn line(
        &mut self,
        number: usize,
        line: &str,
        beyond: Option<&Beyond>,
        macros: &mut Macros,
    ) -> Result<Option<String>, SpecError> {
        let Some((directive, argument)) = Directive::of(line.trim_start()) else {
            return Ok((self.taken() != Taken::No).then(|| line.to_owned()));
        };
        match directive {
            Directive::Include if self.taken() == Taken::No => {}
            Directive::Include => {
                return Err(SpecError::beyond(number, Beyond::foreign(format!("`%include{argument}`"))));
            }
            _ => self.follow(&Step { directive, argument, number, beyond }, macros)?,
        }
        Ok(None)
    }

    fn taken(&self) -> Taken {
        self.open.last().map_or(Taken::Yes, |branch| branch.taken.clone())
    }

    fn otherwise(&self) -> Taken {
        self.open.last().map_or(Taken::No, |branch| branch.otherwise.clone())
    }

    /// Opens, changes or closes a branch.
    fn follow(&mut self, step: &Step<'_>, macros: &mut Macros) -> Result<(), SpecError> {
        let outer = self.taken();
        let (mut branch, condition) = match step.directive {
            Directive::Elif | Directive::Elifarch | Directive::Elifos | Directive::Else | Directive::Endif => {
                let Some(branch) = self.open.pop() else {
                    return Err(SpecError::broken(step.number, "there is no `%if` that this belongs to"));
                };
                if let (Taken::Unknown(reason), Some(before)) = (&branch.taken, &branch.before) {
                    macros.doubt_since(before, reason);
                }
                let condition = match (step.directive, &branch.otherwise) {
                    (Directive::Endif, _) => return Ok(()),
                    (Directive::Else, _) => Taken::Yes,
                    (_, Taken::No) => Taken::No,
                    _ => self.condition(step)?,
                };
                (branch, condition)
            }
            _ => {
                let condition = if outer == Taken::No { Taken::No } else { self.condition(step)? };
                (Branch { taken: Taken::No, otherwise: outer, before: None, line: step.number }, condition)
            }
        };
        branch.enter(condition, macros);
        self.open.push(branch);
        Ok(())
    }

    fn condition(&self, step: &Step<'_>) -> Result<Taken, SpecError> {
        let &Step { directive, argument, number, beyond } = step;
        if let Some(beyond) = beyond {
            return Ok(Taken::Unknown(beyond.clone()));
        }
        let names = |wanted: &str| argument.split_whitespace().any(|name| name.eq_ignore_ascii_case(wanted));
        let answer = match (directive, &self.architecture) {
            (Directive::Ifos | Directive::Elifos, _) => names("linux"),
            (Directive::Ifnos, _) => !names("linux"),
            (Directive::Ifarch | Directive::Elifarch, Some(architecture)) => names(architecture),
            (Directive::Ifnarch, Some(architecture)) => !names(architecture),
            (Directive::Ifarch | Directive::Elifarch | Directive::Ifnarch, None) => {
                return Ok(Taken::Unknown(Beyond::foreign(format!(
                    "what depends on the architecture ({})",
                    argument.trim()
                ))));
            }
            _ => match expression::evaluate(argument) {
                Ok(value) => value.is_true(),
                Err(ExpressionError::Version) => {
                    return Ok(Taken::Unknown(Beyond::foreign("a comparison of versions")));
                }
                Err(error) => {
                    return Err(SpecError::broken(number, format!("no condition: `{}`: {error}", argument.trim())));
                }
            },
        };
        Ok(if answer { Taken::Yes } else { Taken::No })
    }
}

impl Branch {
    /// Begins the next part of this `%if`, whose own condition is `condition`.
    fn enter(&mut self, condition: Taken, macros: &Macros) {
        (self.taken, self.otherwise) = match (condition, self.otherwise.clone()) {
            (_, Taken::No) => (Taken::No, Taken::No),
            (Taken::No, otherwise) => (Taken::No, otherwise),
            (Taken::Yes, otherwise) => (otherwise, Taken::No),
            (Taken::Unknown(reason), _) => (Taken::Unknown(reason.clone()), Taken::Unknown(reason)),
        };
        if matches!(self.taken, Taken::Unknown(_)) && self.before.is_none() {
            self.before = Some(macros.clone());
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
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
    /// The directive that `line`, without leading blanks, is; and what follows the word.
    fn of(line: &str) -> Option<(Directive, &str)> {
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

/// Whether `rpmbuild` would ask for another line before it expands this one.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a spec, with `?` before those that may not be there and `!` before those that have no value.
    #[track_caller]
    fn check(spec: &str, expected: &str) {
        let mut macros = Macros::default();
        let mut lines = Lines::new(spec, None);
        let mut seen = String::new();
        while let Some(line) = lines.next(&mut macros).unwrap() {
            let mark = match (line.doubtful, line.beyond) {
                (Some(_), _) => "?",
                (None, Some(_)) => "!",
                (None, None) => "",
            };
            seen.push_str(&format!("{}{mark}{}|", line.number, line.text));
        }
        assert_eq!(seen, expected);
    }

    #[track_caller]
    fn refused(spec: &str, line: usize, fragment: &str) {
        let mut macros = Macros::default();
        let mut lines = Lines::new(spec, None);
        let error = loop {
            match lines.next(&mut macros) {
                Ok(line) => assert!(line.is_some(), "the whole spec was read"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.line, line);
        assert!(error.to_string().contains(fragment), "{error}");
    }

    #[test]
    fn branches_leave_empty_lines() {
        check("a\n%if 0%{?fedora}\nb\n%elif 1\nc\n%else\nd\n%endif\ne", "1a|2|3|4|5c|6|7|8|9e|");
        check("%if 0\n%if 1\na\n%else\nb\n%endif\n%else\nc\n%endif", "1|2|3|4|5|6|7|8c|9|");
        check("%if 1 && \\\n 1\na\n%endif", "1|3a|4|");
        check("%ifos linux\na\n%endif", "1|2a|3|");
    }

    #[test]
    fn long_lines_are_joined_before_they_are_expanded() {
        check("%global x a \\\n b\n%{x}", "1|3a |3 b|");
        check("%{!?x:\n%global x 1\n}\n%{x}", "1|1|41|");
    }

    #[test]
    fn an_architecture_is_not_known() {
        check("%ifarch x86_64\n%global x 1\na\n%else\nb\n%endif\n%{x}%{?y}", "1?|2?|3?a|4?|5?b|6|7!%|");
        check("%if %(true)\na\n%endif\nb", "1?|2?a|3|4b|");
    }

    #[test]
    fn what_cannot_be_passed_over() {
        refused("a\n%include other.spec\n", 2, "%include other.spec");
        refused("a\n\n%{lua: print(1)}", 3, "%{lua: print(1)}");
        refused("%if 1\na", 1, "no `%endif`");
        refused("a\n%else", 2, "no `%if`");
        refused("%if foo\n%endif", 1, "without quotes");
        refused("a\n%{x", 2, "never closed");
    }
}
