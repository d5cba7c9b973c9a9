//! Git's glob patterns: what `*.c`, `doc/**/img[0-9]` and `\!x` in a `.gitattributes` file match.
//!
//! The rules are those of gitignore(5) and gitattributes(5), as git keeps them since 2.52: before, the `**` of `a**/b`
//! could reach across folders although it does not fill a part of the path.
//!
//! The matcher keeps two places to go back to, the last `*` and the last `**`, instead of recursing: a star inside a
//! folder name only has to be tried again inside that name, and an earlier `**` can reach nothing that a later one
//! cannot. The time is at most quadratic, whatever the pattern.

/// What a pattern is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A name without folders: `*` matches anything.
    Name,
    /// A path: `*`, `?` and `[…]` stop at `/`; a `**` that fills a part of the path does not.
    Path,
}

/// Whether `pattern` matches the whole of `text`.
pub fn matches(pattern: &[u8], text: &[u8], scope: Scope) -> bool {
    let mut at = Position { pattern: 0, text: 0 };
    let mut star: Option<Retry> = None;
    let mut globstar: Option<Retry> = None;
    loop {
        let (before, rest) = pattern.split_at(at.pattern);
        if let Some(skip) = leading_stars(rest, before.last().copied(), scope) {
            at.pattern += skip.length;
            let retry = Retry { at, step: skip.step };
            if skip.step == Step::InsideName {
                star = Some(retry);
            } else {
                (star, globstar) = (None, Some(retry));
            }
            continue;
        }
        if at.pattern == pattern.len() && at.text == text.len() {
            return true;
        }
        if let Some(consumed) = one(rest, text.get(at.text).copied(), scope) {
            at = Position { pattern: at.pattern + consumed, text: at.text + 1 };
            continue;
        }
        at = match advance(&mut star, text).or_else(|| advance(&mut globstar, text)) {
            Some(again) => again,
            None => return false,
        };
    }
}

#[derive(Clone, Copy)]
struct Position {
    pattern: usize,
    text: usize,
}

/// A star that has matched up to `at.text` and could match more.
#[derive(Clone, Copy)]
struct Retry {
    at: Position,
    step: Step,
}

/// How far a star reaches when it is made longer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// One more byte, but no `/`.
    InsideName,
    /// One more byte.
    Anything,
    /// Past the next `/`: what `**/` matches is whole folders, or nothing.
    Folder,
}

struct Stars {
    length: usize,
    step: Step,
}

/// The run of stars that `rest` begins with; `before` is the byte of the pattern in front of it.
fn leading_stars(rest: &[u8], before: Option<u8>, scope: Scope) -> Option<Stars> {
    let count = rest.iter().take_while(|&&byte| byte == b'*').count();
    let after = &rest[count..];
    let fills_a_part = matches!(before, None | Some(b'/'))
        && (after.is_empty() || after.starts_with(b"/") || after.starts_with(b"\\/"));
    match (count, scope) {
        (0, _) => None,
        (_, Scope::Name) => Some(Stars { length: count, step: Step::Anything }),
        (2.., Scope::Path) if fills_a_part && after.starts_with(b"/") => {
            Some(Stars { length: count + 1, step: Step::Folder })
        }
        (2.., Scope::Path) if fills_a_part => Some(Stars { length: count, step: Step::Anything }),
        (_, Scope::Path) => Some(Stars { length: count, step: Step::InsideName }),
    }
}

/// Makes the match of a star one step longer; forgets the star where that is not possible.
fn advance(retry: &mut Option<Retry>, text: &[u8]) -> Option<Position> {
    let star = retry.as_mut()?;
    let rest = &text[star.at.text..];
    let longer = match (star.step, rest.first()) {
        (_, None) | (Step::InsideName, Some(b'/')) => None,
        (Step::InsideName | Step::Anything, Some(_)) => Some(1),
        (Step::Folder, Some(_)) => rest.iter().position(|&byte| byte == b'/').map(|slash| slash + 1),
    };
    match longer {
        Some(length) => {
            star.at.text += length;
            Some(star.at)
        }
        None => {
            *retry = None;
            None
        }
    }
}

/// Matches one byte of text with what `pattern` begins with; gives the length of that part of the pattern.
fn one(pattern: &[u8], byte: Option<u8>, scope: Scope) -> Option<usize> {
    let byte = byte?;
    let in_name = scope == Scope::Name || byte != b'/';
    match *pattern {
        [] => None,
        [b'?', ..] => in_name.then_some(1),
        [b'[', ref set @ ..] => {
            let (held, length) = set_holds(set, byte)?;
            (held && in_name).then_some(1 + length)
        }
        [b'\\', escaped, ..] => (escaped == byte).then_some(2),
        [b'\\'] => None,
        [literal, ..] => (literal == byte).then_some(1),
    }
}

