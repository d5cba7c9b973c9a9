//! Expands RPM macros that have the same value on every machine.
//!
//! The table begins with the macros that all distributions define equally; the spec adds its own. No macros of a command
//! line or a distribution are loaded, and no program is run. A macro without a value stays in the text, as an undefined
//! macro does in `rpmbuild`, and the expansion has a [`Beyond`]; the caller decides whether that is an error. Macros that
//! could define other macros or add sections (`%{lua:…}`, `%{load:…}`, macros that add whole packages) are always errors.

use std::collections::HashMap;

use crate::rpm::srpm::error::Beyond;
use crate::rpm::srpm::expression;
use crate::rpm::srpm::known::{self, FOREIGN, UNIVERSAL};
use crate::rpm::srpm::scan::{matching, parse_call};

/// The definition of a macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// A text that is expanded again at each use, and the first part of it that could not be evaluated when it was defined.
    Body(String, Option<Beyond>),
    /// A macro with arguments; calls of such macros are not expanded.
    Parametric,
    /// A macro whose value depends on the machine.
    Foreign,
    /// A macro whose definition is in a branch that may not be taken.
    Doubtful(Beyond),
}

/// The result of an expansion.
///
/// Everything that could not be evaluated leaves a percent sign in the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The expanded text. Macros that could not be evaluated are unchanged.
    pub text: String,
    /// The first construct that could not be evaluated.
    pub beyond: Option<Beyond>,
}

impl Expansion {
    /// Adds a construct that could not be evaluated. The first one is kept, but `Foreign` replaces `Undefined`: an
    /// undefined macro may be defined before the text is expanded again.
    pub fn note(&mut self, beyond: Option<Beyond>) {
        self.beyond = match (self.beyond.take(), beyond) {
            (Some(Beyond::Undefined(_)) | None, Some(beyond @ Beyond::Foreign(_))) => Some(beyond),
            (first, second) => first.or(second),
        };
    }

    /// Appends another expansion.
    pub fn append(&mut self, other: Expansion) {
        self.text.push_str(&other.text);
        self.note(other.beyond);
    }
}

/// The macros that are defined at a line of a spec.
#[derive(Clone, Debug)]
pub struct Macros {
    /// The definitions of each macro; the last one counts, until it is undefined.
    table: HashMap<String, Vec<Definition>>,
    depth: usize,
}

/// The limit of nested expansions, so that a macro that contains itself cannot overflow the stack.
const DEEPEST: usize = 40;
/// The highest number of bytes that an expansion may add to its text.
const LONGEST: usize = 1 << 20;

impl Default for Macros {
    fn default() -> Macros {
        let universal = UNIVERSAL.iter().map(|&(name, body)| (name, Definition::Body(body.to_owned(), None)));
        let foreign = FOREIGN.split_whitespace().map(|name| (name, Definition::Foreign));
        let table = universal.chain(foreign).map(|(name, definition)| (name.to_owned(), vec![definition])).collect();
        Macros { table, depth: 0 }
    }
}

impl Macros {
    /// Defines `name`.
    pub fn push(&mut self, name: &str, definition: Definition) {
        self.table.entry(name.to_owned()).or_default().push(definition);
    }

    /// Defines `name` as `value`, as a tag of the preamble does.
    pub fn define(&mut self, name: &str, value: Expansion) {
        self.push(name, Definition::Body(value.text, value.beyond));
    }

    /// Removes the last definition of `name`.
    pub fn undefine(&mut self, name: &str) {
        self.table.get_mut(name).map(Vec::pop);
    }

    fn find(&self, name: &str) -> Option<&Definition> {
        self.table.get(name)?.last()
    }

    /// Whether `name` is defined; an error if that depends on a branch that may not be taken.
    pub fn exists(&self, name: &str) -> Result<bool, Beyond> {
        match self.find(name) {
            Some(Definition::Doubtful(reason)) => Err(reason.clone()),
            definition => Ok(definition.is_some()),
        }
    }

    /// Marks all macros that differ from `earlier` as doubtful: they were defined in a branch that may not be taken.
    pub fn doubt_since(&mut self, earlier: &Macros, reason: &Beyond) {
        let names = self.table.keys().chain(earlier.table.keys());
        let changed: Vec<String> = names.filter(|&name| self.find(name) != earlier.find(name)).cloned().collect();
        for name in changed {
            self.push(&name, Definition::Doubtful(reason.clone()));
        }
    }

