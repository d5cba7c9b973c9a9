//! Calls of macros with arguments: `%define f(a:b) %1 %{-a*}`, called as `%{f -a x y}`, `%{f:x}` or `%f x y`.
//!
//! As in rpm, the arguments are expanded first and split at blanks; options are parsed as `getopt` of the C library does.
//! In the body, `%1` is an argument, `%*` and `%#` are all of them and their number, `%**` has the options too, `%{-a}` is
//! an option and `%{-a*}` its value. What the body defines with `%define` goes with it.

use crate::rpm::srpm::error::Beyond;
use crate::rpm::srpm::macros::{Macros, QUOTE, shortened};
use crate::rpm::srpm::scan::{MacroCall, rest_of_line};
use crate::rpm::srpm::value::{Definition, Expansion};

impl Macros {
    /// Expands a call of a macro with the given `(options, body)`. Returns the text after the call and its arguments.
    pub fn expand_parametric<'t>(
        &mut self,
        call: &MacroCall<'t>,
        after: &'t str,
        (options, body): (&str, &str),
        result: &mut Expansion,
    ) -> Result<&'t str, Beyond> {
        let behind = &after[call.length..];
        let (written, behind) = match call.argument {
            Some(argument) => (argument, behind),
            // Without braces, the arguments are the rest of the line.
            None if !call.braced && behind.starts_with([' ', '\t']) => rest_of_line(behind),
            None => ("", behind),
        };
        let expanded = self.expand(written)?;
        let words = if call.separator == Some(':') { vec![expanded.text.clone()] } else { split(&expanded.text) };
        let unknown = || Beyond::foreign(format!("`%{}` with an unknown option", shortened(&after[..call.length])));
        let parsed = CallArguments::parse(options, &words).ok_or_else(unknown)?;
        self.level += 1;
        for (name, text) in parsed.definitions(call.name, &words) {
            let value = Expansion { text, beyond: expanded.beyond.clone(), varies: expanded.varies.clone() };
            self.push_at(self.level, &name, Definition::Argument(value), expanded.varies.clone());
        }
        let inner = self.expand(body);
        self.leave_level();
        result.append(inner?);
        Ok(behind)
    }

    /// Expands `%{-f}`, `%{-f:text}` or `%{!-f:text}`. An option that was not given has no text.
    pub fn expand_option(
        &mut self,
        name: &str,
        negated: bool,
        alternative: Option<&str>,
        result: &mut Expansion,
    ) -> Result<(), Beyond> {
        let given = self.find(name).cloned();
        if given.is_some() == negated {
            return Ok(());
        }
        match (alternative.filter(|text| !text.is_empty()), given) {
            (Some(text), _) => result.append(self.expand(text)?),
            (None, Some(Definition::Argument(value))) => result.append(value),
            (None, _) => {}
        }
        Ok(())
    }
}

/// The arguments of a call.
struct CallArguments<'w> {
    /// The letters of the options with their values.
    options: Vec<(char, Option<&'w str>)>,
    plain: Vec<&'w str>,
}

impl<'w> CallArguments<'w> {
    /// Separates options and arguments; `None` for an unknown option, or an option without its value.
    fn parse(letters: &str, words: &'w [String]) -> Option<CallArguments<'w>> {
        let mut parsed = CallArguments { options: Vec::new(), plain: Vec::new() };
        if letters == "-" {
            parsed.plain.extend(words.iter().map(String::as_str)); // the macro has no options
            return Some(parsed);
        }
        let (letters, stops_early) = match letters.strip_prefix('+') {
            Some(letters) => (letters, true),
            None => (letters, false),
        };
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some("-") => break,
                Some(cluster) if !cluster.is_empty() => parsed.take_options(letters, cluster, &mut words)?,
                _ => {
                    parsed.plain.push(word);
                    if stops_early {
                        break;
                    }
                }
            }
        }
        parsed.plain.extend(words);
        Some(parsed)
    }

    /// Takes the options of a word such as `-abvalue`.
    fn take_options(
        &mut self,
        letters: &str,
        cluster: &'w str,
        more: &mut impl Iterator<Item = &'w str>,
    ) -> Option<()> {
        for (at, letter) in cluster.char_indices() {
            let known = letters.find(letter).filter(|_| letter.is_ascii_alphanumeric())?;
            if !letters[known + 1..].starts_with(':') {
                self.options.push((letter, None));
                continue;
            }
            let rest = &cluster[at + letter.len_utf8()..];
            let value = if rest.is_empty() { more.next()? } else { rest };
            self.options.push((letter, Some(value)));
            break;
        }
        Some(())
    }

    /// The macros that the body of the macro `name` sees.
    fn definitions(&self, name: &str, words: &[String]) -> Vec<(String, String)> {
        let mut found = vec![
            ("0".to_owned(), name.to_owned()),
            ("*".to_owned(), self.plain.join(" ")),
            ("**".to_owned(), words.join(" ")),
            ("#".to_owned(), self.plain.len().to_string()),
        ];
        found.extend(self.plain.iter().zip(1..).map(|(word, number)| (format!("{number}"), (*word).to_owned())));
        for (letter, value) in &self.options {
            match value {
                Some(value) => {
                    found.push((format!("-{letter}"), format!("-{letter} {value}")));
                    found.push((format!("-{letter}*"), (*value).to_owned()));
                }
                None => found.push((format!("-{letter}"), format!("-{letter}"))),
            }
        }
        found
    }
}

/// Splits at blanks and line ends, but not inside of `%{quote:…}`.
pub fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut is_word, mut is_quoted) = (false, false);
    for letter in text.chars() {
        if letter == QUOTE {
            is_quoted = !is_quoted;
            is_word = true;
        } else if letter.is_ascii_whitespace() && !is_quoted {
            if std::mem::take(&mut is_word) {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(letter);
            is_word = true;
        }
    }
    if is_word {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(letters: &str, words: &str) -> Option<String> {
        let words = split(words);
        let parsed = CallArguments::parse(letters, &words)?;
        let options = parsed.options.iter().map(|(letter, value)| format!("{letter}={}", value.unwrap_or_default()));
        Some(format!("{} | {}", options.collect::<Vec<_>>().join(","), parsed.plain.join(",")))
    }

    #[test]
    fn options_are_those_of_getopt() {
        for (letters, words, expected) in [
            ("", "a b", " | a,b"),
            ("ab", "-ab c", "a=,b= | c"),
            ("a", "c -a d", "a= | c,d"),
            ("a:", "-a 1 -a2 x", "a=1,a=2 | x"),
            ("a", "-- -a", " | -a"),
            ("+a", "x -a", " | x,-a"),
            ("-", "-z a", " | -z,a"),
            ("a", "-", " | -"),
        ] {
            assert_eq!(shown(letters, words).as_deref(), Some(expected), "{letters} {words}");
        }
        assert_eq!(shown("a:", "-z"), None);
        assert_eq!(shown("a:", "-a"), None);
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(split(&format!(" a {QUOTE}b c{QUOTE}\td{QUOTE}{QUOTE}\n")), ["a", "b c", "d"]);
    }
}
