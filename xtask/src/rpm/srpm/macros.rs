//! Expands RPM macros that have the same value on every machine.
//!
//! The table begins with the macros that all distributions define equally, and with those of an architecture; the spec adds
//! its own. No macros of a command line or a distribution are loaded, and no program is run. A macro without a value stays
//! in the text, as an undefined macro does in `rpmbuild`, and the expansion has a [`Beyond`]; the caller decides whether
//! that is an error. Macros that could define other macros or add sections (`%{lua:…}`, `%{load:…}`, macros that add whole
//! packages) are always errors.
//!
//! A source package is built on several distributions. So the table also keeps which values would be others there
//! ([`Varies`]).

use std::collections::HashMap;

use crate::rpm::srpm::error::{Beyond, Varies};
use crate::rpm::srpm::expression::evaluate_with;
use crate::rpm::srpm::known;
use crate::rpm::srpm::scan::{MacroCall, matching, parse_call};
use crate::rpm::srpm::token::ExpressionError;
use crate::rpm::srpm::value::{Definition, Expansion};

/// Whether a macro is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existence {
    pub exists: bool,
    /// Why it is otherwise, or has another value, on another distribution or architecture.
    pub varies: Option<Varies>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct MacroEntry {
    /// How many bodies of macros with arguments were being expanded when the macro was defined; it goes with that body.
    level: usize,
    definition: Definition,
}

/// The macros that are defined at a line of a spec.
#[derive(Clone, Debug)]
pub struct Macros {
    /// The definitions of each macro; the last one counts, until it is undefined.
    table: HashMap<String, Vec<MacroEntry>>,
    /// The macros whose definition is another one on another distribution or architecture.
    varying: HashMap<String, Varies>,
    /// Why the text that is being expanded counts on some distributions only.
    pub within: Option<Varies>,
    /// Texts that count on other distributions only.
    pub elsewhere: Vec<Expansion>,
    pub(super) level: usize,
    depth: usize,
}

/// The limit of nested expansions, so that a macro that contains itself cannot overflow the stack.
const DEEPEST: usize = 40;
/// The highest number of bytes that an expansion may add to its text.
const LONGEST: usize = 1 << 20;
/// Marks the ends of a quoted argument, as in rpm, until the whole text is expanded.
pub const QUOTE: char = '\u{1f}';

impl Macros {
    /// The macros before the first line of a spec, on a machine with this architecture.
    pub fn of(architecture: Option<&str>) -> Macros {
        let mut macros = Macros {
            table: HashMap::new(),
            varying: HashMap::new(),
            within: None,
            elsewhere: Vec::new(),
            level: 0,
            depth: 0,
        };
        for (name, definition) in known::definitions(architecture) {
            macros.push(name, definition);
        }
        let varies = || Varies("the architecture".to_owned());
        macros.varying.extend(known::OF_THE_ARCHITECTURE.map(|name| (name.to_owned(), varies())));
        macros
    }

    /// Defines `name` outside of all macros with arguments.
    pub fn push(&mut self, name: &str, definition: Definition) {
        self.push_at(0, name, definition, None);
    }

    /// Defines `name` at a level of macros with arguments.
    pub fn push_at(&mut self, level: usize, name: &str, definition: Definition, varies: Option<Varies>) {
        match varies.or_else(|| self.within.clone()) {
            _ if matches!(definition, Definition::Argument(_)) => {} // its value says so
            Some(varies) => drop(self.varying.insert(name.to_owned(), varies)),
            None => drop(self.varying.remove(name)),
        }
        self.table.entry(name.to_owned()).or_default().push(MacroEntry { level, definition });
    }

    /// Defines `name` as `value`, as a tag of the preamble does.
    pub fn define(&mut self, name: &str, value: Expansion) {
        self.push_at(0, name, Definition::Body(value.text, value.beyond), value.varies);
    }

    /// Removes the last definition of `name`.
    pub fn undefine(&mut self, name: &str) {
        self.table.get_mut(name).map(Vec::pop);
        match self.within.clone() {
            Some(varies) => drop(self.varying.insert(name.to_owned(), varies)),
            None => drop(self.varying.remove(name)),
        }
    }

    /// Removes the definitions inside the macro with arguments that ends.
    pub fn leave_level(&mut self) {
        let level = self.level;
        for entries in self.table.values_mut() {
            entries.retain(|entry| entry.level < level);
        }
        self.level -= 1;
    }

    /// The definition that counts.
    pub fn find(&self, name: &str) -> Option<&Definition> {
        let entry = self.table.get(name)?.last()?;
        let is_seen = !matches!(entry.definition, Definition::Argument(_)) || entry.level == self.level;
        is_seen.then_some(&entry.definition)
    }

    /// Why `name` is otherwise on another distribution or architecture.
    fn varies(&self, name: &str) -> Option<Varies> {
        let named = || Varies(format!("%{{{name}}}"));
        let is_unknown = || self.find(name).is_none() && known::is_of_distributions(name);
        self.varying.get(name).cloned().or_else(|| is_unknown().then(named))
    }

    /// Whether `name` is defined; an error if that depends on a branch that may not be taken.
    pub fn existence(&self, name: &str) -> Result<Existence, Beyond> {
        match self.find(name) {
            Some(Definition::Doubtful(reason)) => Err(reason.clone()),
            definition => {
                Ok(Existence { exists: definition.is_some() || known::is_builtin(name), varies: self.varies(name) })
            }
        }
    }

