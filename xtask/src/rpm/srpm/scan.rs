//! Finds the ends of brackets, macro calls and definitions in a text. Macros are not looked up here.

/// A macro call without its percent sign: `name`, `{name}`, `{?name}`, `{!?name:text}` or `{name text}`.
#[derive(Debug, PartialEq, Eq)]
pub struct MacroCall<'t> {
    /// Without brackets and prefixes.
    pub name: &'t str,
    /// Whether it has braces.
    pub braced: bool,
    /// Whether it has a `?`: it tests whether the name is defined.
    pub checks_existence: bool,
    /// Whether it has a `!`, which negates the test.
    pub negated: bool,
    /// What follows the name inside the braces: a colon or a blank.
    pub separator: Option<char>,
    /// The text after the separator, inside the braces.
    pub argument: Option<&'t str>,
    /// The length of the whole call, in bytes.
    pub length: usize,
}

/// A definition, without the word `global` or `define`.
#[derive(Debug, PartialEq, Eq)]
pub struct DefinitionText<'t> {
    pub name: &'t str,
    /// The letters of its options, for a macro with arguments: `name(options)`.
    pub options: Option<&'t str>,
    /// Without the backslashes of escaped characters.
    pub body: String,
    /// The text after the definition.
    pub behind: &'t str,
}

/// The length of the bracketed text at the start of `text`, including the brackets. A backslash escapes one character.
pub fn matching(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == open {
            depth += 1;
        } else if character == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + character.len_utf8());
            }
        }
    }
    None
}

/// The length of the macro name at the start of `text`, in bytes; 0 if there is none.
pub fn name_length(text: &str) -> usize {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !begins {
        return 0;
    }
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len())
}

/// The length of the name of a call without braces at the start of `text`. The arguments and options of a macro have names
/// such as `1`, `*`, `#` and `-f`.
pub fn call_name_length(text: &str) -> usize {
    let word = text.strip_prefix('-').unwrap_or(text);
    let end = word.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(word.len());
    let special = match &word.as_bytes()[end..] {
        [b'*', b'*', ..] => 2,
        [b'*' | b'#', ..] => 1,
        _ => 0,
    };
    if end + special == 0 { 0 } else { text.len() - word.len() + end + special }
}

/// Parses the call at the start of `after`; `None` if the percent sign before it is a literal one.
///
/// Errors: a brace is never closed.
pub fn parse_call(after: &str) -> Result<Option<MacroCall<'_>>, ()> {
    let braced = after.starts_with('{');
    let inside = if braced { &after[1..matching(after, '{', '}').ok_or(())? - 1] } else { after };
    let name_and_more = inside.trim_start_matches(['!', '?']);
    let prefix = &inside[..inside.len() - name_and_more.len()];
    let name_end = if braced {
        name_and_more.find([' ', ':', '\t']).unwrap_or(name_and_more.len())
    } else {
        call_name_length(name_and_more)
    };
    let name = &name_and_more[..name_end];
    if name.is_empty() {
        return Ok(None);
    }
    let separator = name_and_more[name.len()..].chars().next().filter(|_| braced);
    let argument = separator.and_then(|_| name_and_more.get(name.len() + 1..));
    let length = if braced { inside.len() + 2 } else { prefix.len() + name.len() };
    Ok(Some(MacroCall {
        name,
        braced,
        checks_existence: prefix.contains('?'),
        negated: prefix.matches('!').count() % 2 == 1,
        separator,
        argument,
        length,
    }))
}

/// Splits at the first line end, which stays in the second part.
pub fn rest_of_line(text: &str) -> (&str, &str) {
    text.split_at(text.find('\n').unwrap_or(text.len()))
}

