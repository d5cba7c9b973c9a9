//! The lines of [Conventional Commits 1.0](https://www.conventionalcommits.org/en/v1.0.0/) that state a break or a
//! feature.

use crate::history::level::Level;

/// A line that states a break or a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConventionalHeader<'a> {
    /// The line, without blanks at its end.
    pub line: &'a [u8],
    /// [`Level::Major`] for a break, [`Level::Minor`] for a feature.
    pub level: Level,
}

/// Reads a subject: `type!: text` and `type(scope)!: text` state a break, `feat: text` states a feature.
pub fn read_subject(subject: &[u8]) -> Option<ConventionalHeader<'_>> {
    let line = subject.trim_ascii();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let (kind, rest) = line.split_at(line.iter().take_while(|byte| is_letter(byte)).count());
    if !kind.first().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let rest = match rest.strip_prefix(b"(") {
        Some(scope) => &scope[scope.iter().position(|&byte| byte == b')')? + 1..],
        None => rest,
    };
    let is_feature = kind.eq_ignore_ascii_case(b"feat");
    let (level, rest) = match rest.strip_prefix(b"!") {
        Some(rest) => (Level::Major, rest),
        None if is_feature => (Level::Minor, rest),
        None => return None,
    };
    rest.starts_with(b": ").then_some(ConventionalHeader { line, level })
}

/// Reads a line after the subject: `BREAKING CHANGE:` in capital letters, also with `-` or an `S`, states a break.
pub fn read_footer(line: &[u8]) -> Option<ConventionalHeader<'_>> {
    let rest = line.strip_prefix(b"BREAKING CHANGE").or(line.strip_prefix(b"BREAKING-CHANGE"))?;
    let rest = rest.strip_prefix(b"S").unwrap_or(rest);
    rest.starts_with(b":").then(|| ConventionalHeader { line: line.trim_ascii_end(), level: Level::Major })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        for (subject, expected) in [
            ("feat!: drop the old format", Some(Level::Major)),
            ("fix(api)!: x", Some(Level::Major)),
            ("Refactor(core, cli)!: x", Some(Level::Major)),
            (" chore!: x\r", Some(Level::Major)),
            ("feat: x", Some(Level::Minor)),
            ("Feat(cli): x", Some(Level::Minor)),
            ("fix: x", None),
            ("feature: x", None),
            ("feat!:x", None),
            ("feat !: x", None),
            ("feat(!): x", Some(Level::Minor)),
            ("feat(x!: y", None),
            ("fixup! feat!: x", None),
            ("Revert \"feat!: x\"", None),
            ("Hello, world!: x", None),
            ("!: x", None),
            ("(a)!: x", None),
            ("", None),
        ] {
            assert_eq!(read_subject(subject.as_bytes()).map(|header| header.level), expected, "{subject}");
        }
    }

    #[test]
    fn footers() {
        for line in ["BREAKING CHANGE: x", "BREAKING-CHANGE: x\r", "BREAKING CHANGES:", "BREAKING CHANGE:x"] {
            assert_eq!(read_footer(line.as_bytes()).unwrap().level, Level::Major, "{line}");
        }
        for line in
            ["breaking change: x", " BREAKING CHANGE: x", "BREAKING CHANGE", "BREAKING CHANGED: x", "BREAKING: x"]
        {
            assert_eq!(read_footer(line.as_bytes()), None, "{line}");
        }
    }
}
