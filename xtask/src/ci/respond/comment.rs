//! The commands in a comment.
//!
//! A comment is Markdown, and anyone can write one. Much of it can be said by somebody else: a mail program quotes the mail that was answered, in
//! forms that nobody can list. So commands stand at the top: reading ends at the first line that is neither blank nor a command. A line is a
//! command only if the whole line is one, in a plain paragraph that is in nothing else: quotes, code, lists, headings, HTML, tables, text with
//! emphasis are no commands, and end the reading, too. Text directly below a command belongs to its paragraph, as in `not before friday`, or
//! makes the heading of a table of it: such a command does nothing.
//!
//! A plain line further down that is a command, or nearly one, is a near miss. It starts nothing.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::ci::respond::near_miss::find_near_miss;
use crate::git::CommitId;

/// The comment may have this many bytes. The longest one on GitHub has 65,536 characters.
const LONGEST: usize = 1 << 20;

/// What a comment tells the CI process to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenCommand {
    /// `ci test please`
    Test,
    /// `ci merge please`, or `ci merge please COMMIT`.
    Merge { head: Option<CommitId> },
    /// `ci review please`
    Review,
}

/// What was found in a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// No line is a command, and none is nearly one.
    Nothing,
    Command(SpokenCommand),
    /// A line is nearly this command, or it is one below other text. Nothing is done, and the author gets a hint.
    NearMiss(&'static str),
    /// Commands that are not the same. None of them is done.
    Several,
}

/// Reads a comment.
pub fn read_comment(text: &str) -> Spoken {
    if text.len() > LONGEST {
        return Spoken::Nothing;
    }
    let plain = plain_lines(text);
    let top = read_top(text, &plain);
    let is_doubtful = top.end.as_deref().is_some_and(|line| find_near_miss(line).is_some());
    let hint = |line: &str| find_near_miss(line).map_or(Spoken::Nothing, Spoken::NearMiss);
    match top.commands.as_slice() {
        [] => plain
            .iter()
            .find(|line| find_near_miss(&line.text).is_some())
            .map_or(Spoken::Nothing, |line| hint(&line.text)),
        [_] if top.is_joined && !is_doubtful => hint(&top.last),
        [command] if !is_doubtful => Spoken::Command(*command),
        _ => Spoken::Several,
    }
}

/// The commands at the top of a comment, each once.
#[derive(Default)]
struct CommentTop {
    commands: Vec<SpokenCommand>,
    /// The text of the last line with one.
    last: String,
    /// The line that ends them, if it is a plain one.
    end: Option<String>,
    /// Whether the line that ends them, plain or not, is directly below a command.
    is_joined: bool,
}

/// Reads the lines of a comment up to the first one that is neither blank nor a command. `plain` are its plain lines.
fn read_top(text: &str, plain: &[CommentLine]) -> CommentTop {
    let mut top = CommentTop::default();
    let mut is_below_command = false;
    for line in source_lines(text) {
        if line.text.is_empty() {
            is_below_command = false;
            continue;
        }
        let is_plain = plain.binary_search_by_key(&line.start, |plain| plain.start).is_ok_and(|at| plain[at] == line);
        let Some(command) = read_line(&line.text).filter(|_| is_plain) else {
            top.is_joined = is_below_command;
            top.end = is_plain.then_some(line.text);
            break;
        };
        if !top.commands.contains(&command) {
            top.commands.push(command);
        }
        (top.last, is_below_command) = (line.text, true);
    }
    top
}

/// The command that a whole line is. The case of letters and the number of blanks are free.
fn read_line(line: &str) -> Option<SpokenCommand> {
    let line = line.to_ascii_lowercase();
    let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        ["ci", "test", "please"] | ["ci", ":+1:" | ":thumbsup:"] => Some(SpokenCommand::Test),
        ["ci", thumb] if is_thumbs_up(thumb) => Some(SpokenCommand::Test),
        ["ci", "merge", "please"] | ["ci", ":shipit:"] => Some(SpokenCommand::Merge { head: None }),
        ["ci", "merge", "please", commit] | ["ci", ":shipit:", commit] => {
            CommitId::parse_hex(commit.as_bytes()).map(|head| SpokenCommand::Merge { head: Some(head) })
        }
        ["ci", "review", "please"] => Some(SpokenCommand::Review),
        _ => None,
    }
}

