//! `.gitattributes`, as gitattributes(5) describes it, from files of the commit's tree only.
//!
//! An archive must be the same from every clone, so `info/attributes`, the files of the user and of the system, and
//! `core.ignoreCase` are ignored, and no library call that reads them is used. The caller walks the tree with an
//! [`Attributes`], enters and leaves folders, and looks up the attributes of each path.
//!
//! A byte-order mark is part of the first line, as in `git archive`: git removes it in the work tree only.

use std::collections::HashMap;

use crate::git::wildmatch::{self, Scope};

/// The name of the file in its folder.
pub const FILE_NAME: &[u8] = b".gitattributes";

/// Git ignores longer lines.
const LONGEST_LINE: usize = 2048;

/// Git ignores larger files.
const LARGEST_FILE: usize = 100 << 20;

/// The state of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// `attr`
    Set,
    /// `-attr`
    Unset,
    /// `!attr`, or not mentioned.
    Unspecified,
    /// `attr=value`
    Text(Vec<u8>),
}

/// The rules that apply in a folder: those of the root, and of each folder on the way.
///
/// If several rules set the same attribute, the deepest file wins, and in it the last line.
pub struct Attributes {
    macros: HashMap<Vec<u8>, Vec<Assignment>>,
    frames: Vec<Frame>,
}

struct Frame {
    /// The folder with a closing slash; empty for the root.
    folder: Vec<u8>,
    rules: Vec<Rule>,
}

struct Rule {
    pattern: Pattern,
    assignments: Vec<Assignment>,
}

type Assignment = (Vec<u8>, AttributeValue);

/// The attributes of one path; see [`Attributes::of`].
#[derive(Debug, Default)]
pub struct FoundAttributes<'a>(HashMap<&'a [u8], &'a AttributeValue>);

impl<'a> FoundAttributes<'a> {
    /// The value of an attribute; [`AttributeValue::Unspecified`] if no rule sets it.
    pub fn get(&self, name: &str) -> &'a AttributeValue {
        self.0.get(name.as_bytes()).copied().unwrap_or(&AttributeValue::Unspecified)
    }

    /// Whether the attribute is set, without a value.
    pub fn is_set(&self, name: &str) -> bool {
        *self.get(name) == AttributeValue::Set
    }
}

impl Attributes {
    /// The rules of the root folder; `file` is the content of its `.gitattributes`. Macros are allowed only there.
    pub fn new(file: Option<&[u8]>) -> Attributes {
        let mut attributes = Attributes { macros: HashMap::new(), frames: Vec::new() };
        let mut rules = Vec::new();
        let builtin = parse_line(b"[attr]binary -diff -merge -text");
        for line in builtin.into_iter().chain(parse_file(file.unwrap_or_default())) {
            match line {
                AttributeLine::Macro(name, assignments) => {
                    attributes.macros.insert(name, assignments);
                }
                AttributeLine::Rule(rule) => rules.push(rule),
            }
        }
        attributes.frames.push(Frame { folder: Vec::new(), rules });
        attributes
    }

    /// Enters `folder`, a path with a closing slash below the folder entered last.
    pub fn enter(&mut self, folder: &[u8], file: Option<&[u8]>) {
        let rules = parse_file(file.unwrap_or_default()).filter_map(|line| match line {
            AttributeLine::Rule(rule) => Some(rule),
            AttributeLine::Macro(..) => None,
        });
        self.frames.push(Frame { folder: folder.to_vec(), rules: rules.collect() });
    }

    /// Leaves the folder entered last.
    pub fn leave(&mut self) {
        self.frames.pop();
    }

    /// The attributes of `path`, an entry of the folder entered last. The path of a folder ends with a slash; the rules
    /// inside the folder do not apply to the folder itself.
    pub fn of(&self, path: &[u8]) -> FoundAttributes<'_> {
        let mut found = FoundAttributes::default();
        for frame in self.frames.iter().rev() {
            let below = path.strip_prefix(frame.folder.as_slice()).unwrap_or(path);
            for rule in frame.rules.iter().rev().filter(|rule| rule.pattern.matches(below)) {
                self.assign(&rule.assignments, &mut found);
            }
        }
        found
    }

    /// The first assignment of an attribute wins. The assignments of a macro come before those to the left of it on the
    /// line.
    fn assign<'a>(&'a self, assignments: &'a [Assignment], found: &mut FoundAttributes<'a>) {
        let mut todo: Vec<&Assignment> = assignments.iter().collect();
        while let Some((name, value)) = todo.pop() {
            if found.0.contains_key(name.as_slice()) {
                continue;
            }
            found.0.insert(name, value);
            if *value == AttributeValue::Set {
                todo.extend(self.macros.get(name).into_iter().flatten());
            }
        }
    }
}

