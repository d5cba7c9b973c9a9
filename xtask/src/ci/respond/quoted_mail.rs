//! Where a quoted mail may begin in a comment.
//!
//! A person can answer a notification by mail, and many mail programs quote the other mail without a mark on each line. What stands there is
//! not said by the author of the comment. The line before it is in any language, so that the rules are about its form. They see a quoted mail
//! where there is none rather than the other way round: a command that is missed gets a hint.

use std::ops::Range;

/// The colons of all scripts.
const COLONS: [char; 8] = [':', '\u{ff1a}', '\u{fe55}', '\u{fe13}', '\u{2236}', '\u{a789}', '\u{2d0}', '\u{5c3}'];

/// A line of so many dashes or underscores is a rule between two mails; one of three is a rule of Markdown.
const LONG_RULE: usize = 4;

/// The most words and letters of the name of a field.
const FIELD_WORDS: usize = 4;
const FIELD_LETTERS: usize = 40;

/// The place behind the first line that may begin a quoted mail; the end of the text, if there is none. Lines that begin in a range of `skipped`
/// (code, marked quotes) begin nothing, and neither do commands.
pub fn find_quoted_mail(text: &str, skipped: &[Range<usize>], is_command: &dyn Fn(&str) -> bool) -> usize {
    let (mut start, mut is_after_field) = (0, false);
    let mut skipped = skipped.iter().peekable();
    for line in text.split_inclusive(['\n', '\r']) {
        let end = start + line.len();
        while skipped.next_if(|range| range.end <= start).is_some() {}
        let is_skipped = skipped.peek().is_some_and(|range| range.start < end);
        let line = line.trim();
        if !is_skipped && !line.is_empty() && !is_command(line) {
            let bare = without_marks(line);
            let is_field = is_field(bare);
            if is_rule(line) || ends_with_colon(bare) || is_field && (is_after_field || has_address(bare)) {
                return end;
            }
            is_after_field = is_field;
        }
        start = end;
    }
    text.len()
}

/// The line without the marks of lists, tables, headings and emphasis around it, and without letters that nobody sees.
fn without_marks(line: &str) -> &str {
    let is_hidden = |letter: char| matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let is_mark = |letter: char| {
        letter.is_whitespace() || is_hidden(letter) || "*_+-#|>`~\\\"\u{2022}\u{bb}\u{201d}".contains(letter)
    };
    // A list can have numbers.
    let numbered = line.trim_start_matches(is_mark).trim_start_matches(|letter: char| letter.is_ascii_digit());
    let line = numbered.strip_prefix(['.', ')']).unwrap_or(line);
    line.trim_matches(is_mark)
}

/// A long rule, or a title with rules: `-----Original Message-----`.
fn is_rule(line: &str) -> bool {
    let is_dash = |letter: char| {
        "_-\u{2500}\u{2501}\u{23af}\u{ff3f}".contains(letter) || ('\u{2010}'..='\u{2015}').contains(&letter)
    };
    let is_letter = |letter: &char| !(letter.is_whitespace() || "*+#|>`".contains(*letter));
    let letters: Vec<char> = line.chars().filter(is_letter).collect();
    let before = letters.iter().take_while(|letter| is_dash(**letter)).count();
    let after = letters.iter().rev().take_while(|letter| is_dash(**letter)).count();
    before >= LONG_RULE || before >= 2 && after >= 2 && before < letters.len()
}

fn ends_with_colon(line: &str) -> bool {
    line.ends_with(COLONS)
}

/// A line such as those in the head of a mail: a name of a few words, a colon, and a text.
fn is_field(line: &str) -> bool {
    let Some((name, text)) = line.split_once(COLONS) else { return false };
    let is_of_name = |letter: char| {
        letter.is_alphabetic() || letter.is_whitespace() || "-'./()*_".contains(letter) || !letter.is_ascii()
    };
    let name = name.trim();
    !name.is_empty()
        && name.chars().count() <= FIELD_LETTERS
        && name.split_whitespace().count() <= FIELD_WORDS
        && name.chars().all(is_of_name)
        && !text.trim().is_empty()
        && !text.starts_with("//")
}

/// Whether a line has the address of a mail; `@ada` is none.
fn has_address(line: &str) -> bool {
    let letters: Vec<char> = line.chars().collect();
    letters.windows(3).any(|part| part[1] == '@' && [part[0], part[2]].iter().all(|side| side.is_alphanumeric()))
}
