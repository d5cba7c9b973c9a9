//! The built-in macros: definitions (`%global`), build conditions (`%bcond`) and tests (`%{with x}`).

use crate::rpm::srpm::error::Beyond;
use crate::rpm::srpm::expression;
use crate::rpm::srpm::known;
use crate::rpm::srpm::macros::{Macros, shortened};
use crate::rpm::srpm::scan::{MacroCall, rest_of_line, take_definition};
use crate::rpm::srpm::value::{Definition, Expansion};

impl Macros {
    /// Expands a call of a macro that the spec has not defined. A macro that is not built in stays in the text.
    pub fn expand_builtin<'t>(
        &mut self,
        call: &MacroCall<'t>,
        after: &'t str,
        result: &mut Expansion,
    ) -> Result<&'t str, Beyond> {
        let behind = &after[call.length..];
        let (arguments, behind_line) =
            if call.braced { (call.argument.unwrap_or_default(), behind) } else { rest_of_line(behind) };
        match call.name {
            "global" | "define" => return self.expand_definition(call, arguments, behind),
            "dnl" => return Ok(behind_line),
            "echo" | "warn" if call.argument.is_some() => return Ok(behind), // it is printed only
            "undefine" => {
                self.undefine(arguments.trim());
                return Ok(behind_line);
            }
            "with" | "without" | "defined" | "undefined" => {
                self.test(call.name, arguments, result)?;
                return Ok(behind_line);
            }
            "bcond" | "bcond_with" | "bcond_without" => {
                self.choose(call.name, arguments)?;
                return Ok(behind_line);
            }
            "expand" if call.argument.is_some() => {
                let once = self.expand(arguments)?;
                result.note(once.beyond);
                result.vary(once.varies);
                result.append(self.expand(&once.text)?);
                return Ok(behind);
            }
            name if known::TEXT_MACROS.contains(&name) && call.argument.is_some() => {
                if let Some(value) = self.expand_text_macro(call)? {
                    result.append(value);
                    return Ok(behind);
                }
            }
            name if known::is_refused(name) => {
                return Err(Beyond::foreign(format!("`%{}`", shortened(&after[..call.length]))));
            }
            _ => {}
        }
        // The call stays in the text, but macros inside it are expanded, as in `%{undefined_%{name}}`.
        result.text.push('%');
        let is_word = !call.braced && (call.name.len() <= 2 || known::is_word_of_specs(call.name));
        if !is_word {
            let written = format!("%{}", shortened(&after[..call.length]));
            result.note(Some(match known::is_builtin(call.name) {
                true => Beyond::foreign(format!("`{written}`")),
                false => Beyond::Undefined(written),
            }));
        }
        Ok(after)
    }

    /// `%{with name}`, `%{defined name}` and their opposites: `1` or `0`.
    fn test(&mut self, kind: &str, arguments: &str, result: &mut Expansion) -> Result<(), Beyond> {
        let name = self.expand(arguments)?;
        result.note(name.beyond);
        let prefix = if kind.starts_with("with") { "with_" } else { "" };
        let wanted = matches!(kind, "with" | "defined");
        match self.existence(&format!("{prefix}{}", name.text.trim())) {
            Ok(existence) => {
                result.text.push(if existence.exists == wanted { '1' } else { '0' });
                result.vary(existence.varies);
            }
            Err(reason) => {
                result.text.push('%');
                result.note(Some(reason));
            }
        }
        Ok(())
    }

    /// `%global name body`, `%define name(options) body`: the body ends with the line, or with the brace around it.
    fn expand_definition<'t>(
        &mut self,
        call: &MacroCall<'t>,
        braced: &'t str,
        behind: &'t str,
    ) -> Result<&'t str, Beyond> {
        let text = if call.braced { braced } else { behind };
        let Some(definition) = take_definition(text) else {
            return Err(Beyond::foreign(format!("`%{}` without a body", call.name)));
        };
        let is_global = call.name == "global";
        let body = if is_global { self.expand(&definition.body)? } else { Expansion::of(definition.body) };
        // An undefined macro stays in the body, and is looked up again at each use of the body.
        let beyond = body.beyond.filter(|beyond| !matches!(beyond, Beyond::Undefined(_)));
        let value = match definition.options {
            Some(options) => Definition::Parametric { options: options.to_owned(), body: body.text, beyond },
            None => Definition::Body(body.text, beyond),
        };
        let level = if is_global { 0 } else { self.level };
        self.push_at(level, definition.name, value, body.varies);
        Ok(if call.braced { behind } else { definition.behind })
    }

    /// `%bcond name default`, `%bcond_with name`, `%bcond_without name`: defines `with_<name>` or leaves it undefined.
    fn choose(&mut self, kind: &str, arguments: &str) -> Result<(), Beyond> {
        let arguments = self.expand(arguments)?;
        let name = arguments.text.split_whitespace().next().unwrap_or_default().to_owned();
        let default = arguments.text.trim_start().strip_prefix(name.as_str()).unwrap_or_default().trim();
        let chosen = match kind {
            "bcond_with" => Ok(false),
            "bcond_without" => Ok(true),
            _ => expression::evaluate(default).map(|value| value.is_true()),
        };
        // No later use of `with_<name>` could find out that its existence is unknown.
        if let Some(beyond) = arguments.beyond {
            return Err(beyond);
        }
        let by_default = chosen.map_err(|error| Beyond::foreign(format!("`%{kind} {name}` ({error})")))?;
        let asked = if by_default { format!("_without_{name}") } else { format!("_with_{name}") };
        let asked = self.existence(&asked)?;
        let varies = arguments.varies.or(asked.varies).or_else(|| self.within.clone());
        let with = format!("with_{name}");
        if asked.exists != by_default {
            self.push_at(0, &with, Definition::Body("1".to_owned(), None), varies);
        } else if let Some(varies) = varies {
            self.vary(&with, varies);
        }
        Ok(())
    }
}
