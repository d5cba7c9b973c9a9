//! Parses `BuildRequires:` and `BuildConflicts:` into the form of a header.

use std::cmp::Ordering;

use crate::rpm::boolean::BooleanTerm;
use crate::rpm::capability::VersionSense;
use crate::rpm::srpm::error::SpecError;

/// A dependency (`name`, `name >= version` or `(a if b)`), in the three parts that a header has for it.
///
/// `Ord` is the order of rpm: by the bytes of the name, by those of the version, then by the flags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The name of a package, a path, a capability, or a whole boolean dependency.
    pub name: String,
    /// `[epoch:]version[-release]`, or empty.
    pub version: String,
    /// The sense bits of rpm.
    pub flags: u32,
}

const LESS: u32 = 1 << 1;
const GREATER: u32 = 1 << 2;
/// The sense bit for an exact version.
pub const EQUAL: u32 = 1 << 3;
/// The dependency may be missing.
const MISSING_OK: u32 = 1 << 19;
/// The dependency is on a feature of rpm.
const RPMLIB: u32 = 1 << 24;

const SEPARATORS: [char; 4] = [' ', '\t', '\n', ','];

impl Dependency {
    /// The dependency on a feature of rpm: `rpmlib(feature) <= since`.
    pub fn on_rpm(feature: &str, since: &str) -> Dependency {
        let name = format!("rpmlib({feature})");
        Dependency { name, version: since.to_owned(), flags: RPMLIB | LESS | EQUAL }
    }

    /// The same dependency, as one that an installation does not need: rpm adds some for builds only.
    #[must_use]
    pub fn that_may_be_missing(self) -> Dependency {
        Dependency { flags: self.flags | MISSING_OK, ..self }
    }

    /// Whether it is a boolean dependency.
    pub fn is_rich(&self) -> bool {
        self.name.starts_with('(')
    }

    /// Whether a version in this dependency contains `letter`.
    pub fn version_has(&self, letter: char) -> bool {
        if !self.is_rich() {
            return self.version.contains(letter);
        }
        let term = BooleanTerm::parse(&self.name);
        let has = |term: BooleanTerm<'_>| {
            term.names().iter().any(|named| named.version.is_some_and(|(_, version)| version.contains(letter)))
        };
        term.is_ok_and(|(term, _)| has(term))
    }
}

/// Parses the dependencies of one line, in the order of the line.
pub fn parse(field: &str, line: usize) -> Result<Vec<Dependency>, SpecError> {
    let mut found = Vec::new();
    let mut rest = field.trim_start_matches(SEPARATORS);
    while !rest.is_empty() {
        let (dependency, behind) = if rest.starts_with('(') {
            let (term, behind) =
                BooleanTerm::parse(rest).map_err(|fault| SpecError::broken(line, fault.to_string()))?;
            (Dependency { name: term.to_string(), version: String::new(), flags: 0 }, behind)
        } else {
            parse_simple(rest, line)?
        };
        found.push(dependency);
        rest = behind.trim_start_matches(SEPARATORS);
    }
    Ok(found)
}

fn parse_simple(text: &str, line: usize) -> Result<(Dependency, &str), SpecError> {
    let (name, rest) = split_word(text);
    if !name.starts_with(|first: char| first.is_alphanumeric() || "_/".contains(first)) {
        return Err(SpecError::broken(line, format!("`{name}` cannot begin a dependency")));
    }
    let name = name.to_owned();
    let (operator, behind) = split_word(rest);
    let Some(flags) = sense(operator) else {
        return Ok((Dependency { name, version: String::new(), flags: 0 }, rest));
    };
    let (version, rest) = split_word(behind);
    if version.is_empty() {
        return Err(SpecError::broken(line, format!("`{name} {operator}` has no version")));
    }
    Ok((Dependency { name, version: version.to_owned(), flags }, rest))
}

/// The first word, and the text after the separators that follow it.
fn split_word(text: &str) -> (&str, &str) {
    let end = text.find(SEPARATORS).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start_matches(SEPARATORS))
}

fn sense(operator: &str) -> Option<u32> {
    let sense = VersionSense::parse(operator)?;
    let bits = [(Ordering::Less, LESS), (Ordering::Equal, EQUAL), (Ordering::Greater, GREATER)];
    Some(bits.into_iter().filter(|(order, _)| sense.allows(*order)).fold(0, |bits, (_, bit)| bits | bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_as_the_header_has_them() {
        for (field, expected) in [
            ("gcc, make>=4 x >= 1:2-3", "gcc||0 make>=4||0 x|1:2-3|12"),
            ("a = 1 b<2 c < 2,d", "a|1|8 b<2||0 c|2|2 d||0"),
            ("pkgconfig(x) => 1", "pkgconfig(x)|1|12"),
            ("/usr/bin/make", "/usr/bin/make||0"),
            ("( a  if b(c) )d", "(a if b(c))||0 d||0"),
            ("((a with a < 2~rc) or (b and c))", "((a with a < 2~rc) or (b and c))||0"),
        ] {
            let show = |one: &Dependency| format!("{}|{}|{}", one.name, one.version, one.flags);
            let found: Vec<String> = parse(field, 1).unwrap().iter().map(show).collect();
            assert_eq!(found.join(" "), expected, "{field}");
        }
        assert!(parse("((a with a < 2~rc) or b)", 1).unwrap()[0].version_has('~'));
        assert!(!parse("(a~b or c)", 1).unwrap()[0].version_has('~'));
    }

    #[test]
    fn broken_dependencies_have_a_line() {
        for field in ["= 1", "a >=", "(a or", "(a xor b)", "%x"] {
            assert_eq!(parse(field, 7).unwrap_err().line, 7, "{field}");
        }
    }
}
