//! Reads a spec line by line, as `rpmbuild` does: joins continued lines, expands macros, and skips branches of `%if`.
//!
//! A skipped line becomes an empty line, because a description keeps its empty lines. The condition of a branch may have no
//! value here (`%if 0%{?x:%(…)}`). The lines of such a branch are doubtful, and the macros that it defines have no value
//! after it.
//!
//! The condition of a skipped branch may hold on another distribution or architecture (`%if 0%{?rhel}`). Such a branch is
//! read as well, with macros of its own; its lines come after it, with the mark `elsewhere`.

use std::collections::VecDeque;

use crate::rpm::srpm::branch::{Branch, BranchDirective, Tristate};
use crate::rpm::srpm::directive::{Directive, FileLine, join};
use crate::rpm::srpm::error::{Beyond, SpecError, Varies};
use crate::rpm::srpm::expression;
use crate::rpm::srpm::known;
use crate::rpm::srpm::macros::Macros;
use crate::rpm::srpm::scan::parse_call;
use crate::rpm::srpm::spec_line::{Elsewhere, SpecLine, elsewhere_lines};
use crate::rpm::srpm::value::Expansion;

/// Whether a condition that is no expression is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineReading {
    Strict,
    /// In a branch for other distributions, `%{rhel} > 7` has no value here.
    Lenient,
}

/// Reads the lines of a spec; see the documentation of this module.
pub struct SpecLines {
    source: VecDeque<FileLine>,
    ready: VecDeque<SpecLine>,
    open: Vec<Branch>,
    /// The lines of the open branch that counts elsewhere.
    skipped: Vec<FileLine>,
    /// The architecture that the package is built on; `None` where it is not known.
    architecture: Option<String>,
    mode: LineReading,
    last: usize,
}

impl SpecLines {
    /// Begins at the top of `spec`.
    ///
    /// Errors: a bracket that is never closed.
    pub fn new(spec: &str, architecture: Option<String>) -> Result<SpecLines, SpecError> {
        Ok(SpecLines::of(join(spec)?, architecture, LineReading::Strict))
    }