/// A path pattern of a line.
struct Pattern {
    glob: Vec<u8>,
    scope: Scope,
    folders_only: bool,
}

impl Pattern {
    /// `None` for a negative pattern, which git refuses here.
    fn parse(text: &[u8]) -> Option<Pattern> {
        if text.starts_with(b"!") {
            return None;
        }
        let (glob, folders_only) = text.strip_suffix(b"/").map_or((text, false), |glob| (glob, true));
        let scope = if glob.contains(&b'/') { Scope::Path } else { Scope::Name };
        let glob = glob.strip_prefix(b"/").unwrap_or(glob).to_vec();
        Some(Pattern { glob, scope, folders_only })
    }

    /// `path` is relative to the folder of the `.gitattributes` file with the pattern.
    fn matches(&self, path: &[u8]) -> bool {
        let (path, is_folder) = path.strip_suffix(b"/").map_or((path, false), |path| (path, true));
        if self.folders_only && !is_folder {
            return false;
        }
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
        wildmatch::matches(&self.glob, if self.scope == Scope::Name { name } else { path }, self.scope)
    }
}

enum AttributeLine {
    Macro(Vec<u8>, Vec<Assignment>),
    Rule(Rule),
}

fn parse_file(file: &[u8]) -> impl Iterator<Item = AttributeLine> {
    // Git reads the file as a C string: it ends at the first NUL.
    let file = if file.len() < LARGEST_FILE { file } else { b"" };
    let text = file.split(|&byte| byte == 0).next().unwrap_or_default();
    text.split(|&byte| byte == b'\n').filter_map(parse_line)
}

/// `None` for a comment, and for a line that git ignores with a warning.
fn parse_line(line: &[u8]) -> Option<AttributeLine> {
    let text = trim_start(line);
    if text.is_empty() || text.starts_with(b"#") || line.len() >= LONGEST_LINE {
        return None;
    }
    let (name, rest) = match unquote(text) {
        Some((name, rest)) => (name, rest),
        None => {
            let (name, rest) = split_word(text);
            (name.to_vec(), rest)
        }
    };
    let assignments = words(rest).map(parse_assignment).collect::<Option<Vec<_>>>()?;
    match name.strip_prefix(b"[attr]").filter(|name| !name.is_empty()) {
        Some(name) => is_attribute_name(name).then(|| AttributeLine::Macro(name.to_vec(), assignments)),
        None => Some(AttributeLine::Rule(Rule { pattern: Pattern::parse(&name)?, assignments })),
    }
}

fn parse_assignment(word: &[u8]) -> Option<Assignment> {
    let equals = word.iter().position(|&byte| byte == b'=');
    let (name, text) = match equals {
        Some(equals) => (&word[..equals], Some(&word[equals + 1..])),
        None => (word, None),
    };
    let (name, value) = match (name.first(), text) {
        (Some(b'-'), _) => (&name[1..], AttributeValue::Unset),
        (Some(b'!'), _) => (&name[1..], AttributeValue::Unspecified),
        (_, None) => (name, AttributeValue::Set),
        (_, Some(text)) => (name, AttributeValue::Text(text.to_vec())),
    };
    is_attribute_name(name).then(|| (name.to_vec(), value))
}

fn is_attribute_name(name: &[u8]) -> bool {
    let fits = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with(b"-") && !name.starts_with(b"builtin_") && name.iter().all(fits)
}

/// A pattern in double quotes with the escapes of C, and the rest of the line. `None` if there is no such pattern, or
/// it is damaged: then the quote is part of the pattern.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (byte, after) = match *rest {
            [b'"', ref after @ ..] => return Some((name, after)),
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ref after @ ..] => {
                (((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'), after)
            }
            [b'\\', escaped, ref after @ ..] => (unescape(escaped)?, after),
            [byte, ref after @ ..] if byte != b'\\' => (byte, after),
            _ => return None,
        };
        name.push(byte);
        rest = after;
    }
}

fn unescape(byte: u8) -> Option<u8> {
    Some(match byte {
        b'a' => 7,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        b'"' | b'\\' => byte,
        _ => return None,
    })
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|&&byte| is_blank(byte)).count();
    &text[blanks..]
}

fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&byte| is_blank(byte)).unwrap_or(text.len()))
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| is_blank(byte)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of `attribute` for `path` under the rules of a root file.
    #[track_caller]
    fn value(file: &str, path: &str, attribute: &str) -> AttributeValue {
        Attributes::new(Some(file.as_bytes())).of(path.as_bytes()).get(attribute).clone()
    }

    #[test]
    fn patterns() {
        let cases = [
            ("*.c x", "a/b.c", true),
            ("b.c x", "a/b.c", true),
            ("/b.c x", "a/b.c", false),
            ("/b.c x", "b.c", true),
            ("a/*.c x", "a/b.c", true),
            ("a/*.c x", "z/a/b.c", false),
            ("**/b.c x", "a/b.c", true),
            ("a/ x", "a/", true),
            ("a/ x", "a", false),
            ("a x", "a/", true),
            ("a/b/ x", "a/b/", true),
            ("/ x", "a/", false),
            ("!a x", "a", false),
            ("\\!a x", "!a", true),
            ("# x", "#", false),
            ("\"a b\" x", "a b", true),
            ("\"\\303\\251\\t\" x", "\u{e9}\t", true),
            ("\"a x", "\"a", true),
            (" \t a x", "a", true),
            ("a x\r", "a", true),
            ("a x -", "a", false),
            ("a x y=z=1", "a", true),
        ];
        for (file, path, expected) in cases {
            assert_eq!(value(file, path, "x") == AttributeValue::Set, expected, "`{file}` for `{path}`");
        }
    }

    #[test]
    fn values() {
        let file = "a set -unset !none text=v empty= -odd=1 builtin_x\nb set -unset !none text=v empty= -odd=1";
        assert_eq!(value(file, "a", "set"), AttributeValue::Unspecified);
        let expected = [
            ("set", AttributeValue::Set),
            ("unset", AttributeValue::Unset),
            ("none", AttributeValue::Unspecified),
            ("text", AttributeValue::Text(b"v".into())),
            ("empty", AttributeValue::Text(b"".into())),
            ("odd", AttributeValue::Unset),
        ];
        for (name, expected) in expected {
            assert_eq!(value(file, "b", name), expected, "{name}");
        }
    }

    #[test]
    fn the_last_line_counts() {
        assert_eq!(value("* x\n*.c -x\na.c !x", "a.c", "x"), AttributeValue::Unspecified);
        assert_eq!(value("* x\n*.c -x\na.c !x", "b.c", "x"), AttributeValue::Unset);
        assert_eq!(value("a x -x", "a", "x"), AttributeValue::Unset);
    }

    #[test]
    fn macros() {
        assert_eq!(value("a binary", "a", "text"), AttributeValue::Unset);
        assert_eq!(value("a text binary", "a", "text"), AttributeValue::Unset);
        assert_eq!(value("a binary text", "a", "text"), AttributeValue::Set);
        assert_eq!(value("[attr]m x y=1\na m", "a", "y"), AttributeValue::Text(b"1".into()));
        assert_eq!(value("[attr]m x\na -m", "a", "x"), AttributeValue::Unspecified);
        assert_eq!(value("[attr]binary x\na binary", "a", "text"), AttributeValue::Unspecified);
        assert_eq!(value("[attr]m n\n[attr]n x\na m", "a", "x"), AttributeValue::Set);
        assert_eq!(value("[attr]-m x\na x", "a", "x"), AttributeValue::Set);
    }

    #[test]
    fn each_folder_has_its_own_rules() {
        let mut attributes = Attributes::new(Some(b"*.c x\n/sub/y.c y"));
        attributes.enter(b"sub/", Some(b"[attr]m z\n/a.c -x\nb.c !x\nd/e.c w"));
        assert_eq!(*attributes.of(b"sub/a.c").get("x"), AttributeValue::Unset);
        assert_eq!(*attributes.of(b"sub/b.c").get("x"), AttributeValue::Unspecified);
        assert!(attributes.of(b"sub/c.c").is_set("x"));
        assert!(attributes.of(b"sub/y.c").is_set("y"));
        attributes.enter(b"sub/d/", None);
        assert!(attributes.of(b"sub/d/a.c").is_set("x"));
        assert!(attributes.of(b"sub/d/e.c").is_set("w"));
        attributes.leave();
        attributes.leave();
        assert!(!attributes.of(b"e.c").is_set("w"));
    }

    #[test]
    fn long_lines_and_lines_behind_a_nul_are_ignored() {
        let long = format!("a x{}", " ".repeat(LONGEST_LINE));
        assert_eq!(value(&long, "a", "x"), AttributeValue::Unspecified);
        assert_eq!(value("a y\0\na x", "a", "x"), AttributeValue::Unspecified);
    }
}