    /// Expands `text`, and carries out the definitions in it.
    ///
    /// Errors: a construct that is always an error, even if the text is not used.
    pub fn expand(&mut self, text: &str) -> Result<Expansion, Beyond> {
        if self.depth > DEEPEST {
            return Err(Beyond::foreign("a macro that contains itself"));
        }
        self.depth += 1;
        let result = self.expand_level(text);
        self.depth -= 1;
        match result {
            Ok(expansion) if expansion.text.len() > LONGEST + text.len() => {
                Err(Beyond::foreign("a macro that grows without end"))
            }
            result => result,
        }
    }

    fn expand_level(&mut self, text: &str) -> Result<Expansion, Beyond> {
        let mut result = Expansion::default();
        let mut rest = text;
        while let Some(percent) = rest.find('%') {
            result.text.push_str(&rest[..percent]);
            let after = &rest[percent + 1..];
            rest = match after.chars().next() {
                None => {
                    result.text.push('%');
                    after
                }
                Some('%') => {
                    result.text.push('%');
                    &after[1..]
                }
                Some('(') => {
                    let end = matching(after, '(', ')').ok_or_else(|| unclosed(after))?;
                    result.text.push_str(&rest[percent..percent + 1 + end]);
                    result.note(Some(Beyond::foreign(format!("`%{}`", shortened(&after[..end])))));
                    &after[end..]
                }
                Some('[') => {
                    let end = matching(after, '[', ']').ok_or_else(|| unclosed(after))?;
                    result.append(self.expand_expression(&after[1..end - 1])?);
                    &after[end..]
                }
                Some(_) => self.expand_call(after, &mut result)?,
            };
        }
        result.text.push_str(rest);
        Ok(result)
    }

    fn expand_expression(&mut self, inside: &str) -> Result<Expansion, Beyond> {
        let inside = self.expand(inside)?;
        if inside.beyond.is_some() {
            return Ok(Expansion { text: "%".to_owned(), beyond: inside.beyond });
        }
        Ok(match expression::evaluate(&inside.text) {
            Ok(value) => Expansion { text: value.to_string(), beyond: None },
            Err(error) => {
                Expansion { text: "%".to_owned(), beyond: Some(Beyond::foreign(format!("an expression ({error})"))) }
            }
        })
    }

    /// Expands the call at the start of `after`, which follows a `%`. Returns the text after the call.
    fn expand_call<'t>(&mut self, after: &'t str, result: &mut Expansion) -> Result<&'t str, Beyond> {
        let Some(call) = parse_call(after).map_err(|()| unclosed(after))? else {
            result.text.push('%'); // a percent sign of the text, as in `100% sure`
            return Ok(after);
        };
        let behind = &after[call.length..];
        if call.checks_existence {
            match self.exists(call.name) {
                Err(reason) => {
                    result.text.push('%');
                    result.note(Some(reason));
                }
                Ok(exists) if exists == call.negated => {}
                Ok(_) => match call.argument.filter(|argument| !argument.is_empty()) {
                    Some(argument) => result.append(self.expand(argument)?),
                    None if call.negated => {}
                    None => self.expand_value(call.name, &after[..call.length], result)?,
                },
            }
            return Ok(behind);
        }
        match self.find(call.name) {
            Some(_) => {
                self.expand_value(call.name, &after[..call.length], result)?;
                Ok(behind)
            }
            None => self.expand_builtin(&call, after, result),
        }
    }

    /// Expands the macro `name`. Without a value, the call `written` stays in the text.
    fn expand_value(&mut self, name: &str, written: &str, result: &mut Expansion) -> Result<(), Beyond> {
        match self.find(name).cloned() {
            Some(Definition::Body(body, beyond)) => {
                result.note(beyond);
                result.append(self.expand(&body)?);
            }
            Some(Definition::Doubtful(reason)) => {
                result.text.push('%');
                result.note(Some(reason));
            }
            Some(Definition::Foreign) if known::is_refused(name) => {
                return Err(Beyond::foreign(format!("`%{}`", shortened(written))));
            }
            Some(Definition::Parametric | Definition::Foreign) | None => {
                result.text.push('%');
                result.text.push_str(written);
                result.note(Some(Beyond::foreign(format!("`%{}`", shortened(written)))));
            }
        }
        Ok(())
    }
}