/// Whether a word is the sign that phones send for `:+1:`, in any colour of the skin, as text or as a picture.
fn is_thumbs_up(word: &str) -> bool {
    let is_tone = |letter: char| ('\u{1f3fb}'..='\u{1f3ff}').contains(&letter);
    let letters: Vec<char> = word.chars().collect();
    match letters.as_slice() {
        ['\u{1f44d}'] | ['\u{1f44d}', '\u{fe0f}'] => true,
        ['\u{1f44d}', tone] | ['\u{1f44d}', tone, '\u{fe0f}'] => is_tone(*tone),
        _ => false,
    }
}

/// A line without the blanks around it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CommentLine {
    /// Where its text begins in the comment, in bytes.
    start: usize,
    text: String,
}

impl CommentLine {
    /// The line at this place, with its blanks.
    fn new(start: usize, line: &str) -> CommentLine {
        let text = line.trim_start_matches(BLANKS);
        CommentLine { start: start + line.len() - text.len(), text: text.trim_end_matches(BLANKS).to_owned() }
    }
}

/// The blanks of Markdown.
const BLANKS: [char; 2] = [' ', '\t'];

/// All lines of the comment, whatever they are for a reader of Markdown. Some of them, such as definitions of links, no reader shows.
fn source_lines(text: &str) -> impl Iterator<Item = CommentLine> {
    let mut start = 0;
    text.split_inclusive(['\n', '\r']).filter_map(move |line| {
        let began = start;
        start += line.len();
        // The second half of an end of a line in the form of Windows.
        let is_half = line == "\n" && text[..began].ends_with('\r');
        (!is_half).then(|| CommentLine::new(began, line.trim_end_matches(['\n', '\r'])))
    })
}

/// The plain lines of the paragraphs that are in nothing else, in their order.
fn plain_lines(text: &str) -> Vec<CommentLine> {
    let mut reader = LineReader { source: text, ..LineReader::default() };
    for (event, range) in Parser::new_ext(text, dialect()).into_offset_iter() {
        reader.take(&event, range);
    }
    reader.lines
}

/// What the forges show: what is none of these is a paragraph for them.
fn dialect() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
}

/// Collects the plain lines of a Markdown text.
#[derive(Default)]
struct LineReader<'t> {
    source: &'t str,
    lines: Vec<CommentLine>,
    /// How many elements are open.
    depth: usize,
    /// Whether the outermost open element is a paragraph.
    is_in_paragraph: bool,
    /// Where the text of the line is in the source; `None` before its first text.
    range: Option<Range<usize>>,
    /// Whether the line has something that is not plain text.
    is_spoilt: bool,
    /// Whether nothing is plain from here on.
    has_ended: bool,
}

impl LineReader<'_> {
    fn take(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => {
                if self.depth == 0 {
                    self.is_in_paragraph = *tag == Tag::Paragraph;
                    // Of what is no paragraph, nothing is left for this one.
                    (self.range, self.is_spoilt) = (None, false);
                } else {
                    self.is_spoilt = true;
                }
                self.has_ended |= *tag == Tag::HtmlBlock;
                self.depth += 1;
            }
            Event::End(tag) => {
                self.depth -= 1;
                if self.depth == 0 && *tag == TagEnd::Paragraph {
                    self.end_line();
                    self.is_in_paragraph = false;
                }
            }
            Event::Text(text) => self.add(text, range),
            Event::SoftBreak | Event::HardBreak => {
                self.end_line();
                self.is_spoilt = self.depth > 1;
            }
            Event::Html(_) | Event::InlineHtml(_) => self.has_ended = true,
            _ => self.is_spoilt = true,
        }
    }

    /// Adds text, if the source has the same text there: an escape or an entity is no plain text.
    fn add(&mut self, text: &str, range: Range<usize>) {
        let follows = self.range.as_ref().is_none_or(|line| line.end == range.start);
        self.is_spoilt |= !follows || self.source.get(range.clone()) != Some(text);
        let start = self.range.as_ref().map_or(range.start, |line| line.start);
        self.range = Some(start..range.end);
    }

    fn end_line(&mut self) {
        let (range, is_spoilt) = (self.range.take(), std::mem::take(&mut self.is_spoilt));
        if let Some(range) = range.filter(|_| self.is_in_paragraph && !is_spoilt && !self.has_ended) {
            self.lines.push(CommentLine::new(range.start, &self.source[range]));
        }
    }
}

#[cfg(test)]
mod tests;
