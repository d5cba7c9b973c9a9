//! The `author` and `committer` lines of a commit: `Name <email> seconds zone`.

/// The parts of an `author` or `committer` line, undecoded and with the blanks around them.
///
/// The name ends at the first `<`, and the date begins after the last `>`, as in git. Lines of old or broken programs
/// lack some parts; these parts are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// In the encoding of the commit.
    pub name: &'a [u8],
    /// Everything between the first `<` and the last `>`: a damaged address may have more of them.
    pub email: &'a [u8],
    /// Seconds since 1970 and the time zone, unparsed.
    pub date: &'a [u8],
    /// Whether the line has an address between `<` and `>`. Git ignores a line without one.
    pub is_complete: bool,
}

impl<'a> Signature<'a> {
    /// Splits a line; every line has a reading.
    pub fn parse(line: &'a [u8]) -> Signature<'a> {
        let Some(open) = line.iter().position(|&byte| byte == b'<') else {
            return Signature { name: line, email: b"", date: b"", is_complete: false };
        };
        let name = &line[..open];
        let rest = &line[open + 1..];
        match rest.iter().rposition(|&byte| byte == b'>') {
            Some(close) => Signature { name, email: &rest[..close], date: &rest[close + 1..], is_complete: true },
            None => Signature { name, email: rest, date: b"", is_complete: false },
        }
    }

    /// Seconds since 1970; 0 where the line cannot be read, as git shows it.
    pub fn seconds(&self) -> i64 {
        let number = self.date.split(u8::is_ascii_whitespace).find(|word| !word.is_empty());
        number.and_then(|number| std::str::from_utf8(number).ok()?.parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_is_read_as_far_as_possible() {
        let odd = Signature::parse(b"A <B> C <c@example.org> 12");
        assert_eq!((odd.name.trim_ascii(), odd.email, odd.seconds()), (&b"A"[..], &b"B> C <c@example.org"[..], 12));
        assert_eq!(Signature::parse(b"nobody").seconds(), 0);
        let open = Signature::parse(b"A <b 12");
        assert_eq!((open.name, open.email, open.is_complete), (&b"A "[..], &b"b 12"[..], false));
    }
}