/// The error for a bracket at the start of `after` that is never closed.
fn unclosed(after: &str) -> Beyond {
    Beyond::foreign(format!("`%{}`, which has no end,", shortened(after)))
}

/// The first line of a construct, short enough for a message.
pub fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.len() < text.len() => format!("{line}…"),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expands the lines one after the other, and compares the last one.
    #[track_caller]
    fn check(lines: &str, expected: &str) {
        let mut macros = Macros::default();
        let mut last = Expansion::default();
        for line in lines.lines() {
            last = macros.expand(line).unwrap();
        }
        assert_eq!(last, Expansion { text: expected.to_owned(), beyond: None }, "{lines}");
    }

    /// Expands the lines, and compares the construct of the last line that has no value.
    #[track_caller]
    fn beyond(lines: &str, expected: &str) {
        let mut macros = Macros::default();
        let mut last = Ok(Expansion::default());
        for line in lines.lines() {
            last = macros.expand(line);
        }
        let said = last.map_or_else(Some, |expansion| expansion.beyond).map(|beyond| beyond.to_string());
        assert!(said.as_ref().is_some_and(|said| said.contains(expected)), "{lines}: {said:?}");
    }

    #[test]
    fn defined_macros_are_expanded() {
        for (lines, expected) in [
            ("100% of %%x, % and %", "100% of %x, % and %"),
            ("%global x 1\n%x%{x}%{?x}%?x", "1111"),
            ("%global x 1\n[%{?x:yes}%{!?x:no}%{?y:yes}%{!?y:no}%{?y}]", "[yesno]"),
            ("%global x 1\n%{?x:}", "1"),
            ("%{!?x:%global x 2}\n%{!?x:%global x 3}\n%x", "2"),
            ("%define x %{y}\n%define y 1\n%define y 2\n%{x}", "2"),
            ("%global y 1\n%global x %{y}\n%global y 2\n%{x}", "1"),
            ("%global x %{y}\n%global y 2\n%{x}", "2"),
            ("%global x %%{y}\n%global y 3\n%{x}", "3"),
            ("%global x {a b}c\n%{x}", "a b"),
            ("%global x 1\n%undefine x\n%{?x}", ""),
            ("%define x 1\n%define x 2\n%undefine x\n%{x}", "1"),
            ("%global x 1\n%{defined x}%{undefined x}%{defined y}%{undefined y}", "1001"),
            ("%bcond_with a\n%bcond_without b\n%{with a}%{without a}%{with b}%{without b}%{?with_b}", "01101"),
            ("%bcond a 1\n%bcond b 0\n%bcond c %{with a}\n%{with a}%{with b}%{with c}", "101"),
            ("%global _with_a 1\n%bcond_with a\n%{with a}", "1"),
            ("%global n 2\n%[%n * 3 > 5 ? \"yes\" : \"no\"]", "yes"),
            ("%global x y\n%global y 7\n%{expand:%%{%{x}}}", "7"),
            ("a%dnl b %(c)", "a"),
            ("%{_bindir}/x %{nil}.", "/usr/bin/x ."),
            ("%files, %patch0, %d and %setup", "%files, %patch0, %d and %setup"),
        ] {
            check(lines, expected);
        }
    }

    #[test]
    fn macros_without_a_value_are_named() {
        for (lines, expected) in [
            ("%{x}", "`%{x}` is not defined"),
            ("a%{?y}%name_of_it", "`%name_of_it` is not defined"),
            ("%(date)", "`%(date)` is not resolved"),
            ("%global x %(date)\na%{x}", "`%(date)`"),
            ("%global x %{_lib}\n%global _lib lib\n%{x}", "`%{_lib}`"),
            ("%{?_isa}", "`%{?_isa}`"),
            ("%[1 +]", "an expression (the operators do not fit)"),
            ("%[%{x} > 1]", "`%{x}` is not defined"),
            ("%define f() %1\n%{f 1}", "`%{f 1}`"),
            ("%{lua:print(1)}", "`%{lua:print(1)}`"),
            ("%{load:/x}", "`%{load:/x}`"),
            ("%{?debug_package}", "`%{?debug_package}`"),
            ("%autorelease", "`%autorelease`"),
            ("%define x %{x}\n%{x}", "contains itself"),
            ("%{upper:abc}", "`%{upper:abc}` is not defined"),
        ] {
            beyond(lines, expected);
        }
    }
}