    fn of(source: VecDeque<FileLine>, architecture: Option<String>, mode: LineReading) -> SpecLines {
        let (ready, open, skipped) = (VecDeque::new(), Vec::new(), Vec::new());
        SpecLines { source, ready, open, skipped, architecture, mode, last: 1 }
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
            let Some(line) = self.source.pop_front() else {
                return match self.open.last() {
                    None => Ok(None),
                    Some(branch) => Err(SpecError::broken(branch.line, "this `%if` has no `%endif`")),
                };
            };
            self.last = line.number + line.text.matches('\n').count();
            self.read(&line, macros)?;
        }
    }

    fn read(&mut self, line: &FileLine, macros: &mut Macros) -> Result<(), SpecError> {
        let FileLine { number, text } = line;
        let directive = Directive::of(text.trim_start()).map(|(directive, _)| directive);
        let is_alternative = matches!(directive, Some(Directive::Elif | Directive::Elifarch | Directive::Elifos));
        let is_kept = self.keep(line, directive);
        let expands = if is_alternative { self.otherwise() != Tristate::No } else { self.taken() != Tristate::No };
        macros.within = self.open.iter().find_map(|branch| branch.varies.clone());
        // A definition includes the line end after it, so the line is expanded with its line end.
        let source = format!("{text}\n");
        let is_call = directive.is_none() && text.trim_start().starts_with('%');
        let expansion = if expands {
            match macros.expand(&source) {
                // `%{?rhel:Source: x}` is a line elsewhere, but not another one.
                Ok(expansion) if is_call => Expansion { varies: None, ..expansion },
                Ok(expansion) => expansion,
                Err(beyond) if self.mode == LineReading::Lenient => {
                    Expansion { text: source, beyond: Some(beyond), varies: None }
                }
                Err(beyond) => return Err(SpecError::beyond(*number, beyond)),
            }
        } else {
            Expansion::of(source)
        };
        self.split(*number, expansion, macros)?;
        if !is_kept && !self.skipped.is_empty() {
            self.look_elsewhere(macros);
        }
        for expansion in std::mem::take(&mut macros.elsewhere) {
            self.add_elsewhere(*number, expansion);
        }
        Ok(())
    }

    /// Keeps a line of a branch that counts elsewhere; `false` if there is no such branch, or it ends with this line.
    fn keep(&mut self, line: &FileLine, directive: Option<Directive>) -> bool {
        let Some(first) = self.open.iter().position(|branch| branch.taken == Tristate::No) else { return false };
        let ends = first + 1 == self.open.len() && directive.is_some_and(Directive::ends_branch);
        let counts = self.open[first].varies.is_some();
        if !ends && counts {
            self.skipped.push(line.clone());
        }
        !ends && counts
    }

    /// Splits an expanded line at its line ends, and follows the directives in it.
    fn split(&mut self, number: usize, expansion: Expansion, macros: &mut Macros) -> Result<(), SpecError> {
        let Expansion { text, beyond, varies } = expansion;
        // An escaped line end inside a directive is white space.
        let text = match Directive::of(text.trim_start()) {
            Some(_) => text.replace("\\\n", "  "),
            None => text,
        };
        let whole = text.strip_suffix('\n');
        let count = whole.unwrap_or(&text).split('\n').count();
        for (line, index) in whole.unwrap_or(&text).split('\n').zip(1..) {
            let known = self.line(number, line, (beyond.as_ref(), varies.as_ref()), macros)?;
            let doubtful = match self.taken() {
                Tristate::Unknown(beyond) => Some(beyond),
                Tristate::Yes | Tristate::No => None,
            };
            let has_end = known.is_some() && (index < count || whole.is_some());
            let (text, beyond) = match known {
                Some(text) => (text, beyond.clone()),
                None => (String::new(), None),
            };
            let varies = varies.clone();
            self.ready.push_back(SpecLine { number, text, beyond, doubtful, varies, has_end, elsewhere: None });
        }
        Ok(())
    }

    /// The text of a line; `None` if it is a directive or skipped.
    fn line(
        &mut self,
        number: usize,
        line: &str,
        (beyond, varies): (Option<&Beyond>, Option<&Varies>),
        macros: &mut Macros,
    ) -> Result<Option<String>, SpecError> {
        let Some((directive, argument)) = Directive::of(line.trim_start()) else {
            return Ok((self.taken() != Tristate::No).then(|| line.to_owned()));
        };
        match directive {
            Directive::Include if self.taken() == Tristate::No || self.mode == LineReading::Lenient => {}
            Directive::Include => {
                return Err(SpecError::beyond(number, Beyond::foreign(format!("`%include{argument}`"))));
            }
            _ => self.follow(&BranchDirective { directive, argument, number, beyond, varies }, macros)?,
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
        let (mut branch, condition) = if step.directive.ends_branch() {
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
        } else {
            let condition = if outer == Tristate::No { Tristate::No } else { self.condition(step)? };
            (Branch::new(outer, step.number), condition)
        };
        branch.vary(step);
        branch.enter(condition, macros);
        self.open.push(branch);
        Ok(())
    }

    fn condition(&self, step: &BranchDirective<'_>) -> Result<Tristate, SpecError> {
        let &BranchDirective { directive, argument, number, beyond, .. } = step;
        if let Some(beyond) = beyond {
            let value = if directive.is_expression() && is_literal(argument) {
                expression::evaluate(argument).ok()
            } else {
                None
            };
            return Ok(match value.map(|value| value.is_true()) {
                Some(true) => Tristate::Yes,
                Some(false) => Tristate::No,
                None => Tristate::Unknown(beyond.clone()),
            });
        }
        let names = |wanted: &str| argument.split_whitespace().any(|name| name.eq_ignore_ascii_case(wanted));
        let answer = match (directive, &self.architecture) {
            (Directive::Ifos | Directive::Elifos, _) => names("linux"),
            (Directive::Ifnos, _) => !names("linux"),
            (Directive::Ifarch | Directive::Elifarch, Some(architecture)) => names(architecture),
            (Directive::Ifnarch, Some(architecture)) => !names(architecture),
            (Directive::Ifarch | Directive::Elifarch | Directive::Ifnarch, None) => {
                let names = argument.trim();
                return Ok(Tristate::Unknown(Beyond::foreign(format!("what depends on the architecture ({names})"))));
            }
            _ => match expression::evaluate(argument) {
                Ok(value) => value.is_true(),
                Err(error) => {
                    let text = format!("not a condition: `{}`: {error}", argument.trim());
                    return match self.mode {
                        LineReading::Strict => Err(SpecError::broken(number, text)),
                        LineReading::Lenient => Ok(Tristate::Unknown(Beyond::foreign(text))),
                    };
                }
            },
        };
        Ok(if answer { Tristate::Yes } else { Tristate::No })
    }

    /// Reads the lines of the branch that has ended, with macros of its own.
    fn look_elsewhere(&mut self, macros: &mut Macros) {
        let lines = VecDeque::from(std::mem::take(&mut self.skipped));
        let reason = self.open.iter().find_map(|branch| branch.varies.clone());
        let reason = reason.or_else(|| macros.within.clone()).unwrap_or_else(|| Varies("a condition".to_owned()));
        let mut other = macros.clone();
        other.elsewhere.clear();
        let (mut found, mut number) = (Vec::new(), lines.front().map_or(1, |line| line.number));
        let mut reader = SpecLines::of(lines, self.architecture.clone(), LineReading::Lenient);
        loop {
            match reader.next(&mut other) {
                Ok(Some(line)) => {
                    number = line.number;
                    found.push(line);
                }
                Ok(None) => break,
                Err(error) => {
                    // The rest of the branch is lost: this is an error if it has a source.
                    let rest = reader.source.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n");
                    let beyond = Beyond::foreign(error.to_string());
                    found.extend(elsewhere_lines(number, Expansion { text: rest, beyond: Some(beyond), varies: None }));
                    break;
                }
            }
        }
        macros.vary_since(&other, &reason);
        for (index, line) in found.into_iter().enumerate() {
            let place = if index == 0 { Elsewhere::First } else { Elsewhere::Later };
            self.ready.push_back(SpecLine { elsewhere: Some(place), ..line });
        }
    }

    fn add_elsewhere(&mut self, number: usize, expansion: Expansion) {
        let expansion = Expansion { varies: None, ..expansion }; // its own lines do not vary by being there
        let lines = elsewhere_lines(number, expansion).into_iter().enumerate();
        self.ready.extend(lines.map(|(index, line)| {
            let place = if index == 0 { Elsewhere::First } else { Elsewhere::Later };
            SpecLine { elsewhere: Some(place), ..line }
        }));
    }
}