    /// Marks all macros that differ from `earlier` as doubtful: they were defined in a branch that may not be taken.
    pub fn doubt_since(&mut self, earlier: &Macros, reason: &Beyond) {
        for name in self.different_from(earlier) {
            self.push(&name, Definition::Doubtful(reason.clone()));
        }
    }

    /// Marks all macros that differ in `other`: they have other definitions on another distribution or architecture.
    pub fn vary_since(&mut self, other: &Macros, reason: &Varies) {
        for name in self.different_from(other) {
            self.varying.insert(name, reason.clone());
        }
    }

    /// Marks the macro `name`: it has another definition on another distribution or architecture.
    pub fn vary(&mut self, name: &str, reason: Varies) {
        self.varying.insert(name.to_owned(), reason);
    }

    fn different_from(&self, other: &Macros) -> Vec<String> {
        let names = self.table.keys().chain(other.table.keys());
        names.filter(|&name| self.find(name) != other.find(name)).cloned().collect()
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
            Ok(expansion) if self.depth == 0 && expansion.text.contains(QUOTE) => {
                Ok(Expansion { text: expansion.text.replace(QUOTE, ""), ..expansion })
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
        let mut varies = None;
        let mut failed = None;
        let value = evaluate_with(inside, &mut |operand: &str| match self.expand(operand) {
            Ok(Expansion { text, beyond: None, varies: reason }) => {
                varies = varies.take().or(reason);
                Ok(text)
            }
            Ok(Expansion { beyond: Some(beyond), .. }) => Err(beyond),
            Err(beyond) => {
                failed = Some(beyond.clone());
                Err(beyond)
            }
        });
        if let Some(beyond) = failed {
            return Err(beyond);
        }
        let (text, beyond) = match value {
            Ok(value) => (value.to_string(), None),
            Err(ExpressionError::Unknown(beyond)) => ("%".to_owned(), Some(beyond)),
            Err(error) => ("%".to_owned(), Some(Beyond::foreign(format!("an expression ({error})")))),
        };
        Ok(Expansion { text, beyond, varies })
    }

    /// Expands the call at the start of `after`, which follows a `%`. Returns the text after the call.
    fn expand_call<'t>(&mut self, after: &'t str, result: &mut Expansion) -> Result<&'t str, Beyond> {
        let Some(call) = parse_call(after).map_err(|()| unclosed(after))? else {
            result.text.push('%'); // a percent sign of the text, as in `100% sure`
            return Ok(after);
        };
        let behind = &after[call.length..];
        let alternative = call.argument.filter(|_| call.separator == Some(':'));
        if call.name.starts_with('-') {
            self.expand_option(call.name, call.negated, alternative, result)?;
            return Ok(behind);
        }
        if !call.checks_existence {
            return match self.find(call.name) {
                Some(_) => self.expand_defined(&call, after, result),
                None => self.expand_builtin(&call, after, result),
            };
        }
        let existence = match self.existence(call.name) {
            Ok(existence) => existence,
            Err(reason) => {
                result.text.push('%');
                result.note(Some(reason));
                return Ok(behind);
            }
        };
        result.vary(existence.varies.clone());
        if existence.exists == call.negated {
            if let (Some(varies), Some(text)) = (existence.varies, alternative) {
                self.look_elsewhere(text, varies);
            }
            return Ok(behind);
        }
        match alternative.filter(|text| !text.is_empty()) {
            Some(text) => {
                let outer = self.within.clone();
                self.within = existence.varies.or(self.within.take());
                let expanded = self.expand(text);
                self.within = outer;
                result.append(expanded?);
                Ok(behind)
            }
            None if call.negated => Ok(behind),
            None if self.find(call.name).is_none() => self.expand_builtin(&call, after, result),
            None => self.expand_defined(&call, after, result),
        }
    }

    /// Keeps a text that counts on other distributions only, and marks the macros that it defines.
    fn look_elsewhere(&mut self, text: &str, varies: Varies) {
        if !text.contains('%') && !text.contains(':') {
            return; // neither a definition nor a tag
        }
        let mut other = self.clone();
        other.within = Some(varies.clone());
        other.elsewhere.clear();
        let expanded = other.expand(text).unwrap_or_else(|beyond| Expansion {
            text: text.to_owned(),
            beyond: Some(beyond),
            varies: None,
        });
        self.vary_since(&other, &varies);
        self.elsewhere.push(Expansion { varies: Some(varies), ..expanded });
        self.elsewhere.append(&mut other.elsewhere);
    }

    /// Expands a call of a macro that is defined. Returns the text after the call and its arguments.
    fn expand_defined<'t>(
        &mut self,
        call: &MacroCall<'t>,
        after: &'t str,
        result: &mut Expansion,
    ) -> Result<&'t str, Beyond> {
        let (behind, written) = (&after[call.length..], &after[..call.length]);
        result.vary(self.varies(call.name));
        match self.find(call.name).cloned() {
            Some(Definition::Body(body, beyond)) => {
                result.note(beyond);
                result.append(self.expand(&body)?);
            }
            Some(Definition::Parametric { options, body, beyond }) => {
                result.note(beyond);
                return self.expand_parametric(call, after, (&options, &body), result);
            }
            Some(Definition::Argument(value)) => result.append(value),
            Some(Definition::Doubtful(reason)) => {
                result.text.push('%');
                result.note(Some(reason));
            }
            Some(Definition::Foreign) if known::is_refused(call.name) => {
                return Err(Beyond::foreign(format!("`%{}`", shortened(written))));
            }
            Some(Definition::Foreign) | None => {
                result.text.push('%');
                result.text.push_str(written);
                result.note(Some(Beyond::foreign(format!("`%{}`", shortened(written)))));
            }
        }
        Ok(behind)
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
