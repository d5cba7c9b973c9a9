//! Reads the macros that a spec defines in its preamble, as text: no condition is evaluated, and nothing is run.
//!
//! `rpm/srpm` evaluates a spec as rpm does. This is for the places that must be known before, such as the name of the project,
//! and for those that are rewritten, such as the macro that holds the version.

use std::collections::BTreeMap;

use crate::project::spec_text::{begins_section, stated_tag, tag_value};

/// A `%global` or `%define` in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacroDefinition<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// The place of the value in the line.
    pub start: usize,
}

/// The definition of a macro without arguments in a line, also as `%{!?name:%global name value}`.
pub fn definition(line: &str) -> Option<MacroDefinition<'_>> {
    let text = line.trim_start();
    let lead = line.len() - text.len();
    let (inner, is_guarded) = match text.strip_prefix("%{").and_then(|_| text.find(":").map(|at| &text[at + 1..])) {
        Some(inner) => (inner.trim_start(), true),
        None => (text, false),
    };
    let rest = inner.strip_prefix("%global").or_else(|| inner.strip_prefix("%define"))?;
    let body = rest.trim_start_matches([' ', '\t']);
    let length = body.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(body.len());
    let (name, after) = body.split_at(length);
    if body.len() == rest.len() || name.is_empty() || !after.starts_with([' ', '\t']) {
        return None;
    }
    let value = after.trim();
    let value = if is_guarded { value.strip_suffix('}')?.trim_end() } else { value };
    let start = lead + text.len() - after.trim_start().len();
    Some(MacroDefinition { name, value, start })
}

/// The macros of a preamble, and those that its tags define.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecMacros {
    values: BTreeMap<String, String>,
}

/// The limit of nested macros, so that one that contains itself has no value.
const DEEPEST: usize = 20;

impl SpecMacros {
    /// Reads the main preamble. Of several definitions of a macro the last one counts.
    pub fn of(spec: &str) -> SpecMacros {
        let mut macros = SpecMacros::default();
        for line in spec.lines().take_while(|line| !begins_section(line)) {
            if let Some(MacroDefinition { name, value, .. }) = definition(line) {
                macros.set(name, value);
            }
            for tag in ["Name", "Version", "Release", "URL"] {
                if let Some(value) = tag_value(line, tag) {
                    macros.set(&tag.to_ascii_lowercase(), value.trim_end());
                }
            }
        }
        macros
    }

    /// Sets the value of a macro.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// The text with its macros expanded; `None` if one of them has no value here.
    pub fn expand(&self, text: &str) -> Option<String> {
        self.expand_to(text, 0)
    }

    fn expand_to(&self, text: &str, depth: usize) -> Option<String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            expanded.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix('%') {
                expanded.push('%');
                rest = after;
                continue;
            }
            let (call, behind) = take_call(after)?;
            let value = self.value_of(&call, depth)?;
            expanded.push_str(&value);
            rest = behind;
        }
        expanded.push_str(rest);
        Some(expanded)
    }

    fn value_of(&self, call: &PreambleCall<'_>, depth: usize) -> Option<String> {
        if depth == DEEPEST {
            return None;
        }
        match (self.values.get(call.name), call.condition) {
            (Some(_), CallCondition::Undefined) | (None, CallCondition::Defined) => Some(String::new()),
            (None, CallCondition::None) => None,
            (value, _) => match (call.argument, value) {
                (Some(argument), _) => self.expand_to(argument, depth + 1),
                (None, Some(value)) => self.expand_to(value, depth + 1),
                (None, None) => Some(String::new()),
            },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CallCondition {
    None,
    /// `%{?name}`
    Defined,
    /// `%{!?name}`
    Undefined,
}

struct PreambleCall<'a> {
    name: &'a str,
    condition: CallCondition,
    argument: Option<&'a str>,
}

/// The call that follows a `%`, and the text behind it.
fn take_call(after: &str) -> Option<(PreambleCall<'_>, &str)> {
    let (inner, behind) = match after.strip_prefix('{') {
        Some(body) => {
            let mut depth = 1;
            let end = body.char_indices().find(|(_, letter)| {
                depth += i32::from(*letter == '{') - i32::from(*letter == '}');
                depth == 0
            });
            let end = end?.0;
            (&body[..end], &body[end + 1..])
        }
        None => {
            let signs = after.len() - after.trim_start_matches(['?', '!']).len();
            let word = &after[signs..];
            let length =
                word.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(word.len());
            after.split_at(signs + length)
        }
    };
    let word = inner.trim_start_matches(['?', '!']);
    let signs = &inner[..inner.len() - word.len()];
    let condition = match (signs.contains('?'), signs.contains('!')) {
        (false, _) => CallCondition::None,
        (true, false) => CallCondition::Defined,
        (true, true) => CallCondition::Undefined,
    };
    let (name, argument) = word.split_once(':').map_or((word, None), |(name, argument)| (name, Some(argument)));
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let is_plain = is_name && (argument.is_none() || condition != CallCondition::None);
    is_plain.then_some((PreambleCall { name, condition, argument }, behind))
}

/// The name of the macro if a text is one call of a macro and nothing else: `%{x}`, `%{?x}` or `%x`.
pub fn single_macro(text: &str) -> Option<&str> {
    let (call, behind) = take_call(text.trim().strip_prefix('%')?)?;
    (behind.is_empty() && call.condition != CallCondition::Undefined && call.argument.is_none()).then_some(call.name)
}

/// The `Name:` of a spec; macros that the spec defines itself are expanded. `None` if it is not a plain text then.
pub fn plain_name(spec: &str) -> Option<String> {
    let name = SpecMacros::of(spec).expand(stated_tag(spec, "Name")?)?;
    (!name.is_empty() && !name.contains(['@', '{', ' '])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_found_in_their_forms() {
        for (line, found) in [
            ("%global x 1.2", Some(("x", "1.2", 10))),
            ("  %define  x\t%{y} z ", Some(("x", "%{y} z", 13))),
            ("%{!?x:%global x 1.2}", Some(("x", "1.2", 16))),
            ("%{!?x: %define x 1.2 }", Some(("x", "1.2", 17))),
            ("%define x() 1", None),
            ("%globalx 1", None),
            ("Version: 1", None),
        ] {
            let found_here = definition(line).map(|MacroDefinition { name, value, start }| (name, value, start));
            assert_eq!(found_here, found, "{line}");
        }
    }

    #[test]
    fn macros_of_the_preamble_are_expanded() {
        let spec =
            "%global base lago\n%{!?ver:%global ver 1.2}\nName: %{base}-x\nVersion: %ver\n%prep\n%global base other\n";
        let macros = SpecMacros::of(spec);
        for (text, expanded) in [
            ("%{name}-%{version}.tar.gz", Some("lago-x-1.2.tar.gz")),
            ("%name%{?dist}%{!?dist:y}%{?base:z}%%", Some("lago-xyz%")),
            ("%{unknown}", None),
            ("%(date)", None),
            ("%{lua:x}", None),
        ] {
            assert_eq!(macros.expand(text).as_deref(), expanded, "{text}");
        }
        let mut macros = macros;
        macros.set("loop", "%{loop}");
        assert_eq!(macros.expand("%{loop}"), None);
        assert_eq!((single_macro("%{?x}"), single_macro("%x"), single_macro("%{x}.1")), (Some("x"), Some("x"), None));
    }
}