/// Whether all macros that are left in a condition are those of distributions: rpm compares `"%{copr_username}"` as it
/// stands where the macro is undefined.
fn is_literal(argument: &str) -> bool {
    let calls = argument.match_indices('%').map(|(at, _)| parse_call(&argument[at + 1..]));
    calls.into_iter().all(|call| matches!(call, Ok(Some(call)) if known::is_of_distributions(call.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the lines of a spec. `?` marks a line whose branch is unknown, `!` a line with a macro without a value, `~`
    /// a line that counts elsewhere.
    #[track_caller]
    fn check(spec: &str, expected: &str) {
        let mut macros = Macros::of(None);
        let mut lines = SpecLines::new(spec, None).unwrap();
        let mut seen = String::new();
        while let Some(line) = lines.next(&mut macros).unwrap() {
            if line.elsewhere.is_some() {
                seen.push_str(&format!("{}~{}|", line.number, line.text));
                continue;
            }
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
        let mut macros = Macros::of(None);
        let read = |macros: &mut Macros| {
            let mut lines = SpecLines::new(spec, None)?;
            while lines.next(macros)?.is_some() {}
            Ok(())
        };
        let error: SpecError = read(&mut macros).unwrap_err();
        assert_eq!(error.line, line);
        assert!(error.to_string().contains(fragment), "{error}");
    }

    #[test]
    fn branches_leave_empty_lines() {
        check("a\n%if 0%{?fedora}\nb\n%elif 1\nc\n%else\nd\n%endif\ne", "1a|2|3|4|3~b|5c|6|7|8|7~d|9e|");
        check("%if 0\n%if 1\na\n%else\nb\n%endif\n%else\nc\n%endif", "1|2|3|4|5|6|7|8c|9|");
        check("%if 1 && \\\n 1\na\n%endif", "1|3a|4|");
        check("%ifos linux\na\n%endif", "1|2a|3|");
    }

    #[test]
    fn branches_for_other_distributions_are_read_after_their_end() {
        check("%if 0%{?rhel}\n%global x 1\na%{x}\n%endif\n%{?x}", "1|2|3|4|2~|3~a1|5|");
        check("%if 0%{?rhel}\n%if %{rhel} > 7\na\n%else\nb\n%endif\n%endif", "1|2|3|4|5|6|7|2~|3~a|4~|5~b|6~|");
        check("%global x 0%{?rhel}\n%if %{x}\n%if 0\na\n%endif\nb\n%endif", "1|2|3|4|5|6|7|3~|4~|5~|6~b|");
        check("%{?rhel:a: b\n}c", "1c|1~a: b|");
        check("%if 0%{?other}\na\n%endif", "1|2|3|");
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