/// Parses `name body`, `name(options) body` or `name {body}`; `None` if the name or the body is missing.
pub fn take_definition(text: &str) -> Option<DefinitionText<'_>> {
    let text = text.trim_start_matches([' ', '\t']);
    let (name, mut rest) = text.split_at(name_length(text));
    let mut options = None;
    if let Some(opened) = rest.strip_prefix('(') {
        let (letters, behind) = opened.split_once(')')?;
        (options, rest) = (Some(letters), behind);
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let (body, behind) = if rest.starts_with('{') {
        let end = matching(rest, '{', '}')?;
        (rest[1..end - 1].to_owned(), &rest[end..])
    } else {
        take_free_body(rest)
    };
    let usable = !name.is_empty() && (!body.is_empty() || options.is_some());
    let behind = behind.trim_start_matches(['\n', '\r']);
    usable.then_some(DefinitionText { name, options, body, behind })
}

/// A body without braces ends at the first line end that is neither escaped nor inside a bracket.
fn take_free_body(text: &str) -> (String, &str) {
    let mut body = String::new();
    let mut brackets = Brackets::default();
    let mut characters = text.char_indices().peekable();
    let mut end = text.len();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|&(_, next)| next);
        match (character, next) {
            ('\n', _) if !brackets.any_open() => {
                end = at;
                break;
            }
            ('\\', Some(escaped)) => {
                body.push(escaped);
                characters.next();
            }
            ('%', Some(opening @ ('{' | '(' | '[' | '%'))) => {
                brackets.after_percent(opening);
                body.extend([character, opening]);
                characters.next();
            }
            _ => {
                brackets.plain(character);
                body.push(character);
            }
        }
    }
    (body.trim_end_matches([' ', '\t', '\n', '\r']).to_owned(), &text[end..])
}

/// Counts open brackets. A bracket counts only after a percent sign, or inside such a bracket.
#[derive(Default)]
pub struct Brackets {
    open: [u32; 3],
}

impl Brackets {
    const KINDS: [(char, char); 3] = [('{', '}'), ('(', ')'), ('[', ']')];

    /// Counts a bracket that follows a percent sign.
    pub fn after_percent(&mut self, bracket: char) {
        for (count, (open, _)) in self.open.iter_mut().zip(Self::KINDS) {
            *count += u32::from(bracket == open);
        }
    }

    /// Counts any other character.
    pub fn plain(&mut self, character: char) {
        for (count, (open, close)) in self.open.iter_mut().zip(Self::KINDS) {
            if *count > 0 && character == open {
                *count += 1;
            } else if *count > 0 && character == close {
                *count -= 1;
            }
        }
    }

    /// Whether a bracket is open.
    pub fn any_open(&self) -> bool {
        self.open.iter().any(|&count| count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_a_name_and_an_extent() {
        let parse = |text| parse_call(text).unwrap().map(|call| (call.name, call.argument, call.length));
        assert_eq!(parse("name-1"), Some(("name", None, 4)));
        assert_eq!(parse("{?dist}."), Some(("dist", None, 7)));
        assert_eq!(parse("{!?x:%global x {a}}b"), Some(("x", Some("%global x {a}"), 19)));
        assert_eq!(parse("?x y"), Some(("x", None, 2)));
        assert_eq!(parse(" sure"), None);
        assert_eq!(parse("1x)"), Some(("1x", None, 2)));
        assert_eq!(parse("**)"), Some(("**", None, 2)));
        assert_eq!(parse("{-f*}b"), Some(("-f*", None, 5)));
        assert_eq!(parse("-f*b"), Some(("-f*", None, 3)));
        assert_eq!(parse("-"), None);
        assert_eq!(parse_call("{x"), Err(()));
    }

    #[test]
    fn a_definition_ends_where_rpm_ends_it() {
        let take = |text| {
            let taken = take_definition(text).unwrap();
            (taken.name, taken.body, taken.behind)
        };
        assert_eq!(take(" x 1 \nname"), ("x", "1".to_owned(), "name"));
        assert_eq!(take(" x {a\nb} \nname"), ("x", "a\nb".to_owned(), " \nname"));
        assert_eq!(take(" x a \\\n b\nc"), ("x", "a \n b".to_owned(), "c"));
        assert_eq!(take(" x %{?y:\n1} z\nc"), ("x", "%{?y:\n1} z".to_owned(), "c"));
        assert_eq!(take_definition(" x(a:) body").unwrap().options, Some("a:"));
        assert_eq!(take_definition(" x"), None);
    }
}