/// Whether the set that `pattern` begins with, behind its `[`, holds `byte`; and its length with the closing `]`.
/// `None` for a set that is not closed, or names an unknown class: such a pattern matches nothing.
fn set_holds(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let start = usize::from(negated);
    let mut i = start;
    let mut held = false;
    let mut low: Option<u8> = None; // where a range may begin
    loop {
        let rest = pattern.get(i..)?;
        match *rest {
            [] => return None,
            [b']', ..] if i > start => return Some((held != negated, i + 1)),
            [b'\\', escaped, ..] => {
                held |= escaped == byte;
                low = Some(escaped);
                i += 2;
            }
            [b'\\'] => return None,
            [b'-', high, ..] if low.is_some() && high != b']' => {
                let (high, length) = if high == b'\\' { (*rest.get(2)?, 3) } else { (high, 2) };
                held |= low.is_some_and(|low| (low..=high).contains(&byte));
                low = None;
                i += length;
            }
            [b'[', b':', ref class @ ..] => {
                let close = class.iter().position(|&byte| byte == b']')?;
                match class[..close].strip_suffix(b":") {
                    Some(name) => {
                        held |= class_holds(name, byte)?;
                        low = None;
                        i += close + 3;
                    }
                    None => {
                        held |= byte == b'[';
                        low = Some(b'[');
                        i += 1;
                    }
                }
            }
            [literal, ..] => {
                held |= literal == byte;
                low = Some(literal);
                i += 1;
            }
        }
    }
}

fn class_holds(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scope: Scope, cases: &[(&str, &str, bool)]) {
        for &(pattern, text, expected) in cases {
            let found = matches(pattern.as_bytes(), text.as_bytes(), scope);
            assert_eq!(found, expected, "`{pattern}` against `{text}`");
        }
    }

    #[test]
    fn names() {
        check(
            Scope::Name,
            &[
                ("*", "x", true),
                ("*.c", "a.c", true),
                ("*.c", ".c", true),
                ("*.c", "a.cc", false),
                ("a*b*c", "aXbYbZc", true),
                ("a*b*c", "aXbYbZ", false),
                ("??", "ab", true),
                ("??", "a", false),
                ("\\*", "*", true),
                ("\\*", "x", false),
                ("x\\", "x\\", false),
                ("", "x", false),
            ],
        );
    }

    #[test]
    fn sets() {
        check(
            Scope::Name,
            &[
                ("[a-c]x", "bx", true),
                ("[!a-c]x", "bx", false),
                ("[^a-c]x", "dx", true),
                ("[]-]", "]", true),
                ("[]-]", "-", true),
                ("[a-]", "-", true),
                ("[\\]]", "]", true),
                ("[a-\\z]", "q", true),
                ("[[:digit:][:upper:]]", "Q", true),
                ("[[:digit:]-z]", "-", true),
                ("[[:none:]]", "n", false),
                ("[[:x]", ":", true),
                ("[a", "a", false),
                ("[", "[", false),
            ],
        );
    }

    #[test]
    fn paths() {
        check(
            Scope::Path,
            &[
                ("a/*", "a/b", true),
                ("a/*", "a/b/c", false),
                ("a/*/c", "a/b/c", true),
                ("a/*/d", "a/b/c/d", false),
                ("a?b", "a/b", false),
                ("a[/]b", "a/b", false),
                ("**/x", "x", true),
                ("**/x", "a/b/x", true),
                ("**/x", "ax", false),
                ("a/**", "a/b/c", true),
                ("a/**", "a", false),
                ("a/**/z", "a/z", true),
                ("a/**/z", "a/b/c/z", true),
                ("a/**/b*/**/c", "a/x/bq/b/y/c", true),
                ("a/**/b*/**/c", "a/x/y/c", false),
                ("a**z", "abcz", true),
                ("a**z", "ab/cz", false),
                ("a**/b", "ab", false),
                ("a**/b", "ax/y/b", false),
                ("**/a*/b", "x/ab/aa/b", true),
                ("**\\/x", "a/b/x", true),
                ("***/x", "a/x", true),
            ],
        );
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = "*a".repeat(60) + "b";
        assert!(!matches(pattern.as_bytes(), "a".repeat(4000).as_bytes(), Scope::Name));
    }
}
