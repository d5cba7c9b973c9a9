//! The built-in macros that compute a text from a text, such as `%{lower:…}` and `%{basename:…}`.

use crate::rpm::srpm::call::split;
use crate::rpm::srpm::error::Beyond;
use crate::rpm::srpm::expression;
use crate::rpm::srpm::macros::{Macros, QUOTE};
use crate::rpm::srpm::scan::MacroCall;
use crate::rpm::srpm::value::Expansion;

impl Macros {
    /// Expands a call of one of the text macros; `None` if this writer cannot compute it.
    pub fn expand_text_macro(&mut self, call: &MacroCall<'_>) -> Result<Option<Expansion>, Beyond> {
        let Some(argument) = call.argument else { return Ok(None) };
        let mut value = self.expand(argument)?;
        if value.beyond.is_some() {
            value.text = "%".to_owned();
            return Ok(Some(value));
        }
        if matches!(call.name, "S" | "P") {
            let kind = if call.name == "S" { "SOURCE" } else { "PATCH" };
            return Ok(Some(self.expand(&format!("%{{{kind}{}}}", value.text))?));
        }
        let is_of_words = matches!(call.name, "sub" | "gsub" | "rep") || call.separator != Some(':');
        let computed = if is_of_words {
            let words = split(&value.text);
            compute_words(call.name, &words.iter().map(String::as_str).collect::<Vec<_>>())
        } else {
            compute(call.name, &value.text)
        };
        Ok(computed.map(|text| Expansion { text, ..value }))
    }
}

/// The value of a macro with one argument.
fn compute(name: &str, text: &str) -> Option<String> {
    Some(match name {
        "basename" => text.rsplit_once('/').map_or(text, |(_, name)| name).to_owned(),
        "dirname" => text.rsplit_once('/').map_or(text, |(folder, _)| folder).to_owned(),
        "suffix" => text.rsplit_once('.').map_or("", |(_, suffix)| suffix).to_owned(),
        "shrink" => text.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
        "quote" => format!("{QUOTE}{text}{QUOTE}"),
        "shescape" => format!("'{}'", text.replace('\'', "'\\''")),
        "expr" => expression::evaluate(text).ok()?.to_string(),
        "len" => text.len().to_string(),
        "lower" => text.to_ascii_lowercase(),
        "upper" => text.to_ascii_uppercase(),
        "reverse" if text.is_ascii() => text.chars().rev().collect(),
        _ => return None,
    })
}

/// The value of a macro whose arguments are words.
fn compute_words(name: &str, words: &[&str]) -> Option<String> {
    match (name, words) {
        ("sub", [text, first]) => sub(text, first, "-1"),
        ("sub", [text, first, last]) => sub(text, first, last),
        ("rep", [text, count]) => Some(text.repeat(count.parse::<u8>().ok()?.into())),
        // The pattern is one of Lua, unless it has only letters that mean themselves.
        ("gsub", [text, pattern, by]) if is_plain(pattern) && !by.contains('%') => Some(text.replace(pattern, by)),
        ("len" | "lower" | "upper" | "reverse", [text]) => compute(name, text),
        _ => None,
    }
}

/// The letters from `first` to `last`, counted from 1; from the end if negative: `string.sub` of Lua.
fn sub(text: &str, first: &str, last: &str) -> Option<String> {
    let length = i64::try_from(text.len()).ok()?;
    let place = |number: &str| number.parse::<i64>().ok().map(|at| if at < 0 { length + at + 1 } else { at });
    let (first, last) = (place(first)?.max(1), place(last)?.min(length));
    if first > last {
        return Some(String::new());
    }
    text.get(usize::try_from(first - 1).ok()?..usize::try_from(last).ok()?).map(str::to_owned)
}

fn is_plain(pattern: &str) -> bool {
    !pattern.is_empty() && !pattern.contains(['^', '$', '(', ')', '%', '.', '[', ']', '*', '+', '-', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_computed_as_rpm_does() {
        for (name, text, expected) in [
            ("basename", "/a/b.c", "b.c"),
            ("basename", "b", "b"),
            ("dirname", "/a/b", "/a"),
            ("dirname", "b", "b"),
            ("suffix", "a.tar.gz", "gz"),
            ("suffix", "a", ""),
            ("shrink", " a \n b ", "a b"),
            ("shescape", "a'b", "'a'\\''b'"),
            ("expr", "1 + 2", "3"),
            ("len", "abc", "3"),
            ("upper", "aB", "AB"),
            ("reverse", "abc", "cba"),
        ] {
            assert_eq!(compute(name, text).as_deref(), Some(expected), "{name} {text}");
        }
        for (name, words, expected) in [
            ("sub", "0123456789 1 7", Some("0123456")),
            ("sub", "abc -2", Some("bc")),
            ("sub", "abc 3 2", Some("")),
            ("rep", "ab 3", Some("ababab")),
            ("gsub", "1~rc1 ~ _", Some("1_rc1")),
            ("gsub", "1.2 . _", None),
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            assert_eq!(compute_words(name, &words).as_deref(), expected, "{name} {words:?}");
        }
    }
}
