//! Reads a spec line by line, as `rpmbuild` does: joins continued lines, expands macros, and skips branches of `%if`.
//!
//! A skipped line becomes an empty line, because a description keeps its empty lines. The condition of a branch may have no
//! value here (`%ifarch`, `%if 0%{?x:%(…)}`). The lines of such a branch have a [`Beyond`], and the macros that it defines
//! have no value after it.

use std::collections::VecDeque;

use crate::rpm::srpm::error::{Beyond, SpecError};
use crate::rpm::srpm::expression::{self, ExpressionError};
use crate::rpm::srpm::macros::{Expansion, Macros};
use crate::rpm::srpm::scan::Brackets;

/// A line of a spec, with its macros expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecLine {
    /// The number of its first line in the spec, counted from 1.
    pub number: usize,
    /// Without the line end.
    pub text: String,
    /// Why the text is not known, or whether the line exists.
    pub beyond: Option<Beyond>,
    /// Why it is not known whether the branch of the line is taken.
    pub doubtful: Option<Beyond>,
    /// Whether a line end follows. Directives, skipped lines and definitions have none, which matters in a changelog.
    pub has_end: bool,
}

/// Whether a branch is taken, or a condition is true.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tristate {
    Yes,
    No,
    Unknown(Beyond),
}

/// A directive that begins or ends a branch, such as `%if` or `%endif`.
struct BranchDirective<'l> {
    directive: Directive,
    argument: &'l str,
    number: usize,
    /// Why the argument cannot be evaluated.
    beyond: Option<&'l Beyond>,
}

/// An open `%if`.
struct Branch {
    taken: Tristate,
    /// Whether an `%else` is taken.
    otherwise: Tristate,
    /// The macros before the first branch of this `%if` whose condition is unknown.
    before: Option<Macros>,
    line: usize,
}

/// Reads the lines of a spec; see the documentation of this module.
pub struct SpecLines<'t> {
    source: std::iter::Enumerate<std::str::Lines<'t>>,
    ready: VecDeque<SpecLine>,
    open: Vec<Branch>,
    /// The architecture of `BuildArch`, if it names one; without it, the value of `%ifarch` is unknown.
    architecture: Option<String>,
    last: usize,
}

