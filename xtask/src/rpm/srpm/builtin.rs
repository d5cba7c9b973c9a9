//! The built-in macros: definitions (`%global`), build conditions (`%bcond`) and tests (`%{with x}`).

use crate::rpm::srpm::error::Beyond;
use crate::rpm::srpm::expression;
use crate::rpm::srpm::known;
use crate::rpm::srpm::macros::{Definition, Expansion, Macros, shortened};
use crate::rpm::srpm::scan::{MacroCall, rest_of_line, take_definition};

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
            "undefine" => {
                self.undefine(arguments.trim());
                return Ok(behind_line);
            }
            "with" | "without" | "defined" | "undefined" => {
                let name = self.expand(arguments)?;
                result.note(name.beyond);
                let prefix = if call.name.starts_with("with") { "with_" } else { "" };
                let wanted = matches!(call.name, "with" | "defined");
                match self.exists(&format!("{prefix}{}", name.text.trim())) {
                    Ok(exists) => result.text.push(if exists == wanted { '1' } else { '0' }),
                    Err(reason) => {
                        result.text.push('%');
                        result.note(Some(reason));
                    }
                }
                return Ok(behind_line);
            }
            "bcond" | "bcond_with" | "bcond_without" => {
                self.choose(call.name, arguments)?;
                return Ok(behind_line);
            }
            "expand" if call.argument.is_some() => {
                let once = self.expand(arguments)?;
                result.note(once.beyond);
                result.append(self.expand(&once.text)?);
                return Ok(behind);
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
            result.note(Some(Beyond::Undefined(format!("%{}", shortened(&after[..call.length])))));
        }
        Ok(after)
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
        let value = if definition.parametric {
            Definition::Parametric
        } else if call.name == "global" {
            let body = self.expand(&definition.body)?;
            // An undefined macro stays in the body, and is looked up again at each use of the body.
            let lasting = body.beyond.filter(|beyond| !matches!(beyond, Beyond::Undefined(_)));
            Definition::Body(body.text, lasting)
        } else {
            Definition::Body(definition.body, None)
        };
        self.push(definition.name, value);
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
        let with = if by_default {
            !self.exists(&format!("_without_{name}"))?
        } else {
            self.exists(&format!("_with_{name}"))?
        };
        if with {
            self.define(&format!("with_{name}"), Expansion { text: "1".to_owned(), beyond: None });
        }
        Ok(())
    }
}
