//! Text from outside, such as a commit message or the name of a file, made fit for output.

/// One line of text: control characters (and those that reverse the direction of writing) taken out, every run of white
/// space one blank, none at either end.
///
/// Messages are written by anyone; what they say must neither steer a terminal nor break the form it is printed in.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(char::is_whitespace) {
        let start = line.len();
        line.extend(word.chars().filter(|&letter| !is_steering(letter)));
        if line.len() > start && start > 0 {
            line.insert(start, ' ');
        }
    }
    line
}

/// Whether a character steers a terminal or the direction of writing instead of being seen.
pub fn is_steering(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text with escapes such as `\u001b` in place of characters that steer a terminal; newlines and tabs stay. All output passes
/// through here. The escapes are those of JSON, so that JSON keeps its meaning.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_steering(letter) && letter != '\n' && letter != '\t' {
            printable.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            printable.push(letter);
        }
    }
    printable
}

/// A word of a command line that a shell reads as this text, for commands in messages: in single quotes if it needs them.
pub fn shell_word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_@%+=:,./-".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// The last line that is not blank, without the white space around it.
pub fn last_line(text: &str) -> Option<&str> {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty())
}

/// The last `count` lines, or all lines where there are fewer.
pub fn last_lines(text: &str, count: usize) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.drain(..lines.len().saturating_sub(count));
    lines
}

/// At most `columns` characters of a line; where something is left out, the last of them is `…`.
pub fn shorten(line: &str, columns: usize) -> String {
    match line.char_indices().nth(columns) {
        None => line.to_owned(),
        Some(_) => {
            let end = line.char_indices().nth(columns.saturating_sub(1)).map_or(0, |(end, _)| end);
            format!("{}…", line[..end].trim_end())
        }
    }
}

/// The words of a text for [`wrap`]. What is between backticks, such as a command, is one word.
pub fn words(text: &str) -> Vec<&str> {
    let (mut words, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '`' => is_quoted = !is_quoted,
            ' ' if !is_quoted => {
                words.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[start..]);
    words
}

/// `head` and the words after it in lines of at most `columns` characters, all but the first indented; a longer word has
/// a line of its own.
pub fn wrap<'w>(head: String, words: impl Iterator<Item = &'w str>, columns: usize, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut width = head.chars().count();
    let mut line = head;
    for word in words {
        let needed = 1 + word.chars().count();
        if width + needed <= columns {
            line.push(' ');
            width += needed;
        } else {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            width = indent.len() + needed - 1;
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_word() {
        assert_eq!(words("run `a b --c` or  `d`: x"), ["run", "`a b --c`", "or", "", "`d`:", "x"]);
        assert_eq!(words("an open `quote is the rest"), ["an", "open", "`quote is the rest"]);
    }

    #[test]
    fn odd_characters_do_not_get_through() {
        for (text, expected) in [
            ("  two\t words\r", "two words"),
            ("a\u{1b}[31mred\u{7}", "a[31mred"),
            ("a \u{1b} b", "a b"),
            ("\u{1b} b", "b"),
            ("caf\u{e9}\u{a0}au\u{2028}lait", "café au lait"),
            ("\u{202e}evil", "evil"),
            ("", ""),
        ] {
            assert_eq!(one_line(text), expected);
        }
    }

    #[test]
    fn a_wrapped_line_loses_no_word() {
        let words = "bb cc dddddddddd e".split(' ');
        assert_eq!(wrap("aa".to_owned(), words, 5, "  "), ["aa bb", "  cc", "  dddddddddd", "  e"]);
    }

    #[test]
    fn the_last_lines_of_a_text() {
        assert_eq!(last_line("a\n b \n\n \n"), Some("b"));
        assert_eq!(last_line(" \n"), None);
        assert_eq!(last_lines("a\nb\n c\n", 2), ["b", " c"]);
        assert_eq!(last_lines("a", 2), ["a"]);
    }

    #[test]
    fn a_word_for_a_shell_is_quoted_if_it_needs_quotes() {
        for (text, word) in
            [("/srv/a-b_c.d", "/srv/a-b_c.d"), ("/a b", "'/a b'"), ("it's", "'it'\\''s'"), ("$x", "'$x'"), ("", "''")]
        {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn a_long_line_ends_in_dots() {
        assert_eq!(shorten("abcdef", 6), "abcdef");
        assert_eq!(shorten("abc ef", 5), "abc…");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\x1b[2J\u{9b}\tb\n\u{e9}\u{202e}"), "a\\u001b[2J\\u009b\tb\n\u{e9}\\u202e");
        let json = serde_json::to_string("a\x1b\u{9b}\u{7f}\u{202e}").unwrap();
        assert_eq!(serde_json::from_str::<String>(&printable(&json)).unwrap(), "a\x1b\u{9b}\u{7f}\u{202e}");
    }
}
