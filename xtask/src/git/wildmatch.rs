//! Git's glob patterns, such as `*.c`, `doc/**/img[0-9]` and `\!x`, in `.gitattributes` files and in
//! `project.branches`.
//!
//! The rules are those of gitignore(5) and gitattributes(5) in git 2.52 and newer. In older versions, the `**` of
//! `a**/b` could match a `/`.
//!
//! The matcher does not recurse. It keeps two positions to go back to, the last `*` and the last `**`: a star inside a
//! name is only tried again inside that name, and an earlier `**` cannot match more than a later one. The time is at
//! most quadratic, whatever the pattern.

/// The kind of text that a pattern is matched with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A name without folders: `*` matches anything.
    Name,
    /// A path: `*`, `?` and `[…]` do not match `/`; a `**` between slashes does.
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
            if skip.step == StarReach::InsideName {
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
    step: StarReach,
}

/// The additional text that a star matches when it is tried again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StarReach {
    /// One more byte, but no `/`.
    InsideName,
    /// One more byte.
    Anything,
    /// Everything up to the next `/`: `**/` matches whole folders, or nothing.
    Folder,
}

struct Stars {
    length: usize,
    step: StarReach,
}

/// The stars at the start of `rest`; `before` is the byte of the pattern in front of them.
fn leading_stars(rest: &[u8], before: Option<u8>, scope: Scope) -> Option<Stars> {
    let count = rest.iter().take_while(|&&byte| byte == b'*').count();
    let after = &rest[count..];
    let is_whole_part = matches!(before, None | Some(b'/'))
        && (after.is_empty() || after.starts_with(b"/") || after.starts_with(b"\\/"));
    match (count, scope) {
        (0, _) => None,
        (_, Scope::Name) => Some(Stars { length: count, step: StarReach::Anything }),
        (2.., Scope::Path) if is_whole_part && after.starts_with(b"/") => {
            Some(Stars { length: count + 1, step: StarReach::Folder })
        }
        (2.., Scope::Path) if is_whole_part => Some(Stars { length: count, step: StarReach::Anything }),
        (_, Scope::Path) => Some(Stars { length: count, step: StarReach::InsideName }),
    }
}

/// Makes the match of a star one step longer; removes the star if that is not possible.
fn advance(retry: &mut Option<Retry>, text: &[u8]) -> Option<Position> {
    let star = retry.as_mut()?;
    let rest = &text[star.at.text..];
    let longer = match (star.step, rest.first()) {
        (_, None) | (StarReach::InsideName, Some(b'/')) => None,
        (StarReach::InsideName | StarReach::Anything, Some(_)) => Some(1),
        (StarReach::Folder, Some(_)) => rest.iter().position(|&byte| byte == b'/').map(|slash| slash + 1),
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

/// Matches one byte of text with the start of `pattern`; returns the length of that part of the pattern.
fn one(pattern: &[u8], byte: Option<u8>, scope: Scope) -> Option<usize> {
    let byte = byte?;
    let in_name = scope == Scope::Name || byte != b'/';
    match *pattern {
        [] => None,
        [b'?', ..] => in_name.then_some(1),
        [b'[', ref set @ ..] => {
            let (held, length) = set_has(set, byte)?;
            (held && in_name).then_some(1 + length)
        }
        [b'\\', escaped, ..] => (escaped == byte).then_some(2),
        [b'\\'] => None,
        [literal, ..] => (literal == byte).then_some(1),
    }
}

/// Whether the set at the start of `pattern`, after its `[`, has `byte`; and the length of the set with its `]`. `None`
/// for a set that is not closed, or has an unknown class: such a pattern matches nothing.
fn set_has(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
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
                        held |= class_has(name, byte)?;
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

fn class_has(name: &[u8], byte: u8) -> Option<bool> {
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