impl<'t> SpecLines<'t> {
    /// Begins at the top of `spec`.
    pub fn new(spec: &'t str, architecture: Option<String>) -> SpecLines<'t> {
        let source = spec.lines().enumerate();
        SpecLines { source, ready: VecDeque::new(), open: Vec::new(), architecture, last: 1 }
    }

    /// The number of the last line that was read.
    pub fn last(&self) -> usize {
        self.last
    }

    /// The next line. The definitions in the line are added to `macros`.
    pub fn next(&mut self, macros: &mut Macros) -> Result<Option<SpecLine>, SpecError> {
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

    /// The next line of the file with its number. An escaped line end or an open bracket continues it on the next line.
    fn joined(&mut self) -> Result<Option<(usize, String)>, SpecError> {
        let Some((index, first)) = self.source.next() else { return Ok(None) };
        let mut text = first.to_owned();
        self.last = index + 1;
        while is_unfinished(&text) {
            let Some((next, more)) = self.source.next() else {
                if text.ends_with('\\') {
                    return Ok(Some((index + 1, text)));
                }
                return Err(SpecError::broken(index + 1, "a bracket opened here is never closed"));
            };
            self.last = next + 1;
            text.push('\n');
            text.push_str(more);
        }
        Ok(Some((index + 1, text)))
    }

    fn read(&mut self, number: usize, text: &str, macros: &mut Macros) -> Result<(), SpecError> {
        let expands = match Directive::of(text.trim_start()) {
            Some((Directive::Elif | Directive::Elifarch | Directive::Elifos, _)) => self.otherwise() != Tristate::No,
            _ => self.taken() != Tristate::No,
        };
        // A definition includes the line end after it, so the line is expanded with its line end.
        let source = format!("{text}\n");
        let Expansion { text, beyond } = if expands {
            macros.expand(&source).map_err(|beyond| SpecError::beyond(number, beyond))?
        } else {
            Expansion { text: source, beyond: None }
        };
        // An escaped line end inside a directive is white space.
        let text = match Directive::of(text.trim_start()) {
            Some(_) => text.replace("\\\n", "  "),
            None => text,
        };
        let whole = text.strip_suffix('\n');
        let count = whole.unwrap_or(&text).split('\n').count();
        for (line, index) in whole.unwrap_or(&text).split('\n').zip(1..) {
            let known = self.line(number, line, beyond.as_ref(), macros)?;
            let doubtful = match self.taken() {
                Tristate::Unknown(beyond) => Some(beyond),
                Tristate::Yes | Tristate::No => None,
            };
            let has_end = known.is_some() && (index < count || whole.is_some());
            let (text, beyond) = match known {
                Some(text) => (text, beyond.clone().or(doubtful.clone())),
                None => (String::new(), None),
            };
            self.ready.push_back(SpecLine { number, text, beyond, doubtful, has_end });
        }
        Ok(())
    }

    /// The text of a line; `None` if it is a directive or skipped.
    fn line(
        &mut self,
        number: usize,
        line: &str,
        beyond: Option<&Beyond>,
        macros: &mut Macros,
    ) -> Result<Option<String>, SpecError> {
        let Some((directive, argument)) = Directive::of(line.trim_start()) else {
            return Ok((self.taken() != Tristate::No).then(|| line.to_owned()));
        };
        match directive {
            Directive::Include if self.taken() == Tristate::No => {}
            Directive::Include => {
                return Err(SpecError::beyond(number, Beyond::foreign(format!("`%include{argument}`"))));
            }
            _ => self.follow(&BranchDirective { directive, argument, number, beyond }, macros)?,
        }
        Ok(None)
    }

    fn taken(&self) -> Tristate {
        self.open.last().map_or(Tristate::Yes, |branch| branch.taken.clone())
    }

    fn otherwise(&self) -> Tristate {
        self.open.last().map_or(Tristate::No, |branch| branch.otherwise.clone())
    }

    /// Applies a directive to the open branches.
    fn follow(&mut self, step: &BranchDirective<'_>, macros: &mut Macros) -> Result<(), SpecError> {
        let outer = self.taken();
        let (mut branch, condition) = match step.directive {
            Directive::Elif | Directive::Elifarch | Directive::Elifos | Directive::Else | Directive::Endif => {
                let Some(branch) = self.open.pop() else {
                    return Err(SpecError::broken(step.number, "there is no `%if` for this directive"));
                };
                if let (Tristate::Unknown(reason), Some(before)) = (&branch.taken, &branch.before) {
                    macros.doubt_since(before, reason);
                }
                let condition = match (step.directive, &branch.otherwise) {
                    (Directive::Endif, _) => return Ok(()),
                    (Directive::Else, _) => Tristate::Yes,
                    (_, Tristate::No) => Tristate::No,
                    _ => self.condition(step)?,
                };
                (branch, condition)
            }
            _ => {
                let condition = if outer == Tristate::No { Tristate::No } else { self.condition(step)? };
                (Branch { taken: Tristate::No, otherwise: outer, before: None, line: step.number }, condition)
            }
        };
        branch.enter(condition, macros);
        self.open.push(branch);
        Ok(())
    }

    fn condition(&self, step: &BranchDirective<'_>) -> Result<Tristate, SpecError> {
        let &BranchDirective { directive, argument, number, beyond } = step;
        if let Some(beyond) = beyond {
            return Ok(Tristate::Unknown(beyond.clone()));
        }
        let names = |wanted: &str| argument.split_whitespace().any(|name| name.eq_ignore_ascii_case(wanted));
        let answer = match (directive, &self.architecture) {
            (Directive::Ifos | Directive::Elifos, _) => names("linux"),
            (Directive::Ifnos, _) => !names("linux"),
            (Directive::Ifarch | Directive::Elifarch, Some(architecture)) => names(architecture),
            (Directive::Ifnarch, Some(architecture)) => !names(architecture),
            (Directive::Ifarch | Directive::Elifarch | Directive::Ifnarch, None) => {
                return Ok(Tristate::Unknown(Beyond::foreign(format!(
                    "what depends on the architecture ({})",
                    argument.trim()
                ))));
            }
            _ => match expression::evaluate(argument) {
                Ok(value) => value.is_true(),
                Err(ExpressionError::Version) => {
                    return Ok(Tristate::Unknown(Beyond::foreign("a comparison of versions")));
                }
                Err(error) => {
                    return Err(SpecError::broken(number, format!("not a condition: `{}`: {error}", argument.trim())));
                }
            },
        };
        Ok(if answer { Tristate::Yes } else { Tristate::No })
    }
}

impl Branch {
    /// Begins the next branch of this `%if`, with its condition.
    fn enter(&mut self, condition: Tristate, macros: &Macros) {
        (self.taken, self.otherwise) = match (condition, self.otherwise.clone()) {
            (_, Tristate::No) => (Tristate::No, Tristate::No),
            (Tristate::No, otherwise) => (Tristate::No, otherwise),
            (Tristate::Yes, otherwise) => (otherwise, Tristate::No),
            (Tristate::Unknown(reason), _) => (Tristate::Unknown(reason.clone()), Tristate::Unknown(reason)),
        };
        if matches!(self.taken, Tristate::Unknown(_)) && self.before.is_none() {
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
    /// The directive at the start of `line`, and the text after it. `line` has no leading blanks.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the lines of a spec. `?` marks a line whose branch is unknown, `!` a line with a macro without a value.
    #[track_caller]
    fn check(spec: &str, expected: &str) {
        let mut macros = Macros::default();
        let mut lines = SpecLines::new(spec, None);
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
        let mut lines = SpecLines::new(spec, None);
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
    fn the_value_of_an_architecture_condition_is_unknown() {
        check("%ifarch x86_64\n%global x 1\na\n%else\nb\n%endif\n%{x}%{?y}", "1?|2?|3?a|4?|5?b|6|7!%|");
        check("%if %(true)\na\n%endif\nb", "1?|2?a|3|4b|");
    }

    #[test]
    fn some_constructs_are_always_errors() {
        refused("a\n%include other.spec\n", 2, "%include other.spec");
        refused("a\n\n%{lua: print(1)}", 3, "%{lua: print(1)}");
        refused("%if 1\na", 1, "no `%endif`");
        refused("a\n%else", 2, "no `%if`");
        refused("%if foo\n%endif", 1, "without quotes");
        refused("a\n%{x", 2, "never closed");
    }
}
